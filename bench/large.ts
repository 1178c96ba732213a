/**
 * How long the server takes for what each screen asks, over a hundred million events (one million
 * when quick), beside the limit of a fifth of a second. Each question is asked as the page asks it,
 * of the range that the screen opens with, and the long ranges that a person may choose besides.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { loadConfig } from "../src/cli/config.ts";
import { startServer } from "../src/cli/server-process.ts";
import { fillWithLastMonth } from "./query/load.ts";
import type { BenchOptions, BenchResult } from "./run.ts";

export const about = "what the screens ask, over a hundred million events, beside the limit of 200 ms";

const eventsFull = 100_000_000;
const eventsQuick = 1_000_000;
const limitMs = 200;
const rounds = 7;
/** A server that has just started looks back over what it missed. */
const restMsFull = 40_000;
const restMsQuick = 4_000;

type Row = Readonly<Record<string, string>>;

/** What a screen asks together is waited for together. */
function screens(job: Row, run: Row): Readonly<Record<string, readonly string[]>> {
  const named = new URLSearchParams({
    job: job["job"] ?? "",
    service: job["service"] ?? "",
    environment: job["environment"] ?? "",
  });
  return {
    now: [
      "/overview?from=-1h",
      "/overview?from=-24h",
      "/incidents?limit=500",
      "/histogram?from=-1h&buckets=60",
    ],
    schedule: ["/schedule?from=-24h"],
    "schedule of 7 days": ["/schedule?from=-7d"],
    runs: ["/runs?from=-24h&limit=100", "/overview?from=-24h"],
    "runs of 7 days": ["/runs?from=-7d&limit=100", "/overview?from=-7d"],
    "runs of 30 days": ["/runs?from=-30d&limit=100", "/overview?from=-30d"],
    run: [`/runs/${encodeURIComponent(run["runId"] ?? "")}`],
    jobs: ["/jobs?from=-24h"],
    "jobs of 30 days": ["/jobs?from=-30d"],
    job: [`/jobs/days?${named}&zone=UTC`, `/runs?${named}&from=-24h&limit=100`],
    failures: ["/failures?from=-24h"],
    "failures of 30 days": ["/failures?from=-30d"],
    logs: ["/events?from=-24h&limit=200&looks=false", "/histogram?from=-24h&buckets=120&looks=false"],
    "logs of 7 days": [
      "/events?from=-7d&limit=200&looks=false",
      "/histogram?from=-7d&buckets=120&looks=false",
    ],
    "logs of 30 days": [
      "/events?from=-30d&limit=200&looks=false",
      "/histogram?from=-30d&buckets=120&looks=false",
    ],
    "errors of 30 days": [
      "/events?from=-30d&limit=200&severity=error",
      "/histogram?from=-30d&buckets=120&severity=error",
    ],
    "a word in 30 days": ["/events?from=-30d&limit=200&q=zebra", "/histogram?from=-30d&buckets=120&q=zebra"],
    queues: ["/queues?from=-24h", "/workers?from=-24h"],
    puma: ["/puma?from=-24h"],
    audit: ["/events?from=-24h&limit=200&stream=audit", "/histogram?from=-24h&buckets=120&stream=audit"],
  };
}

export async function run({ quick, directory }: BenchOptions): Promise<BenchResult> {
  const events = quick ? eventsQuick : eventsFull;
  const { values: config } = loadConfig(
    { data: join(directory, "data"), listen: "127.0.0.1:0" },
    { MIDWATCH_ACCESS: "open" },
  );
  await fillWithLastMonth(config.data, events);
  const server = await startServer({
    config,
    clock: Date.now,
    randomBytes: (count) => randomBytes(count),
    note: () => undefined,
    pid: process.pid,
    hostname: "watch-1",
  });
  try {
    const ask = async (path: string): Promise<unknown> => {
      const response = await fetch(`${server.address}/api/v1${path}`);
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      return await response.json();
    };
    const rowOf = async (path: string): Promise<Row> => {
      const { rows } = (await ask(path)) as { rows: readonly Row[] };
      // The server's own jobs are few; those of the corpus are what takes time.
      const row = rows.find(({ service }) => service !== "midwatch");
      if (!row) throw new Error(`${path} found nothing`);
      return row;
    };
    await new Promise((resolve) => setTimeout(resolve, quick ? restMsQuick : restMsFull));
    const job = await rowOf("/jobs?from=-7d");
    const run = await rowOf("/runs?from=-7d&limit=1000");
    const figures: Record<string, number> = { events };
    const lines: string[] = [];
    for (const [screen, paths] of Object.entries(screens(job, run))) {
      const ms = await medianMs(async () => await Promise.all(paths.map(ask)));
      figures[`${screen.replaceAll(" ", "_")}_ms`] = ms;
      lines.push(
        `${screen.padEnd(20)} ${String(ms).padStart(6)} ms, ${(ms / limitMs).toFixed(2)} of the limit`,
      );
    }
    return { figures, lines };
  } finally {
    await server.close();
  }
}

/** Of the rounds after the first: that one warms what a server that runs for hours has warm. */
async function medianMs(ask: () => Promise<unknown>): Promise<number> {
  await ask();
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const startedMs = performance.now();
    await ask();
    times.push(performance.now() - startedMs);
  }
  return Math.round(times.sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? 0);
}
