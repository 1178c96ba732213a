/**
 * What is usual of one job in each hour of a range, and what happened: for the page, which draws the
 * band behind the runs.
 */
import type { JobHour } from "../store/survey.ts";
import { type Band, countBand, medianOf, shareBounds, weekHourOf } from "./band.ts";
import { showSpan } from "./facts.ts";
import { isNearWeekHour, samplesMax, samplesOfAllMax, samplesOfHourMax, seasonalBand } from "./season.ts";
import { showCount, showRange, showUsual } from "./usual.ts";

/** How far back hours say what is usual. */
export const historyMs = 56 * 86_400_000;
const hourMs = 3_600_000;
/** Hours with runs before which nothing is said. */
const hoursMin = 6;
/** Weeks before which a volume is only learnt, and how many count. */
const volumeWeeksMin = 4;
const weeksMax = 8;
/** How sure the bounds of the share of failures are, in spreads. */
const shareSpreads = 2.6;
const attemptsMin = 20;

export type BaselineHour = {
  readonly fromMs: number;
  readonly runs: number;
  readonly failed: number;
  readonly durationMiddleMs?: number;
  readonly releases: readonly string[];
  readonly duration?: Band;
  readonly volume?: Band;
  /** Shares of attempts that fail, from 0 to 1. */
  readonly failure?: { readonly low: number; readonly middle: number; readonly high: number };
};

export type Release = { readonly release: string; readonly firstMs: number };

export type Baseline = { readonly hours: readonly BaselineHour[]; readonly releases: readonly Release[] };

/** `hours` reach back from the range as far as `historyMs`, oldest first. */
export function baselineOf(
  hours: readonly JobHour[],
  {
    fromMs,
    untilMs,
    timeZone,
  }: { readonly fromMs: number; readonly untilMs: number; readonly timeZone: string },
): Baseline {
  const marked = hours.map((hour) => ({ ...hour, weekHour: weekHourOf(hour.hourMs, timeZone) }));
  const byHour = new Map(marked.map((hour) => [hour.hourMs, hour]));
  const list: BaselineHour[] = [];
  for (let atMs = Math.floor(fromMs / hourMs) * hourMs; atMs < untilMs; atMs += hourMs) {
    const weekHour = weekHourOf(atMs, timeZone);
    const before = marked.filter((hour) => hour.hourMs < atMs && hour.hourMs >= atMs - historyMs);
    const week = before.filter((hour) => hour.weekHour === weekHour);
    const own = byHour.get(atMs);
    const firstMs = marked[0]?.hourMs ?? atMs;
    const duration = durationBand(before, {
      atMs,
      weekHour,
      knownMs: atMs - Math.max(firstMs, atMs - historyMs),
    });
    const volume = volumeBand(atMs, Math.max(firstMs, atMs - historyMs), week.map(toVolume));
    const failure = failureOf(before);
    list.push({
      fromMs: atMs,
      runs: own ? toVolume(own).runs : 0,
      failed: own?.failed ?? 0,
      releases: own?.releases ?? [],
      ...(own &&
        own.durations.length > 0 && {
          durationMiddleMs: medianOf(own.durations.toSorted((a, b) => a - b)),
        }),
      ...(duration && { duration }),
      ...(volume && { volume }),
      ...(failure && { failure }),
    });
  }
  return { hours: list, releases: releasesOf(hours) };
}

/** Of the same samples as the watch judges by. */
function durationBand(
  before: readonly (JobHour & { readonly weekHour: number })[],
  { atMs, weekHour, knownMs }: { readonly atMs: number; readonly weekHour: number; readonly knownMs: number },
): Band | undefined {
  if (before.length < hoursMin) return undefined;
  const newest = before.toReversed();
  const samples = (
    isOf: (hour: JobHour & { readonly weekHour: number }) => boolean,
    most = samplesMax,
    ofHour?: number,
  ): readonly number[] =>
    newest
      .filter(isOf)
      .flatMap(({ durations }) => durations.slice(0, ofHour))
      .slice(0, most);
  const succeeded = before.reduce((sum, hour) => sum + hour.succeeded, 0);
  return seasonalBand(
    {
      week: samples((hour) => hour.weekHour === weekHour),
      near: samples(
        (hour) => isNearWeekHour(hour.weekHour, weekHour) && hour.hourMs < atMs - 24 * hourMs,
        samplesMax,
        samplesOfHourMax,
      ),
      lastWeek: samples(
        (hour) =>
          isNearWeekHour(hour.weekHour, weekHour) &&
          hour.hourMs < atMs - 24 * hourMs &&
          hour.hourMs >= atMs - 8 * 24 * hourMs,
        samplesMax,
        samplesOfHourMax,
      ),
      day: samples((hour) => hour.weekHour % 24 === weekHour % 24),
      all: samples(() => true, samplesOfAllMax, samplesOfHourMax),
    },
    { runsPerWeek: succeeded / Math.max(knownMs / (168 * hourMs), 1), knownMs },
  );
}

function toVolume({ hourMs, enqueued, started }: JobHour) {
  return { hourMs, runs: Math.max(enqueued, started) };
}

/**
 * Of the same hour of the week alone: a Sunday is no Monday. Hours of which nothing is known are hours
 * without a run, from the first hour on.
 */
export function volumeBand(
  atMs: number,
  firstMs: number,
  week: readonly { readonly runs: number }[],
): Band | undefined {
  const expected = Math.floor((atMs - firstMs) / (168 * hourMs));
  const missing = Math.max(Math.min(expected, weeksMax) - week.length, 0);
  const counts = [...week.map(({ runs }) => runs), ...Array.from({ length: missing }, () => 0)];
  return countBand(counts, "week", volumeWeeksMin);
}

function failureOf(hours: readonly JobHour[]): BaselineHour["failure"] {
  const failed = hours.reduce((sum, hour) => sum + hour.failed, 0);
  const attempts = hours.reduce((sum, hour) => sum + hour.succeeded, failed);
  if (attempts < attemptsMin) return undefined;
  return { middle: failed / attempts, ...shareBounds(failed, attempts, shareSpreads) };
}

function releasesOf(hours: readonly JobHour[]): readonly Release[] {
  const first = new Map<string, number>();
  for (const { hourMs, releases } of hours) {
    for (const release of releases) if (!first.has(release)) first.set(release, hourMs);
  }
  return [...first].map(([release, firstMs]) => ({ release, firstMs }));
}

/** What is usual at one hour, in a sentence. */
export function showBaseline({
  duration,
  volume,
  failure,
}: Pick<BaselineHour, "duration" | "volume" | "failure">): string {
  const parts = [
    ...(duration ? [showUsual(duration, showSpan)] : []),
    ...(volume ? [`${showRange(volume, showCount)} runs an hour`] : []),
    ...(failure ? [`${showRange(failure, showShare)} of its attempts fail`] : []),
  ];
  return parts.length === 0 ? "What is usual is still being learnt." : `${capital(parts.join("; "))}.`;
}

export function showShare(share: number): string {
  return `${Math.round(share * 1000) / 10} %`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
