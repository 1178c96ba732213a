/** What the watch is given to work with, and what others may ask of it. */
import type { Baseline } from "../detect/baseline.ts";
import type { Drift } from "../detect/drift.ts";
import type { RuleSet } from "../detect/sigma/rule.ts";
import type { Explanation } from "../detect/why.ts";
import type { Kind } from "../model/event.ts";
import type { HistogramFigures } from "../model/histogram.ts";
import type { Incident, IncidentState, Message, TimelineEntry } from "../model/incident.ts";
import type { JobName, Monitor, MonitorSource, Urgency } from "../model/monitor.ts";
import type { Silence } from "../model/silence.ts";
import type { ControlStore, EventStore, TimeRange } from "../store/store.ts";
import type { SurveyQuestions } from "../store/survey.ts";
import type { MonitorChange } from "../store/watch.ts";
import type { Delivery } from "./channel.ts";
import type { OwnFindings } from "./own-findings.ts";
import type { AlertSetup } from "./setup.ts";

export type WatchParts = {
  readonly events: EventStore;
  readonly store: ControlStore;
  readonly setup: AlertSetup;
  readonly clock: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
  /** How long the oldest batch has waited to be queryable. */
  readonly lagMs: () => number;
  /** How often to look; absent: once a second. */
  readonly everyMs?: number;
  /** Of schedules that do not say theirs. */
  readonly timeZone: string;
  /** Records a decision of a person as an event. */
  readonly record: (kind: Kind, fields: { readonly actor: string; readonly message: string }) => void;
  readonly report: (severity: "info" | "error", message: string) => void;
  /** What is needed to know what is usual; absent: nothing is. */
  readonly survey?: SurveyQuestions;
  /** What events are looked for; absent: none. */
  readonly rules?: RuleSet;
  /** Who leads when this server does: the same after a start, and no other server's. */
  readonly holder: string;
  /** What parts of Midwatch say of Midwatch itself; absent: nothing. */
  readonly own?: Pick<OwnFindings, "waiting" | "forget">;
};

/** What a person decides about an incident. */
export type Decision =
  | { readonly act: "acknowledge" | "resolve" | "note"; readonly reason: string }
  | { readonly act: "snooze"; readonly reason: string; readonly untilMs: number };

export type IncidentDetail = {
  readonly incident: Incident;
  /** Newest first, as the messages are. */
  readonly timeline: readonly TimelineEntry[];
  readonly messages: readonly Message[];
};

export type ListedMonitor = {
  readonly monitor: Monitor;
  readonly source: MonitorSource;
  readonly changedMs?: number;
  readonly changedBy?: string;
};

export type ListedChannel = {
  readonly name: string;
  readonly kind: string;
  readonly severityMin: Urgency;
  readonly knownBy?: string;
};

/** `undefined` removes what was set. */
export type MonitorWish = { readonly name: JobName; readonly monitor: Monitor | undefined };

export type Linked = {
  readonly incident: Incident;
  readonly channel: string;
  /** It is still about the same opening, and that is not over. */
  readonly isCurrent: boolean;
};

export type SilenceWish = Pick<Silence, "purpose" | "when" | "fromMs" | "untilMs" | "reason">;

export type WatchFigures = {
  /** From when something happened, or should have, until its incident was there. */
  readonly detection: HistogramFigures;
  /** From then until a channel took the message. */
  readonly delivery: HistogramFigures;
  readonly attempts: readonly {
    readonly channel: string;
    readonly outcome: string;
    readonly count: number;
  }[];
  readonly lookedMs: number;
};

export type Watch = {
  readonly incidents: (limit: number, state?: IncidentState) => Promise<readonly Incident[]>;
  readonly incident: (id: string) => Promise<IncidentDetail | undefined>;
  /** `undefined`: there is none. Throws `Fault` `BAD_REQUEST` where it is over already. */
  readonly decide: (id: string, decision: Decision, by: string) => Promise<Incident | undefined>;
  /** What a link in a message is about; `undefined`: it is not ours, or too old. Changes nothing. */
  readonly linked: (token: string) => Promise<Linked | undefined>;
  /** `undefined`: the link is not good, or not any more. */
  readonly acknowledgeByLink: (
    token: string,
    said: { readonly by: string; readonly reason: string },
  ) => Promise<Incident | undefined>;
  /** In force, to come, and ended in the last 30 days. */
  readonly silences: () => Promise<readonly Silence[]>;
  /** Throws `Fault` `BAD_REQUEST` for times that cannot be. */
  readonly addSilence: (wish: SilenceWish, by: string) => Promise<Silence>;
  /** `undefined`: there is none. */
  readonly endSilence: (id: string, by: string) => Promise<Silence | undefined>;
  readonly figures: () => WatchFigures;
  readonly monitors: () => Promise<readonly ListedMonitor[]>;
  /** Of each of these jobs, in their order; one question for however many. */
  readonly monitorsOf: (names: readonly JobName[]) => Promise<readonly ListedMonitor[]>;
  readonly monitorOf: (name: JobName) => Promise<ListedMonitor>;
  readonly monitorChanges: (name: JobName) => Promise<readonly MonitorChange[]>;
  readonly changeMonitors: (wishes: readonly MonitorWish[], by: string) => Promise<void>;
  readonly channels: () => readonly ListedChannel[];
  /** Of each rotation the channel whose turn it is now. */
  readonly onCall: () => readonly { readonly rotation: string; readonly channel: string }[];
  /** `undefined`: there is no such channel. */
  readonly testChannel: (name: string) => Promise<Delivery | undefined>;
  readonly explain: (job: JobName, atMs: number) => Promise<Explanation>;
  /** Where what is declared and what is installed differ. */
  readonly drifts: () => Promise<readonly Drift[]>;
  /** What is usual of a job in each hour of a range. */
  readonly baseline: (job: JobName, range: TimeRange) => Promise<Baseline & { readonly timeZone: string }>;
  readonly close: () => Promise<void>;
};
