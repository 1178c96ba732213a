/**
 * When runs are due. Cron tells two kinds of entries apart: one with a star for its minute or hour
 * follows the clock on the wall, as croner does; a fixed one that the clock skips is due right after
 * the gap, and one that comes twice is due once. Celery demands day of month and day of week both;
 * and around a change its beat may be hours off (celery#10107), so that its slots are given more time.
 */
import { Cron } from "croner";
import type { Schedule } from "../model/monitor.ts";

/** Slots that are looked at in one go. More: the newest. */
export const slotsMax = 500;

/** A slot ahead of which a run may already have begun: clocks differ, and schedulers round. */
const earlyMsMax = 60_000;

const dayMs = 86_400_000;

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
  if (isFixed(schedule) && isNearChange(schedule.timeZone, afterMs)) return nextFixedMs(schedule, afterMs);
  return nextOfCron(schedule, afterMs);
}

/** The same few slots are asked for again and again: by what is early, what is late, and what is next. */
const answersMax = 16;
const answers = new WeakMap<Cron, Map<number, number | undefined>>();

function nextOfCron(schedule: Schedule, afterMs: number): number | undefined {
  const cron = cronOf(schedule);
  let known = answers.get(cron);
  if (!known) {
    known = new Map();
    answers.set(cron, known);
  }
  const answer = known.get(afterMs);
  if (answer !== undefined) return answer;
  const next = cron.nextRun(new Date(afterMs))?.getTime();
  if (known.size >= answersMax) known.clear();
  known.set(afterMs, next);
  return next;
}

/** Slots after one time and up to another, oldest first; with more than `most` of them, the newest. */
export function slotsBetween(
  schedule: Schedule,
  afterMs: number,
  untilMs: number,
  most = slotsMax,
): readonly number[] {
  const slots: number[] = [];
  for (const atMs of slotsFrom(schedule, afterMs, untilMs)) {
    slots.push(atMs);
    if (slots.length > most) slots.shift();
  }
  return slots;
}

/** The first slots after a time and up to another, at most so many. */
export function nextSlots(
  schedule: Schedule,
  afterMs: number,
  untilMs: number,
  most: number,
): readonly number[] {
  const slots: number[] = [];
  for (const atMs of slotsFrom(schedule, afterMs, untilMs)) {
    if (slots.length >= most) break;
    slots.push(atMs);
  }
  return slots;
}

function* slotsFrom(schedule: Schedule, afterMs: number, untilMs: number): Generator<number> {
  let atMs = nextSlotMs(schedule, afterMs);
  while (atMs !== undefined && atMs <= untilMs) {
    yield atMs;
    atMs = nextSlotMs(schedule, atMs);
  }
}

export function earlyMs(schedule: Schedule, slotMs: number): number {
  const next = nextSlotMs(schedule, slotMs) ?? slotMs + 2 * earlyMsMax;
  return Math.min(earlyMsMax, (next - slotMs) / 2);
}

/** How long after the slot a run may begin, with what its runtime needs around a change of the clock. */
export function graceOfSlotMs(schedule: Schedule, slotMs: number, graceMs: number): number {
  if (schedule.runtime !== "celery" || schedule.everySeconds !== undefined) return graceMs;
  return isChangeAround(schedule.timeZone, slotMs) ? graceMs + changeMs : graceMs;
}

function isChangeAround(timeZone: string, slotMs: number): boolean {
  const key = `${timeZone} ${slotMs}`;
  const known = changesAround.get(key);
  if (known !== undefined) return known;
  const isChange = offsetMs(timeZone, slotMs - dayMs) !== offsetMs(timeZone, slotMs + dayMs);
  if (changesAround.size >= cronsMax) changesAround.clear();
  changesAround.set(key, isChange);
  return isChange;
}

/** Thousands of jobs are due at the same slot. */
const changesAround = new Map<string, boolean>();

/** Neither minute nor hour begins with a star, and cron makes up for what the clock skips. */
function isFixed({ expression = "", runtime }: Schedule): boolean {
  if (runtime === "celery") return false;
  const [minute = "", hour = ""] = expression.trim().split(/\s+/);
  return !minute.startsWith("*") && !hour.startsWith("*") && !/^@hourly$/i.test(minute);
}

/** Slots of the next days may fall on a change; further ones are asked for again from nearer. */
function isNearChange(timeZone: string, atMs: number): boolean {
  const day = Math.floor(atMs / dayMs);
  const key = `${timeZone} ${day}`;
  const known = changesNear.get(key);
  if (known !== undefined) return known;
  const isNear = offsetMs(timeZone, (day - 1) * dayMs) !== offsetMs(timeZone, (day + 3) * dayMs);
  if (changesNear.size >= cronsMax) changesNear.clear();
  changesNear.set(key, isNear);
  return isNear;
}

/** To ask a zone for its offset is dearer than all the rest. */
const changesNear = new Map<string, boolean>();

/** The longest gap that cron makes up for. */
const gapMsMax = 3 * 3_600_000;

/** Slots by the clock on the wall, each at the one instant at which cron starts it. */
function nextFixedMs(schedule: Schedule, afterMs: number): number | undefined {
  const wall: Schedule = { ...schedule, timeZone: "UTC" };
  let wallMs = afterMs + offsetMs(schedule.timeZone, afterMs) - gapMsMax;
  for (;;) {
    const next = nextOfCron(wall, wallMs);
    if (next === undefined) return undefined;
    const instantMs = instantOf(schedule.timeZone, next);
    if (instantMs > afterMs) return instantMs;
    wallMs = next;
  }
}

/** The first instant at which the clock on the wall shows this; where it skips this, the end of the gap. */
function instantOf(timeZone: string, wallMs: number): number {
  const offsets = [offsetMs(timeZone, wallMs - dayMs), offsetMs(timeZone, wallMs + dayMs)];
  const shown = offsets
    .map((offset) => wallMs - offset)
    .filter((ms) => ms + offsetMs(timeZone, ms) === wallMs);
  if (shown.length > 0) return Math.min(...shown);
  let [before, after] = [wallMs - Math.max(...offsets), wallMs - Math.min(...offsets)];
  const offset = offsetMs(timeZone, before);
  while (after - before > 60_000) {
    const middle = Math.floor((before + after) / 2 / 60_000) * 60_000;
    if (middle <= before) break;
    if (offsetMs(timeZone, middle) === offset) before = middle;
    else after = middle;
  }
  return after;
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
