/**
 * A run is open for longer than its monitor allows; where the monitor says nothing, for much longer
 * than its runs usually take at this hour. All such runs of a job are one finding.
 */
import { causeOf, type Finding } from "../model/finding.ts";
import { jobKey, showJob } from "../model/monitor.ts";
import type { RunSummary } from "../store/store.ts";
import type { Detector } from "./detectors.ts";
import { nameOf, showSpan } from "./facts.ts";
import { blameOf, isExcused, showUsual } from "./usual.ts";

/** Nobody is told of a minute more. */
const moreMsMin = 60_000;

export const tooLong: Detector = ({ openRuns, monitorOf, usualOf }, nowMs) => {
  const running = openRuns.filter(
    ({ state, startedMicros }) => state === "running" && startedMicros !== undefined,
  );
  return [...Map.groupBy(running, (run) => jobKey(nameOf(run))).values()].flatMap(
    (runs): readonly Finding[] => {
      const job = nameOf(runs[0] ?? {});
      const { durationMaxMs } = monitorOf(job);
      const usual = usualOf(job);
      const band = usual?.duration;
      const limitMs = durationMaxMs ?? (band && Math.max(band.highLimit, band.high + moreMsMin));
      if (limitMs === undefined) return [];
      const begun = ({ startedMicros = 0 }: RunSummary): number => startedMicros / 1000;
      const isOver = (run: RunSummary): boolean =>
        nowMs - begun(run) > limitMs &&
        (durationMaxMs !== undefined || !usual || !isExcused(usual, nowMs - begun(run)));
      const over = runs.filter(isOver).toSorted((a, b) => begun(a) - begun(b));
      const [first] = over;
      if (!first) return [];
      const limit = showSpan(limitMs);
      const many = over.length === 1 ? "" : ` So do ${over.length - 1} more.`;
      const because =
        durationMaxMs !== undefined || !band || !usual
          ? `${showJob(job)} runs for more than ${limit}, which is its limit.`
          : `${showJob(job)}: ${showUsual(band, showSpan)}; this runs for more than ${limit}.${blameOf(usual, first.release, nowMs)}`;
      return [
        {
          kind: "too_long",
          cause: causeOf("too_long", jobKey(job)),
          atMs: begun(first) + limitMs,
          because: `${because}${many}`,
          job,
          ...(first.host !== undefined && { host: first.host }),
          evidence: { eventIds: [], runIds: over.map(({ runId }) => runId).slice(0, 20) },
        },
      ];
    },
  );
};
