/** How often one asker may ask: a bucket that fills steadily and holds so much (token bucket). */
import { Fault } from "../model/fault.ts";
import type { Clock } from "../model/time.ts";

/** Askers counted at once. More: those that have not asked for longest are forgotten. */
const askersMax = 10_000;

export type Rate = { readonly perSecond: number; readonly burst: number };

type Bucket = { readonly tokens: number; readonly atMs: number };

export type RateLimit = {
  /** Throws `SLOW_DOWN` where this asker has asked too often. */
  readonly take: (asker: string, rate: Rate) => void;
};

export function makeRateLimit(clock: Clock): RateLimit {
  const buckets = new Map<string, Bucket>();
  return {
    take: (asker, { perSecond, burst }) => {
      const nowMs = clock();
      const before = buckets.get(asker) ?? { tokens: burst, atMs: nowMs };
      const tokens = Math.min(burst, before.tokens + ((nowMs - before.atMs) / 1000) * perSecond);
      buckets.delete(asker);
      buckets.set(asker, { tokens: Math.max(0, tokens - 1), atMs: nowMs });
      if (buckets.size > askersMax) {
        const oldest = buckets.keys().next();
        if (!oldest.done) buckets.delete(oldest.value);
      }
      if (tokens >= 1) return;
      throw new Fault("SLOW_DOWN", "Too many requests came from there at once.", {
        retryAfterSeconds: Math.max(1, Math.ceil((1 - tokens) / perSecond)),
      });
    },
  };
}
