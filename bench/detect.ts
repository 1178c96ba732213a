/**
 * One tick of the watch over ten thousand monitors and ten million runs, in the second in which the
 * deadlines of all of them pass: what it takes, that it finds exactly what was planted, and whether
 * its memory grows with what is stored.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { detect } from "../src/detect/detectors.ts";
import { makeJudge } from "../src/detect/due.ts";
import { knownErrors } from "../src/detect/errors.ts";
import { expectedOf } from "../src/detect/expected.ts";
import { type Gatherer, makeGatherer } from "../src/detect/gather.ts";
import { noteLook, type WatchState } from "../src/detect/state.ts";
import type { Finding } from "../src/model/finding.ts";
import { type Monitor, quietMonitor } from "../src/model/monitor.ts";
import { type EngineClient, engineClient } from "../src/store/engine/client.ts";
import { startEngine } from "../src/store/engine/supervisor.ts";
import { retentionDefault } from "../src/store/events/retention.ts";
import { openEventStore } from "../src/store/events/store.ts";
import type { SurveyQuestions } from "../src/store/survey.ts";
import { heldByWatch } from "./detect/held.ts";

export const about = "one tick of the watch over 10,000 monitors and 10 million runs";

const hourMs = 3_600_000;
const loadedAtOnce = 1_000_000;
const graceMs = 5 * 60_000;

export async function run(options: { readonly quick: boolean; readonly directory: string }): Promise<{
  figures: Record<string, number>;
  lines: readonly string[];
}> {
  const jobs = options.quick ? 2000 : 10_000;
  const hours = options.quick ? 100 : 1000;
  const lastHourMs = Date.UTC(2026, 10, 21, 4);
  let enginePid = 0;
  const engine = await startEngine({
    directory: join(options.directory, "engine"),
    onNotice: (notice) => {
      if (notice.kind === "started") enginePid = notice.pid;
    },
  });
  const client = engineClient(engine);
  const events = await openEventStore({ client, retention: retentionDefault });
  try {
    const loadedMs = await timed(() => load(client, jobs, hours, lastHourMs - (hours - 1) * hourMs));
    setPeakBack(enginePid);
    const monitors = Array.from({ length: jobs }, (_, number): Monitor => monitorOf(number));
    const expected = expectedOf(monitors, []);
    let nowMs = lastHourMs - 60_000;
    const judge = makeJudge(events, undefined);
    const gather = makeGatherer({
      events,
      judge,
      errors: knownErrors(undefined),
      clock: () => performance.now(),
    });
    let state: WatchState = {
      ...noteLook(undefined, nowMs - 86_400_000 * 2),
      lookedMs: nowMs,
      after: (await events.arrivals({ fromMicros: 0, untilMicros: 4e15, limit: 1 })).head ?? {
        segment: 0,
        index: 0,
      },
    };
    const tick = async (
      atMs: number,
    ): Promise<{ readonly findings: readonly Finding[]; readonly tookMs: number }> => {
      nowMs = atMs;
      const begunMs = performance.now();
      const look: Awaited<ReturnType<Gatherer>> = await gather(
        { state, expected, awaited: [], isLagging: false },
        nowMs,
      );
      const findings = detect(look.facts, nowMs);
      state = { ...look.state, lookedMs: nowMs };
      return { findings, tookMs: performance.now() - begunMs };
    };

    // Each monitor is met, and nothing is due yet.
    const first = await tick(nowMs);
    const quiet: number[] = [];
    for (let second = 0; second < 10; second++) quiet.push((await tick(nowMs + 1000)).tookMs);
    state = { ...state, lookedMs: lastHourMs + graceMs };
    const due: number[] = [];
    const found: Finding[] = [];
    for (let second = 0; second < 15; second++) {
      const { findings, tookMs } = await tick(lastHourMs + graceMs + 3000 + second * 1000);
      due.push(tookMs);
      found.push(...findings);
    }
    const missed = new Set(found.filter(({ kind }) => kind === "missed").map(({ cause }) => cause));
    const tooLong = new Set(found.filter(({ kind }) => kind === "too_long").map(({ cause }) => cause));
    assert.equal(missed.size, jobs / 100, "every slot that nothing served is found, and no other");
    assert.equal(tooLong.size, jobs / 1000, "every run that is open too long is found, and no other");
    const beside = await besideTheLooks(events, jobs, hours, lastHourMs);
    const peakMb = peakMbOf(enginePid);
    const held = await heldByWatch(jobs, options.directory);
    const worst = Math.max(...due);
    const figures = {
      monitors: jobs,
      runs: jobs * hours,
      tick_first_ms: Math.round(first.tookMs),
      tick_quiet_p50_ms: Math.round(middle(quiet)),
      tick_due_ms: Math.round(worst),
      ...beside,
      ...held,
      node_rss_mb: Math.round(process.memoryUsage().rss / 1e6),
      engine_peak_mb: peakMb,
    };
    const show = (value: number): string => value.toLocaleString("en-US").padStart(12);
    return {
      figures,
      lines: [
        `monitors ${show(figures.monitors)}`,
        `runs     ${show(figures.runs)}, loaded in ${Math.round(loadedMs / 1000)} s`,
        `tick in which every deadline passes ${show(figures.tick_due_ms)} ms (limit 2,000)`,
        `tick in which nothing is due        ${show(figures.tick_quiet_p50_ms)} ms`,
        `first tick of all                   ${show(figures.tick_first_ms)} ms`,
        `found: ${missed.size} of ${jobs / 100} slots that nothing served, ${tooLong.size} of ${jobs / 1000} runs open too long, nothing else of these kinds`,
        "what is usual is asked for beside the looks, each at most one part in twenty of the time:",
        `folding a day of hours              ${show(figures.roll_day_ms)} ms, once a day of the past at the first start`,
        `what is usual of 1,000 jobs         ${show(figures.histories_ms)} ms, once an hour and job`,
        `volumes of all jobs in an hour      ${show(figures.volumes_ms)} ms, once an hour`,
        `what happened in the last hour      ${show(figures.last_hour_ms)} ms, every 30 s`,
        "longest stretch for which the watch held the event loop, with an incident of each monitor:",
        `  while their schedules are taken up ${show(figures.declaring_held_ms)} ms`,
        `  while all are found missed         ${show(figures.missing_held_ms)} ms`,
        `  while all stand open               ${show(figures.standing_held_ms)} ms`,
        `memory: ${figures.node_rss_mb} MB of the watch's process, ${figures.engine_peak_mb} MB the engine at its peak`,
      ],
    };
  } finally {
    await events.close();
    await engine.close();
  }
}

/** The questions about what is usual, which no look waits for. */
async function besideTheLooks(events: SurveyQuestions, jobs: number, hours: number, lastHourMs: number) {
  const dayMs = 24 * hourMs;
  const micros = (ms: number): number => ms * 1000;
  const days = Math.ceil(hours / 24);
  const times: number[] = [];
  for (let day = days; day > 0; day--) {
    const fromMs = lastHourMs - day * dayMs;
    const range = { fromMicros: micros(fromMs), untilMicros: micros(fromMs + dayMs) };
    times.push(await timed(() => events.rollHours(range)));
  }
  const question = { fromMs: lastHourMs - 56 * dayMs, hourMs: lastHourMs, weekHour: 124, timeZone: "UTC" };
  const names = Array.from({ length: Math.min(jobs, 1000) }, (_, number) => `Job${number}`);
  let known = 0;
  const histories = await timed(async () => {
    known = (await events.jobHistories(names, question)).length;
  });
  assert.equal(known, names.length, "each job has a history");
  let volumes = 0;
  const volumesMs = await timed(async () => {
    volumes = (await events.jobVolumes({ ...question, hourMs: lastHourMs - hourMs }, 20_000)).length;
  });
  assert.equal(volumes, jobs, "each job has a volume");
  const range = { fromMicros: micros(lastHourMs), untilMicros: micros(lastHourMs + hourMs) };
  const lastHour = await timed(() => events.jobTalliesOf(range, 20_000));
  return {
    roll_day_ms: Math.round(Math.max(...times)),
    histories_ms: Math.round(histories),
    volumes_ms: Math.round(volumesMs),
    last_hour_ms: Math.round(lastHour),
  };
}

