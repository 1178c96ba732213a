/** The corpus is what its benches say of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readNdjson } from "../src/receive/ndjson.ts";
import { type CorpusOptions, corpusBatches } from "./corpus.ts";

const nowMs = Date.parse("2026-11-21T02:00:00.000Z");
const options: CorpusOptions = { seed: 7, events: 5000, batchEvents: 2000, fromMs: nowMs, stepMicros: 10 };

test("the same seed gives the same bytes, another one others", () => {
  assert.deepEqual(corpusBatches(options), corpusBatches(options));
  assert.notDeepEqual(corpusBatches(options), corpusBatches({ ...options, seed: 8 }));
});

test("every line is an event, of the kinds, sizes and secrets that are promised", () => {
  const batches = corpusBatches(options);
  assert.deepEqual(
    batches.map((batch) => readNdjson(batch, nowMs).batch.count),
    [2000, 2000, 1000],
  );
  const text = batches.map(String).join("");
  const share = (pattern: RegExp): number => (text.match(pattern)?.length ?? 0) / options.events;
  assert.ok(Math.abs(share(/"kind":"log"/g) - 0.6) < 0.03);
  assert.ok(Math.abs(share(/"kind":"job\./g) - 0.25) < 0.03);
  assert.ok(Math.abs(share(/"kind":"http\.request"/g) - 0.15) < 0.03);
  assert.ok(Math.abs(share(/"password"/g) - 0.01) < 0.005);
  assert.ok(Math.abs(text.length / options.events - 390) < 20);
  const ids = new Set(text.match(/"id":"[^"]+"/g));
  assert.equal(ids.size, options.events);
});
