import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { test } from "node:test";
import { fuzz } from "./redact/fuzz.ts";

/** So many whatever the machine: a slow one takes longer. */
const count = 4000;

test(`${count} random texts neither break redaction nor its promises`, () => {
  const { texts, faults } = fuzz({ texts: count }, randomInt(2 ** 20));
  assert.deepEqual(faults, []);
  assert.equal(texts, count);
});
