/** What the watch keeps: monitors, incidents, and messages. Part of the control store. */
import type { Incident, Message, TimelineEntry } from "../model/incident.ts";
import type { Declaration, JobName, Monitor, SetMonitor } from "../model/monitor.ts";

export type MonitorChange = {
  readonly before?: Monitor;
  readonly after?: Monitor;
  readonly changedMs: number;
  readonly changedBy: string;
};

/** Everything that one look or one decision changes: all of it is kept, or nothing. */
export type WatchChange = {
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
  changeWatch(change: WatchChange): Promise<void>;
  unresolvedIncidents(): Promise<readonly Incident[]>;
  /** Unresolved ones first, then by their newest finding. */
  incidents(limit: number): Promise<readonly Incident[]>;
  incident(id: string): Promise<Incident | undefined>;
  /** The newest of this cause, resolved or not. */
  incidentOfCause(cause: string): Promise<Incident | undefined>;
  /** Newest first. */
  timeline(incidentId: string): Promise<readonly TimelineEntry[]>;

  /** Undelivered and due; of each incident and channel only the first. */
  dueMessages(nowMs: number, limit: number): Promise<readonly Message[]>;
  noteMessage(message: Message, entry?: TimelineEntry): Promise<void>;
  /** Newest first. */
  messages(incidentId: string): Promise<readonly Message[]>;
};
