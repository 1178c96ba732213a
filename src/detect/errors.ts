/** In which ways each job has failed before. */
import type { EventRecord } from "../model/event.ts";
import { jobKey } from "../model/monitor.ts";
import { nameOf } from "./facts.ts";

/** Ways that are remembered of one job, and jobs. More: the oldest is forgotten. */
const waysMax = 200;
const jobsMax = 10_000;

export type KnownErrors = {
  /** Says whether it is new, and remembers it. */
  readonly meet: (event: EventRecord) => boolean;
  readonly text: () => string;
};

export function knownErrors(text: string | undefined): KnownErrors {
  const ways = new Map<string, string[]>(
    text === undefined ? [] : (JSON.parse(text) as [string, string[]][]),
  );
  return {
    meet(event) {
      const key = jobKey(nameOf(event));
      const way = event.fingerprint ?? event.error_class ?? "";
      const known = ways.get(key) ?? [];
      if (known.includes(way)) return false;
      if (!ways.has(key) && ways.size >= jobsMax) ways.delete(ways.keys().next().value ?? "");
      ways.set(key, [...known, way].slice(-waysMax));
      return true;
    },
    text: () => JSON.stringify([...ways]),
  };
}
