/** Events that a rule in Sigma's form is about: one finding for each rule and each from whom. */
import { causeOf } from "../model/finding.ts";
import type { Detector } from "./detectors.ts";
import { showSpan } from "./facts.ts";
import { showCount } from "./usual.ts";

export const pattern: Detector = ({ survey }) =>
  survey.matches.map((match) => {
    const { ruleId, title, severity, group, count, atMs, timespanMs, author, example, host } = match;
    const times = count === 1 ? "one event" : `${showCount(count)} events`;
    const within = timespanMs === undefined ? "" : ` within ${showSpan(timespanMs)}`;
    const by = author === undefined ? "" : ` by ${author}`;
    const line = example === "" ? "" : ` The newest: ${example}`;
    return {
      kind: "pattern",
      cause: causeOf("pattern", ruleId, group),
      atMs,
      because: `${title}${group === "" ? "" : ` (${group})`}: ${times}${within}; rule ${ruleId}${by}.${line}`,
      ...(host !== undefined && { host }),
      severity,
      count,
      evidence: { eventIds: match.eventIds, runIds: [] },
    };
  });
