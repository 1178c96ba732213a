/** The watch over a real control store, and a clock and events that the test gives: starts, ends, gaps. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { quietMonitor } from "../model/monitor.ts";
import { openSqliteControl } from "../store/control/sqlite.ts";
import type { Arrivals, ControlStore, EventStore, JobSign, StoredEvent } from "../store/store.ts";
import { makeOwnFindings, type OwnFindings } from "./own-findings.ts";
import type { Watch } from "./parts.ts";
import { noAlerts } from "./setup.ts";
import { startWatch } from "./watch.ts";

const minuteMs = 60_000;

describe("the watch, after a time in which it did not run,", () => {
  let directory: string;
  let store: ControlStore;
  let watch: Watch | undefined;
  let nowMs: number;
  let ledger: StoredEvent[];
  let signs: JobSign[];
  let own: OwnFindings;

  beforeEach(() => {
    own = makeOwnFindings(() => nowMs);
    directory = mkdtempSync(join(tmpdir(), "midwatch-watch-"));
    store = openSqliteControl(join(directory, "control.db"));
    nowMs = Date.UTC(2026, 10, 21, 1, 30);
    ledger = [];
    signs = [];
  });
  afterEach(async () => {
    await watch?.close();
    await store.close();
    rmSync(directory, { recursive: true });
  });

  /** Answers from lists, as the engine does from its tables; `store.contract.ts` is about the engine. */
  const events = {
    async arrivals({ after, limit }): Promise<Arrivals> {
      const from = after?.index ?? -1;
      const rows = ledger.filter(({ segment_index }) => segment_index > from).slice(0, limit);
      return { rows: after ? rows : [], skipped: 0, head: { segment: 0, index: ledger.length } };
    },
    events: async () => ({ rows: [], next: null }),
    successes: async () => [],
    runs: async () => ({ rows: [], next: null }),
    openRuns: async () => [],
    jobSigns: async ({ fromMicros, untilMicros }) =>
      signs.filter(({ atMicros }) => atMicros >= fromMicros && atMicros < untilMicros),
  } as Partial<EventStore> as EventStore;

  async function start(): Promise<Watch> {
    watch = await startWatch({
      events,
      store,
      setup: noAlerts,
      clock: () => nowMs,
      randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
      lagMs: () => 0,
      everyMs: 10,
      timeZone: "UTC",
      record: () => undefined,
      report: (_severity, message) => assert.fail(message),
      own,
      holder: "a",
    });
    return watch;
  }

  /** Lets real looks happen at the times that the clock is set to. */
  async function pass(ms: number, steps: number): Promise<void> {
    for (let step = 0; step < steps; step += 1) {
      nowMs += ms / steps;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  const hourly = {
    ...quietMonitor({ job: "J" }),
    schedules: [{ expression: "0 * * * *", timeZone: "UTC" }],
    graceMs: minuteMs,
  };

  test("judges the slots of that time once, and says that it was away", async () => {
    let running = await start();
    await running.changeMonitors([{ name: { job: "J" }, monitor: hourly }], "ann");
    await pass(2000, 2);
    await running.close();

    // 02:00 ran, and its recorder kept that; of 03:00 and 04:00 nothing is known.
    nowMs = Date.UTC(2026, 10, 21, 4, 30);
    signs.push({ kind: "job.started", job: "J", atMicros: Date.UTC(2026, 10, 21, 2) * 1000, runId: "r" });
    running = await start();
    await pass(2000, 2);
    assert.deepEqual(await running.incidents(10), [], "senders are given time to bring what they kept");
    await pass(62_000, 6);
    const [missed, ...others] = await running.incidents(10);
    assert.deepEqual([missed?.kind, missed?.unknown, missed?.count, others.length], ["missed", true, 2, 0]);
    assert.match(
      missed?.because ?? "",
      /was due 2 times from 2026-11-21 03:00 UTC to 2026-11-21 04:00 UTC .*Midwatch was down from 2026-11-21 01:30/,
    );

    await running.close();
    running = await start();
    await pass(2000, 2);
    assert.equal((await running.incidents(10))[0]?.count, 2, "a start judges nothing again");
    const { sentences } = await running.explain({ job: "J" }, Date.UTC(2026, 10, 21, 3));
    assert.match(
      sentences.join("\n"),
      /No run of J is known at 2026-11-21 03:00 UTC\.\nMidwatch was down from/,
    );
  });

  test("asks the store as much over hundreds of incidents as over a few", async () => {
    const jobs = Array.from({ length: 600 }, (_, number) => ({ job: `J${number}`, service: "s" }));
    const running = await start();
    const schedules = [{ expression: "31 * * * *", timeZone: "UTC" }];
    const wishes = jobs.map((name) => ({ name, monitor: { ...hourly, ...name, schedules } }));
    await running.changeMonitors(wishes, "ann");
    await pass(2000, 2);
    for (let step = 0; step < 200 && (await store.unresolvedIncidents()).length < jobs.length; step += 1) {
      await pass(10_000, 1);
    }
    const open = await store.unresolvedIncidents();
    assert.equal(open.length, jobs.length);
    const [parents, parts] = [
      open.filter(({ parentId }) => !parentId),
      open.filter(({ parentId }) => parentId),
    ];
    assert.deepEqual([parents.length, parts.length], [1, jobs.length - 1], "one scheduler, one call");
    assert.equal(await store.unresolvedIncidents(), open, "nothing is read again that did not change");
    const setMonitors = store.setMonitors.bind(store);
    let asked = 0;
    Object.assign(store, { setMonitors: () => ((asked += 1), setMonitors()) });
    assert.equal((await running.monitorsOf(jobs)).filter(({ source }) => source === "set").length, 600);
    assert.ok(asked <= 1, `${asked} questions`);
  });

  test("takes up a failure that it had heard of and not yet judged, and counts none twice", async () => {
    const failed = (index: number): StoredEvent => ({
      id: `e-${index}`,
      time: new Date(nowMs).toISOString(),
      stream: "jobs",
      kind: "job.failed",
      job: "J",
      run_id: `r-${index}`,
      error_class: "E",
      segment: 0,
      segment_index: index,
    });
    let running = await start();
    ledger.push(failed(1), { ...failed(2), service: "sample:shop" });
    // Long enough for a look, too short for a failure to be final.
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual(await running.incidents(10), []);
    await running.close();
    nowMs += 5000;
    running = await start();
    await pass(2000, 2);
    assert.deepEqual(
      (await running.incidents(10)).map(({ kind, count }) => [kind, count]),
      [["failed", 1]],
    );
    await running.close();
    running = await start();
    await pass(2000, 2);
    assert.equal((await running.incidents(10))[0]?.count, 1);
  });

  test("makes an incident of what Midwatch says of itself, until it is said to be over", async () => {
    const subject = "ledger.verify";
    // Before anybody looks: a part may notice it while the server starts.
    own.reportOwnFinding({ subject, because: "Segment 7 is not what was sealed.", severity: "error" });
    const running = await start();
    await pass(2000, 1);
    own.reportOwnFinding({ subject, because: "Segment 8 is not either." });
    await pass(2000, 1);
    const [incident, ...others] = await running.incidents(10);
    assert.deepEqual(
      [incident?.kind, incident?.severity, incident?.count, incident?.because, others.length],
      ["midwatch", "error", 2, "Segment 8 is not either.", 0],
    );
    await pass(2 * 86_400_000, 1);
    assert.equal((await running.incidents(10))[0]?.state, "open", "quiet proves nothing");
    own.reportOwnFinding({ subject, because: "All segments are as they were sealed.", over: true });
    await pass(2000, 1);
    const [ended] = await running.incidents(10);
    assert.deepEqual(
      [ended?.state, ended?.resolvedBecause, own.waiting().length],
      ["resolved", "All segments are as they were sealed.", 0],
    );
  });
});
