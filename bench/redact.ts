/**
 * What redaction costs an event, by the kind of its line, beside `JSON.parse` of the same lines in
 * the same minute: machines differ and drift, the ratio less so.
 */
import { formatTime } from "../src/model/time.ts";
import { readNdjson } from "../src/receive/ndjson.ts";
import { createKeyring } from "../src/redact/keyring.ts";
import { redactBatch } from "../src/redact/redact.ts";
import { type CompiledRules, compileRules } from "../src/redact/rules.ts";
import { corpusBatches, seededRandom } from "./corpus.ts";
import type { BenchOptions, BenchResult } from "./run.ts";

export const about = "µs an event to redact, by line type, beside JSON.parse of the same lines";

const nowMs = Date.UTC(2026, 10, 21, 2);
const linesOfKind = 20_000;

/** Bodies of NDJSON by what their lines are like. */
function bodies(random: () => number): { readonly [name: string]: Buffer } {
  const clean = (index: number): string =>
    `Performed ReportJob (Job ID: ${uuid(random)}) from DelayedJob(default) in ${index}.23ms`;
  return {
    clean: bodyOf(random, (index) => ({ message: clean(index), attributes: { rows: index } })),
    number: bodyOf(random, (index) => ({
      message: `order ${4e15 + index} took ${index} ms`,
      attributes: { total: index },
    })),
    key: bodyOf(random, (index) => ({ message: clean(index), attributes: { password: `hunter${index}` } })),
    message: bodyOf(random, (index) => ({
      message: `login password=hunter${index} for user${index}@example.com`,
    })),
    nested: bodyOf(random, (index) => ({
      message: clean(index),
      attributes: { body: JSON.stringify({ token: uuid(random), items: [index, index + 1] }) },
    })),
  };
}

function uuid(random: () => number): string {
  const hex = Array.from({ length: 4 }, () =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, "0"),
  ).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

function bodyOf(random: () => number, fields: (index: number) => object): Buffer {
  const lines = Array.from({ length: linesOfKind }, (_, index) =>
    JSON.stringify({
      id: uuid(random),
      time: formatTime(nowMs * 1000 - index * 1000),
      kind: "log",
      service: "shop",
      environment: "production",
      host: "app-1",
      severity: "info",
      trace_id: uuid(random),
      ...fields(index),
    }),
  );
  return Buffer.from(`${lines.join("\n")}\n`);
}

export async function run({ quick }: BenchOptions): Promise<BenchResult> {
  const rules = compileRules({ keyring: createKeyring((count) => new Uint8Array(count).fill(1)) });
  const corpus = Buffer.concat(
    corpusBatches({
      seed: 1,
      events: linesOfKind,
      batchEvents: 5000,
      fromMs: nowMs - 60_000,
      stepMicros: 1000,
    }),
  );
  const figures: Record<string, number> = {};
  const lines: string[] = ["| line | bytes | µs an event | µs JSON.parse | ratio |", "|---|---|---|---|---|"];
  for (const [name, body] of Object.entries({ ...bodies(seededRandom(7)), corpus })) {
    const { redactUs, parseUs, count } = measure(body, rules, quick ? 15 : 40);
    figures[`us_per_${name}_event`] = round(redactUs);
    figures[`${name}_to_json_parse_ratio`] = round(redactUs / parseUs);
    lines.push(
      `| ${name} | ${Math.round(body.length / count)} | ${round(redactUs)} | ${round(parseUs)} | ${round(redactUs / parseUs)} |`,
    );
  }
  return { figures, lines };
}

/** The best of some rounds, which take turns so that both meet the same neighbours. */
function measure(
  body: Buffer,
  rules: CompiledRules,
  rounds: number,
): { readonly redactUs: number; readonly parseUs: number; readonly count: number } {
  const { batch, refused } = readNdjson(body, nowMs);
  if (refused > 0 || batch.count === 0) throw new Error(`${refused} lines were refused`);
  const texts = body.toString("utf8").trimEnd().split("\n");
  let redactMs = Number.POSITIVE_INFINITY;
  let parseMs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    let startMs = performance.now();
    redactBatch(batch, rules);
    redactMs = Math.min(redactMs, performance.now() - startMs);
    startMs = performance.now();
    for (const text of texts) JSON.parse(text);
    parseMs = Math.min(parseMs, performance.now() - startMs);
  }
  const count = batch.count;
  return { redactUs: (redactMs * 1000) / count, parseUs: (parseMs * 1000) / count, count };
}

function round(number: number): number {
  return Math.round(number * 100) / 100;
}
