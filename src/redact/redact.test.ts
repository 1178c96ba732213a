import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readRow } from "../model/batch.ts";
import type { EventRecord, Json } from "../model/event.ts";
import { readNdjson } from "../receive/ndjson.ts";
import { createKeyring } from "./keyring.ts";
import { redactBatch, redactEvent } from "./redact.ts";
import { compileRules } from "./rules.ts";

const keyring = createKeyring((count) => new Uint8Array(count).fill(7));
const rules = compileRules({ keyring });
const nowMs = Date.parse("2026-11-21T02:00:00Z");

function line(fields: Record<string, Json>): string {
  return JSON.stringify({
    id: "0192f0a1-b2c3-7d4e-8f90-a1b2c3d4e5f6",
    time: "2026-11-21T01:26:44.000123Z",
    stream: "logs",
    kind: "log",
    ...fields,
  });
}

function redactLines(lines: readonly string[]): {
  readonly records: readonly EventRecord[];
  readonly counts: readonly { rule: string; count: number }[];
} {
  const { batch, refusals } = readNdjson(Buffer.from(`${lines.join("\n")}\n`), nowMs);
  assert.deepEqual(refusals, []);
  const result = redactBatch(batch, rules);
  return {
    records: Array.from({ length: result.batch.count }, (_, row) => readRow(result.batch, row)),
    counts: result.counts,
  };
}

describe("redactBatch", () => {
  test("hides values by key in fields, attributes, nested JSON and JSON in a string", () => {
    const { records, counts } = redactLines([
      line({
        message: "login password=hunter2 user=bob",
        attributes: {
          apiKey: "hunter2",
          deep: [{ user_password: "hunter2" }],
          body: '{"token":"hunter2"}',
          port: 80,
        },
      }),
    ]);

    assert.equal(JSON.stringify(records).includes("hunter2"), false);
    assert.equal(records[0]?.attributes?.["port"], 80);
    assert.match(records[0]?.message ?? "", /^login password=\[REDACTED:password:[0-9a-f]{8}\] user=bob$/);
    assert.equal(
      counts.reduce((sum, { count }) => sum + count, 0),
      4,
    );
  });

  test("leaves a clean row where it lies", () => {
    const { batch } = readNdjson(Buffer.from(`${line({ message: "12 rows in 5 ms" })}\n`), nowMs);
    const result = redactBatch(batch, rules);
    assert.equal(result.batch.bytes, batch.bytes);
    assert.deepEqual(result.counts, []);
  });

  test("keeps large numbers and key order of attributes as they were sent", () => {
    const text = line({ attributes: { b: 1, password: "x", a: 2 } }).replace(
      '"a":2',
      '"a":12345678901234567890',
    );
    const { batch } = readNdjson(Buffer.from(`${text}\n`), nowMs);
    const bytes = Buffer.from(redactBatch(batch, rules).batch.bytes).toString("utf8");
    assert.match(bytes.slice(text.length), /12345678901234567890/);
  });

  test("does the same to a record as to a row", () => {
    const text = line({
      message: "card 4111 1111 1111 1111 of bob@example.com é",
      attributes: { "naïve password": "ü", list: [["token", "abc"]], note: "tel +1 415 555 2671" },
    });
    const { records } = redactLines([text]);
    const { event } = redactEvent(JSON.parse(text) as EventRecord, rules);
    const { received_time: _, ...record } = records[0] as EventRecord;
    assert.deepEqual(record, event);
    assert.equal(JSON.stringify(event).includes("4111 1111"), false);
  });

  test("lets nothing through when a rule fails, and counts it", () => {
    const rules = compileRules({ keyring });
    const broken = {
      ...rules,
      textFor: () => ({
        ...rules.textFor("", ""),
        custom: () => {
          throw new Error("a rule is wrong");
        },
      }),
    };
    const record = JSON.parse(line({ message: "password=hunter2" })) as EventRecord;
    const { event: safe, counts } = redactEvent(record, broken);
    assert.match(safe.message ?? "", /^\[REDACTED:overrun:[0-9a-f]{8}\]$/);
    assert.ok(counts.some(({ rule }) => rule === "failed"));
  });

  test("knows a token of GitHub by its checksum, and hides one with a wrong one all the same", () => {
    const rules = compileRules();
    // Put together here, so that nobody takes it for one that was given out.
    const token = (end: string): string => ["ghp", `zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ${end}`].join("_");
    for (const [end, rule] of [
      ["0mLq17", "github_token:verified"],
      ["0mLq18", "github_token"],
    ] as const) {
      const { event: safe, counts } = redactEvent(
        JSON.parse(line({ message: token(end) })) as EventRecord,
        rules,
      );
      assert.equal(safe.message, "[REDACTED:vendor_token]");
      assert.deepEqual(
        counts.map((count) => count.rule),
        [rule],
      );
    }
  });
});
