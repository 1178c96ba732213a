/** Queues, workers and web servers, from what the store counted. Pure. */
import type { Json } from "../model/event.ts";
import { formatTime } from "../model/time.ts";
import type {
  OpenInQueue,
  PumaSeen,
  PumaStretch,
  QueueFlow,
  QueueName,
  WebStretch,
  WorkerSeen,
} from "../store/page.ts";
import type { RunSummary } from "../store/store.ts";
import { runAnswer } from "./answers.ts";
import type { PumaRow, QueueRow, WebRow, WorkerRow } from "./queue-schemas.ts";

/** Rates are those of so long. */
export const recentMs = 15 * 60_000;
/** A worker that has said nothing for so long is called silent: three heartbeats and some. */
export const silentMs = 20 * 60_000;

function keyOf({ queue, service = "", environment = "" }: QueueName): string {
  return JSON.stringify([queue, service, environment]);
}

type Flows = {
  readonly open: readonly OpenInQueue[];
  readonly flow: readonly QueueFlow[];
  /** Of the last quarter of an hour, as one stretch. */
  readonly recent: readonly QueueFlow[];
  readonly stretches: number;
};

export function queueRows({ open, flow, recent, stretches }: Flows): readonly QueueRow[] {
  const byKey = Map.groupBy(flow, keyOf);
  const openByKey = new Map(open.map((one) => [keyOf(one), one]));
  const recentByKey = new Map(recent.map((one) => [keyOf(one), one]));
  const rows = [...new Set([...openByKey.keys(), ...byKey.keys()])].map((key): QueueRow => {
    const now = openByKey.get(key);
    const [queue, service, environment] = JSON.parse(key) as [string, string, string];
    const came = byStretch(byKey.get(key) ?? [], stretches, (one) => one.came);
    const taken = byStretch(byKey.get(key) ?? [], stretches, (one) => one.taken);
    const went = byStretch(byKey.get(key) ?? [], stretches, (one) => Math.max(0, one.went));
    const { came: cameRecently = 0, went: wentNow = 0 } = recentByKey.get(key) ?? {};
    const wentRecently = Math.max(0, wentNow);
    const waiting = now?.waiting ?? 0;
    const drain = drainMs(waiting, cameRecently, wentRecently);
    return {
      queue,
      ...(service !== "" && { service }),
      ...(environment !== "" && { environment }),
      waiting,
      running: now?.running ?? 0,
      retrying: now?.retrying ?? 0,
      ...(now?.oldestMicros !== undefined && { oldestTime: formatTime(now.oldestMicros) }),
      came: sum(came),
      went: sum(went),
      cameRecently,
      wentRecently,
      ...(drain !== undefined && { drainMs: drain }),
      depths: depths(waiting, came, taken),
      cameByStretch: came,
      wentByStretch: went,
    };
  });
  return rows.sort((a, b) => b.waiting - a.waiting || b.came - a.came || (a.queue < b.queue ? -1 : 1));
}

/** How long until nothing waits; undefined where it does not shrink. */
export function drainMs(waiting: number, came: number, went: number): number | undefined {
  if (waiting === 0) return 0;
  return went > came ? (waiting / (went - came)) * recentMs : undefined;
}

/** Backwards from what waits now: what came later was not there yet, what was taken later still was. */
function depths(waiting: number, came: readonly number[], taken: readonly number[]): number[] {
  let depth = waiting;
  const found: number[] = [];
  for (let stretch = came.length - 1; stretch >= 0; stretch -= 1) {
    found.push(Math.max(0, depth));
    depth += (taken[stretch] ?? 0) - (came[stretch] ?? 0);
  }
  return found.reverse();
}

function byStretch<One extends { readonly stretch: number }>(
  rows: readonly One[],
  stretches: number,
  value: (row: One) => number,
): number[] {
  const values = Array.from({ length: stretches }, () => 0);
  for (const row of rows) if (row.stretch >= 0 && row.stretch < stretches) values[row.stretch] = value(row);
  return values;
}

function sum(values: readonly number[]): number {
  return values.reduce((whole, value) => whole + value, 0);
}

const order = { working: 0, idle: 1, silent: 2, lost: 3, stopped: 4 } as const;

