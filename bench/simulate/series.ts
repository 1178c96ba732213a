/**
 * Labelled series of durations, none of which was looked at while limits were chosen: how many of
 * their anomalies the band finds, and how many of its findings are anomalies.
 */
import { weekHourOf } from "../../src/detect/band.ts";
import { isNearWeekHour, samplesMax, samplesOfAllMax, seasonalBand } from "../../src/detect/season.ts";
import { type Chance, chanceOf } from "./chance.ts";

const hourMs = 3_600_000;
const weeks = 8;
const begin = Date.UTC(2026, 0, 5);

type Family = {
  readonly name: string;
  /** A run of the hour since the begin. */
  readonly value: (hour: number, chance: Chance) => number;
};

const season = (hour: number): number => 1 + 0.6 * Math.sin(((hour % 24) / 24) * 2 * Math.PI);
const families: readonly Family[] = [
  { name: "lognormal", value: (_, chance) => 20_000 * Math.exp(chance.normal() * 0.4) },
  { name: "day and night", value: (hour, chance) => 20_000 * season(hour) * Math.exp(chance.normal() * 0.2) },
  {
    name: "weekends",
    value: (hour, chance) => (hour % 168 < 120 ? 60_000 : 5000) * Math.exp(chance.normal() * 0.25),
  },
  {
    name: "two ways",
    value: (_, chance) => (chance.share() < 0.3 ? 90_000 : 10_000) * Math.exp(chance.normal() * 0.1),
  },
  { name: "heavy tail", value: (_, chance) => 5000 * (1 - chance.share()) ** -0.6 },
  { name: "growing", value: (hour, chance) => 10_000 * (1 + hour / 800) * Math.exp(chance.normal() * 0.15) },
  { name: "almost constant", value: (_, chance) => 30_000 + chance.below(40) },
];

type Run = { readonly hour: number; readonly value: number; readonly weekHour: number };

export type SeriesResult = {
  readonly name: string;
  readonly planted: number;
  readonly found: number;
  readonly mistaken: number;
  readonly judged: number;
};

/** Anomalies are runs of three to ten times as long, or of a tenth to a third: 1 % of all. */
export function judgeSeries(seed: number, each: number): readonly SeriesResult[] {
  return families.map((family, index) => {
    let [planted, found, mistaken, judged] = [0, 0, 0, 0];
    for (let number = 0; number < each; number++) {
      const chance = chanceOf(seed + index * 1000 + number);
      const values: Run[] = [];
      for (let hour = 0; hour < weeks * 168; hour++) {
        const isPlanted = hour > 168 && chance.share() < 0.01;
        const factor = 3 + chance.share() * 7;
        const times = isPlanted ? (chance.share() < 0.7 ? factor : 1 / factor) : 1;
        const value = family.value(hour, chance) * times;
        const weekHour = weekHourOf(begin + hour * hourMs, "UTC");
        const newest = values.toReversed();
        const samples = (isOf: (one: Run) => boolean, most = samplesMax): readonly number[] =>
          newest
            .filter(isOf)
            .slice(0, most)
            .map((one) => one.value);
        const band = seasonalBand(
          {
            week: samples((one) => one.weekHour === weekHour),
            near: samples((one) => isNearWeekHour(one.weekHour, weekHour) && one.hour < hour - 24),
            lastWeek: samples(
              (one) =>
                isNearWeekHour(one.weekHour, weekHour) && one.hour < hour - 24 && one.hour >= hour - 192,
            ),
            day: samples((one) => one.weekHour % 24 === weekHour % 24),
            all: samples(() => true, samplesOfAllMax),
          },
          { runsPerWeek: 168, knownMs: hour * hourMs },
        );
        // What is passed over while it is still being learnt is missed all the same.
        if (isPlanted) planted += 1;
        if (band) {
          judged += 1;
          const isFound = value > band.highLimit || value < band.lowLimit;
          if (isPlanted && isFound) found += 1;
          if (!isPlanted && isFound) mistaken += 1;
        }
        values.push({ hour, value, weekHour });
      }
    }
    return { name: family.name, planted, found, mistaken, judged };
  });
}

export function f1Of({ planted, found, mistaken }: Pick<SeriesResult, "planted" | "found" | "mistaken">): {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
} {
  const precision = found + mistaken === 0 ? 1 : found / (found + mistaken);
  const recall = planted === 0 ? 1 : found / planted;
  return {
    precision,
    recall,
    f1: precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall),
  };
}
