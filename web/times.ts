/** Times in the zone that the reader chose. Only here a time becomes text with a date. */
import { zoneName } from "./preferences.ts";

const formats = new Map<string, Intl.DateTimeFormat>();

function format(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${name} ${zoneName()}`;
  const found = formats.get(key);
  if (found) return found;
  const made = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zoneName(), hourCycle: "h23" });
  formats.set(key, made);
  return made;
}

/** "03:12:40" */
export function clockText(atMs: number): string {
  return format("clock", { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(atMs);
}

/** "03:12" */
export function minuteText(atMs: number): string {
  return format("minute", { hour: "2-digit", minute: "2-digit" }).format(atMs);
}

/** "21 Nov" */
export function dayText(atMs: number): string {
  return format("day", { day: "numeric", month: "short" }).format(atMs);
}

/** "21 Nov 03:12:40.123", without the day when it is today. */
export function stampText(atMs: number, nowMs: number): string {
  const time = `${clockText(atMs)}.${String(Math.floor(atMs) % 1000).padStart(3, "0")}`;
  return dayText(atMs) === dayText(nowMs) ? time : `${dayText(atMs)} ${time}`;
}

/** "Sat 21 Nov 2026, 03:12:40.123 Europe/Zurich": all that can be said, for tooltips. */
export function fullText(atMs: number): string {
  const day = format("full", { weekday: "short", day: "numeric", month: "short", year: "numeric" });
  const time = `${clockText(atMs)}.${String(Math.floor(atMs) % 1000).padStart(3, "0")}`;
  return `${day.format(atMs)}, ${time} ${zoneName()}`;
}

/** Marks of an axis: round times between two ends, about as many as `wanted`, in the chosen zone. */
export function axisMarks(fromMs: number, untilMs: number, wanted: number): readonly number[] {
  const minute = 60_000;
  const steps = [
    0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800,
    21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600, 2_592_000,
  ];
  const stepMs = (steps.find((step) => (untilMs - fromMs) / (step * 1000) <= wanted) ?? 2_592_000) * 1000;
  const offsetMs = stepMs >= minute ? zoneOffsetMs(fromMs) : 0;
  const marks: number[] = [];
  const first = Math.ceil((fromMs + offsetMs) / stepMs) * stepMs - offsetMs;
  for (let at = first; at <= untilMs && marks.length < 200; at += stepMs) marks.push(at);
  return marks;
}

const offsets = new Map<string, Intl.DateTimeFormat>();

/** How far a zone, or else the chosen one, is ahead of UTC at a time. */
export function zoneOffsetMs(atMs: number, name = zoneName()): number {
  if (name === "UTC") return 0;
  let format = offsets.get(name);
  if (!format) {
    const parts = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric" } as const;
    format = new Intl.DateTimeFormat("en-US", {
      ...parts,
      minute: "numeric",
      hourCycle: "h23",
      timeZone: name,
    });
    offsets.set(name, format);
  }
  const found = Object.fromEntries(
    format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = found;
  return Date.UTC(year, month - 1, day, hour, minute) - Math.floor(atMs / 60_000) * 60_000;
}

/** "2026-11-21T03:12:40" in the chosen zone, as fields for a time hold it. */
export function localText(atMs: number): string {
  return new Date(atMs + zoneOffsetMs(atMs)).toISOString().slice(0, 19);
}

/** The way back. Asked twice, because the offset that counts is that of the answer. */
export function localMs(text: string): number {
  const asUtc = Date.parse(`${text}Z`);
  return Number.isNaN(asUtc) ? asUtc : asUtc - zoneOffsetMs(asUtc - zoneOffsetMs(asUtc));
}

/** When the clocks of a zone change between two times, and by how much. */
export function clockChanges(
  fromMs: number,
  untilMs: number,
  name = zoneName(),
): readonly { readonly atMs: number; readonly byMs: number }[] {
  const changes: { atMs: number; byMs: number }[] = [];
  const dayMs = 86_400_000;
  for (let start = fromMs; start < untilMs; start += dayMs) {
    let low = start;
    let high = Math.min(start + dayMs, untilMs);
    const before = zoneOffsetMs(low, name);
    const byMs = zoneOffsetMs(high, name) - before;
    if (byMs === 0) continue;
    while (high - low > 60_000) {
      const middle = (low + high) / 2;
      if (zoneOffsetMs(middle, name) === before) low = middle;
      else high = middle;
    }
    changes.push({ atMs: Math.round(high / 60_000) * 60_000, byMs });
  }
  return changes;
}

/** The text of an axis mark: as fine as the distance between marks needs. */
export function markText(atMs: number, stepMs: number): string {
  if (stepMs >= 86_400_000) return dayText(atMs);
  if (stepMs >= 60_000) return minuteText(atMs) === "00:00" ? dayText(atMs) : minuteText(atMs);
  if (stepMs >= 1000) return clockText(atMs);
  return `${clockText(atMs)}.${String(Math.floor(atMs) % 1000).padStart(3, "0")}`;
}
