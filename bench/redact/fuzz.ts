/**
 * Fuzzes redaction with texts put together from the pieces that its readers look for. Each text
 * depends on a seed and its number, so that a fault is found again and a run can be gone on with.
 */
import { readRow } from "../../src/model/batch.ts";
import type { EventRecord } from "../../src/model/event.ts";
import { readNdjson } from "../../src/receive/ndjson.ts";
import { deriveKeyring } from "../../src/redact/keyring.ts";
import { markBytesMax } from "../../src/redact/mark.ts";
import { redactBatch, redactEvent } from "../../src/redact/redact.ts";
import { compileRules } from "../../src/redact/rules.ts";
import { seededRandom } from "../corpus.ts";
import { pick, type Random } from "./material.ts";

const keys = [
  "password",
  "token",
  "Api Key",
  "api_key",
  "card number",
  "phone",
  "ssn",
  "pin",
  "session_id",
  "authorization",
  "key",
  "name",
  "value",
  "private_key",
  "x",
  "password policy ",
  "@password",
  "--password ",
];
const glue = [
  "=",
  ":",
  "=>",
  "==",
  "=~",
  " ",
  '"',
  "'",
  "`",
  "\\",
  '\\"',
  "{",
  "}",
  "[",
  "]",
  "(",
  ")",
  ",",
  "\n",
  "\\n",
  "\t",
  ";",
  "&",
  "?",
  "<",
  ">",
  "|",
  "-",
  "_",
  ".",
  "://",
  "@",
  "%3D",
  "%22",
  "\\u0070",
  "\\u0022",
  "#<User ",
  ">\n  ",
  "|\n  ",
  "0",
  "9",
];
const values = [
  "hunter2",
  "4111111111111111",
  "4111 1111 1111 1111",
  "bob@example.com",
  "+14155552671",
  "DE89370400440532013000",
  "postgres://u:p@h/x",
  "é",
  "\u2028",
  "123-45-6789",
  "Bearer ",
  "Basic dTpw",
  "eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.abc",
  "-----BEGIN RSA PRIVATE KEY-----",
  "-----END RSA PRIVATE KEY-----",
  "AKIAIOSFODNN7EXAMPLE",
  "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
  "true",
  "nil",
  "123",
  "a b",
  "insert into t (a,password) values ('x','y')",
  "[REDACTED:password:326eb4f6]",
  "[REDACTED:",
  "[card:1111]",
  "Cookie: ",
  "cGFzc3dvcmQ9aHVudGVyMg==",
  "70617373776f72643d78",
];

const rules = compileRules({ keyring: deriveKeyring(Buffer.from("fuzz")) });
const nowMs = Date.UTC(2026, 10, 21, 2);

export function fuzzText(random: Random, pieces: number): string {
  const lists = [keys, glue, glue, values] as const;
  return Array.from({ length: 1 + Math.floor(random() * pieces) }, () =>
    pick(random, pick(random, lists)),
  ).join("");
}

function fuzzEvent(random: Random): Record<string, unknown> {
  const text = fuzzText(random, 14) || "x";
  const place = random();
  const event = {
    id: "0192f0a1-b2c3-7d4e-8f90-a1b2c3d4e5f6",
    time: "2026-11-21T01:26:44.000123Z",
    kind: "log",
  };
  if (place < 0.4) return { ...event, message: text };
  if (place < 0.5) return { ...event, run_id: text.slice(0, 60) };
  const other = pick(random, [
    1,
    4111111111111111,
    "v",
    null,
    [["token", text], 2],
    { name: pick(random, keys), value: text },
  ]);
  return { ...event, attributes: { [pick(random, keys)]: text, [pick(random, keys)]: other } };
}

/** One text through both ways; answers what does not hold, or nothing. */
export function fuzzOnce(random: Random): string | undefined {
  const line = JSON.stringify(fuzzEvent(random));
  const { batch } = readNdjson(Buffer.from(`${line}\n`), nowMs);
  if (batch.count === 0) return undefined;
  const before = readRow(batch, 0);
  const { event } = redactEvent(before, rules);
  const after = JSON.stringify(event);
  if (JSON.stringify(redactEvent(event, rules).event) !== after) return `not idempotent: ${line}`;
  if (after.length > boundOf(line.length)) return `grew from ${line.length} to ${after.length}: ${line}`;
  rules.keyBlocks.clear();
  // Rows pass by way of the sweep, records do not: a row wrongly called clean differs here.
  const row: EventRecord = readRow(redactBatch(batch, rules).batch, 0);
  if (JSON.stringify(row) !== after) return `row and record differ: ${line}`;
  return undefined;
}

/** The shortest assignment of a value takes six bytes, and a mark at most `markBytesMax`. */
function boundOf(length: number): number {
  return length + Math.ceil(length / 6) * markBytesMax + 256;
}

export type FuzzLimits = { readonly milliseconds?: number; readonly texts?: number };

export type Fuzzed = {
  readonly texts: number;
  /** The number after the last text: to go on from there. */
  readonly next: number;
  /** Processor time: the machine may have others to serve. */
  readonly slowestMs: number;
  /** What does not hold, with the number of its text. */
  readonly faults: readonly string[];
};

/** Texts of that seed, each of its number alone, until the time is over or there were so many. */
export function fuzz(
  { milliseconds = Number.POSITIVE_INFINITY, texts = Number.POSITIVE_INFINITY }: FuzzLimits,
  seed: number,
  from = 0,
): Fuzzed {
  const untilMs = performance.now() + milliseconds;
  const faults: string[] = [];
  let slowestMs = 0;
  let number = from;
  for (; number - from < texts && performance.now() < untilMs && faults.length < 20; number++) {
    const before = process.cpuUsage();
    const fault = tryOne(seededRandom((seed * 1_000_003 + number) % 2 ** 31));
    if (fault !== undefined) faults.push(`text ${number} of seed ${seed}: ${fault}`);
    const { user, system } = process.cpuUsage(before);
    slowestMs = Math.max(slowestMs, (user + system) / 1000);
  }
  return { texts: number - from, next: number, slowestMs, faults };
}

function tryOne(random: Random): string | undefined {
  try {
    return fuzzOnce(random);
  } catch (error) {
    return `threw ${(error as Error).stack}`;
  }
}
