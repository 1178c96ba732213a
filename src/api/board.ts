/**
 * The schedule board: what was expected of each job beside what it did. Pure: facts and a moment
 * in, rows out.
 */
import { earlyMs, graceOfSlotMs, nextSlotMs, slotsBetween } from "../detect/slots.ts";
import { type Declaration, type JobName, type Monitor, type Schedule } from "../model/monitor.ts";
import { formatTime } from "../model/time.ts";
import type { StretchOfRuns } from "../store/page.ts";
import type { TimeRange } from "../store/store.ts";
import type { BoardRow, SlotState } from "./board-schemas.ts";
import { driftOf } from "./drift.ts";

export type BoardFacts = TimeRange & {
  readonly nowMs: number;
  readonly stepMicros: number;
  /** With at least one schedule each. */
  readonly monitors: readonly { readonly monitor: Monitor; readonly source: "declared" | "set" }[];
  readonly declarations: readonly Declaration[];
  readonly runs: readonly StretchOfRuns[];
};

/** Slots of a row that are told one by one. With more, how many were missed is counted by stretch. */
const slotsMax = 400;

export function boardRows(facts: BoardFacts): readonly BoardRow[] {
  const runsOf = Map.groupBy(facts.runs, ({ job }) => job);
  const declarationsOf = Map.groupBy(facts.declarations, ({ job }) => job.job);
  return facts.monitors.map(({ monitor, source }) => {
    const runs = (runsOf.get(monitor.job) ?? []).filter((run) => isOf(monitor, run));
    const declarations = (declarationsOf.get(monitor.job) ?? []).filter(({ job }) => isOf(monitor, job));
    return rowOf(facts, monitor, source, runs, declarations);
  });
}

function isOf(monitor: JobName, named: Pick<JobName, "service" | "environment">): boolean {
  return (
    (monitor.service === undefined || monitor.service === named.service) &&
    (monitor.environment === undefined || monitor.environment === named.environment)
  );
}

function rowOf(
  facts: BoardFacts,
  monitor: Monitor,
  source: "declared" | "set",
  runs: readonly StretchOfRuns[],
  declarations: readonly Declaration[],
): BoardRow {
  const { job, service, environment, owner, schedules } = monitor;
  const askedMs = runs
    .flatMap(({ askedMicros }) => askedMicros.map((micros) => micros / 1000))
    .sort(ascending);
  const slots = judgedSlots(facts, monitor, askedMs, knownSinceMs(askedMs, declarations));
  const missed = slots.filter(({ state }) => state === "missed");
  const next = schedules
    .map((schedule) => nextOf(schedule, facts.nowMs, askedMs.at(-1)))
    .filter((ms) => ms !== undefined)
    .sort(ascending)[0];
  const dense = slots.length > slotsMax;
  return {
    job,
    ...(service !== undefined && { service }),
    ...(environment !== undefined && { environment }),
    ...(owner !== undefined && { owner }),
    source,
    schedules: [...schedules],
    ...(next !== undefined && { nextTime: timeOf(next) }),
    slots: dense ? [] : slots.map(({ atMs, state }) => ({ time: timeOf(atMs), state })),
    dense,
    missed: missed.length,
    ...(missed[0] && { firstMissedTime: timeOf(missed[0].atMs) }),
    ...(missed.length > 0 && { lastMissedTime: timeOf(missed.at(-1)?.atMs ?? 0) }),
    bars: [...runs]
      .sort((a, b) => a.beganMicros - b.beganMicros)
      .map((one) => ({
        time: formatTime(one.beganMicros),
        endTime: formatTime(Math.max(one.beganMicros, one.endedMicros)),
        state: one.state,
        runs: one.runs,
        runId: one.runId,
      })),
    drift: [...driftOf(monitor, declarations, missed.length > 0 && missed.length === pastCount(slots))],
  };
}

type Slot = { readonly atMs: number; readonly state: SlotState };

function pastCount(slots: readonly Slot[]): number {
  return slots.filter(({ state }) => state === "missed" || state === "served").length;
}

/** Before anything was heard of a job, that nothing is recorded of a slot proves nothing. */
function knownSinceMs(askedMs: readonly number[], declarations: readonly Declaration[]): number {
  return Math.min(askedMs[0] ?? Infinity, ...declarations.map(({ seenMs }) => seenMs));
}

function judgedSlots(
  { fromMicros, untilMicros, nowMs }: BoardFacts,
  { schedules, graceMs }: Monitor,
  askedMs: readonly number[],
  knownSince: number,
): readonly Slot[] {
  const slots = new Map<number, Slot>();
  for (const schedule of schedules) {
    // An interval is counted from the last run: it has no slots that a clock names.
    if (schedule.everySeconds !== undefined) continue;
    for (const atMs of slotsBetween(schedule, fromMicros / 1000 - 1, untilMicros / 1000)) {
      const earliest = atMs - earlyMs(schedule, atMs);
      const latest = atMs + graceOfSlotMs(schedule, atMs, graceMs);
      const served = hasBetween(askedMs, earliest, latest);
      const state: SlotState = served
        ? "served"
        : atMs > nowMs
          ? "ahead"
          : atMs < knownSince
            ? "unknown"
            : latest > nowMs
              ? "due"
              : "missed";
      if (slots.get(atMs)?.state !== "served") slots.set(atMs, { atMs, state });
    }
  }
  return [...slots.values()].sort((a, b) => a.atMs - b.atMs);
}

/** `sorted` holds a value from one to another, both included. */
function hasBetween(sorted: readonly number[], from: number, until: number): boolean {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  return low < sorted.length && (sorted[low] ?? Infinity) <= until;
}

function nextOf(schedule: Schedule, nowMs: number, lastMs: number | undefined): number | undefined {
  if (schedule.everySeconds === undefined) return nextSlotMs(schedule, nowMs);
  return lastMs === undefined ? undefined : Math.max(nowMs, lastMs + schedule.everySeconds * 1000);
}

function ascending(a: number, b: number): number {
  return a - b;
}

function timeOf(ms: number): string {
  return formatTime(Math.round(ms * 1000));
}