export function workerRows(
  seen: readonly WorkerSeen[],
  running: readonly RunSummary[],
  nowMs: number,
): readonly WorkerRow[] {
  const runOf = new Map(running.map((run) => [run.worker, run]));
  return seen
    .map(({ lastMicros, startedMicros, heardMicros, newestKind, ...rest }): WorkerRow => {
      const run = runOf.get(rest.worker);
      const state =
        newestKind === "worker.lost"
          ? "lost"
          : newestKind === "worker.stopped"
            ? "stopped"
            : run
              ? "working"
              : nowMs - lastMicros / 1000 > silentMs
                ? "silent"
                : "idle";
      return {
        ...rest,
        state,
        lastTime: formatTime(lastMicros),
        ...(startedMicros !== undefined && { startedTime: formatTime(startedMicros) }),
        ...(heardMicros !== undefined && { heartbeatTime: formatTime(heardMicros) }),
        ...(run && state === "working" && { run: runAnswer(run) }),
      };
    })
    .sort(
      (a, b) =>
        order[a.state] - order[b.state] || compare(a.host ?? "", b.host ?? "") || compare(a.worker, b.worker),
    );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function pumaRows(
  seen: readonly PumaSeen[],
  stretchesOf: readonly PumaStretch[],
  stretches: number,
): readonly PumaRow[] {
  const byWorker = Map.groupBy(stretchesOf, ({ worker }) => worker);
  return seen.map(({ lastMicros, attributes, ...rest }) => {
    const own = byWorker.get(rest.worker) ?? [];
    const rssBytes = numberOf(attributes["rss_bytes"]);
    return {
      ...rest,
      lastTime: formatTime(lastMicros),
      busy: numberOf(attributes["busy_threads"]) ?? 0,
      threads: numberOf(attributes["max_threads"]) ?? 0,
      backlog: numberOf(attributes["backlog"]) ?? 0,
      ...(rssBytes !== undefined && { rssBytes }),
      workers: pumaWorkers(attributes["workers"]),
      busyByStretch: byStretch(own, stretches, ({ busy, threads }) => (threads > 0 ? busy / threads : 0)),
      backlogByStretch: byStretch(own, stretches, ({ backlog }) => backlog),
    };
  });
}

function numberOf(value: Json | undefined): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** Names of Puma, as the recorder sends them, and of the answer. */
const pumaNames = {
  index: "index",
  pid: "pid",
  phase: "phase",
  busy_threads: "busy",
  max_threads: "threads",
  backlog: "backlog",
  last_checkin_ms: "lastCheckinMs",
  rss_bytes: "rssBytes",
} as const;

function pumaWorkers(value: Json | undefined): PumaRow["workers"] {
  if (!Array.isArray(value)) return [];
  return (value as readonly Json[]).flatMap((one) => {
    if (one === null || typeof one !== "object" || Array.isArray(one)) return [];
    const said = one as Readonly<Record<string, Json>>;
    const known = Object.entries(pumaNames).flatMap(([theirs, ours]) => {
      const number = numberOf(said[theirs]);
      return number === undefined ? [] : [[ours, number] as const];
    });
    return [Object.fromEntries(known)];
  });
}

export function webRows(rows: readonly WebStretch[], stretches: number): readonly WebRow[] {
  const byHost = Map.groupBy(rows, ({ service = "", environment = "", host = "" }) =>
    JSON.stringify([service, environment, host]),
  );
  return [...byHost.values()].map((own) => {
    const { service, environment, host } = own[0] ?? {};
    const requestsByStretch = byStretch(own, stretches, ({ requests }) => requests);
    const errorsByStretch = byStretch(own, stretches, ({ errors }) => errors);
    return {
      ...(service !== undefined && { service }),
      ...(environment !== undefined && { environment }),
      ...(host !== undefined && { host }),
      requests: sum(requestsByStretch),
      errors: sum(errorsByStretch),
      p95Ms: Math.max(0, ...own.map(({ p95Ms }) => p95Ms)),
      requestsByStretch,
      errorsByStretch,
      p50ByStretch: byStretch(own, stretches, ({ p50Ms }) => p50Ms),
      p95ByStretch: byStretch(own, stretches, ({ p95Ms }) => p95Ms),
    };
  });
}
