/** A job that is known for long began to log what must be hidden, often with a deploy. */
import { causeOf } from "../model/finding.ts";
import type { Detector } from "./detectors.ts";
import { showCount } from "./usual.ts";

const knownMsMin = 24 * 3_600_000;
/** Of people; one address in a line is no alarm, a secret is. */
const personal: ReadonlySet<string> = new Set([
  "email",
  "phone",
  "iban",
  "card",
  "us_ssn",
  "ipv4",
  "key:phone",
  "key:card",
  "key:national_id",
  "key:bank_account",
]);
const personalMin = 10;

export const leakBegan: Detector = ({ survey }, nowMs) =>
  survey.redactions.flatMap((load) => {
    const { service, job, rule, now, before, jobKnownMs = nowMs, release, releaseBefore } = load;
    if (before > 0 || now < (personal.has(rule) ? personalMin : 1)) return [];
    // What is hidden because somebody asked for it is no leak.
    if (job === "" || rule.startsWith("user:") || nowMs - jobKnownMs < knownMsMin) return [];
    const deployed =
      release !== undefined && releaseBefore !== undefined && release !== releaseBefore
        ? ` It runs as release ${release} now, and as ${releaseBefore} before.`
        : "";
    return {
      kind: "redactions" as const,
      cause: causeOf("redactions", service, job, rule),
      atMs: nowMs,
      because: `${job}${service === "" ? "" : ` of ${service}`} began to log what must be hidden: ${showCount(now)} by the rule ${rule} in the last hour, none in the week before.${deployed}`,
      job: { job, ...(service !== "" && { service }) },
      severity: "warning" as const,
      evidence: { eventIds: [], runIds: [] },
    };
  });
