/** An incident: one problem, from its first finding to its end, with every decision about it. */
import type { Evidence, FindingKind } from "./finding.ts";
import type { JobName, Urgency } from "./monitor.ts";

export const incidentStates = ["open", "acknowledged", "resolved"] as const;
export type IncidentState = (typeof incidentStates)[number];

export type Incident = {
  readonly id: string;
  readonly cause: string;
  readonly kind: FindingKind;
  readonly state: IncidentState;
  readonly severity: Urgency;
  /** Of the newest finding. */
  readonly because: string;
  readonly job?: JobName;
  readonly host?: string;
  readonly owner?: string;
  readonly runbook?: string;
  readonly openedMs: number;
  /** Of the newest finding. */
  readonly lastMs: number;
  /** How often it was found. */
  readonly count: number;
  /** It may be well: nobody was there to see it. */
  readonly unknown: boolean;
  /** The newest of it. */
  readonly evidence: Evidence;
  /** When people were first told that it is open, since it was last opened. */
  readonly toldMs?: number;
  readonly snoozedUntilMs?: number;
  readonly snoozeReason?: string;
  /** Who acknowledged or snoozed it last, and why. */
  readonly decidedBy?: string;
  readonly decidedBecause?: string;
  readonly resolvedMs?: number;
  readonly resolvedBecause?: string;
  /** When it was opened again, the newest of it. */
  readonly reopenedMs: readonly number[];
  /** It comes and goes: people hear of it again when it has been quiet. */
  readonly flapping: boolean;
  /** Channels that were told that it is open, since it was last opened. */
  readonly toldTo?: readonly string[];
  /** How many steps of its escalation were taken. */
  readonly stepsTaken?: number;
  /** When somebody was last told of it while it was open. */
  readonly remindedMs?: number;
  /** Why nobody is told of it now: which reason, not its words. */
  readonly heldFor?: string;
  /** Equal for incidents of several jobs that come of the same thing outside them. */
  readonly sharedCause?: string;
  /** The incident that has the same cause and is told instead. */
  readonly parentId?: string;
  /** When its parent was over while it was not. */
  readonly releasedMs?: number;
  /** How many have it as their parent. */
  readonly children?: number;
  /** Successes since it was last found. */
  readonly successes?: number;
  /** Of the newest success that was counted. */
  readonly successMs?: number;
  /** How often it was changed in the store; absent: it is not there yet. */
  readonly revision?: number;
};

export const timelineActs = [
  "opened",
  "counted",
  "reopened",
  "held",
  "told",
  "delivered",
  "undelivered",
  "acknowledged",
  "snoozed",
  "woken",
  "noted",
  "flapping",
  "grouped",
  "released",
  "escalated",
  "reminded",
  "recovering",
  "resolved",
] as const;
export type TimelineAct = (typeof timelineActs)[number];

/** One decision about an incident, by a person or by Midwatch, and why. */
export type TimelineEntry = {
  readonly incidentId: string;
  readonly atMs: number;
  readonly act: TimelineAct;
  readonly by: string;
  readonly because: string;
};

/** What people are told of an incident. */
export const tidings = ["opened", "escalated", "reminded", "acknowledged", "resolved", "test"] as const;
export type Tiding = (typeof tidings)[number];

export const messageStates = ["waiting", "sending", "delivered", "failed"] as const;

/** One message to one channel: a row before it is sent, and a receipt after. */
export type Message = {
  readonly id: string;
  readonly incidentId: string;
  readonly channel: string;
  readonly tiding: Tiding;
  /** The incident as it was then. */
  readonly incident: Incident;
  readonly madeMs: number;
  /** Not before then. */
  readonly dueMs: number;
  readonly attempts: number;
  readonly state: (typeof messageStates)[number];
  /** What the receiver answered last. */
  readonly receipt?: string;
};
