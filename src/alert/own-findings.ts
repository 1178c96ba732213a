/**
 * Findings of Midwatch about itself. Whoever notices that a promise does not hold calls
 * `reportOwnFinding`, before the watch runs or while it does; the next look makes an incident of
 * it. It stays open until the same subject is reported `over`, or somebody resolves it.
 */
import { causeOf, type Finding } from "../model/finding.ts";
import type { OwnFinding, ReportOwnFinding } from "../model/own-finding.ts";

/** Reports that wait for a look. More: the newest of each subject is what counts. */
const waitingMax = 1000;

export type OwnFindings = {
  readonly reportOwnFinding: ReportOwnFinding;
  /** All that was reported and is not yet kept, oldest first. */
  readonly waiting: () => readonly ReportedFinding[];
  /** They are kept now; what was reported meanwhile waits on. */
  readonly forget: (kept: readonly ReportedFinding[]) => void;
};

export type ReportedFinding = OwnFinding & { readonly atMs: number };

export function makeOwnFindings(clock: () => number): OwnFindings {
  let waiting: readonly ReportedFinding[] = [];
  return {
    reportOwnFinding(finding) {
      waiting = [...waiting, { ...finding, atMs: clock() }];
      if (waiting.length > waitingMax) {
        const newest = new Map(waiting.map((one) => [one.subject, one]));
        waiting = [...newest.values()].slice(-waitingMax);
      }
    },
    waiting: () => waiting,
    forget(kept) {
      const gone = new Set(kept);
      waiting = waiting.filter((one) => !gone.has(one));
    },
  };
}

/** What is wrong, as the watch takes findings of detectors. */
export function findingsOf(reports: readonly ReportedFinding[]): readonly Finding[] {
  return lastOfEach(reports).flatMap((one) => (one.over ? [] : [findingOf(one)]));
}

/** Of each cause that is over, the sentence by which that is known. */
export function endsOf(reports: readonly ReportedFinding[]): ReadonlyMap<string, string> {
  const over = lastOfEach(reports).filter((one) => one.over);
  return new Map(over.map(({ subject, because }) => [causeOf("midwatch", subject), because]));
}

/** What a subject was last said to be is what it is. */
function lastOfEach(reports: readonly ReportedFinding[]): readonly ReportedFinding[] {
  return [...new Map(reports.map((one) => [one.subject, one])).values()];
}

function findingOf({ subject, because, severity = "critical", evidence, atMs }: ReportedFinding): Finding {
  return {
    kind: "midwatch",
    cause: causeOf("midwatch", subject),
    atMs,
    because,
    severity,
    evidence: evidence ?? { eventIds: [], runIds: [] },
  };
}
