/**
 * How soon each screen can be read over ten million events (half a million when quick), in a real
 * browser; and how long a key waits for the page while two thousand lines a second come in.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { engineClient } from "../src/store/engine/client.ts";
import { startEngine } from "../src/store/engine/supervisor.ts";
import { retentionDefault } from "../src/store/events/retention.ts";
import { openEventStore } from "../src/store/events/store.ts";
import { type PageServer, startPageServer } from "../test/e2e/page-browser.ts";
import { freshLine } from "../test/e2e/page-story.ts";
import type { BenchOptions, BenchResult } from "./run.ts";

export const about = "screens over ten million events, and keys pressed while 2,000 lines a second come in";

const eventsFull = 10_000_000;
const eventsQuick = 500_000;
const eventsPerUnit = 40;
const loadedAtOnce = 500_000;
const monthMicros = 31 * 86_400_000_000;
const readyMsMax = 1000;
const inputDelayMsMax = 50;

const screens: Readonly<Record<string, string>> = {
  now: "/",
  schedule: "/schedule",
  runs: "/runs",
  jobs: "/jobs",
  job: "/job?job=Job7",
  failures: "/failures",
  logs: "/logs",
  queues: "/queues",
  puma: "/puma",
  audit: "/audit",
};

export async function run(options: BenchOptions): Promise<BenchResult> {
  const events = options.quick ? eventsQuick : eventsFull;
  const server = await startPageServer({ fill: async (data) => await load(data, events) });
  try {
    const ready = await measureScreens(server);
    const tail = await measureTail(server, options.quick ? 5 : 10);
    const slowest = Math.max(...Object.values(ready));
    return {
      figures: {
        events,
        ...Object.fromEntries(Object.entries(ready).map(([name, ms]) => [`${name}_ready_ms`, ms])),
        slowest_screen_ms: slowest,
        tail_lines_per_second: tail.linesPerSecond,
        tail_input_delay_ms_p95: tail.p95Ms,
        tail_input_delay_ms_max: tail.maxMs,
      },
      lines: [
        ...Object.entries(ready).map(([name, ms]) => `${name.padEnd(9)} ${ms} ms until it can be read`),
        `slowest   ${slowest} ms, of at most ${readyMsMax}`,
        `live tail ${tail.linesPerSecond} lines a second; of ${tail.keys} keys the slowest waited ${tail.maxMs} ms, 95 of 100 at most ${tail.p95Ms} ms, of at most ${inputDelayMsMax}`,
      ],
    };
  } finally {
    await server.close();
  }
}

/** The month that ends now, into the store that the server will open. */
async function load(data: string, events: number): Promise<void> {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const engine = await startEngine({ directory: join(data, "engine") });
  const client = engineClient(engine);
  const store = await openEventStore({ client, retention: retentionDefault });
  try {
    const corpus = readFileSync(new URL("query/corpus.sql", import.meta.url), "utf8");
    const fromMicros = Date.now() * 1000 - monthMicros;
    for (let first = 0; first < events; first += loadedAtOnce) {
      await client.run(
        corpus,
        "maintenance",
        {
          from_micros: fromMicros,
          range_micros: monthMicros,
          units: Math.ceil(events / eventsPerUnit),
          first,
          count: Math.min(loadedAtOnce, events - first),
        },
        { insert_deduplication_token: `corpus-${first}`, max_insert_threads: "2" },
      );
    }
  } finally {
    await store.close();
    await engine.close();
  }
}

/** The second visit of each: the first warms what a server that runs for hours has warm. */
async function measureScreens(server: PageServer): Promise<Readonly<Record<string, number>>> {
  const found: Record<string, number> = {};
  for (const [name, path] of Object.entries(screens)) {
    const { page, close } = await server.open(path);
    await isReady(page);
    const begunMs = performance.now();
    await page.goto(server.address + path);
    await isReady(page);
    found[name] = Math.round(performance.now() - begunMs);
    await close();
  }
  return found;
}

async function isReady(page: Page): Promise<void> {
  await page.waitForFunction(
    () => document.querySelector("main h1") !== null && document.querySelector("main .loading") === null,
    undefined,
    { polling: 20, timeout: 120_000 },
  );
}

type Tail = {
  readonly linesPerSecond: number;
  readonly keys: number;
  readonly p95Ms: number;
  readonly maxMs: number;
};

const linesAtOnce = 200;
const everyMs = 100;

async function measureTail(server: PageServer, seconds: number): Promise<Tail> {
  const { page, close } = await server.open("/logs?live=1&stream=logs");
  await page.getByText("Listening").waitFor();
  // The browser itself says how long each key waited until the page began to handle it.
  await page.evaluate(() => {
    const delays: number[] = [];
    (globalThis as unknown as { delays: number[] }).delays = delays;
    document.addEventListener("keydown", (event) => delays.push(performance.now() - event.timeStamp), true);
  });
  await page.keyboard.press("/");
  const begunMs = performance.now();
  let sent = 0;
  const stop = new AbortController();
  const sending = (async () => {
    while (!stop.signal.aborted) {
      const turnMs = performance.now();
      const nowMs = Date.now();
      await server.send(
        Array.from({ length: linesAtOnce }, (_, line) => freshLine(nowMs, `line ${sent + line}`)),
        {
          wait: false,
        },
      );
      sent += linesAtOnce;
      await new Promise((resolve) =>
        setTimeout(resolve, Math.max(0, everyMs - (performance.now() - turnMs))),
      );
    }
  })();
  while (performance.now() - begunMs < seconds * 1000) {
    await page.keyboard.press("x");
    await page.waitForTimeout(60);
  }
  stop.abort();
  await sending;
  const tookSeconds = (performance.now() - begunMs) / 1000;
  const delays = await page.evaluate(() => (globalThis as unknown as { delays: number[] }).delays);
  await close();
  const sorted = delays.toSorted((a, b) => a - b);
  const round = (ms: number | undefined): number => Math.round((ms ?? 0) * 10) / 10;
  return {
    linesPerSecond: Math.round(sent / tookSeconds),
    keys: sorted.length,
    p95Ms: round(sorted[Math.floor(sorted.length * 0.95)]),
    maxMs: round(sorted.at(-1)),
  };
}
