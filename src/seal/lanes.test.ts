import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { Lanes } from "./lanes.ts";
import { roundConstants } from "./lanes-module.ts";

test("the round constants are those of FIPS 180-4", () => {
  const constants = roundConstants();
  assert.equal(constants.length, 64);
  assert.deepEqual(
    [constants[0], constants[1], constants[31], constants[63]],
    [0x428a2f98, 0x71374491, 0x14292967, 0xc67178f2],
  );
});

test("messages of every length from 0 to 600 bytes hash as OpenSSL hashes them", () => {
  const lanes = new Lanes();
  const expected: string[] = [];
  const places: number[] = [];
  for (let length = 0; length <= 600; length++) {
    const message = Buffer.alloc(length, length * 7 + 1);
    expected.push(createHash("sha256").update(message).digest("hex"));
    lanes.reserve(length + 200);
    const start = lanes.end;
    lanes.bytes.set(message, start);
    const end = lanes.pad(start, length);
    lanes.queue(start, end, end);
    places.push(end);
    lanes.end = end + 32;
  }
  lanes.run();
  const found = places.map((place) => Buffer.from(lanes.bytes.subarray(place, place + 32)).toString("hex"));
  assert.deepEqual(found, expected);
  assert.equal(found.length, 601);
});

test("a message far longer than a block, alone in its group, hashes as OpenSSL hashes it", () => {
  const lanes = new Lanes();
  const message = Buffer.alloc(300_001, 0xa5);
  lanes.reserve(message.length + 200);
  const start = lanes.end;
  lanes.bytes.set(message, start);
  const end = lanes.pad(start, message.length);
  lanes.reserve(end - start + 32);
  lanes.queue(start, end, end);
  lanes.run();
  assert.equal(
    Buffer.from(lanes.bytes.subarray(end, end + 32)).toString("hex"),
    createHash("sha256").update(message).digest("hex"),
  );
});
