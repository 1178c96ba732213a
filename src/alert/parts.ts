/** What the watch is given to work with, and what others may ask of it. */
import type { Baseline } from "../detect/baseline.ts";
import type { Explanation } from "../detect/why.ts";
import type { Kind } from "../model/event.ts";
import type { Incident, Message, TimelineEntry } from "../model/incident.ts";
import type { JobName, Monitor, MonitorSource, Urgency } from "../model/monitor.ts";
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

export type Watch = {
  readonly incidents: (limit: number) => Promise<readonly Incident[]>;
  readonly incident: (id: string) => Promise<IncidentDetail | undefined>;
  /** `undefined`: there is none. Throws `Fault` `BAD_REQUEST` where it is over already. */
  readonly decide: (id: string, decision: Decision, by: string) => Promise<Incident | undefined>;
  readonly monitors: () => Promise<readonly ListedMonitor[]>;
  readonly monitorOf: (name: JobName) => Promise<ListedMonitor>;
  readonly monitorChanges: (name: JobName) => Promise<readonly MonitorChange[]>;
  readonly changeMonitors: (wishes: readonly MonitorWish[], by: string) => Promise<void>;
  readonly channels: () => readonly ListedChannel[];
  /** `undefined`: there is no such channel. */
  readonly testChannel: (name: string) => Promise<Delivery | undefined>;
  readonly explain: (job: JobName, atMs: number) => Promise<Explanation>;
  /** What is usual of a job in each hour of a range. */
  readonly baseline: (job: JobName, range: TimeRange) => Promise<Baseline & { readonly timeZone: string }>;
  readonly close: () => Promise<void>;
};
