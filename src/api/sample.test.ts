import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import type { EventRecord } from "../model/event.ts";
import { foldState } from "../model/run.ts";

test("the sample day has a day of stories, in order, and neither secrets nor places", () => {
  const file = new URL("../../playground/sample/day.ndjson.gz", import.meta.url);
  const text = gunzipSync(readFileSync(file)).toString();
  const records = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as EventRecord);
  assert.ok(records.length > 1000, `${records.length} events`);
  const times = records.map((record) => Date.parse(record.time));
  assert.ok(times.every((time, index) => index === 0 || time >= (times[index - 1] ?? 0)));
  const hours = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 3_600_000;
  assert.ok(hours > 23 && hours < 25, `${hours} hours`);

  const runs = Map.groupBy(
    records.filter((record) => record.run_id !== undefined),
    (record) => record.run_id,
  );
  const states = new Set([...runs.values()].map((events) => foldState(events)));
  for (const state of ["succeeded", "failed", "lost", "discarded"]) {
    assert.ok(states.has(state as ReturnType<typeof foldState>), state);
  }
  assert.doesNotMatch(text, /planted|4111111111111111|\/work\/|\/root\/|\/home\//);
});
