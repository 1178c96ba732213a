/** Groups must neither hide a failure nor count one twice. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Run } from "../src/api/schemas.ts";
import type { StoredEvent } from "../src/store/store.ts";
import { groupFailures, shapeOf } from "./failures.ts";

const failed = (id: string, change: Partial<StoredEvent>): StoredEvent => ({
  id,
  time: `2026-11-21T02:00:0${id}.000000Z`,
  stream: "jobs",
  kind: "job.failed",
  segment: 1,
  segment_index: 1,
  ...change,
});
const run = (runId: string, state: Run["state"]): Run => ({
  runId,
  state,
  attempts: 1,
  lastTime: "",
  sample: false,
});

test("attempts of one fingerprint are one group that knows how its runs stand", () => {
  const groups = groupFailures(
    [
      failed("3", { fingerprint: "a", run_id: "r2", job: "Two" }),
      failed("2", { fingerprint: "b", run_id: "r3", job: "Three" }),
      failed("1", { fingerprint: "a", run_id: "r1", job: "One" }),
      failed("0", { fingerprint: "a", run_id: "r1", job: "One" }),
    ],
    [run("r1", "succeeded"), run("r2", "succeeded"), run("r3", "failed")],
  );
  assert.deepEqual(
    groups.map(({ key, events, jobs, runs }) => [key, events.length, jobs, runs]),
    [
      ["b", 1, ["Three"], { failed: 1 }],
      ["a", 3, ["Two", "One"], { succeeded: 2 }],
    ],
  );
});

test("events without a fingerprint are grouped by job and class", () => {
  const events = [failed("1", { job: "A", error_class: "X" }), failed("2", { job: "A", error_class: "Y" })];
  assert.equal(groupFailures(events, []).length, 2);
});

test("the shape over time counts every event in range once", () => {
  const from = Date.parse("2026-11-21T02:00:00Z");
  const events = [failed("0", {}), failed("1", {}), failed("9", {})];
  assert.deepEqual(shapeOf(events, from, from + 10_000, 2), [2, 1]);
});
