/**
 * Ten questions that the screens ask, over ten million events (half a million when quick): how
 * long each takes, and whether its answer is the one that a plain scan of all events gives.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type EngineClient, engineClient, type Settings } from "../src/store/engine/client.ts";
import { startEngine } from "../src/store/engine/supervisor.ts";
import { retentionDefault } from "../src/store/events/retention.ts";
import { openEventStore } from "../src/store/events/store.ts";
import type { EventQuery, EventStore, TimeRange } from "../src/store/store.ts";
import { eventsPerUnit, loadCorpus } from "./query/load.ts";

export const about = "ten questions of the screens over ten million events, each answer checked by a scan";

const eventsFull = 10_000_000;
const eventsQuick = 500_000;
const dayMicros = 86_400_000_000;
const fromMicros = Date.UTC(2026, 9, 21) * 1000;
const month: TimeRange = { fromMicros, untilMicros: fromMicros + 31 * dayMicros };
const lastDay: TimeRange = { fromMicros: fromMicros + 29 * dayMicros, untilMicros: month.untilMicros };

/** A question, how to ask it, and the same answer from a scan without any index. */
type Question = {
  readonly name: string;
  readonly ask: (store: EventStore) => Promise<unknown>;
  readonly scan: (scan: Scan) => Promise<unknown>;
  /** Both answers in a form that must be equal; the store's must not be empty. */
  readonly form?: (answer: unknown) => unknown;
};

type Scan = <Row>(sql: string) => Promise<readonly Row[]>;

/** Everything that makes the engine read less than all, off. */
const scanSettings = {
  use_skip_indexes: 0,
  optimize_read_in_order: 0,
  query_plan_optimize_lazy_materialization: 0,
  use_query_condition_cache: 0,
  output_format_json_quote_64bit_integers: 1,
  max_execution_time: 600,
  max_memory_usage: "8000000000",
} as Settings;

const ids = (answer: unknown): unknown =>
  (answer as { rows: readonly { id: string }[] }).rows.map(({ id }) => id);

function page(more: Partial<EventQuery>): EventQuery {
  return { ...month, order: "newest", limit: 100, ...more };
}

/** Ids of the newest events that fulfil a condition, by a scan. */
function newestIds(condition: string, limit = 100): (scan: Scan) => Promise<unknown> {
  return async (scan) => ({
    rows: await scan<{ id: string }>(
      `SELECT id FROM events WHERE ${condition} ORDER BY time DESC, id DESC LIMIT ${limit}`,
    ),
  });
}

/** Every run as its events tell it, without `runs`: place in life, then the state there. */
const foldedRuns = `
  SELECT run_id, max(time) AS last, min(time) AS first,
    argMaxIf(kind, (kind NOT IN ('job.enqueued'), time, kind IN ('job.retried', 'job.discarded')),
      kind NOT IN ('job.heartbeat', 'job.output')) AS last_kind,
    maxIf(time, kind NOT IN ('job.heartbeat', 'job.output')) AS changed,
    any(job) AS the_job
  FROM events WHERE stream = 'jobs' GROUP BY run_id`;

const lastDayStart = `fromUnixTimestamp64Micro(${lastDay.fromMicros}, 'UTC')`;
const stateOfKind: Readonly<Record<string, string>> = {
  "job.enqueued": "waiting",
  "job.started": "running",
  "job.retried": "retrying",
};
const stateOf = (kind: string): string => stateOfKind[kind] ?? kind.replace("job.", "");

