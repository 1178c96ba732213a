/** Far more or fewer runs in an hour than usual in the same hour of the weeks before. */
import { causeOf } from "../model/finding.ts";
import { jobKey, jobNameOf, showJob } from "../model/monitor.ts";
import { historyMs, volumeBand } from "./baseline.ts";
import type { Detector } from "./detectors.ts";
import { showMoment } from "./facts.ts";
import { showCount, showUsual } from "./usual.ts";

/** A difference of fewer runs is nobody's concern, however rare it is. */
const differenceMin = 20;
/** And of less than this ratio. */
const ratioMin = 3;

export const volume: Detector = ({ survey, monitorOf }) =>
  survey.volumes.flatMap(({ volume: of, hourMs }) => {
    const job = jobNameOf(of);
    // What has a schedule is counted by its slots.
    if (monitorOf(job).schedules.length > 0) return [];
    const band = volumeBand(hourMs, Math.max(of.firstHourMs, hourMs - historyMs), of.week);
    if (!band) return [];
    const isMore = of.runs > Math.max(band.highLimit, band.high + differenceMin, band.middle * ratioMin);
    const isFewer = of.runs < Math.min(band.lowLimit, band.low - differenceMin, band.middle / ratioMin);
    if (!isMore && !isFewer) return [];
    return {
      kind: "volume" as const,
      cause: causeOf("volume", jobKey(job), isMore ? "more" : "fewer"),
      atMs: hourMs + 3_600_000,
      because: `${showJob(job)}: ${showUsual(band, showCount, " runs")}; in the hour from ${showMoment(hourMs)} there ${of.runs === 1 ? "was 1" : `were ${showCount(of.runs)}`}.`,
      job,
      severity: "info" as const,
      evidence: { eventIds: [], runIds: [] },
    };
  });
