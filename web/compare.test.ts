import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunDetail } from "../src/api/schemas.ts";
import type { StoredEvent } from "../src/store/store.ts";
import { argumentsOf, difference, factsOf } from "./compare.ts";

const event = (more: Partial<StoredEvent>): StoredEvent => ({
  id: "",
  time: "2026-11-21T00:00:00.000000Z",
  stream: "jobs",
  kind: "job.output",
  segment: 1,
  segment_index: 0,
  ...more,
});

const detail = (more: Partial<RunDetail["run"]>, events: StoredEvent[] = []): RunDetail => ({
  run: {
    runId: "r",
    state: "failed",
    attempts: 1,
    lastTime: "2026-11-21T00:00:00.000000Z",
    sample: false,
    ...more,
  },
  attempts: [],
  events,
  lines: [],
  trace: [],
});

const told = (here: string, there: string): readonly string[] =>
  difference(here, there).lines.map(
    ({ side, text }) => `${{ both: " ", here: "+", there: "-" }[side]}${text}`,
  );

test("lines that only one run wrote stand out, and numbers alone are no difference", () => {
  assert.deepEqual(told("read 41 rows\nwarn\ndone", "read 39 rows\nwritten\ndone"), [
    " read 41 rows",
    "-written",
    "+warn",
    " done",
  ]);
  assert.deepEqual(told("", "a\nb"), ["-a", "-b"]);
  assert.deepEqual(told("a", ""), ["+a"]);
  assert.equal(difference("x\n".repeat(2000), "x").cut, true);
});

test("facts are told side by side, and what neither run has is left out", () => {
  const facts = factsOf(
    detail({ release: "b", host: "web-1", durationMs: 5000 }, [event({ max_rss_bytes: 2_100_000_000 })]),
    detail({ release: "a", host: "web-1", durationMs: 400 }),
  );
  const named = new Map(facts.map((fact) => [fact.name, fact]));
  assert.deepEqual(named.get("Release"), { name: "Release", here: "b", there: "a", differs: true });
  assert.equal(named.get("Host")?.differs, false);
  assert.equal(named.get("Memory")?.here, "2.1 GB");
  assert.equal(named.has("Queue"), false);
});

test("the order of keys is no difference between arguments", () => {
  const asked = (value: object): RunDetail =>
    detail({}, [event({ kind: "job.enqueued", attributes: { arguments: [value] as never } })]);
  assert.equal(argumentsOf(asked({ a: 1, b: 2 })), argumentsOf(asked({ b: 2, a: 1 })));
});
