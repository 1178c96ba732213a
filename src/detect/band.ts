/**
 * What is usual, from samples: a median and how far samples lie from it (the median of their
 * distances), so that up to half of them may be wild without moving it. Amounts are compared as
 * ratios (on a logarithmic scale) and counts on the scale on which chance makes them vary alike
 * (square root), because a job of a second and one of an hour do not differ by the same seconds.
 */

/** Fewer samples say nothing: what is usual is still being learnt. */
export const samplesMin = 12;

export type Basis = "week" | "near" | "day" | "all";

/** Nine of ten lie from `low` to `high`; what is beyond the limits is told of. */
export type Band = {
  readonly low: number;
  readonly middle: number;
  readonly high: number;
  readonly lowLimit: number;
  readonly highLimit: number;
  readonly samples: number;
  readonly basis: Basis;
};

/** Of a normal distribution, by the median of the distances from its median. */
const spreadOfDistances = 1.4826;
/** Nine of ten of a normal distribution lie within so many spreads. */
const nineOfTen = 1.645;
/** So often a week may chance alone take a run of a job beyond its limits. */
const beyondByChance = 0.005;
/** One in so many samples may lie anywhere: what was told of before must not hide the next. */
const wildShare = 0.03;
/** From the outer fifth of the samples to the last that count is one step; so many more are the limit. */
const outerShare = 0.2;
const outerSteps = 2;
/** Samples that agree to the last digit still do not promise more than so much of a ratio. */
const ratioSpreadMin = 0.08;
/** Twice or half of what is usual is nothing to wake anybody for, however regular it was. */
const ratioLimitMin = 2;
/** Counts are few by nature (one an hour and week): their limits widen less. */
const countLimitSpreads = 5;
const countSamplesHalf = 2;
/** Chance alone spreads the root of a count by half; two of them are compared. */
const countSpreadMin = 0.75;

export function medianOf(sorted: readonly number[]): number {
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? 0) + upper) / 2;
}

function ascending(values: readonly number[]): readonly number[] {
  return values.toSorted((a, b) => a - b);
}

/**
 * Spreads to the limit. A job that runs a million times a week has a wild run every week by chance, one
 * that runs daily has none in years. And with few samples the limits stand wider apart: they know less.
 */
function limitSpreads(samples: number, runsPerWeek: number): number {
  const share = Math.min(beyondByChance / Math.max(runsPerWeek, 1) / 2, 0.1);
  return spreadsBeyond(share) * (1 + samplesMin / (3 * samples));
}

/** Of a normal distribution (Abramowitz and Stegun, 26.2.22: right to three thousandths). */
function spreadsBeyond(share: number): number {
  const root = Math.sqrt(-2 * Math.log(share));
  return root - (2.30753 + 0.27061 * root) / (1 + 0.99229 * root + 0.04481 * root * root);
}

/** Amounts on their scale, ascending, with the centre that comparisons of lists go by. */
export type Amounts = {
  readonly logs: readonly number[];
  readonly middle: number;
  readonly spread: number;
};

/** `undefined`: still learning. */
export function amountsOf(values: readonly number[]): Amounts | undefined {
  if (values.length < samplesMin) return undefined;
  const logs = ascending(values.map(toLog));
  const { middle, spread } = centreOf(logs);
  return { logs, middle, spread: Math.max(spread, ratioSpreadMin) };
}

export function toLog(value: number): number {
  return Math.log1p(Math.max(value, 0));
}

export function amountBand(values: readonly number[], basis: Basis, runsPerWeek: number): Band | undefined {
  const amounts = amountsOf(values);
  return amounts && bandOf(amounts, basis, runsPerWeek);
}

/**
 * Limits by the spread hold for what varies like a normal distribution. Some jobs have a second way to
 * end, or a long tail: the outer samples say so, and the limits stand as far beyond them as they are apart.
 */
export function bandOf({ logs, middle, spread }: Amounts, basis: Basis, runsPerWeek: number): Band {
  const far = Math.max(
    limitSpreads(logs.length, runsPerWeek) * spread,
    Math.log(ratioLimitMin) + nineOfTen * spread,
  );
  const at = (share: number): number => logs[Math.round(share * (logs.length - 1))] ?? middle;
  const wild = Math.max(wildShare, 1 / logs.length);
  const [least, most] = [at(wild), at(1 - wild)];
  const lowLimit = Math.min(middle - far, least - outerSteps * (at(outerShare) - least));
  return {
    low: Math.expm1(Math.min(middle - nineOfTen * spread, at(0.05))),
    middle: Math.expm1(middle),
    high: Math.expm1(Math.max(middle + nineOfTen * spread, at(0.95))),
    lowLimit: Math.expm1(Math.max(lowLimit, 0)),
    highLimit: Math.expm1(Math.max(middle + far, most + outerSteps * (most - at(1 - outerShare)))),
    samples: logs.length,
    basis,
  };
}

/** Of counts in equal stretches of time; a stretch without any is a zero among them. */
export function countBand(counts: readonly number[], basis: Basis, countsMin: number): Band | undefined {
  if (counts.length < countsMin) return undefined;
  const { middle, spread } = centreOf(counts.map(Math.sqrt));
  const wide = Math.max(spread, countSpreadMin);
  const far = countLimitSpreads * (1 + countSamplesHalf / counts.length) * wide;
  const square = (root: number): number => Math.max(root, 0) ** 2;
  return {
    low: square(middle - nineOfTen * wide),
    middle: square(middle),
    high: square(middle + nineOfTen * wide),
    lowLimit: square(middle - far),
    highLimit: square(middle + far),
    samples: counts.length,
    basis,
  };
}

function centreOf(values: readonly number[]): { readonly middle: number; readonly spread: number } {
  const middle = medianOf(ascending(values));
  const distances = ascending(values.map((value) => Math.abs(value - middle)));
  return { middle, spread: medianOf(distances) * spreadOfDistances };
}

/**
 * The bounds between which a share lies, given how often it was seen (the score interval of Wilson,
 * 1927): with few tries they stand far apart, and a bare percentage would lie.
 */
export function shareBounds(
  hits: number,
  tries: number,
  spreads: number,
): { readonly low: number; readonly high: number } {
  if (tries === 0) return { low: 0, high: 1 };
  const share = hits / tries;
  const squared = spreads * spreads;
  const centre = share + squared / (2 * tries);
  const reach = spreads * Math.sqrt((share * (1 - share) + squared / (4 * tries)) / tries);
  const whole = 1 + squared / tries;
  return { low: Math.max((centre - reach) / whole, 0), high: Math.min((centre + reach) / whole, 1) };
}

const weekdays: Readonly<Record<string, number>> = { Mon: 0, Tue: 1, Wed: 2, Thu: 3, Fri: 4, Sat: 5, Sun: 6 };
const formats = new Map<string, Intl.DateTimeFormat>();

/** The hour of the week by the clock on the wall, from 0 on Monday at midnight. */
export function weekHourOf(atMs: number, timeZone: string): number {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone,
      weekday: "short",
      hour: "2-digit",
      hourCycle: "h23",
    });
    formats.set(timeZone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
  return (weekdays[parts["weekday"] ?? "Mon"] ?? 0) * 24 + Number(parts["hour"]);
}
