/** A run ended well and much sooner than usual, or than its monitor allows: it may have done nothing. */
import { causeOf } from "../model/finding.ts";
import { jobKey, jobNameOf, showJob } from "../model/monitor.ts";
import type { Detector } from "./detectors.ts";
import { showSpan } from "./facts.ts";
import { blameOf, isExcused, showUsual } from "./usual.ts";

/** A usual run shorter than this has no room to be too short. */
const usualMsMin = 2000;
/** Half of the usual may be a good day; nothing was done in so little of it. */
const shareMax = 0.2;

export const tooShort: Detector = ({ survey, monitorOf }, nowMs) =>
  survey.ended.flatMap(({ tally, usual }) => {
    const { shortest } = tally;
    if (!shortest) return [];
    const job = jobNameOf(tally);
    const { durationMinMs } = monitorOf(job);
    const took = `took ${showSpan(shortest.value)}`;
    const finding = {
      kind: "too_short" as const,
      cause: causeOf("too_short", jobKey(job)),
      atMs: tally.lastMicros / 1000,
      job,
      evidence: { eventIds: [], runIds: [shortest.runId] },
    };
    if (durationMinMs !== undefined) {
      if (shortest.value >= durationMinMs) return [];
      const because = `A run of ${showJob(job)} ${took}; at least ${showSpan(durationMinMs)} are expected.`;
      return { ...finding, because };
    }
    const band = usual?.duration;
    if (!usual || !band || band.middle < usualMsMin) return [];
    if (shortest.value >= Math.min(band.lowLimit, band.middle * shareMax)) return [];
    if (isExcused(usual, shortest.value)) return [];
    const blame = blameOf(usual, shortest.release, nowMs);
    const because = `${showJob(job)}: ${showUsual(band, showSpan)}; this ${took}.${blame}`;
    return { ...finding, because, severity: "info" as const };
  });
