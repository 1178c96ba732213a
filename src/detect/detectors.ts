/** Every detector, one file each. A new one is a file and a line here. */
import type { Finding } from "../model/finding.ts";
import { agentSilent } from "./agent-silent.ts";
import type { Facts } from "./facts.ts";
import { failed } from "./failed.ts";
import { lost } from "./lost.ts";
import { missedSlot } from "./missed-slot.ts";
import { newError } from "./new-error.ts";
import { overlap } from "./overlap.ts";
import { queueWait } from "./queue-wait.ts";
import { sourceGap } from "./source-gap.ts";
import { startedLate } from "./started-late.ts";
import { tooLong } from "./too-long.ts";

export type Detector = (facts: Facts, nowMs: number) => readonly Finding[];

const detectors: readonly Detector[] = [
  failed,
  lost,
  missedSlot,
  startedLate,
  tooLong,
  overlap,
  queueWait,
  newError,
  sourceGap,
  agentSilent,
];

export function detect(facts: Facts, nowMs: number): readonly Finding[] {
  return detectors.flatMap((detector) => detector(facts, nowMs));
}
