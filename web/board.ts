/** What the schedule board says in words, and where things stand on its axis. Pure. */
import type { Board, BoardRow } from "../src/api/board-schemas.ts";
import { capital, counted, listed, spelled } from "./words.ts";

export type Place = (atMs: number) => number;

/** Rows that need a look first, and those of one service together. */
export function sortedRows(rows: readonly BoardRow[]): readonly BoardRow[] {
  const key = (row: BoardRow): string => `${row.service ?? ""} ${row.job} ${row.environment ?? ""}`;
  return [...rows].sort(
    (a, b) => Number(b.missed > 0) - Number(a.missed > 0) || (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0),
  );
}

/** The minute ahead in which most jobs are due, where it is more than one. */
export function busiestAhead(
  rows: readonly BoardRow[],
  nowMs: number,
): { readonly atMs: number; readonly jobs: number } | undefined {
  const counts = new Map<number, number>();
  for (const row of rows) {
    const minutes = new Set<number>();
    const times = row.slots.filter(({ state }) => state === "ahead").map(({ time }) => Date.parse(time));
    if (row.nextTime !== undefined) times.push(Date.parse(row.nextTime));
    for (const atMs of times) if (atMs > nowMs) minutes.add(Math.floor(atMs / 60_000));
    for (const minute of minutes) counts.set(minute, (counts.get(minute) ?? 0) + 1);
  }
  const [busiest] = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  return busiest && busiest[1] > 1 ? { atMs: busiest[0] * 60_000, jobs: busiest[1] } : undefined;
}

/** `text` puts a time into words. */
export function boardSentence(board: Board, nowMs: number, text: (atMs: number) => string): string {
  const { rows } = board;
  if (rows.length === 0) return "No schedule is known yet.";
  const missed = rows.reduce((sum, row) => sum + row.missed, 0);
  const last = Math.max(...rows.map((row) => Date.parse(row.lastMissedTime ?? "") || 0));
  const first =
    missed === 0
      ? "No slot was missed."
      : missed === 1
        ? `One slot was missed, at ${text(last)}.`
        : `${capital(spelled(missed))} slots were missed, the last at ${text(last)}.`;
  const busy = busiestAhead(rows, nowMs);
  if (busy) {
    return `${first} The next busy minute is ${text(busy.atMs)}, with ${spelled(busy.jobs)} jobs.`;
  }
  const next = Math.min(...rows.map((row) => Date.parse(row.nextTime ?? "") || Number.POSITIVE_INFINITY));
  return Number.isFinite(next) ? `${first} The next is due at ${text(next)}.` : first;
}

/** How many schedules there are, and whether what is declared, installed and seen agrees. */
export function agreementWords(rows: readonly BoardRow[]): string {
  const hosts = new Set(rows.flatMap((row) => row.schedules.map(({ host }) => host ?? "")));
  hosts.delete("");
  const schedules = rows.reduce((sum, row) => sum + row.schedules.length, 0);
  const drifted = rows.filter((row) => row.drift.length > 0).length;
  const where = hosts.size > 0 ? ` on ${counted(hosts.size, "host")}` : "";
  const agree =
    drifted === 0
      ? "declared, installed and observed agree for all of them."
      : `declared, installed and observed agree for ${rows.length - drifted} of ${counted(rows.length, "job")}.`;
  return `${counted(schedules, "schedule")}${where}; ${agree}`;
}

/** A row for those who do not see its bars. */
export function rowWords(row: BoardRow): string {
  const runs = row.bars.reduce((sum, bar) => sum + bar.runs, 0);
  const failed = row.bars.filter(({ state }) => state === "failed" || state === "lost").length;
  return listed([
    counted(runs, "run"),
    failed === 0 ? "none failed" : `${failed} failed or lost`,
    row.missed === 0 ? "no slot missed" : `${counted(row.missed, "slot")} missed`,
  ]);
}
