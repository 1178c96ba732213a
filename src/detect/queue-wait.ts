/** Runs wait longer in their queue than the monitor allows: one finding a job. */
import { causeOf } from "../model/finding.ts";
import { jobKey, showJob } from "../model/monitor.ts";
import type { Detector } from "./detectors.ts";
import { nameOf, showSpan } from "./facts.ts";

export const queueWait: Detector = ({ openRuns, monitorOf }, nowMs) => {
  const waiting = openRuns.filter(
    ({ state, enqueuedMicros }) => state === "waiting" && enqueuedMicros !== undefined,
  );
  return [...Map.groupBy(waiting, (run) => jobKey(nameOf(run))).values()].flatMap((runs) => {
    const job = nameOf(runs[0] ?? {});
    const { waitMaxMs } = monitorOf(job);
    if (waitMaxMs === undefined) return [];
    const over = runs.filter((run) => nowMs - (run.enqueuedMicros ?? 0) / 1000 > waitMaxMs);
    if (over.length === 0) return [];
    const oldestMs = Math.min(...over.map((run) => (run.enqueuedMicros ?? 0) / 1000));
    const queue = over[0]?.queue;
    return {
      kind: "waiting" as const,
      cause: causeOf("waiting", jobKey(job)),
      atMs: oldestMs + waitMaxMs,
      because:
        `${over.length === 1 ? "A run" : `${over.length} runs`} of ${showJob(job)} ${over.length === 1 ? "waits" : "wait"}` +
        `${queue === undefined ? "" : ` in the queue ${queue}`} for more than ${showSpan(waitMaxMs)}, which is the limit.`,
      job,
      evidence: { eventIds: [], runIds: over.map(({ runId }) => runId).slice(0, 20) },
    };
  });
};
