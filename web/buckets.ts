/** What a histogram of events comes to in words and in small shapes. */
import type { Histogram } from "../src/api/schemas.ts";

export type Bucket = Histogram["buckets"][number];

export function total(buckets: readonly Bucket[]): {
  readonly all: number;
  readonly warn: number;
  readonly error: number;
} {
  let all = 0;
  let warn = 0;
  let error = 0;
  for (const { counts } of buckets) {
    for (const count of Object.values(counts)) all += count ?? 0;
    warn += counts.warn ?? 0;
    error += (counts.error ?? 0) + (counts.fatal ?? 0);
  }
  return { all, warn, error };
}
