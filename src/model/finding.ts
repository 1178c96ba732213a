/** A finding: one thing that is not as expected, in a sentence, with its evidence. */
import type { JobName, Urgency } from "./monitor.ts";

export const findingKinds = [
  "missed",
  "late",
  "too_long",
  "overlap",
  "failed",
  "lost",
  "new_error",
  "waiting",
  "source_gap",
  "agent_silent",
  "midwatch",
  "too_short",
  "too_early",
  "too_often",
  "unlike_before",
  "volume",
  "failing",
  "backlog",
  "retry_storm",
  "source_silent",
  "web",
  "pattern",
  "unfamiliar",
  "redactions",
  "drift",
] as const;
export type FindingKind = (typeof findingKinds)[number];

export type Finding = {
  readonly kind: FindingKind;
  /** Findings of one cause are one incident. */
  readonly cause: string;
  readonly atMs: number;
  /** A sentence that says what is wrong and by what it is known. */
  readonly because: string;
  readonly job?: JobName;
  readonly host?: string;
  /** Absent: as the monitor of the job says. */
  readonly severity?: Urgency;
  /** It may be well: nobody was there to see it. */
  readonly unknown?: true;
  /** Equal for findings of several jobs that come of the same thing outside them; absent: it is the job's own. */
  readonly sharedCause?: string;
  /** How many times at once; absent: once. */
  readonly count?: number;
  readonly evidence: Evidence;
};

export type Evidence = { readonly eventIds: readonly string[]; readonly runIds: readonly string[] };

/** Of kinds that hold as long as they are found in every look: what is said when they are not. */
export const lastingEnds: { readonly [K in FindingKind]?: string } = {
  too_long: "The run is not open any more, or its limit was changed.",
  overlap: "There is at most one open run again.",
  waiting: "No run waits longer than the limit any more.",
  agent_silent: "The agent is not expected any more.",
  failing: "Its attempts fail no more often than usual again.",
  backlog: "The queue is worked off.",
  retry_storm: "It is retried no more often than usual again.",
  source_silent: "It is heard again, or nothing is expected of it any more.",
  web: "It answers as usual again.",
  drift: "What is declared, what is installed and what runs agree again.",
};

export const lastingKinds: ReadonlySet<FindingKind> = new Set(
  findingKinds.filter((kind) => lastingEnds[kind] !== undefined),
);

/** Happened once each, and nothing but quiet can end them. */
export const quietKinds: ReadonlySet<FindingKind> = new Set([
  "source_gap",
  "new_error",
  "too_short",
  "too_early",
  "too_often",
  "unlike_before",
  "volume",
  "pattern",
  "unfamiliar",
  "redactions",
]);

/** The parts of a cause, joined so that no two causes are taken for one. */
export function causeOf(kind: FindingKind, ...parts: readonly string[]): string {
  return JSON.stringify([kind, ...parts]);
}
