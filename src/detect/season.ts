/**
 * What is usual at an hour. Every hour of the week may be a season of its own, but most jobs have none,
 * and a season known from a dozen samples forgets what happens once in twenty: so the broadest samples
 * speak, unless narrower ones say something else than chance would have them say.
 */
import { amountsOf, type Band, type Basis, bandOf, medianOf, samplesMin, toLog } from "./band.ts";

/** Of each at most so many are kept, the newest. */
export const samplesMax = 60;
export const samplesOfAllMax = 480;
/** And so many of one hour among all and those near: a busy job's reach back over days, and weeks. */
export const samplesOfHourMax = 3;
/** Hours to both sides of the same hour of the week that are near it. */
const nearHours = 2;

/** Chance moves the spread, and the middle, of a list by so many parts of a spread, over the root of its length. */
const spreadByChance = 2.5;
const middleByChance = 4;
/** A season by less than a spread is within what is usual anyway, and as likely something that has changed since. */
const middleSpreadsMin = 1;
const nineOfTen = 1.645;
const weekMs = 7 * 86_400_000;
/** While it never saw this day of the week, only what is so many times longer than the limit is too long. */
const newTimes = 4;

export type SeasonSamples = {
  /** Of the same hour of the week. */
  readonly week: readonly number[];
  /** Of the hours around it, in the weeks before. */
  readonly near: readonly number[];
  /** Of these, a week ago. */
  readonly lastWeek: readonly number[];
  /** Of the same hour of any day. */
  readonly day: readonly number[];
  readonly all: readonly number[];
};

/** `undefined`: still learning. `knownMs`: since the first of its runs. */
export function seasonalBand(
  samples: SeasonSamples,
  { runsPerWeek, knownMs }: { readonly runsPerWeek: number; readonly knownMs: number },
): Band | undefined {
  const lists: readonly (readonly [Basis, readonly number[]])[] = [
    ["all", samples.all],
    ["day", samples.day],
    ["near", samples.near],
    ["week", samples.week],
  ];
  let best:
    | { readonly basis: Basis; readonly amounts: NonNullable<ReturnType<typeof amountsOf>> }
    | undefined;
  for (const [basis, values] of lists) {
    const amounts = amountsOf(values);
    if (!amounts) continue;
    const chance = best ? best.amounts.spread / Math.sqrt(values.length) : 0;
    const isOther =
      !best ||
      amounts.spread < best.amounts.spread - spreadByChance * chance ||
      (Math.abs(amounts.middle - best.amounts.middle) >
        Math.max(middleByChance * chance, middleSpreadsMin * best.amounts.spread) &&
        isStill(samples.lastWeek, amounts.middle, best.amounts.middle));
    if (isOther) best = { basis, amounts };
  }
  if (!best) return undefined;
  const band = bandOf(best.amounts, best.basis, runsPerWeek);
  if (best.basis === "near" || best.basis === "week" || samples.near.length >= samplesMin) return band;
  // A Saturday that was never seen may be unlike all other days.
  if (samples.near.length === 0) {
    return knownMs < weekMs ? { ...band, lowLimit: 0, highLimit: band.highLimit * newTimes } : band;
  }
  // And where the little that is known of this hour of the week is unlike the rest, the rest says nothing.
  const middle = medianOf(samples.near.map(toLog).toSorted((a, b) => a - b));
  const isLike = Math.abs(middle - best.amounts.middle) <= nineOfTen * best.amounts.spread;
  return isLike ? band : undefined;
}

/** Samples of months tell of another middle also where everything has changed since: then last week knew. */
function isStill(lastWeek: readonly number[], narrow: number, broad: number): boolean {
  if (lastWeek.length === 0) return true;
  const middle = medianOf(lastWeek.map(toLog).toSorted((a, b) => a - b));
  return Math.abs(middle - narrow) < Math.abs(middle - broad);
}

export function isNearWeekHour(weekHour: number, other: number): boolean {
  return (weekHour + 168 - other + nearHours) % 168 <= 2 * nearHours;
}
