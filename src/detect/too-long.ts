/**
 * A run is open for longer than its monitor allows; where the monitor says nothing, for much longer
 * than its runs usually take at this hour.
 */
import { causeOf } from "../model/finding.ts";
import { jobKey, showJob } from "../model/monitor.ts";
import type { Detector } from "./detectors.ts";
import { nameOf, showSpan } from "./facts.ts";
import { blameOf, isExcused, showUsual } from "./usual.ts";

/** Nobody is told of a minute more. */
const moreMsMin = 60_000;

export const tooLong: Detector = ({ openRuns, monitorOf, usualOf }, nowMs) =>
  openRuns.flatMap((run) => {
    if (run.state !== "running" || run.startedMicros === undefined) return [];
    const job = nameOf(run);
    const { durationMaxMs } = monitorOf(job);
    const ranMs = nowMs - run.startedMicros / 1000;
    const usual = usualOf(job);
    const band = usual?.duration;
    const learntMs = band && Math.max(band.highLimit, band.high + moreMsMin);
    const limitMs = durationMaxMs ?? learntMs;
    if (limitMs === undefined || ranMs <= limitMs) return [];
    if (durationMaxMs === undefined && usual && isExcused(usual, ranMs)) return [];
    const because =
      durationMaxMs !== undefined || !band || !usual
        ? `${showJob(job)} runs for more than ${showSpan(limitMs)}, which is its limit.`
        : `${showJob(job)}: ${showUsual(band, showSpan)}; this runs for more than ${showSpan(limitMs)}.${blameOf(usual, run.release, nowMs)}`;
    return {
      kind: "too_long" as const,
      cause: causeOf("too_long", jobKey(job), run.runId),
      atMs: run.startedMicros / 1000 + limitMs,
      because,
      job,
      ...(run.host !== undefined && { host: run.host }),
      evidence: { eventIds: [], runIds: [run.runId] },
    };
  });
