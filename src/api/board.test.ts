import assert from "node:assert/strict";
import { test } from "node:test";
import { type Declaration, quietMonitor, type Schedule } from "../model/monitor.ts";
import type { StretchOfRuns } from "../store/page.ts";
import { type BoardFacts, boardRows } from "./board.ts";

const hourMs = 3_600_000;
const noonMs = Date.UTC(2026, 10, 21, 12);
const nightly: Schedule = { expression: "0 * * * *", timeZone: "UTC", runtime: "cron", host: "batch-1" };
const monitor = { ...quietMonitor({ job: "export", service: "shop" }), schedules: [nightly] };

function ran(atMs: number, more: Partial<StretchOfRuns> = {}): StretchOfRuns {
  const micros = atMs * 1000;
  return {
    job: "export",
    service: "shop",
    stretch: 0,
    runs: 1,
    beganMicros: micros,
    endedMicros: micros + 60_000_000,
    state: "succeeded",
    runId: `run-${atMs}`,
    askedMicros: [micros],
    ...more,
  };
}

function installed(origin: string, schedule: Schedule): Declaration {
  return {
    origin,
    reading: "1",
    item: "1",
    job: { job: "export", service: "shop" },
    schedule,
    seenMs: noonMs - 4 * hourMs,
  };
}

function facts(more: Partial<BoardFacts> = {}): BoardFacts {
  return {
    fromMicros: (noonMs - 6 * hourMs - 1) * 1000,
    untilMicros: (noonMs + 2 * hourMs) * 1000,
    nowMs: noonMs + 60_000,
    stepMicros: 60_000_000,
    monitors: [{ monitor, source: "declared" }],
    declarations: [installed("crontab batch-1 /etc/cron.d/shop", nightly)],
    runs: [ran(noonMs - 3 * hourMs + 2000), ran(noonMs - hourMs + 2000)],
    ...more,
  };
}

test("each slot is served, missed, due, ahead, or from before anything was known", () => {
  const [row] = boardRows(facts());
  assert.deepEqual(
    row?.slots.map(({ time, state }) => `${time.slice(11, 16)} ${state}`),
    [
      "06:00 unknown",
      "07:00 unknown",
      "08:00 missed",
      "09:00 served",
      "10:00 missed",
      "11:00 served",
      "12:00 due",
      "13:00 ahead",
      "14:00 ahead",
    ],
  );
  assert.equal(row?.missed, 2);
  assert.equal(row?.nextTime, "2026-11-21T13:00:00.000000Z");
  assert.deepEqual(row?.drift, []);
});

test("runs of another service are another job's", () => {
  const [row] = boardRows(facts({ runs: [ran(noonMs - hourMs, { service: "billing" })] }));
  assert.equal(row?.bars.length, 0);
});

test("slots too close to be told apart are counted", () => {
  const every = { ...monitor, schedules: [{ ...nightly, expression: "* * * * *" }] };
  const minutely = (untilMicros: number): BoardFacts =>
    facts({ monitors: [{ monitor: every, source: "declared" }], declarations: [], untilMicros });
  const [row] = boardRows(minutely((noonMs + 2 * hourMs) * 1000));
  assert.equal(row?.dense, true);
  assert.deepEqual(row?.slots, []);
  assert.ok((row?.missed ?? 0) > 100, `${row?.missed} were missed`);

  // However many lie ahead: what was missed is counted as before, and the next is the next.
  const [far] = boardRows(minutely((noonMs + 200 * hourMs) * 1000));
  assert.equal(far?.missed, row?.missed);
  assert.equal(far?.nextTime, "2026-11-21T12:02:00.000000Z");
});

test("what is declared, installed and seen is compared", () => {
  const other = { ...nightly, expression: "30 * * * *" };
  const [row] = boardRows(
    facts({
      runs: [],
      declarations: [
        installed("crontab batch-1 /etc/cron.d/shop", nightly),
        installed("crontab batch-2 /etc/cron.d/shop", { ...nightly, host: "batch-2" }),
        installed("schedule shop production config/schedule.rb", other),
      ],
    }),
  );
  assert.deepEqual(row?.drift, [
    "Declared but not installed: 30 * * * * (UTC).",
    "Installed but not declared: 0 * * * * (UTC).",
    "Installed on 2 hosts: batch-1, batch-2.",
    "It was due, and no run of it was recorded.",
  ]);
});
