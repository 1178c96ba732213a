/**
 * How long events are kept, in days from their receipt, by stream. It is applied when an event is
 * inserted: a change holds for what comes later and leaves what is stored as it was.
 */
import { type Stream, streams } from "../../model/event.ts";
import { Fault } from "../../model/fault.ts";

export type Retention = { readonly [S in Stream]: number };

export const retentionDefault: Retention = { jobs: 400, logs: 30, http: 30, audit: 400 };

/** A hundred years: the engine's dates end in 2149. */
const daysMax = 36_500;

/** Demands whole days, from 1 to a hundred years. */
export function checkRetention(retention: Retention): Retention {
  for (const stream of streams) {
    const days = retention[stream];
    if (!Number.isInteger(days) || days < 1 || days > daysMax) {
      throw new Fault(
        "CONFIG_INVALID",
        `retention of ${stream} must be 1 to ${daysMax} whole days, not ${days}`,
      );
    }
  }
  return retention;
}
