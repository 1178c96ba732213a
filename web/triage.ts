/** Incidents by what they ask of a person: come now, know of it, or leave it to somebody else. */
import type { IncidentAnswer } from "../src/api/watch-schemas.ts";

const severities: readonly string[] = ["info", "warning", "error", "critical"];

/** Each gravest first, then oldest first. */
export type Sorted = {
  /** What needs somebody, and nobody has taken or put off. */
  readonly open: readonly IncidentAnswer[];
  /** What nobody is called for: it can wait for the day. */
  readonly noted: readonly IncidentAnswer[];
  /** What somebody has taken or put off. */
  readonly quiet: readonly IncidentAnswer[];
};

export function isSnoozed({ snoozedUntilTime }: IncidentAnswer, nowMs: number): boolean {
  return snoozedUntilTime !== undefined && Date.parse(snoozedUntilTime) > nowMs;
}

export function sorted(rows: readonly IncidentAnswer[], nowMs: number): Sorted {
  const ranked = rows
    .filter(({ state }) => state !== "resolved")
    .toSorted(
      (a, b) =>
        severities.indexOf(b.severity) - severities.indexOf(a.severity) ||
        Date.parse(a.openedTime) - Date.parse(b.openedTime),
    );
  const ids = new Set(ranked.map(({ id }) => id));
  // A part of another is told with that one.
  const isPart = ({ parentId }: IncidentAnswer): boolean => parentId !== undefined && ids.has(parentId);
  const whole = ranked.filter((one) => !isPart(one));
  const isOpen = (one: IncidentAnswer): boolean => one.state === "open" && !isSnoozed(one, nowMs);
  return {
    open: whole.filter((one) => isOpen(one) && one.severity !== "info"),
    noted: whole.filter((one) => isOpen(one) && one.severity === "info"),
    quiet: whole.filter((one) => !isOpen(one)),
  };
}
