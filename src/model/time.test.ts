import assert from "node:assert/strict";
import { test } from "node:test";
import { formatTime, parseTime } from "./time.ts";

test("a time keeps its microseconds there and back", () => {
  for (const text of [
    "2026-11-21T01:26:44.000123Z",
    "1970-01-01T00:00:00.000000Z",
    "1969-12-31T23:59:59.999999Z",
  ]) {
    assert.equal(formatTime(parseTime(text) ?? Number.NaN), text);
  }
});

test("a zone is counted in, and digits below the microsecond are cut", () => {
  assert.equal(parseTime("2026-11-21T02:26:44.1234567+01:00"), parseTime("2026-11-21T01:26:44.123456Z"));
  assert.equal(parseTime("2026-11-20T20:56:44-04:30"), parseTime("2026-11-21T01:26:44Z"));
});

test("what is no time is refused", () => {
  for (const text of [
    "",
    "now",
    "2026-11-21",
    "2026-11-21T01:26:44",
    "2026-02-30T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-01-01T24:00:00Z",
    "2026-01-01T00:61:00Z",
    "2026-01-01T00:00:61Z",
    "2026-01-01T00:00:00+25:00",
  ]) {
    assert.equal(parseTime(text), undefined, text);
  }
});

test("a leap second is the second after it", () => {
  assert.equal(parseTime("2016-12-31T23:59:60Z"), parseTime("2017-01-01T00:00:00Z"));
});
