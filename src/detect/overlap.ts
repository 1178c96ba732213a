/** Several runs of a job at once, where its monitor allows one. */
import { causeOf } from "../model/finding.ts";
import { jobKey, showJob } from "../model/monitor.ts";
import type { Detector } from "./detectors.ts";
import { nameOf } from "./facts.ts";

export const overlap: Detector = ({ openRuns, monitorOf }) => {
  const running = openRuns.filter(({ state }) => state === "running");
  return [...Map.groupBy(running, (run) => jobKey(nameOf(run))).values()].flatMap((runs) => {
    const job = nameOf(runs[0] ?? {});
    if (runs.length < 2 || monitorOf(job).overlapAllowed) return [];
    return {
      kind: "overlap" as const,
      cause: causeOf("overlap", jobKey(job)),
      atMs: Math.max(...runs.map(({ startedMicros = 0 }) => startedMicros / 1000)),
      because: `${runs.length} runs of ${showJob(job)} are open at once; one is allowed.`,
      job,
      evidence: { eventIds: [], runIds: runs.map(({ runId }) => runId).slice(0, 20) },
    };
  });
};
