/** Queues and workers as far as recorded events tell. Pure. */
import type { Run, Values } from "../src/api/schemas.ts";
import type { StoredEvent } from "../src/store/store.ts";

export type Queue = {
  readonly name: string;
  readonly waiting: number;
  readonly retrying: number;
  readonly running: number;
  /** When the run that waits longest was asked for. */
  readonly oldestTime: string | undefined;
  readonly enqueued: number;
  readonly ended: number;
};

type Rates = { readonly enqueued: Values["values"]; readonly ended: Values["values"] };

/** `runs` are those that have not ended; rates are counts of events in the chosen time. */
export function queuesOf(runs: readonly Run[], rates: Rates): readonly Queue[] {
  const names = new Set([
    ...runs.map((run) => run.queue ?? ""),
    ...rates.enqueued.map(({ value }) => value),
    ...rates.ended.map(({ value }) => value),
  ]);
  return [...names]
    .filter((name) => name !== "")
    .map((name) => {
      const own = runs.filter((run) => run.queue === name);
      const waiting = own.filter((run) => run.state === "waiting");
      return {
        name,
        waiting: waiting.length,
        retrying: own.filter((run) => run.state === "retrying").length,
        running: own.filter((run) => run.state === "running").length,
        oldestTime: waiting.map((run) => run.enqueuedTime ?? run.lastTime).sort()[0],
        enqueued: rates.enqueued.find(({ value }) => value === name)?.count ?? 0,
        ended: rates.ended.find(({ value }) => value === name)?.count ?? 0,
      };
    })
    .sort((a, b) => b.waiting - a.waiting || b.enqueued - a.enqueued || (a.name < b.name ? -1 : 1));
}

export type Worker = {
  readonly name: string;
  readonly host: string;
  readonly release: string | undefined;
  readonly state: "working" | "idle" | "stopped" | "lost" | "silent";
  readonly seenTime: string;
  readonly run: Run | undefined;
};

/** Those that work or could come first; those that are gone are history. */
const order = { working: 0, idle: 1, silent: 2, lost: 3, stopped: 4 } as const;

/** A worker that has said nothing for so long is called silent: three heartbeats and some. */
export const silentMs = 20 * 60_000;

/** Events newest first; the newest of a worker says how it stands. */
export function workersOf(
  events: readonly StoredEvent[],
  running: readonly Run[],
  nowMs: number,
): readonly Worker[] {
  const newest = new Map<string, StoredEvent>();
  for (const event of events) {
    if (event.worker !== undefined && !newest.has(event.worker)) newest.set(event.worker, event);
  }
  return [...newest]
    .map(([name, event]) => {
      const run = running.find((one) => one.worker === name);
      const silent = nowMs - Date.parse(event.time) > silentMs;
      const gone =
        event.kind === "worker.lost" ? "lost" : event.kind === "worker.stopped" ? "stopped" : undefined;
      const state = gone ?? (run ? "working" : silent ? "silent" : "idle");
      return {
        name,
        host: event.host ?? name,
        release: event.release,
        state,
        seenTime: event.time,
        run,
      } as const;
    })
    .sort((a, b) => order[a.state] - order[b.state] || (a.name < b.name ? -1 : 1));
}
