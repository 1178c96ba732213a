/** Queues and workers are told from what was recorded, and silence is told as silence. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Run } from "../src/api/schemas.ts";
import type { StoredEvent } from "../src/store/store.ts";
import { queuesOf, silentMs, workersOf } from "./queues.ts";

const at = (second: number): string => new Date(second * 1000).toISOString().replace("Z", "000Z");
const run = (change: Partial<Run>): Run => ({
  runId: "r",
  state: "waiting",
  attempts: 0,
  lastTime: at(0),
  sample: false,
  ...change,
});
const seen = (
  worker: string,
  second: number,
  kind: StoredEvent["kind"] = "worker.heartbeat",
): StoredEvent => ({
  id: `${worker}${second}`,
  time: at(second),
  stream: "jobs",
  kind,
  worker,
  host: "web-1",
  segment: 0,
  segment_index: 0,
});

test("a queue counts what waits, and how long the oldest has", () => {
  const runs = [
    run({ queue: "mail", enqueuedTime: at(9) }),
    run({ queue: "mail", enqueuedTime: at(3) }),
    run({ queue: "mail", state: "running" }),
  ];
  const [mail, media] = queuesOf(runs, {
    enqueued: [{ value: "media", count: 4 }],
    ended: [{ value: "mail", count: 7 }],
  });
  assert.deepEqual(mail, {
    name: "mail",
    waiting: 2,
    retrying: 0,
    running: 1,
    oldestTime: at(3),
    enqueued: 0,
    ended: 7,
  });
  assert.equal(media?.enqueued, 4);
});

test("a worker's newest word counts, and a long silence is not called idle", () => {
  const events = [seen("b", 100, "worker.stopped"), seen("a", 90), seen("b", 80), seen("c", 10)];
  const workers = workersOf(events, [run({ worker: "a", state: "running" })], 10_000 + silentMs + 1);
  assert.deepEqual(
    workers.map(({ name, state }) => [name, state]),
    [
      ["a", "working"],
      ["c", "silent"],
      ["b", "stopped"],
    ],
  );
});
