/** What the watch keeps: monitors, incidents, and messages. Part of the control store. */
import type { Incident, IncidentState, Message, TimelineEntry } from "../model/incident.ts";
import type { Declaration, JobName, Monitor, SetMonitor } from "../model/monitor.ts";
import type { Silence } from "../model/silence.ts";

export type MonitorChange = {
  readonly before?: Monitor;
  readonly after?: Monitor;
  readonly changedMs: number;
  readonly changedBy: string;
};

/** Everything that one look or one decision changes: all of it is kept, or nothing. */
export type WatchChange = {
  /** Nothing is changed unless this one still holds the lease. */
  readonly lease?: { readonly name: string; readonly holder: string };
  readonly incidents?: readonly Incident[];
  readonly timeline?: readonly TimelineEntry[];
  /** New ones; they wait. */
  readonly messages?: readonly Message[];
  readonly declarations?: readonly Declaration[];
  /** Origins whose older readings are gone. */
  readonly readings?: readonly Pick<Declaration, "origin" | "reading">[];
  /** What the watch must know after a start, by the name of the part. */
  readonly state?: Readonly<Record<string, string>>;
};

export type WatchStore = {
  setMonitors(): Promise<readonly SetMonitor[]>;
  /** `undefined` removes it. All of them, or none, each with a line in its history. */
  changeMonitors(
    changes: readonly { readonly name: JobName; readonly monitor: Monitor | undefined }[],
    by: { readonly changedMs: number; readonly changedBy: string },
  ): Promise<void>;
  monitorChanges(name: JobName): Promise<readonly MonitorChange[]>;
  /** Of each origin, those of its newest reading. */
  declarations(): Promise<readonly Declaration[]>;

  watchState(part: string): Promise<string | undefined>;
  /** Throws `WatchConflict` where an incident was changed by somebody else since it was read. */
  changeWatch(change: WatchChange): Promise<void>;
  unresolvedIncidents(): Promise<readonly Incident[]>;
  /** Unresolved ones first, then by their newest finding. */
  incidents(limit: number, state?: IncidentState): Promise<readonly Incident[]>;
  incident(id: string): Promise<Incident | undefined>;
  /** The newest of this cause, resolved or not. */
  incidentOfCause(cause: string): Promise<Incident | undefined>;
  /** Newest first. */
  timeline(incidentId: string): Promise<readonly TimelineEntry[]>;

  /** Undelivered and due; of each incident and channel only the first. */
  dueMessages(nowMs: number, limit: number): Promise<readonly Message[]>;
  /**
   * Takes a message for one attempt, until `dueMs`; `attempts` counts it. `false`: another server
   * got there first.
   */
  claimMessage(message: Message, nowMs: number, entry?: TimelineEntry): Promise<boolean>;
  /** What became of the attempt that was claimed. */
  noteMessage(message: Message, entry?: TimelineEntry): Promise<void>;
  /** Newest first. */
  messages(incidentId: string): Promise<readonly Message[]>;

  /** `true`: this one holds it until `untilMs`; nobody else did. Who holds it may prolong it. */
  takeLease(lease: Lease, nowMs: number): Promise<boolean>;
  dropLease(lease: Pick<Lease, "name" | "holder">): Promise<void>;

  putSilence(silence: Silence): Promise<void>;
  silence(id: string): Promise<Silence | undefined>;
  /** Those that end later than then, whether somebody ended them or not. */
  silences(afterMs: number): Promise<readonly Silence[]>;
};

export type Lease = { readonly name: string; readonly holder: string; readonly untilMs: number };

/** What was to be changed has changed meanwhile, or somebody else leads: read again, and decide again. */
export class WatchConflict extends Error {}
