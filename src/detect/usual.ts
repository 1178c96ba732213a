/** What is usual of a job at an hour, made from its history once an hour; and how that is said. */
import type { JobHistory } from "../store/survey.ts";
import { amountBand, type Band } from "./band.ts";
import { showSpan } from "./facts.ts";
import { seasonalBand } from "./season.ts";

/** Hours in which it ran, before which everything is only learnt: a thousand runs of one hour are no history. */
const hoursMin = 6;
const weekMs = 7 * 86_400_000;
/** A release is new for so long, and what changes then is told of together with it. */
export const releaseNewMs = 86_400_000;
/** Runs of the newest release from which on it says itself what is usual. */
const releaseSamplesMin = 5;

export type Usual = {
  readonly firstHourMs: number;
  readonly duration?: Band;
  readonly output?: Band;
  readonly rows?: Band;
  readonly memory?: Band;
  readonly processorTime?: Band;
  readonly wait?: Band;
  readonly succeeded: number;
  readonly failed: number;
  /** Hours of the week in which it ever ran. */
  readonly activeWeekHours: ReadonlySet<number>;
  readonly hours: number;
  /** The newest release, since when, and how long its runs take. */
  readonly release?: { readonly name: string; readonly sinceMs: number; readonly middleMs?: number };
};

/** At an hour before which the history was. */
export function usualOf(history: JobHistory, hourMs: number): Usual {
  const isKnown = history.hours >= hoursMin;
  const knownMs = hourMs - history.firstHourMs;
  const runsPerWeek = history.succeeded / Math.max(knownMs / weekMs, 1);
  const bands: Readonly<Record<string, Band | undefined>> = isKnown
    ? {
        duration: seasonalBand(history.durations, { runsPerWeek, knownMs }),
        output: amountBand(history.outputs, "all", runsPerWeek),
        rows: amountBand(history.rowCounts, "all", runsPerWeek),
        memory: amountBand(history.memories, "all", runsPerWeek),
        processorTime: amountBand(history.processorTimes, "all", runsPerWeek),
        wait: amountBand(history.waits, "all", runsPerWeek),
      }
    : {};
  const release = releaseOf(history);
  return {
    firstHourMs: history.firstHourMs,
    ...Object.fromEntries(Object.entries(bands).filter(([, band]) => band !== undefined)),
    succeeded: history.succeeded,
    failed: history.failed,
    activeWeekHours: new Set(history.activeWeekHours),
    hours: history.hours,
    ...(release && { release }),
  };
}

function releaseOf({ releases, durations }: JobHistory): Usual["release"] {
  const named = releases.filter(({ release }) => release !== "");
  const newest = named.toSorted((a, b) => b.firstMs - a.firstMs)[0];
  if (!newest || named.length < 2) return undefined;
  const own = durations.newest.filter(({ release }) => release === newest.release).map(({ ms }) => ms);
  const middle = own.toSorted((a, b) => a - b)[own.length >> 1];
  const isKnown = own.length >= releaseSamplesMin && middle !== undefined;
  return { name: newest.release, sinceMs: newest.firstMs, ...(isKnown && { middleMs: middle }) };
}

/** The newest release has made it so: by what it changed, this is within the limits. */
export function isExcused({ release, duration }: Usual, valueMs: number): boolean {
  const middleMs = release?.middleMs;
  if (middleMs === undefined || !duration) return false;
  const asBefore = valueMs * (duration.middle / Math.max(middleMs, 1));
  return asBefore >= duration.lowLimit && asBefore <= duration.highLimit;
}

/** Blames a release that is new where the run is of it. */
export function blameOf(usual: Usual, runRelease: string | undefined, nowMs: number): string {
  const { release } = usual;
  if (
    runRelease === undefined ||
    (release && release.name !== runRelease && nowMs - release.sinceMs > releaseNewMs)
  ) {
    return "";
  }
  if (release?.name === runRelease && nowMs - release.sinceMs <= releaseNewMs) {
    return ` Release ${runRelease} is new: it was first seen ${showSpan(nowMs - release.sinceMs)} ago.`;
  }
  return "";
}

const bases = {
  week: " at this hour of the week",
  near: " around this hour of the week",
  day: " at this hour",
  all: "",
} as const;

/** `usually 40 to 55 s at this hour`. */
export function showUsual(band: Band, show: (value: number) => string, of = ""): string {
  return `usually ${showRange(band, show)}${of}${bases[band.basis]}`;
}

/** `40 to 55 s`: a unit that both have stands once. */
export function showRange(
  { low, high }: Pick<Band, "low" | "high">,
  show: (value: number) => string,
): string {
  const [from, to] = [show(Math.max(low, 0)), show(high)];
  if (from === to) return to;
  const [amount, unit] = [from.slice(0, from.indexOf(" ")), from.slice(from.indexOf(" "))];
  return from.includes(" ") && to.endsWith(unit) && !to.slice(0, -unit.length).includes(" ")
    ? `${amount} to ${to}`
    : `${from} to ${to}`;
}

export function showBytes(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = -1;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 ? Math.round(value * 10) / 10 : Math.round(value)} ${units[unit] ?? "kB"}`;
}

export function showCount(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}
