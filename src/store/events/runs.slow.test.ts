import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { EventRecord, Kind } from "../../model/event.ts";
import { foldState, lifeOrder, rankOf, runStates, stateAfter } from "../../model/run.ts";
import { parseTime } from "../../model/time.ts";
import { type EngineClient, engineClient } from "../engine/client.ts";
import { type EngineProcess, startEngine } from "../engine/supervisor.ts";
import { madeEvent, noonMicros, writeNativeFile } from "../made.ts";
import { readMigrations } from "../migrations.ts";
import type { EventStore, RunSummary } from "../store.ts";
import { retentionDefault } from "./retention.ts";
import { openEventStore } from "./store.ts";

/** Numbers that look random and are the same on every run (mulberry32). */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const lifeKinds = [...Object.keys(stateAfter), "job.heartbeat", "job.output"] as Kind[];
const ends = new Set(["succeeded", "failed", "discarded", "cancelled", "lost"]);
const micros = (event: EventRecord | undefined): number | undefined => event && parseTime(event.time);

/** What the columns of `runs` should say, from the records alone. */
function expected(runId: string, events: readonly EventRecord[]): Partial<RunSummary> {
  const sorted = [...events].sort(lifeOrder);
  const newest = (pick: (event: EventRecord) => boolean): EventRecord | undefined => sorted.findLast(pick);
  const state = foldState(events);
  const isEnd = ({ kind }: EventRecord): boolean =>
    !["waiting", "running", undefined].includes(stateAfter[kind]);
  const times = (pick: (event: EventRecord) => boolean): readonly number[] =>
    events.filter(pick).map((event) => micros(event) as number);
  const enqueued = times(({ kind }) => rankOf[kind] === 0);
  const started = times(({ kind }) => kind === "job.started");
  const ended = ends.has(state) ? times(isEnd) : [];
  const optional = {
    job: newest(({ job }) => job !== undefined)?.job,
    worker: newest(({ worker }) => worker !== undefined)?.worker,
    enqueuedMicros: enqueued.length > 0 ? Math.min(...enqueued) : undefined,
    startedMicros: started.length > 0 ? Math.max(...started) : undefined,
    endedMicros: ended.length > 0 ? Math.max(...ended) : undefined,
    durationMs: newest((event) => isEnd(event) && event.duration_ms !== undefined)?.duration_ms,
    waitMs: newest(({ kind, wait_ms }) => kind === "job.started" && wait_ms !== undefined)?.wait_ms,
    errorClass: newest(({ error_class }) => error_class !== undefined)?.error_class,
    errorMessage: newest(({ error_class }) => error_class !== undefined)?.error_message,
  };
  return {
    ...(Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)) as object),
    runId,
    state,
    attempts: started.length,
    lastMicros: Math.max(...times(() => true)),
    sample: false,
  };
}

function randomRun(runId: string, random: (below: number) => number): readonly EventRecord[] {
  const taken = new Set<number>();
  return Array.from({ length: 1 + random(9) }, () => {
    const kind = lifeKinds[random(lifeKinds.length)] as Kind;
    // Often the same moment, so that the rank decides; never the same moment and rank, for then
    // the order of events is nobody's to know.
    let atMs = random(6);
    while (taken.has(atMs * 10 + (rankOf[kind] ?? 1))) atMs += 1;
    taken.add(atMs * 10 + (rankOf[kind] ?? 1));
    return madeEvent(kind, atMs, {
      run_id: runId,
      ...(random(2) === 0 && { job: `Job${random(3)}` }),
      ...(random(2) === 0 && { worker: `w${random(3)}` }),
      ...(random(2) === 0 && { duration_ms: random(1000) / 7 }),
      ...(random(2) === 0 && { wait_ms: random(3) }),
      ...(random(3) === 0 && { error_class: `E${random(3)}`, error_message: `because ${random(9)}` }),
      ...(random(2) === 0 && { source_seq: random(100) }),
    });
  });
}

