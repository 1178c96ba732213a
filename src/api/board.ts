/**
 * The schedule board: what was expected of each job beside what it did. Pure: facts and a moment
 * in, rows out.
 */
import { earlyMs, graceOfSlotMs, nextSlotMs, nextSlots, slotsBetween } from "../detect/slots.ts";
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

/** Slots of a row that are told one by one. With more, how many were missed is said. */
const slotsMax = 400;
/** Slots of a schedule that are judged: a day of minutes. More: the newest. */
const pastMax = 1500;
/** Slots of a schedule that lie ahead. More: the next ones. */
const aheadMax = slotsMax;

export function boardRows(facts: BoardFacts): readonly BoardRow[] {
  const runsOf = Map.groupBy(facts.runs, ({ job }) => job);
  const declarationsOf = Map.groupBy(facts.declarations, ({ job }) => job.job);
  const due = dueBy(facts);
  return facts.monitors.map(({ monitor, source }) => {
    const runs = (runsOf.get(monitor.job) ?? []).filter((run) => isOf(monitor, run));
    const declarations = (declarationsOf.get(monitor.job) ?? []).filter(({ job }) => isOf(monitor, job));
    return rowOf(facts, due, monitor, source, runs, declarations);
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
  due: ReturnType<typeof dueBy>,
  monitor: Monitor,
  source: "declared" | "set",
  runs: readonly StretchOfRuns[],
  declarations: readonly Declaration[],
): BoardRow {
  const { job, service, environment, owner, schedules } = monitor;
  const askedMs = runs
    .flatMap(({ askedMicros }) => askedMicros.map((micros) => micros / 1000))
    .sort(ascending);
  const slots = judgedSlots(facts, due, monitor, askedMs, knownSinceMs(askedMs, declarations));
  const missed = slots.filter(({ state }) => state === "missed");
  const next =
    slots.find(({ state }) => state === "ahead")?.atMs ??
    schedules
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

/** A slot and the stretch in which a run must begin to have served it. */
type Due = { readonly atMs: number; readonly earliestMs: number; readonly latestMs: number };

/** Many jobs have the same schedule, and working out its slots is what costs. */
function dueBy(
  range: TimeRange & { readonly nowMs: number },
): (schedule: Schedule, graceMs: number) => readonly Due[] {
  const known = new Map<string, readonly Due[]>();
  return (schedule, graceMs) => {
    // An interval is counted from the last run: it has no slots that a clock names.
    if (schedule.everySeconds !== undefined) return [];
    const key = JSON.stringify([schedule.expression, schedule.timeZone, schedule.runtime, graceMs]);
    const found =
      known.get(key) ??
      slotsOf(schedule, range).map((atMs) => ({
        atMs,
        earliestMs: atMs - earlyMs(schedule, atMs),
        latestMs: atMs + graceOfSlotMs(schedule, atMs, graceMs),
      }));
    known.set(key, found);
    return found;
  };
}

function slotsOf(
  schedule: Schedule,
  { fromMicros, untilMicros, nowMs }: TimeRange & { readonly nowMs: number },
): readonly number[] {
  const untilMs = untilMicros / 1000;
  const turnMs = Math.min(nowMs, untilMs);
  return [
    ...slotsBetween(schedule, fromMicros / 1000 - 1, turnMs, pastMax),
    ...nextSlots(schedule, turnMs, untilMs, aheadMax),
  ];
}

function judgedSlots(
  { nowMs }: BoardFacts,
  due: ReturnType<typeof dueBy>,
  { schedules, graceMs }: Monitor,
  askedMs: readonly number[],
  knownSince: number,
): readonly Slot[] {
  const slots = new Map<number, Slot>();
  for (const { atMs, earliestMs, latestMs } of schedules.flatMap((schedule) => due(schedule, graceMs))) {
    const state: SlotState = hasBetween(askedMs, earliestMs, latestMs)
      ? "served"
      : atMs > nowMs
        ? "ahead"
        : atMs < knownSince
          ? "unknown"
          : latestMs > nowMs
            ? "due"
            : "missed";
    if (slots.get(atMs)?.state !== "served") slots.set(atMs, { atMs, state });
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
