/** A run is open for longer than its monitor allows. */
import { causeOf } from "../model/finding.ts";
import { jobKey, showJob } from "../model/monitor.ts";
import type { Detector } from "./detectors.ts";
import { nameOf, showSpan } from "./facts.ts";

export const tooLong: Detector = ({ openRuns, monitorOf }, nowMs) =>
  openRuns.flatMap((run) => {
    if (run.state !== "running" || run.startedMicros === undefined) return [];
    const job = nameOf(run);
    const { durationMaxMs } = monitorOf(job);
    const ranMs = nowMs - run.startedMicros / 1000;
    if (durationMaxMs === undefined || ranMs <= durationMaxMs) return [];
    return {
      kind: "too_long" as const,
      cause: causeOf("too_long", jobKey(job), run.runId),
      atMs: run.startedMicros / 1000 + durationMaxMs,
      because: `${showJob(job)} runs for more than ${showSpan(durationMaxMs)}, which is its limit.`,
      job,
      ...(run.host !== undefined && { host: run.host }),
      evidence: { eventIds: [], runIds: [run.runId] },
    };
  });
