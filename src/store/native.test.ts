/** Blocks are read back by the real engine, column by column. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { query } from "chdb";
import { readRow, type SafeBatch } from "../model/batch.ts";
import { fieldNames, fields } from "../model/fields.ts";
import { readNdjson } from "../receive/ndjson.ts";
import { nativeColumns } from "./events/nativeColumns.ts";
import { encodeNative } from "./native.ts";

const nowMs = Date.parse("2026-11-21T02:00:00.000Z");
const least = {
  id: "0193c2e5-7a1b-7c3d-9e4f-5a6b7c8d9e0f",
  time: "2026-11-21T01:26:44.000123Z",
  kind: "log",
};

/** Every field with a value that is not like its neighbours'. */
const full: Record<string, unknown> = {
  ...Object.fromEntries(
    fieldNames.map((name, index) => [name, "min" in fields[name] ? index * 3 : `${name}-${index}-ü`]),
  ),
  ...least,
  id: "ffeeddcc-bbaa-7988-8766-554433221100",
  stream: "logs",
  severity: "warn",
  received_time: undefined,
  priority: -2_147_483_648,
  exit_code: -9,
  max_rss_bytes: Number.MAX_SAFE_INTEGER,
  duration_ms: 0.1,
  wait_ms: 12_345.678_901_234_5,
  message: `long ${"x".repeat(300)} and ${"é".repeat(100)}`,
  error_stack: 'a\nb\t"c"\\ \u0000 end',
  attributes: { text: 'a"b\\c', number: 1.5, list: [1, { deep: null }], "key ü\n": true },
};

let directory: string;
before(() => {
  directory = mkdtempSync(join(tmpdir(), "midwatch-native-"));
});
after(() => rmSync(directory, { recursive: true }));

function readBack(events: readonly unknown[]): { rows: Record<string, unknown>[]; batch: SafeBatch } {
  const { batch, refusals } = readNdjson(
    Buffer.from(events.map((event) => JSON.stringify(event)).join("\n")),
    nowMs,
  );
  assert.deepEqual(refusals, []);
  const safe = batch as unknown as SafeBatch;
  const places = {
    segments: Float64Array.from(events, (_, index) => index + 2 ** 40),
    segmentPlaces: Uint32Array.from(events, (_, index) => 4_000_000_000 + index),
  };
  const path = join(directory, "block.native");
  writeFileSync(path, encodeNative(safe, places));
  const answer = query(
    `SELECT * FROM file('${path}', 'Native') SETTINGS output_format_json_quote_64bit_integers = 0`,
    "JSONEachRow",
  );
  const rows = answer
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { rows, batch: safe };
}

test("the engine reads back every field of an event, full or bare", () => {
  const { rows, batch } = readBack([full, least, full]);

  assert.equal(rows.length, 3);
  for (const [index, row] of rows.entries()) {
    assert.deepEqual(
      Object.keys(row),
      nativeColumns.map(({ name }) => name),
    );
    assert.equal(row["segment"], index + 2 ** 40);
    assert.equal(row["segment_index"], 4_000_000_000 + index);
    const record = readRow(batch, index) as Record<string, unknown>;
    for (const name of fieldNames) {
      const { form } = fields[name];
      const isNumber = form === "integer" || form === "number";
      const expected = record[name] ?? (isNumber ? null : "");
      const stored = form === "time" ? `${String(row[name]).replace(" ", "T")}Z` : row[name];
      assert.equal(stored, expected, name);
    }
  }
});

test("attributes are a map of raw JSON texts", () => {
  const { rows } = readBack([least, full]);

  assert.deepEqual(rows[0]?.["attributes"], {});
  assert.deepEqual(rows[1]?.["attributes"], {
    text: '"a\\"b\\\\c"',
    number: "1.5",
    list: '[1,{"deep":null}]',
    "key ü\n": "true",
  });
});

test("the engine finds an event by the id that was sent", () => {
  readBack([full, least]);
  const path = join(directory, "block.native");

  const answer = query(
    `SELECT count() FROM file('${path}', 'Native') WHERE id = toUUID('${least.id}')`,
    "TSV",
  );

  assert.equal(answer.trim(), "1");
});
