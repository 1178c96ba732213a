/** How long something took, in buckets that only ever count up, as Prometheus takes them. */

export type HistogramFigures = {
  /** `count` observations took at most `seconds`; the last is all of them. */
  readonly buckets: readonly { readonly seconds: number; readonly count: number }[];
  readonly count: number;
  readonly sumSeconds: number;
};

export type Histogram = {
  readonly observe: (ms: number) => void;
  readonly figures: () => HistogramFigures;
};

/** `boundsSeconds`: ascending. */
export function makeHistogram(boundsSeconds: readonly number[]): Histogram {
  const counts = boundsSeconds.map(() => 0);
  let count = 0;
  let sumSeconds = 0;
  return {
    observe(ms) {
      // A clock that was set back must not make a sum go down.
      const seconds = Math.max(0, ms) / 1000;
      count += 1;
      sumSeconds += seconds;
      const place = boundsSeconds.findIndex((bound) => seconds <= bound);
      if (place >= 0) counts[place] = (counts[place] ?? 0) + 1;
    },
    figures() {
      let passed = 0;
      const buckets = boundsSeconds.map((seconds, index) => {
        passed += counts[index] ?? 0;
        return { seconds, count: passed };
      });
      return { buckets, count, sumSeconds };
    },
  };
}
