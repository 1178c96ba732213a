/**
 * More of a job's attempts fail than usual, as surely as their number allows to say: of three
 * attempts two may fail by chance, of three hundred not two hundred.
 */
import { causeOf } from "../model/finding.ts";
import { jobKey, jobNameOf, showJob } from "../model/monitor.ts";
import { shareBounds } from "./band.ts";
import { showShare } from "./baseline.ts";
import type { Detector } from "./detectors.ts";

/** Spreads by which the bounds are wide: right in 999 of 1,000 cases. */
const sureSpreads = 3.3;
/** Less is nothing that anybody gets up for. */
const shareMin = 0.1;
const failedMin = 8;

export const failing: Detector = ({ survey, monitorOf }, nowMs) =>
  survey.hour.flatMap(({ tally, usual }) => {
    const attempts = tally.failed + tally.succeeded;
    if (tally.failed < failedMin) return [];
    const now = shareBounds(tally.failed, attempts, sureSpreads);
    const before =
      usual && usual.succeeded + usual.failed > 0
        ? shareBounds(usual.failed, usual.succeeded + usual.failed, sureSpreads)
        : { low: 0, high: 0 };
    if (now.low < Math.max(shareMin, before.high * 1.5)) return [];
    const job = jobNameOf(tally);
    const usually =
      usual && usual.succeeded + usual.failed >= 20
        ? `usually ${showShare(usual.failed / (usual.succeeded + usual.failed))} do`
        : "what is usual of it is not known yet";
    return {
      kind: "failing" as const,
      cause: causeOf("failing", jobKey(job)),
      atMs: nowMs,
      because: `${tally.failed} of ${attempts} attempts of ${showJob(job)} failed in the last hour. At least ${showShare(now.low)} fail, chance allowed for; ${usually}.`,
      job,
      severity: monitorOf(job).severity,
      evidence: { eventIds: [], runIds: [] },
    };
  });
