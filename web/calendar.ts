/** Days of a calendar, week by week, in the zone that is shown. Pure. */
import type { JobDaysAnswer } from "../src/api/failure-schemas.ts";
import { counted, duration, listed } from "./words.ts";

export type Day = {
  /** `2026-11-21` */
  readonly day: string;
  readonly mood: "none" | "well" | "mixed" | "bad";
  readonly words: string;
};

const dayMs = 86_400_000;

/** Weeks from Monday to Sunday, oldest first; the last holds today. A day outside is undefined. */
export function weeksOf(
  rows: JobDaysAnswer["rows"],
  today: string,
  days: number,
): readonly (readonly (Day | undefined)[])[] {
  const known = new Map(rows.map((row) => [row.day, row]));
  const todayMs = Date.parse(`${today}T00:00:00Z`);
  const firstMs = todayMs - (days - 1) * dayMs;
  const mondayMs = firstMs - ((new Date(firstMs).getUTCDay() + 6) % 7) * dayMs;
  const weeks: (Day | undefined)[][] = [];
  for (let week = mondayMs; week <= todayMs; week += 7 * dayMs) {
    weeks.push(
      Array.from({ length: 7 }, (_, index) => {
        const atMs = week + index * dayMs;
        if (atMs < firstMs || atMs > todayMs) return undefined;
        const day = new Date(atMs).toISOString().slice(0, 10);
        return dayOf(day, known.get(day));
      }),
    );
  }
  return weeks;
}

function dayOf(day: string, row: JobDaysAnswer["rows"][number] | undefined): Day {
  if (!row) return { day, mood: "none", words: "no run" };
  const well = row.runs.succeeded ?? 0;
  const bad = (row.runs.failed ?? 0) + (row.runs.lost ?? 0) + (row.runs.missed ?? 0);
  const all = Object.values(row.runs).reduce((sum, count) => sum + (count ?? 0), 0);
  const parts = [
    counted(all, "run"),
    bad === 0 ? "none failed for good" : `${bad} failed for good or lost`,
    ...(row.durationMiddleMs === undefined ? [] : [`${duration(row.durationMiddleMs)} in the middle`]),
  ];
  return { day, mood: bad === 0 ? "well" : well > 0 ? "mixed" : "bad", words: listed(parts) };
}
