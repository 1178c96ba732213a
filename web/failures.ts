/** What is said of failures that are the same. Pure. */
import type { FailureRow } from "../src/api/failure-schemas.ts";
import { counted, ordinal, percent } from "./words.ts";

/** "78 % heal by the second attempt, all in all 81 %." Undefined where nothing of it is known to have ended. */
export function healWords({ states, heals }: FailureRow): string | undefined {
  const healed = heals.reduce((sum, { runs }) => sum + runs, 0);
  const given = (states.failed ?? 0) + (states.lost ?? 0) + (states.discarded ?? 0);
  const ended = healed + given;
  if (ended === 0) return undefined;
  if (healed === 0) return "None healed.";
  // The attempt by which most of those that heal have healed.
  let sum = 0;
  const by = heals.find(({ runs }) => {
    sum += runs;
    return sum >= healed * 0.75;
  });
  if (!by || sum === healed) {
    return `${percent(healed, ended)} heal by the ${ordinal(by?.attempt ?? 1)} attempt.`;
  }
  return `${percent(sum, ended)} heal by the ${ordinal(by.attempt)} attempt, ${percent(healed, ended)} in the end.`;
}

/** In which releases it was seen. */
export function releaseWords({ firstRelease, lastRelease }: FailureRow): string {
  if (firstRelease === undefined || lastRelease === undefined) return "";
  if (firstRelease === lastRelease) return `only in release ${lastRelease}`;
  return `first in release ${firstRelease}, last in ${lastRelease}`;
}

export function attemptWords({ attempts, runs }: FailureRow): string {
  return runs > 0 && runs < attempts
    ? `${counted(attempts, "attempt")} of ${counted(runs, "run")}`
    : counted(attempts, "attempt");
}
