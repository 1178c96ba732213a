import assert from "node:assert/strict";
import { test } from "node:test";
import { queueRows } from "./queues.ts";

test("how many waited is told back from those that wait now, by what came and what was taken", () => {
  const queue = "mailers";
  const flow = [
    { queue, stretch: 0, came: 5, taken: 1, went: 0 },
    // A worker takes what nobody asked for on record as well: it ends, and never waited.
    { queue, stretch: 1, came: 0, taken: 3, went: 9 },
    // What was taken before ends now.
    { queue, stretch: 3, came: 2, taken: 0, went: 4 },
  ];
  const open = [{ queue, waiting: 3, running: 1, retrying: 0, oldestMicros: 1 }];
  const [row] = queueRows({ open, flow, recent: [], stretches: 4 });
  assert.deepEqual(row?.depths, [4, 1, 1, 3]);
  assert.deepEqual(row?.wentByStretch, [0, 9, 0, 4]);
});
