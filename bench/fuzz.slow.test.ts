import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { test } from "node:test";
import { fuzzFor } from "./redact/fuzz.ts";

test("random texts neither break redaction nor its promises, for a quarter of a minute", () => {
  const { texts, faults } = fuzzFor(15_000, randomInt(2 ** 20));
  assert.deepEqual(faults, []);
  assert.ok(texts > 1000, `only ${texts} texts`);
});
