/**
 * What was seen before, set by set: by whom a job is enqueued, on which hosts it runs, with arguments
 * of which shape. A set speaks of something new only when it has been learnt for a week, was quiet
 * for days, and is small: a job that runs on ever new hosts says nothing by running on another one.
 */

const learnMs = 7 * 86_400_000;
const quietMs = 3 * 86_400_000;
/** A set with more values than this says nothing any more. */
const smallMax = 6;
const setsMax = 50_000;

type KnownSet = { readonly sinceMs: number; newestMs: number; values: string[] };

export type Known = {
  /** Remembers the values; answers those that are news, with what was known before. */
  readonly meet: (
    name: string,
    values: readonly string[],
    nowMs: number,
    /** Values that the set may have and still speak; absent: a handful. */
    valuesMax?: number,
  ) => readonly { readonly value: string; readonly before: readonly string[] }[];
  /** When the newest value of a set was first seen. */
  readonly newestMs: (name: string) => number | undefined;
  readonly text: () => string;
};

export function knownSets(text: string | undefined): Known {
  const sets = new Map<string, KnownSet>(
    text === undefined ? [] : (JSON.parse(text) as readonly [string, KnownSet][]),
  );
  return {
    meet(name, values, nowMs, valuesMax = smallMax) {
      let set = sets.get(name);
      if (!set) {
        if (sets.size >= setsMax) sets.delete(sets.keys().next().value ?? "");
        set = { sinceMs: nowMs, newestMs: nowMs, values: [] };
        sets.set(name, set);
      }
      const before = set.values;
      const fresh = [...new Set(values)].filter((value) => !before.includes(value));
      if (fresh.length === 0) return [];
      const isSettled =
        before.length > 0 &&
        before.length <= valuesMax &&
        nowMs - set.sinceMs >= learnMs &&
        nowMs - set.newestMs >= quietMs;
      // One more than may speak is kept, by which it is known that there are too many.
      set.values = [...before, ...fresh].slice(0, valuesMax + 1);
      set.newestMs = nowMs;
      return isSettled ? fresh.map((value) => ({ value, before })) : [];
    },
    newestMs: (name) => sets.get(name)?.newestMs,
    text: () => JSON.stringify([...sets]),
  };
}
