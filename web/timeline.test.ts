/** A run's life is drawn from what was recorded, with nothing invented and nothing negative. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunDetail } from "../src/api/schemas.ts";
import { timelineOf } from "./timeline.ts";

const at = (second: number): string => new Date(second * 1000).toISOString().replace("Z", "000Z");

function detail(change: Partial<RunDetail["run"]>, attempts: RunDetail["attempts"]): RunDetail {
  const run = {
    runId: "r",
    state: "failed",
    attempts: attempts.length,
    lastTime: at(70),
    sample: false,
    ...change,
  } as const;
  return {
    run: { queue: "payments", enqueuedTime: at(0), ...run },
    attempts,
    events: [],
    lines: [],
    trace: [],
  };
}

test("waits stand between enqueue and attempts", () => {
  const { rows, fromMs, untilMs } = timelineOf(
    detail({}, [
      {
        number: 1,
        state: "retrying",
        startedTime: at(2),
        endedTime: at(5),
        worker: "web-3:4410:99",
        nextTime: at(60),
        eventIds: [],
      },
      { number: 2, state: "failed", startedTime: at(61), endedTime: at(70), durationMs: 9000, eventIds: [] },
    ]),
    [],
    100_000,
  );
  assert.deepEqual(
    rows.map(({ label, about, shape, words }) => [label, about, shape, words]),
    [
      ["Enqueued", "payments", "wait", "2.00 s"],
      ["Attempt 1", "web-3, process 4410", "bar", "3.00 s"],
      ["Wait", "due in 55 s", "wait", "56.0 s"],
      ["Attempt 2", "", "bar", "9.00 s"],
    ],
  );
  assert.deepEqual([fromMs, untilMs], [0, 70_000]);
});

test("a retry that is due later is drawn ahead, up to when it is due", () => {
  const one = {
    number: 1,
    state: "retrying",
    startedTime: at(2),
    endedTime: at(5),
    nextTime: at(200),
    eventIds: [] as string[],
  } as const;
  const { rows, untilMs } = timelineOf(detail({ state: "retrying" }, [one]), [], 100_000);
  assert.deepEqual(
    [rows.at(-1)?.shape, rows.at(-1)?.about, untilMs],
    ["ahead", "next attempt in 1 min", 200_000],
  );
});

test("clocks that disagree give no negative length", () => {
  const one = {
    number: 1,
    state: "succeeded",
    startedTime: at(-3),
    endedTime: at(-4),
    eventIds: [] as string[],
  } as const;
  const { rows } = timelineOf(detail({ state: "succeeded" }, [one]), [], 100_000);
  assert.ok(rows.length === 2 && rows.every((row) => row.untilMs >= row.fromMs));
});
