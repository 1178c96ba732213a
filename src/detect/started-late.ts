/** A run began later after its slot than its monitor allows. */
import { causeOf } from "../model/finding.ts";
import { jobKey, jobNameOf, showJob } from "../model/monitor.ts";
import type { Detector } from "./detectors.ts";
import { showMoment, showSpan } from "./facts.ts";

export const startedLate: Detector = ({ slots }) =>
  slots.flatMap(({ monitor, slotMs, deadlineMs, sign }) => {
    if (sign === undefined) return [];
    const startedMs = sign.atMicros / 1000;
    const limitMs = monitor.lateAfterMs ?? deadlineMs - slotMs;
    if (startedMs - slotMs <= limitMs) return [];
    const job = jobNameOf(monitor);
    return {
      kind: "late" as const,
      cause: causeOf("late", jobKey(job)),
      atMs: startedMs,
      because: `${showJob(job)} was due at ${showMoment(slotMs)} and began ${showSpan(startedMs - slotMs)} late; ${showSpan(limitMs)} are allowed.`,
      job,
      ...(sign.host !== undefined && { host: sign.host }),
      evidence: { eventIds: [], runIds: sign.runId === undefined ? [] : [sign.runId] },
    };
  });
