/** Far more values had to be hidden than before: something began to log what it must not. */
import { causeOf } from "../model/finding.ts";
import type { Detector } from "./detectors.ts";
import { showCount } from "./usual.ts";

const hourMs = 3_600_000;
const knownMsMin = 24 * hourMs;
const hiddenMin = 50;
const ratioMin = 10;

export const redactions: Detector = ({ survey }, nowMs) =>
  survey.redactions.flatMap(({ service, job, rule, now, before, firstMs }) => {
    const hours = (nowMs - firstMs) / hourMs;
    if (hours * hourMs < knownMsMin || now < hiddenMin) return [];
    const usual = before / Math.max(hours - 1, 1);
    if (now < usual * ratioMin) return [];
    const where = [job, service].filter((part) => part !== "").join(" of ");
    return {
      kind: "redactions" as const,
      cause: causeOf("redactions", service, job, rule),
      atMs: nowMs,
      because: `${showCount(now)} values were hidden by the rule ${rule}${where === "" ? "" : ` in ${where}`} in the last hour; before, ${usual < 1 ? "less than 1" : showCount(usual)} an hour.`,
      ...(job !== "" && { job: { job, ...(service !== "" && { service }) } }),
      severity: "warning" as const,
      evidence: { eventIds: [], runIds: [] },
    };
  });
