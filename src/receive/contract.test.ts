/** Replays `contract/events/`: golden and tolerated lines with their records, refused ones with reasons. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { readRow } from "../model/batch.ts";
import { isKind, kinds } from "../model/event.ts";
import { fieldNames } from "../model/fields.ts";
import { formatTime } from "../model/time.ts";
import { readNdjson } from "./ndjson.ts";

/** When the server of the contract's examples receives. */
const nowMs = Date.parse("2026-11-21T02:00:00.000Z");

type Part = string | { readonly repeat: string; readonly times: number };
type RefusedLine = {
  readonly about: string;
  readonly line: string | readonly Part[];
  readonly reason: string;
};

function contractFile(name: string): string {
  return readFileSync(new URL(`../../contract/events/${name}`, import.meta.url), "utf8");
}

function records(lines: string): unknown[] {
  return lines
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
}

function replay(name: "golden" | "tolerated"): number {
  const { batch, refusals } = readNdjson(Buffer.from(contractFile(`${name}.ndjson`)), nowMs);
  assert.deepEqual(refusals, []);
  const expected = records(contractFile(`${name}-records.ndjson`));
  assert.equal(batch.count, expected.length);
  for (const [row, record] of expected.entries()) {
    const { received_time: received, ...read } = readRow(batch, row);
    assert.deepEqual(read, record);
    assert.equal(received, formatTime(nowMs * 1000));
  }
  return batch.count;
}

test("every golden line becomes its record", () => {
  assert.ok(replay("golden") >= 24);
});

test("every tolerated line becomes its record", () => {
  assert.ok(replay("tolerated") >= 12);
});

test("the golden lines hold every kind and every field a sender may give", () => {
  const golden = records(contractFile("golden.ndjson")) as Record<string, unknown>[];

  assert.deepEqual(new Set(golden.map((event) => event["kind"])), new Set(Object.keys(kinds)));
  assert.ok(golden.every((event) => isKind(String(event["kind"]))));
  const given = new Set(golden.flatMap((event) => Object.keys(event)));
  given.delete("attributes");
  assert.deepEqual(given, new Set(fieldNames.filter((name) => name !== "received_time")));
});

test("every refused line is refused with its reason, and its neighbours are kept", () => {
  const golden = contractFile("golden.ndjson").split("\n")[0] as string;
  const cases = JSON.parse(contractFile("refused.json")) as RefusedLine[];
  assert.ok(cases.length >= 50);
  for (const { about, line, reason } of cases) {
    const text =
      typeof line === "string"
        ? line
        : line.map((part) => (typeof part === "string" ? part : part.repeat.repeat(part.times))).join("");
    const { batch, refused, refusals } = readNdjson(Buffer.from(`${golden}\n${text}\n${golden}`), nowMs);
    assert.equal(batch.count, 2, about);
    assert.equal(refused, 1, about);
    assert.deepEqual(refusals, [{ line: 2, reason }], about);
  }
});
