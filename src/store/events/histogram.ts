/** Buckets of a histogram: lengths that people read easily, over the whole range. */
import type { Severity } from "../../model/event.ts";
import type { TimeRange } from "../store.ts";
import { invalid } from "./filter.ts";

const second = 1_000_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const lengths = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((ms) => ms * 1000),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * second),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * minute),
  ...[1, 2, 3, 6, 12].map((count) => count * hour),
  ...[1, 2, 7, 14, 28, 91, 182, 364].map((count) => count * day),
];

/** The shortest easy length of which at most `bucketsMax` cover the range. */
export function stepMicros({ fromMicros, untilMicros }: TimeRange, bucketsMax: number): number {
  const rangeMicros = untilMicros - fromMicros;
  if (!(rangeMicros > 0)) throw invalid("the time range is empty");
  const fitting = lengths.find((length) => Math.ceil(rangeMicros / length) <= bucketsMax);
  return fitting ?? Math.ceil(rangeMicros / bucketsMax);
}

export type MutableBucket = {
  readonly fromMicros: number;
  readonly counts: { [S in Severity | "none"]?: number } & { [severity: string]: number };
};

export function emptyBuckets({ fromMicros, untilMicros }: TimeRange, step: number): readonly MutableBucket[] {
  const count = Math.ceil((untilMicros - fromMicros) / step);
  return Array.from({ length: count }, (_, index) => ({ fromMicros: fromMicros + index * step, counts: {} }));
}
