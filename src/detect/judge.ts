/** Which slots were served by a run, and which were not. */
import type { JobName, Monitor, Schedule } from "../model/monitor.ts";
import type { JobSign } from "../store/store.ts";
import { isNamed } from "./expected.ts";
import { earlyMs, graceOfSlotMs } from "./slots.ts";

/** One schedule of one job. */
export type Expectation = { readonly monitor: Monitor; readonly schedule: Schedule };

/** A time in which nobody watched. */
export type Away = { readonly fromMs: number; readonly untilMs: number };

export type JudgedSlot = Expectation & {
  readonly slotMs: number;
  readonly deadlineMs: number;
  /** What served it; absent: nothing did. */
  readonly sign?: JobSign;
  /** Nobody watched when it was due. */
  readonly away?: Away;
};

/** Gives each slot the first sign that nothing before it has taken. Slots and signs: oldest first. */
export function judgeSlots(
  { monitor, schedule }: Expectation,
  slots: readonly number[],
  signs: readonly JobSign[],
  aways: readonly Away[],
): readonly JudgedSlot[] {
  const mine = signs.filter((sign) => isSignOf(monitor, schedule, sign));
  let next = 0;
  return slots.map((slotMs, index) => {
    const deadlineMs = slotMs + graceOfSlotMs(schedule, slotMs, monitor.graceMs);
    const fromMs = slotMs - earlyMs(schedule, slotMs);
    const untilMs = (slots[index + 1] ?? Number.POSITIVE_INFINITY) - earlyMs(schedule, slotMs);
    while (next < mine.length && atMs(mine[next]) < fromMs) next += 1;
    const sign = mine[next];
    const isServed = sign !== undefined && (atMs(sign) <= deadlineMs || atMs(sign) < untilMs);
    if (isServed) next += 1;
    const away = aways.find((one) => one.fromMs <= deadlineMs && one.untilMs >= slotMs);
    return { monitor, schedule, slotMs, deadlineMs, ...(isServed && { sign }), ...(away && { away }) };
  });
}

function atMs(sign: JobSign | undefined): number {
  return (sign?.atMicros ?? 0) / 1000;
}

/** Beat serves a slot by sending; whoever executes it is the queue's matter. */
function isSignOf(monitor: Monitor, schedule: Schedule, sign: JobSign): boolean {
  const name: JobName = sign;
  if (!isNamed(monitor, name)) return false;
  if (schedule.entry !== undefined)
    return sign.kind === "job.enqueued" && sign.actor === `beat: ${schedule.entry}`;
  if (schedule.runtime === "cron" && sign.kind !== "job.started") return false;
  const several = new Set(monitor.schedules.map(({ host }) => host)).size > 1;
  return !several || schedule.host === undefined || sign.host === schedule.host;
}
