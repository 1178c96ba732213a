/**
 * When runs are due. Croner's evaluation agrees with Vixie cron on both changes of daylight saving:
 * a time that is skipped is due right after the gap, a fixed time that comes twice is due once, and
 * wildcards follow the clock. Celery demands day of month and day of week both; and around a change
 * its beat may be hours off (celery#10107), so that its slots are given more time then.
 */
import { Cron } from "croner";
import type { Schedule } from "../model/monitor.ts";

/** Slots that are looked at in one go. More: the newest. */
export const slotsMax = 500;

/** A slot ahead of which a run may already have begun: clocks differ, and schedulers round. */
const earlyMsMax = 60_000;

/** What Celery's beat may be late around a change of daylight saving. */
const changeMs = 3 * 3_600_000;

/** Made once a schedule: reading an expression is dearer than asking it. */
const crons = new Map<string, Cron>();
const cronsMax = 10_000;

function cronOf({ expression = "", timeZone, runtime }: Schedule): Cron {
  const key = `${runtime ?? ""} ${timeZone} ${expression}`;
  let cron = crons.get(key);
  if (!cron) {
    if (crons.size >= cronsMax) crons.clear();
    cron = new Cron(expression, { timezone: timeZone, paused: true, domAndDow: runtime === "celery" });
    crons.set(key, cron);
  }
  return cron;
}

/** It can be read, and is one that comes by time: `@reboot` does not. */
export function isSchedule(schedule: Schedule): boolean {
  if (schedule.everySeconds !== undefined) return schedule.everySeconds > 0;
  try {
    return cronOf(schedule).nextRun(new Date(0)) !== null;
  } catch {
    return false;
  }
}

/** The first slot after a time; of an interval, counted from that time. */
export function nextSlotMs(schedule: Schedule, afterMs: number): number | undefined {
  if (schedule.everySeconds !== undefined) return afterMs + schedule.everySeconds * 1000;
  return cronOf(schedule).nextRun(new Date(afterMs))?.getTime();
}

/** Slots after one time and up to another, oldest first. */
export function slotsBetween(schedule: Schedule, afterMs: number, untilMs: number): readonly number[] {
  const slots: number[] = [];
  let atMs = nextSlotMs(schedule, afterMs);
  while (atMs !== undefined && atMs <= untilMs) {
    slots.push(atMs);
    if (slots.length > slotsMax) slots.shift();
    atMs = nextSlotMs(schedule, atMs);
  }
  return slots;
}

export function earlyMs(schedule: Schedule, slotMs: number): number {
  const next = nextSlotMs(schedule, slotMs) ?? slotMs + 2 * earlyMsMax;
  return Math.min(earlyMsMax, (next - slotMs) / 2);
}

/** How long after the slot a run may begin, with what its runtime needs around a change of the clock. */
export function graceOfSlotMs(schedule: Schedule, slotMs: number, graceMs: number): number {
  if (schedule.runtime !== "celery" || schedule.everySeconds !== undefined) return graceMs;
  const dayMs = 86_400_000;
  const changes = offsetMs(schedule.timeZone, slotMs - dayMs) !== offsetMs(schedule.timeZone, slotMs + dayMs);
  return changes ? graceMs + changeMs : graceMs;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** How far a zone is from UTC at a time. */
function offsetMs(timeZone: string, atMs: number): number {
  let format = formats.get(timeZone);
  if (!format) {
    const parts = {
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
    } as const;
    format = new Intl.DateTimeFormat("en-US", { timeZone, ...parts, hourCycle: "h23" });
    formats.set(timeZone, format);
  }
  const part = Object.fromEntries(format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute) - Math.floor(atMs / 60_000) * 60_000;
}
