/** A job is tried again and again, far more often than usual: what it retries does not get better. */
import { causeOf } from "../model/finding.ts";
import { jobKey, jobNameOf, showJob } from "../model/monitor.ts";
import type { Detector } from "./detectors.ts";
import { showCount } from "./usual.ts";

const retriesMin = 100;
/** Retries for each run that succeeds. */
const retriesPerSuccess = 2;

export const retryStorm: Detector = ({ survey }, nowMs) =>
  survey.hour.flatMap(({ tally, usual }) => {
    if (tally.retried < retriesMin || tally.retried < tally.succeeded * retriesPerSuccess) return [];
    // A job that has always been so is no storm.
    if (usual && usual.failed > usual.succeeded * retriesPerSuccess) return [];
    const job = jobNameOf(tally);
    return {
      kind: "retry_storm" as const,
      cause: causeOf("retry_storm", jobKey(job)),
      atMs: nowMs,
      because: `${showJob(job)} was tried again ${showCount(tally.retried)} times in the last hour, and succeeded ${showCount(tally.succeeded)} times.`,
      job,
      evidence: { eventIds: [], runIds: tally.someRunId === undefined ? [] : [tally.someRunId] },
    };
  });
