import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { EventRecord } from "../model/event.ts";
import { fieldNames } from "../model/fields.ts";
import { readNdjson } from "../receive/ndjson.ts";
import { canonicalEvent, contentFields, readCanonical } from "./canonical.ts";
import { formatEntry, parseEntry } from "./entries.ts";
import { leafHash } from "./merkle.ts";
import { createSigner, formatVerifier, openCheckpoint } from "./note.ts";
import { saltOf } from "./salts.ts";
import { SegmentHasher } from "./segment.ts";

type Vectors = {
  readonly receivedMs: number;
  readonly secretKey: string;
  readonly key: string;
  readonly checkpoint: string;
  readonly segments: readonly {
    readonly seed: string;
    readonly root: string;
    readonly hints: string;
    readonly entry: string;
    readonly entryLeaf: string;
    readonly events: readonly {
      readonly line: string;
      readonly header: string;
      readonly content: string;
      readonly salt: string;
      readonly commitment: string;
      readonly leaf: string;
      readonly event: EventRecord;
    }[];
  }[];
};

const file = join(import.meta.dirname, "../../contract/ledger/vectors.json");
const vectors = JSON.parse(readFileSync(file, "utf8")) as Vectors;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

test("lines as they were sent become the golden bytes, salts, commitments, leaves and roots", () => {
  let checks = 0;
  for (const segment of vectors.segments) {
    const lines = segment.events.map(({ line }) => line).join("\n");
    const { batch } = readNdjson(Buffer.from(lines), vectors.receivedMs);
    const seed = unhex(segment.seed);
    const hasher = new SegmentHasher();
    const count = segment.events.length;
    assert.equal(batch.count, count);
    for (let row = 0; row < count; row++) hasher.add(batch, row);
    const { root } = hasher.finish({ seed });
    const hints = hasher.hints();
    assert.equal(hex(root), segment.root);
    assert.equal(hex(hints), segment.hints);
    for (const [index, expected] of segment.events.entries()) {
      const event = canonicalEvent(batch, index);
      assert.equal(hex(event.header), expected.header);
      assert.equal(hex(event.content), expected.content);
      assert.equal(hex(saltOf({ seed }, index, count) ?? new Uint8Array(0)), expected.salt);
      assert.equal(hex(hasher.commitment(index)), expected.commitment);
      assert.equal(hex(hasher.leaf(index)), expected.leaf);
      assert.deepEqual(readCanonical(event), expected.event);
      checks++;
    }
    for (const { header, content } of segment.events) {
      hasher.addCanonical({ header: unhex(header), content: unhex(content) });
    }
    assert.equal(hex(hasher.finish({ seed }).root), segment.root);
  }
  assert.equal(checks, 17);
});

test("entries and the checkpoint over them are the golden ones", () => {
  for (const { entry, entryLeaf } of vectors.segments) {
    const bytes = new TextEncoder().encode(entry);
    const parsed = parseEntry(bytes);
    assert.ok(parsed);
    assert.deepEqual(formatEntry(parsed), bytes);
    assert.equal(hex(leafHash(bytes)), entryLeaf);
  }
  const signer = createSigner("example.com/midwatch", unhex(vectors.secretKey));
  assert.equal(formatVerifier(signer), vectors.key);
  assert.equal(openCheckpoint(vectors.checkpoint, signer)?.size, vectors.segments.length);
});

test("every field of an event has its number, and no number is used twice", () => {
  const inHeader = ["id", "time", "received_time", "stream", "kind", "severity"];
  const names = [...inHeader, ...contentFields.map(([, name]) => name)];
  assert.deepEqual(names.toSorted(), [...fieldNames].toSorted());
  const numbers = contentFields.map(([number]) => number);
  assert.deepEqual(
    numbers,
    [...new Set(numbers)].toSorted((a, b) => a - b),
  );
});