describe("the fold of runs in SQL", () => {
  const directory = mkdtempSync(join(tmpdir(), "midwatch-runs-"));
  let engine: EngineProcess;
  let client: EngineClient;
  let store: EventStore;
  before(async () => {
    engine = await startEngine({ directory: join(directory, "engine") });
    client = engineClient(engine);
    store = await openEventStore({ client, retention: retentionDefault });
    mkdirSync(join(directory, "spool"));
  });
  after(async () => {
    await store.close();
    await engine.close();
    rmSync(directory, { recursive: true });
  });

  test("says of 300 random runs, in shuffled batches, what the fold in TypeScript says", async () => {
    const random = chance(7);
    const runs = new Map<string, readonly EventRecord[]>();
    for (let run = 0; run < 300; run++) runs.set(`run-${run}`, randomRun(`run-${run}`, random));
    const events = [...runs.values()].flat();
    for (let index = events.length - 1; index > 0; index--) {
      const other = random(index + 1);
      [events[index], events[other]] = [events[other] as EventRecord, events[index] as EventRecord];
    }
    const batches = 5;
    for (let batch = 0; batch < batches; batch++) {
      const path = join(directory, "spool", `${batch}.native`);
      await writeNativeFile(
        client,
        path,
        events.filter((_, index) => index % batches === batch),
        batch,
      );
      await store.insert({ token: `batch-${batch}`, files: [path] });
    }
    const range = { fromMicros: noonMicros - 1_000_000, untilMicros: noonMicros + 10_000_000 };
    const compare = async (): Promise<void> => {
      const seen = new Map<string, RunSummary>();
      for (const state of runStates) {
        const { rows } = await store.runs({ ...range, states: [state], limit: 1000 });
        for (const row of rows) {
          assert.equal(row.state, state);
          seen.set(row.runId, row);
        }
      }
      assert.equal(seen.size, runs.size);
      for (const [runId, its] of runs) assert.deepEqual({ ...seen.get(runId) }, expected(runId, its), runId);
    };
    await compare();
    await client.run("OPTIMIZE TABLE runs FINAL", "maintenance");
    await compare();
    for (const runId of ["run-0", "run-299"]) {
      assert.deepEqual({ ...(await store.run(runId)) }, expected(runId, runs.get(runId) ?? []));
    }

    // In pages, in order, each once.
    const paged: RunSummary[] = [];
    let page = await store.runs({ ...range, limit: 70 });
    paged.push(...page.rows);
    while (page.next !== null) {
      page = await store.runs({ ...range, limit: 70, after: page.next });
      paged.push(...page.rows);
    }
    assert.deepEqual(paged.map(({ runId }) => runId).sort(), [...runs.keys()].sort());
  });

  test("pages of days are in order, whenever runs changed and whatever was heard of them since", async () => {
    const hourMs = 3_600_000;
    const endMs = 1000 * hourMs;
    const of = (kind: Kind, hoursAgo: number, run: string): EventRecord =>
      madeEvent(kind, endMs - hoursAgo * hourMs, { run_id: run });
    const changedHoursAgo = [0.2, 0.5, 0.9, 2, 3, 20, 30, 40, 200];
    const batches = [
      changedHoursAgo.map((hours) => of("job.started", hours, `changed-${hours}`)),
      // Signs of life, told later and apart: they change nothing.
      [2, 40, 200].map((hours) => of("job.heartbeat", 0.1, `changed-${hours}`)),
    ];
    for (const [index, events] of batches.entries()) {
      const path = join(directory, "spool", `days-${index}.native`);
      await writeNativeFile(client, path, events, 100 + index);
      await store.insert({ token: `days-${index}`, files: [path] });
    }
    const untilMicros = noonMicros + endMs * 1000;
    const range = { fromMicros: untilMicros - 400 * hourMs * 1000, untilMicros };
    for (const limit of [1, 2, 4, 5, 7, 9]) {
      const seen: string[] = [];
      let page = await store.runs({ ...range, limit });
      seen.push(...page.rows.map(({ runId }) => runId));
      while (page.next !== null) {
        page = await store.runs({ ...range, limit, after: page.next });
        seen.push(...page.rows.map(({ runId }) => runId));
      }
      assert.deepEqual(
        seen,
        changedHoursAgo.map((hours) => `changed-${hours}`),
        `pages of ${limit}`,
      );
    }
  });

  test("counts runs that live over several days as their whole lives say, in any range", async () => {
    const random = chance(11);
    const dayMs = 86_400_000;
    const firstDay = 10;
    const runs = Array.from({ length: 400 }, (_, run) => {
      const events = randomRun(`long-${run}`, random);
      const days = random(3) === 0 ? 4 : 1;
      const beginsMs = (firstDay + random(4)) * dayMs;
      // Two events of a run at the same moment stay at the same moment.
      return events.map((event) => {
        const ms = (micros(event) as number) / 1000 - noonMicros / 1000;
        const time = new Date(noonMicros / 1000 + beginsMs + ms * ((days * dayMs) / 10)).toISOString();
        return { ...event, time };
      });
    });
    const events = runs.flat();
    for (let first = 0; first < events.length; first += 250) {
      const path = join(directory, "spool", `long-${first}.native`);
      await writeNativeFile(client, path, events.slice(first, first + 250), 300 + first);
      await store.insert({ token: `long-${first}`, files: [path] });
    }

    for (let at = 0; at < 12; at++) {
      const fromMicros = noonMicros + (firstDay + random(50) / 10) * dayMs * 1000;
      const untilMicros = fromMicros + (1 + random(40)) * 2_160_000_000 * 10;
      const states: Record<string, number> = {};
      const jobs: Record<string, number> = {};
      const ids: string[] = [];
      for (const events of runs) {
        const times = events.map((event) => micros(event) as number);
        if (Math.max(...times) < fromMicros || Math.min(...times) >= untilMicros) continue;
        const { runId = "", state = "unknown", job } = expected(events[0]?.run_id ?? "", events);
        ids.push(runId);
        states[state] = (states[state] ?? 0) + 1;
        if (job !== undefined) jobs[job] = (jobs[job] ?? 0) + 1;
      }
      assert.ok(ids.length > 20, `only ${ids.length} runs`);
      const range = { fromMicros, untilMicros };
      assert.deepEqual((await store.overview(range)).runs, states);
      const told = (await store.jobs(range, 100)).map((row) => [
        row.job,
        Object.values(row.runs).reduce((sum, count) => sum + count, 0),
      ]);
      assert.deepEqual(Object.fromEntries(told), jobs);
      const page = await store.runs({ ...range, limit: 1000 });
      assert.deepEqual(page.rows.map(({ runId }) => runId).sort(), ids.sort());
      const some = await store.runs({ ...range, jobs: ["Job1"], states: ["running"], limit: 1000 });
      assert.ok(some.rows.every((row) => row.job === "Job1" && row.state === "running"));
    }
  });

  test("moving runs to another table, twice over, loses none, and they go on in it", async () => {
    const insert = async (name: string, events: readonly EventRecord[]): Promise<void> => {
      const path = join(directory, "spool", `${name}.native`);
      await writeNativeFile(client, path, events, 200);
      await store.insert({ token: name, files: [path] });
    };
    await insert("moved-1", [madeEvent("job.started", 0, { run_id: "moved", job: "Job1" })]);
    const count = "SELECT toUInt32(uniqExact(run_id)) AS runs FROM runs";
    const before = await client.rows(count, {});
    const migrations = readMigrations(new URL("migrations/", import.meta.url));
    const move = migrations.find(({ name }) => name === "0006_runs_by_day.sql")?.statements ?? [];
    assert.equal(move.length, 7);
    for (const statement of [...move, ...move]) await client.run(statement, "maintenance");
    assert.deepEqual(await client.rows(count, {}), before);
    assert.equal((await store.run("moved"))?.state, "running");
    await insert("moved-2", [madeEvent("job.succeeded", 1, { run_id: "moved" })]);
    assert.equal((await store.run("moved"))?.state, "succeeded");
    assert.equal((await store.run("moved"))?.job, "Job1");
  });
});
