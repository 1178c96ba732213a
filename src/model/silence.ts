/** A silence: somebody says that nobody need be told of some incidents for a time, and why. */
import type { FindingKind } from "./finding.ts";
import type { Urgency } from "./monitor.ts";

/** Which incidents: all that is given must hold; nothing given: every one. */
export type Matcher = {
  readonly job?: string;
  readonly service?: string;
  readonly environment?: string;
  readonly host?: string;
  readonly owner?: string;
  readonly kind?: FindingKind;
  /** This one and what is more urgent. */
  readonly severity?: Urgency;
};

export const silencePurposes = ["silence", "maintenance"] as const;

export type Silence = {
  readonly id: string;
  /** A silence is about noise; maintenance is work that was planned. Both only hold what is told. */
  readonly purpose: (typeof silencePurposes)[number];
  readonly when: Matcher;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly reason: string;
  readonly by: string;
  readonly madeMs: number;
  /** Somebody ended it before its time. */
  readonly endedMs?: number;
  readonly endedBy?: string;
};

export function isInForce({ fromMs, untilMs, endedMs }: Silence, nowMs: number): boolean {
  return fromMs <= nowMs && nowMs < Math.min(untilMs, endedMs ?? untilMs);
}
