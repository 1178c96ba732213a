/** Days on which nothing is due: weekends and holidays, by the calendar on the wall of the schedule. */
import type { Calendar } from "../model/monitor.ts";
import { weekHourOf } from "./band.ts";

const formats = new Map<string, Intl.DateTimeFormat>();

export function isWorkday(calendar: Calendar | undefined, atMs: number, timeZone: string): boolean {
  if (!calendar) return true;
  const { weekdays, holidays = [] } = calendar;
  if (weekdays && !weekdays.includes(Math.floor(weekHourOf(atMs, timeZone) / 24))) return false;
  return holidays.length === 0 || !holidays.includes(dateOf(atMs, timeZone));
}

/** `2026-12-25`. */
export function dateOf(atMs: number, timeZone: string): string {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-CA", {
      timeZone,
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
    });
    formats.set(timeZone, format);
  }
  return format.format(atMs);
}
