import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventRows } from "../model/batch.ts";
import { readNdjson } from "../receive/ndjson.ts";
import { canonicalEvent, readCanonical } from "./canonical.ts";
import { type Hash, leafHash, nodeHash, rangeRoot, sha256 } from "./merkle.ts";
import { punctureSalts, saltOf } from "./salts.ts";
import { SegmentHasher } from "./segment.ts";

const nowMs = Date.UTC(2026, 10, 21, 1, 44);
const seed = new Uint8Array(Buffer.alloc(32, 7));

function rowsOf(count: number): EventRows {
  const lines = Array.from({ length: count }, (_, index) =>
    JSON.stringify({
      id: `0199a1b2-0000-7000-8000-${String(index).padStart(12, "0")}`,
      time: "2026-11-21T01:43:00.000123Z",
      stream: "logs",
      kind: "log",
      severity: index % 3 === 0 ? "warn" : undefined,
      service: "billing",
      message: `line ${index} ${"ø".repeat(index % 90)}`,
      duration_ms: index / 8,
      attempt: index,
      attributes: { path: `/a/${index}`, nested: { deep: [1, 2, null] } },
    }),
  );
  const { batch, refusals } = readNdjson(Buffer.from(lines.join("\n")), nowMs);
  assert.deepEqual(refusals, []);
  assert.equal(batch.count, count);
  return batch;
}

/** The formulas of contract/ledger/README.md, written plainly. */
function plainLeaves(rows: EventRows, count: number): readonly Hash[] {
  return Array.from({ length: count }, (_, index) => {
    const { header, content } = canonicalEvent(rows, index);
    const salt = saltOf({ seed }, index, count) as Uint8Array;
    return leafHash(Buffer.concat([header, sha256(Uint8Array.of(2), salt, content)]));
  });
}

function plainRoot(leaves: readonly Hash[]): Hash {
  const subtree = (level: number, first: number): Hash =>
    level === 0
      ? (leaves[first] as Hash)
      : nodeHash(subtree(level - 1, first), subtree(level - 1, first + 2 ** (level - 1)));
  return rangeRoot(0, leaves.length, subtree);
}

test("a segment of any size hashes as the plain formulas say", () => {
  const rows = rowsOf(300);
  const hasher = new SegmentHasher();
  for (const count of [1, 2, 3, 4, 5, 7, 8, 9, 31, 100, 257, 300]) {
    for (let row = 0; row < count; row++) hasher.add(rows, row);
    const { root } = hasher.finish({ seed });
    const hints = hasher.hints();
    const leaves = plainLeaves(rows, count);
    assert.deepEqual(root, plainRoot(leaves), `${count} events`);
    assert.deepEqual(hasher.leaf(count - 1), leaves[count - 1]);
    const sum = leaves.reduce(
      (total, leaf) => total + ((((leaf[30] ?? 0) & 0x7f) << 8) | (leaf[31] ?? 0)),
      0,
    );
    assert.equal(((hints[0] ?? 0) << 8) | (hints[1] ?? 0), sum % 32_749);
    assert.ok(hints.length <= 32);
  }
});

test("the canonical bytes give the event back", () => {
  const rows = rowsOf(40);
  const record = readCanonical(canonicalEvent(rows, 33));
  assert.deepEqual(record, {
    id: "0199a1b2-0000-7000-8000-000000000033",
    time: "2026-11-21T01:43:00.000123Z",
    received_time: "2026-11-21T01:44:00.000000Z",
    stream: "logs",
    kind: "log",
    severity: "warn",
    service: "billing",
    message: `line 33 ${"ø".repeat(33)}`,
    duration_ms: 4.125,
    attempt: 33,
    attributes: { path: "/a/33", nested: { deep: [1, 2, null] } },
  });
});

test("a segment keeps its root when one event is erased, and then another", () => {
  const rows = rowsOf(100);
  const hasher = new SegmentHasher();
  for (let row = 0; row < 100; row++) hasher.add(rows, row);
  const { root } = hasher.finish({ seed });
  const commitments = [17, 64].map((index) => hasher.commitment(index));

  let salts = punctureSalts({ seed }, 17, 100);
  assert.equal("nodes" in salts && salts.nodes.length, 7);
  salts = punctureSalts(salts, 64, 100);
  for (let index = 0; index < 100; index++) {
    const expected = index === 17 || index === 64 ? undefined : saltOf({ seed }, index, 100);
    assert.deepEqual(saltOf(salts, index, 100), expected);
  }

  for (let row = 0; row < 100; row++) {
    const erased = [17, 64].indexOf(row);
    if (erased < 0) hasher.add(rows, row);
    else {
      const { header } = canonicalEvent(rows, row);
      hasher.addTombstone({ header, commitment: commitments[erased] as Uint8Array });
    }
  }
  assert.deepEqual(hasher.finish(salts).root, root);
});
