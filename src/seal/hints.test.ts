import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { changedBetween, hintsOf } from "./hints.ts";

function leaves(count: number): { readonly bytes: Uint8Array; readonly digests: readonly number[] } {
  const bytes = new Uint8Array(count * 32);
  for (let index = 0; index < count; index++)
    bytes.set(createHash("sha256").update(`leaf ${index}`).digest(), index * 32);
  return { bytes, digests: Array.from({ length: count }, (_, index) => index * 32) };
}

test("changed leaves are found by number, as many as the hints are for, and no others", () => {
  for (const count of [1, 2, 3, 40, 333, 4096]) {
    const { bytes, digests } = leaves(count);
    const sealed = hintsOf(bytes, digests, count);
    assert.ok(sealed.length <= 32);
    assert.deepEqual(changedBetween(sealed, sealed, count), []);
    for (let changes = 1; changes <= Math.min(count, sealed.length / 4); changes++) {
      const places = Array.from({ length: changes }, (_, at) => Math.floor((at * count) / changes));
      const touched = bytes.slice();
      for (const place of places)
        touched.set(createHash("sha256").update(`other ${place}`).digest(), place * 32);
      assert.deepEqual(changedBetween(sealed, hintsOf(touched, digests, count), count), places);
    }
  }
});

test("more changes than can be told, and hints of another form, name nobody", () => {
  const { bytes, digests } = leaves(400);
  const sealed = hintsOf(bytes, digests, 400);
  const touched = bytes.slice();
  for (let place = 0; place < 400; place += 3) touched[place * 32 + 31] = (touched[place * 32 + 31] ?? 0) ^ 1;
  assert.equal(changedBetween(sealed, hintsOf(touched, digests, 400), 400), undefined);
  assert.equal(changedBetween(new Uint8Array(200), sealed, 400), undefined);
});
