/**
 * When each job last succeeded: asked of the whole ledger once for a job, and afterwards only of what
 * has arrived since, so that asking every few seconds costs little however much is stored.
 */
import { type JobName, jobKey } from "../model/monitor.ts";
import type { EventStore, JobSuccess, LedgerPlace } from "../store/store.ts";

/** Jobs that are remembered. More: those asked for last are not. */
const jobsMax = 5000;
const start: LedgerPlace = { segment: 0, index: 0 };

export type LastSuccesses = (names: readonly string[], nowMs: number) => Promise<ReadonlyMap<string, number>>;

/** Answers by `jobKey`, in milliseconds since 1970. */
export function lastSuccesses(events: Pick<EventStore, "arrivals" | "successes">): LastSuccesses {
  const newest = new Map<string, number>();
  let asked = new Set<string>();
  let reached = start;
  let turn: Promise<unknown> = Promise.resolve();

  function take(found: readonly JobSuccess[]): void {
    for (const one of found) {
      const key = jobKey(one);
      newest.set(key, Math.max(newest.get(key) ?? 0, one.atMicros / 1000));
    }
  }

  async function ask(names: readonly string[], nowMs: number): Promise<ReadonlyMap<string, number>> {
    const range = { fromMicros: 0, untilMicros: Math.floor((nowMs + 2 * 86_400_000) * 1000) };
    const until = (await events.arrivals({ ...range, limit: 1 })).head ?? reached;
    const fresh = [...new Set(names)].filter((name) => !asked.has(name)).slice(0, jobsMax - asked.size);
    if (fresh.length > 0) take(await events.successes({ after: start, until }, fresh));
    if (asked.size > 0 && (until.segment !== reached.segment || until.index !== reached.index)) {
      take(await events.successes({ after: reached, until }, [...asked]));
    }
    asked = new Set([...asked, ...fresh]);
    reached = until;
    return newest;
  }

  return (names, nowMs) => {
    // One after the other: two at once would both read everything.
    const done = turn.then(() => ask(names, nowMs));
    turn = done.catch(() => undefined);
    return done;
  };
}

/** The newest success that a name means; what it leaves open may be anything. */
export function successOf(name: JobName, newest: ReadonlyMap<string, number>): number | undefined {
  const exact = newest.get(jobKey(name));
  if (exact !== undefined || (name.service !== undefined && name.environment !== undefined)) return exact;
  let found: number | undefined;
  for (const [key, ms] of newest) {
    const [service, environment, job] = JSON.parse(key) as [string, string, string];
    const isMeant =
      job === name.job &&
      (name.service === undefined || name.service === service) &&
      (name.environment === undefined || name.environment === environment);
    if (isMeant) found = Math.max(found ?? 0, ms);
  }
  return found;
}