function questions(unit: number, known: Known): readonly Question[] {
  const errors = page({
    fields: [{ name: "service", values: ["billing"] }],
    severityMin: "error",
    limit: 50,
  });
  return [
    { name: "newest_100", ask: (store) => store.events(page({})), scan: newestIds("1"), form: ids },
    {
      name: "errors_of_a_service",
      ask: (store) => store.events(errors),
      scan: newestIds("service = 'billing' AND severity IN ('error', 'fatal')", 50),
      form: ids,
    },
    {
      name: "rare_word",
      ask: (store) => store.events(page({ words: [{ text: "Zebra" }] })),
      scan: newestIds("message ILIKE '% zebra %'"),
      form: ids,
    },
    {
      name: "phrase",
      ask: (store) => store.events(page({ words: [{ text: `cart of customer ${unit}` }] })),
      scan: newestIds(`message LIKE '%cart of customer ${unit} %'`),
      form: ids,
    },
    {
      name: "attribute",
      ask: (store) => store.events(page({ attributes: [{ key: "user", value: known.user }] })),
      scan: newestIds(`attributes['user'] = '"${known.user}"'`),
      form: ids,
    },
    {
      name: "trace",
      ask: (store) => store.events(page({ fields: [{ name: "trace_id", values: [known.trace] }] })),
      scan: newestIds(`trace_id = '${known.trace}'`),
      form: ids,
    },
    {
      name: "run",
      ask: async (store) => {
        const run = await store.run(known.run);
        return { state: run?.state, attempts: run?.attempts, last: run?.lastMicros };
      },
      scan: async (scan) => {
        const [row] = await scan<{ last_kind: string; starts: string; last: string }>(
          `SELECT argMaxIf(kind, (time, kind = 'job.retried'), kind NOT IN ('job.heartbeat', 'job.output')) AS last_kind,
             countIf(kind = 'job.started') AS starts, toUnixTimestamp64Micro(max(time)) AS last
           FROM events WHERE run_id = '${known.run}' LIMIT 1`,
        );
        return {
          state: stateOf(row?.last_kind ?? ""),
          attempts: Number(row?.starts),
          last: Number(row?.last),
        };
      },
    },
    {
      name: "failed_runs",
      ask: async (store) => {
        const { rows } = await store.runs({ ...month, states: ["failed", "lost"], limit: 100 });
        return rows.map(({ runId }) => runId).sort();
      },
      scan: async (scan) => {
        const rows = await scan<{ run_id: string }>(
          `SELECT run_id FROM (${foldedRuns}) WHERE last_kind IN ('job.failed', 'job.lost')
           ORDER BY changed DESC LIMIT 100`,
        );
        return rows.map(({ run_id }) => run_id).sort();
      },
    },
    {
      name: "jobs_of_a_day",
      ask: async (store) => {
        const jobs = await store.jobs(lastDay, 1000);
        return Object.fromEntries(jobs.map(({ job, runs }) => [job, runs]));
      },
      scan: async (scan) => {
        const rows = await scan<{ job: string; kind: string; count: string }>(
          `SELECT the_job AS job, last_kind AS kind, count() AS count FROM (${foldedRuns})
           WHERE last >= ${lastDayStart} GROUP BY job, kind ORDER BY job, kind LIMIT 10000`,
        );
        const jobs: Record<string, Record<string, number>> = {};
        for (const { job, kind, count } of rows) (jobs[job] ??= {})[stateOf(kind)] = Number(count);
        return jobs;
      },
    },
    {
      name: "overview_and_histogram_of_a_day",
      ask: async (store) => {
        const [overview, buckets] = await Promise.all([
          store.overview(lastDay),
          store.histogram(lastDay, 120),
        ]);
        const counted = buckets.reduce((sum, { counts }) => sum + total(counts), 0);
        return { runs: overview.runs, events: overview.events, hosts: overview.hosts, counted };
      },
      scan: async (scan) => {
        const [row] = await scan<{ events: string; hosts: string }>(
          `SELECT count() AS events, uniqExact(host) AS hosts FROM events WHERE time >= ${lastDayStart} LIMIT 1`,
        );
        const kinds = await scan<{ kind: string; count: string }>(
          `SELECT last_kind AS kind, count() AS count FROM (${foldedRuns})
           WHERE last >= ${lastDayStart} GROUP BY kind LIMIT 100`,
        );
        const events = Number(row?.events);
        const runs = Object.fromEntries(kinds.map(({ kind, count }) => [stateOf(kind), Number(count)]));
        return { runs, events, hosts: Number(row?.hosts), counted: events };
      },
    },
  ];
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

type Known = { readonly trace: string; readonly run: string; readonly user: string };

export async function run(options: { readonly quick: boolean; readonly directory: string }): Promise<{
  figures: Record<string, number>;
  lines: readonly string[];
}> {
  const events = options.quick ? eventsQuick : eventsFull;
  const rounds = options.quick ? 7 : 21;
  const engine = await startEngine({ directory: join(options.directory, "engine") });
  const client = engineClient(engine);
  const store = await openEventStore({ client, retention: retentionDefault });
  try {
    await loadCorpus(client, { events, fromMicros, rangeMicros: 30 * dayMicros });
    const scan: Scan = (sql) => client.rows(sql, {}, scanSettings);
    const [known] = await scan<Known>(
      `SELECT trace_id AS trace, run_id AS run, JSONExtractString(concat('[', (SELECT attributes['user'] FROM events
         WHERE attributes['user'] != '' LIMIT 1), ']'), 1) AS user
       FROM events WHERE kind = 'job.failed' LIMIT 1`,
    );
    assert.ok(known?.user, "the corpus has a run, a trace and a user to ask for");
    const figures: Record<string, number> = { events, disk_bytes_per_event: await bytesPerEvent(client) };
    const lines: string[] = [];
    for (const question of questions(4711 % (events / eventsPerUnit), known)) {
      const { name, ask, form = (answer: unknown) => answer } = question;
      const answer = form(await ask(store));
      assert.notDeepEqual(answer, [], `${name} finds something`);
      assert.deepEqual(answer, form(await question.scan(scan)), `${name} answers what a plain scan answers`);
      const times = await timesOf(() => ask(store), rounds);
      const [p50, p95] = [quantile(times, 0.5), quantile(times, 0.95)];
      figures[`${name}_p50_ms`] = p50;
      figures[`${name}_p95_ms`] = p95;
      lines.push(
        `${name.replaceAll("_", " ").padEnd(34)} p50 ${p50.toFixed(0).padStart(5)} ms   p95 ${p95.toFixed(0).padStart(5)} ms   as a scan says`,
      );
    }
    return { figures, lines };
  } finally {
    await store.close();
    await engine.close();
  }
}

async function bytesPerEvent(client: EngineClient): Promise<number> {
  const [row] = await client.rows<{ bytes: number }>(
    `SELECT toFloat64(sum(bytes_on_disk)) / (SELECT count() FROM events) AS bytes
     FROM system.parts WHERE active AND database = currentDatabase() LIMIT 1`,
    {},
  );
  return Math.round(row?.bytes ?? 0);
}

async function timesOf(ask: () => Promise<unknown>, rounds: number): Promise<readonly number[]> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const startedMs = performance.now();
    await ask();
    times.push(performance.now() - startedMs);
  }
  return times.sort((a, b) => a - b);
}

function quantile(sorted: readonly number[], share: number): number {
  return Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 10) / 10;
}
