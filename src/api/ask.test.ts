import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../model/fault.ts";
import { parseTime } from "../model/time.ts";
import { filterOf, rangeOf } from "./ask.ts";

const nowMs = Date.UTC(2026, 10, 21, 2, 0, 0);
const minute = 60_000_000;

test("times may be absolute, relative or left out", () => {
  const now = nowMs * 1000;
  assert.deepEqual(rangeOf({}, nowMs), { fromMicros: now - 1440 * minute, untilMicros: now });
  assert.deepEqual(rangeOf({ from: "-15m", until: "-5m" }, nowMs), {
    fromMicros: now - 15 * minute,
    untilMicros: now - 5 * minute,
  });
  assert.deepEqual(rangeOf({ from: "2026-11-20T00:00:00+01:00", until: "now" }, nowMs), {
    fromMicros: parseTime("2026-11-19T23:00:00Z"),
    untilMicros: now,
  });
  assert.deepEqual(
    rangeOf({ until: "2026-01-02T00:00:00Z" }, nowMs).fromMicros,
    parseTime("2026-01-01T00:00:00Z"),
  );
});

test("a time that is none, or a range turned round, is refused by its name", () => {
  for (const [question, reason] of [
    [{ from: "2026-11-20" }, /`from` must be/],
    [{ until: "-5y" }, /`until` must be/],
    [{ from: "1969-01-01T00:00:00Z" }, /`from` must be/],
    [{ from: "now", until: "now" }, /earlier/],
  ] as const) {
    assert.throws(
      () => rangeOf(question, nowMs),
      (error) => error instanceof Fault && reason.test(error.message),
    );
  }
});

test("parameters beside the query narrow it, and several of one kind widen each other", () => {
  const filter = filterOf(
    { q: "job:a -b", job: ["x", "y"], run: "r", severity: "warn", kind: ["log"] },
    nowMs,
  );
  assert.deepEqual(filter.fields, [
    { name: "job", values: ["a"] },
    { name: "job", values: ["x", "y"] },
    { name: "run_id", values: ["r"] },
  ]);
  assert.deepEqual(filter.words, [{ text: "b", not: true }]);
  assert.equal(filter.severityMin, "warn");
  assert.deepEqual(filter.kinds, ["log"]);
});
