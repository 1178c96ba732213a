/**
 * How soon each screen can be read over ten million events (half a million when quick), in a real
 * browser; and how long a key waits for the page while two thousand lines a second come in.
 */
import type { Page } from "playwright-core";
import { type PageServer, startPageServer } from "../test/e2e/page-browser.ts";
import { freshLine } from "../test/e2e/page-story.ts";
import { fillWithLastMonth } from "./query/load.ts";
import type { BenchOptions, BenchResult } from "./run.ts";

export const about = "screens over ten million events, and keys pressed while 2,000 lines a second come in";

const eventsFull = 10_000_000;
const eventsQuick = 500_000;
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
  const server = await startPageServer({ fill: async (data) => await fillWithLastMonth(data, events) });
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
