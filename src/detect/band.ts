/**
 * What is usual, from samples: a median and how far samples lie from it (the median of their
 * distances), so that up to half of them may be wild without moving it. Amounts are compared as
 * ratios (on a logarithmic scale) and counts on the scale on which chance makes them vary alike
 * (square root), because a job of a second and one of an hour do not differ by the same seconds.
 */

/** Fewer samples say nothing: what is usual is still being learnt. */
export const samplesMin = 12;

export type Basis = "week" | "day" | "all";

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
/** Beyond so many spreads: once in some million runs, if they were normal; they are not quite. */
const limitSpreads = 5;
/** What one in so many samples was beyond is rare, and not unlike before: some jobs have two ways to end. */
const rareShare = 0.03;
/** And a little further than that is the same. */
const rareSpreads = 2;
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

/** With few samples the limits stand wider apart: they know less. */
function limitOf(samples: number): number {
  return limitSpreads * (1 + samplesMin / (2 * samples));
}

/** `undefined`: still learning. */
export function amountBand(values: readonly number[], basis: Basis): Band | undefined {
  if (values.length < samplesMin) return undefined;
  const logs = ascending(values.map((value) => Math.log1p(Math.max(value, 0))));
  const { middle, spread } = centreOf(logs);
  const wide = Math.max(spread, ratioSpreadMin);
  const far = Math.max(limitOf(values.length) * wide, Math.log(ratioLimitMin) + nineOfTen * wide);
  const rare = Math.floor(logs.length * rareShare);
  const [least, most] = [logs[rare] ?? middle, logs[logs.length - 1 - rare] ?? middle];
  const outer = Math.floor(logs.length * 0.05);
  return {
    low: Math.expm1(Math.min(middle - nineOfTen * wide, logs[outer] ?? middle)),
    middle: Math.expm1(middle),
    high: Math.expm1(Math.max(middle + nineOfTen * wide, logs[logs.length - 1 - outer] ?? middle)),
    lowLimit: Math.expm1(Math.max(Math.min(middle - far, least - rareSpreads * wide), 0)),
    highLimit: Math.expm1(Math.max(middle + far, most + rareSpreads * wide)),
    samples: values.length,
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

/** The seasonal samples where there are enough, else those of the hour of any day, else all. */
export function seasonalBand(samples: {
  readonly week: readonly number[];
  readonly day: readonly number[];
  readonly all: readonly number[];
}): Band | undefined {
  return amountBand(samples.week, "week") ?? amountBand(samples.day, "day") ?? amountBand(samples.all, "all");
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
