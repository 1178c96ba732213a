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
  /** How many times at once; absent: once. */
  readonly count?: number;
  readonly evidence: Evidence;
};

export type Evidence = { readonly eventIds: readonly string[]; readonly runIds: readonly string[] };

/** Holds as long as it is found in every look; the others happened once. */
export const lastingKinds: ReadonlySet<FindingKind> = new Set([
  "too_long",
  "overlap",
  "waiting",
  "agent_silent",
]);

/** The parts of a cause, joined so that no two causes are taken for one. */
export function causeOf(kind: FindingKind, ...parts: readonly string[]): string {
  return JSON.stringify([kind, ...parts]);
}