const expressions = ["0 * * * *", "0 */1 * * *", "0 0-23 * * *"];
const zones = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "Asia/Tokyo",
  "Africa/Nairobi",
  "America/Lima",
  "Asia/Dubai",
];

function monitorOf(number: number): Monitor {
  const name = { job: `Job${number}`, service: `service-${number % 20}`, environment: "production" };
  return {
    ...quietMonitor(name),
    // Due in the same second, and yet not all alike.
    schedules: [{ expression: expressions[number % 3] ?? "", timeZone: zones[number % 7] ?? "UTC" }],
    graceMs,
    durationMaxMs: 3 * 60_000,
  };
}

async function load(client: EngineClient, jobs: number, hours: number, fromMs: number): Promise<void> {
  const corpus = readFileSync(new URL("detect/corpus.sql", import.meta.url), "utf8");
  const events = jobs * hours * 2;
  for (let first = 0; first < events; first += loadedAtOnce) {
    await client.run(
      corpus,
      "maintenance",
      { first, count: Math.min(loadedAtOnce, events - first), jobs, hours, from_micros: fromMs * 1000 },
      { insert_deduplication_token: `corpus-${first}`, max_insert_threads: "2" },
    );
  }
}

/** The kernel's high-water mark of a process, since it was last set back. */
function peakMbOf(pid: number): number {
  const [, kib] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Math.round(Number(kib ?? 0) / 1000);
}

function setPeakBack(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begunMs = performance.now();
  await work();
  return performance.now() - begunMs;
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
