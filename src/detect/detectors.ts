/** Every detector, one file each. A new one is a file and a line here. */
import type { Finding } from "../model/finding.ts";
import { agentSilent } from "./agent-silent.ts";
import { backlog } from "./backlog.ts";
import { drift } from "./drift.ts";
import type { Facts } from "./facts.ts";
import { failed } from "./failed.ts";
import { failing } from "./failing.ts";
import { leakBegan } from "./leak-began.ts";
import { lost } from "./lost.ts";
import { missedSlot } from "./missed-slot.ts";
import { newError } from "./new-error.ts";
import { overlap } from "./overlap.ts";
import { pattern } from "./pattern.ts";
import { pumaBusy } from "./puma-busy.ts";
import { queueWait } from "./queue-wait.ts";
import { redactions } from "./redactions.ts";
import { retryStorm } from "./retry-storm.ts";
import { sourceGap } from "./source-gap.ts";
import { sourceSilent } from "./source-silent.ts";
import { startedLate } from "./started-late.ts";
import { tooLong } from "./too-long.ts";
import { tooOften } from "./too-often.ts";
import { tooShort } from "./too-short.ts";
import { unfamiliar } from "./unfamiliar.ts";
import { unlikeBefore } from "./unlike-before.ts";
import { volume } from "./volume.ts";
import { webUnwell } from "./web-unwell.ts";

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
  tooShort,
  tooOften,
  unlikeBefore,
  volume,
  failing,
  retryStorm,
  backlog,
  sourceSilent,
  webUnwell,
  pumaBusy,
  pattern,
  unfamiliar,
  redactions,
  leakBegan,
  drift,
];

export function detect(facts: Facts, nowMs: number): readonly Finding[] {
  return detectors.flatMap((detector) => detector(facts, nowMs));
}
