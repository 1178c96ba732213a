/** The scanner against `JSON.parse` on random events and mutated lines, and against garbage. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { readRow } from "../model/batch.ts";
import { type EventRecord, type Json, kinds, severities, streamOf } from "../model/event.ts";
import { Fault } from "../model/fault.ts";
import { type Field, type FieldName, fieldNames, fields } from "../model/fields.ts";
import { limits } from "../model/limits.ts";
import { formatTime, parseTime } from "../model/time.ts";
import { decompress } from "./decompress.ts";
import { readInstant } from "./instant.ts";
import { readNdjson } from "./ndjson.ts";
import { readOrdinaryLine } from "./ordinary.ts";
import { createWorkspace, fillWorkspace, prefixLength, reserveRow } from "./rows.ts";
import { rewriteLine } from "./unusual.ts";

const nowMs = Date.parse("2026-11-21T02:00:00.000Z");
const earliestMicros = (nowMs - limits.pastMsMax) * 1000;
const latestMicros = (nowMs + limits.futureMsMax) * 1000;
const good =
  '{"id":"0193c2e5-7a1b-7c3d-9e4f-5a6b7c8d9e0f","time":"2026-11-21T01:26:44.000123Z","kind":"log"}';
/** Another one finds other lines; a failure names the round. */
const seed = 20_261_121;

/** Numbers in [0, 1) that depend on the seed alone (xorshift). */
function randomNumbers(from: number): () => number {
  let state = from | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4_294_967_296;
  };
}

type Random = () => number;

function whole(random: Random, below: number): number {
  return Math.floor(random() * below);
}

function pick<T>(random: Random, values: readonly T[]): T {
  return values[whole(random, values.length)] as T;
}

const characters = [
  "a",
  "Z",
  "0",
  " ",
  "_",
  '"',
  "\\",
  "/",
  "\n",
  "\u0000",
  "\u001b",
  "ü",
  "東",
  "🌒",
  "\u2028",
  "\u007f",
];

function randomText(random: Random, lengthMax: number): string {
  return Array.from({ length: 1 + whole(random, lengthMax) }, () => pick(random, characters)).join("");
}

function randomJson(random: Random, depth: number): Json {
  const part = whole(random, depth > 0 ? 8 : 6);
  if (part === 0) return null;
  if (part === 1) return random() < 0.5;
  if (part === 2) return whole(random, 1e6) - 5e5;
  if (part === 3) return random() * 10 ** (whole(random, 40) - 20);
  if (part < 6) return random() < 0.1 ? "" : randomText(random, 12);
  if (part === 6) return Array.from({ length: whole(random, 4) }, () => randomJson(random, depth - 1));
  return randomObject(random, depth - 1);
}

function randomObject(random: Random, depth: number): { [key: string]: Json } {
  return Object.fromEntries(
    Array.from({ length: whole(random, 5) }, (): [string, Json] => [
      pick(random, ["__proto__", "a", "b", "password", randomText(random, 6), "toString"]),
      randomJson(random, depth),
    ]),
  );
}

function hex(random: Random, digits: number): string {
  return Array.from({ length: digits }, () => whole(random, 16).toString(16)).join("");
}

function randomValue(random: Random, name: FieldName): Json {
  const { form, max, min = 0 }: Field = fields[name];
  if (name === "severity") return pick(random, severities);
  if (form === "integer") return pick(random, [min, max, whole(random, 1000), min + whole(random, 1e9)]);
  if (form === "number") return pick(random, [0, max, whole(random, 1000), random() * 1e4, random() * 1e-7]);
  return randomText(random, Math.min(max / 4, 30));
}

/** An event in the form that the server gives it, with its fields in any order. */
function randomEvent(random: Random): EventRecord {
  const kind = pick(random, Object.keys(kinds) as (keyof typeof kinds)[]);
  const entries: [string, Json][] = [
    ["id", `${hex(random, 8)}-${hex(random, 4)}-7${hex(random, 3)}-9${hex(random, 3)}-${hex(random, 12)}`],
    ["time", formatTime(nowMs * 1000 - whole(random, 3e14))],
    ["kind", kind],
    ["stream", streamOf(kind)],
  ];
  for (const name of fieldNames) {
    if (name !== "received_time" && !entries.some(([key]) => key === name) && random() < 0.3) {
      entries.push([name, randomValue(random, name)]);
    }
  }
  const attributes = randomObject(random, 3);
  if (Object.keys(attributes).length > 0) entries.push(["attributes", attributes]);
  for (let index = entries.length - 1; index > 0; index--) {
    const other = whole(random, index + 1);
    [entries[index], entries[other]] = [entries[other] as [string, Json], entries[index] as [string, Json]];
  }
  return Object.fromEntries(entries) as EventRecord;
}

const space = createWorkspace();

/** The only row of a body, without the time of receipt. */
function rowOf(body: string | Uint8Array): unknown {
  const { batch, refusals } = readNdjson(Buffer.from(body), nowMs, space);
  assert.deepEqual(refusals, []);
  assert.equal(batch.count, 1);
  const { received_time: _, ...record } = readRow(batch, 0);
  return record;
}

function isOrdinary(line: string): boolean {
  fillWorkspace(space, Buffer.from(line), nowMs * 1000);
  reserveRow(space);
  return readOrdinaryLine(space, prefixLength, false) >= 0;
}

test("random events read the same by JSON.parse, by the scanner and by the way of unusual lines", () => {
  const random = randomNumbers(seed);
  let ordinary = 0;
  for (let round = 0; round < 3000; round++) {
    const event = randomEvent(random);
    const line = JSON.stringify(event);
    const about = `seed ${seed}, round ${round}: ${line}`;
    ordinary += isOrdinary(line) ? 1 : 0;
    assert.deepEqual(rowOf(line), event, about);
    const bytes = Buffer.from(`${line}\n`);
    const rewritten = rewriteLine({ bytes, earliestMicros, latestMicros, isOwn: false }, 0, bytes.length - 1);
    assert.ok("line" in rewritten, about);
    assert.deepEqual(rowOf(rewritten.line), event, about);
  }
  assert.ok(ordinary > 1500, `only ${ordinary} of 3000 were ordinary`);
});

test("unusual forms of the same event give the same row", () => {
  const random = randomNumbers(seed + 1);
  for (let round = 0; round < 500; round++) {
    const event = randomEvent(random);
    const spaced = JSON.stringify(event, undefined, 1).replaceAll("\n", "\t");
    const escaped = JSON.stringify(event).replaceAll(
      /[\u007f-\uffff]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0").toUpperCase()}`,
    );
    assert.deepEqual(rowOf(spaced), event, spaced);
    assert.deepEqual(rowOf(escaped), event, escaped);
  }
});

test("a mutated line is refused as JSON.parse refuses it, or read as JSON.parse reads it", () => {
  const random = randomNumbers(seed + 2);
  const lines = ["golden", "tolerated"].flatMap((name) =>
    readFileSync(new URL(`../../contract/events/${name}.ndjson`, import.meta.url), "utf8")
      .trimEnd()
      .split("\n"),
  );
  let kept = 0;
  let broken = 0;
  for (let round = 0; round < 20_000; round++) {
    const line = mutated(random, Buffer.from(pick(random, lines)));
    if (line.includes(0x0a)) continue;
    const text = line.toString("utf8");
    const { batch, refused, refusals } = readNdjson(line, nowMs, space);
    const about = `seed ${seed}, round ${round}: ${text}`;
    assert.ok(!refusals.some(({ reason }) => reason.includes("could not be brought")), about);
    let parsed: Record<string, Json>;
    try {
      parsed = JSON.parse(text) as Record<string, Json>;
    } catch {
      broken++;
      assert.equal(batch.count, 0, about);
      continue;
    }
    assert.equal(batch.count + refused, 1, about);
    if (batch.count === 0) continue;
    kept++;
    assertAgrees(readRow(batch, 0), parsed, about);
  }
  assert.ok(kept > 1000 && broken > 1000, `${kept} kept, ${broken} broken`);
});

const scraps = [
  '"',
  "\\",
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "0",
  "-",
  ".",
  "e",
  "\\u0041",
  "null",
  "\u0000",
  "\r",
  " ",
  "é",
];

function mutated(random: Random, line: Buffer): Buffer {
  let bytes = line;
  for (let change = 1 + whole(random, 2); change > 0; change--) {
    const at = whole(random, bytes.length);
    const end = random() < 0.5 ? at : at + 1 + whole(random, 3);
    const part = random();
    let scrap: Buffer;
    if (part < 0.6) scrap = Buffer.from(pick(random, scraps));
    else if (part < 0.8) scrap = Buffer.from([whole(random, 256)]);
    else scrap = bytes.subarray(whole(random, bytes.length)).subarray(0, whole(random, 40));
    bytes = Buffer.concat([bytes.subarray(0, at), scrap, bytes.subarray(end)]);
  }
  return bytes;
}

/** Every value of the record is what `JSON.parse` read under the same name. */
function assertAgrees(record: EventRecord, parsed: Record<string, Json>, about: string): void {
  const { attributes = {}, received_time: _, stream, ...known } = record;
  assert.equal(stream, parsed["stream"] || streamOf(record.kind), about);
  for (const [name, value] of Object.entries(known)) {
    const sent = parsed[name];
    if (name === "time") assert.equal(parseTime(value as string), parseTime(sent as string), about);
    else if (name === "id") assert.equal(value, (sent as string).toLowerCase(), about);
    else assert.equal(value, typeof sent === "string" ? sent.toWellFormed() : (sent as number) + 0, about);
  }
  const sentAttributes = new Map<string, Json>(Object.entries(parsed["attributes"] ?? {}));
  for (const [key, value] of Object.entries(parsed)) {
    if (key !== "attributes" && !Object.hasOwn(fields, key)) sentAttributes.set(key, value);
  }
  const formed = [...sentAttributes].map(([key, value]) => [key.toWellFormed(), wellFormed(value)]);
  assert.deepEqual(wellFormed(attributes), Object.fromEntries(formed), about);
}

/** As it is after a way through text: without lone surrogates, and with one zero. */
function wellFormed(value: Json): Json {
  return JSON.parse(JSON.stringify(value).replaceAll(/\\ud[89a-f][0-9a-f]{2}/g, "\ufffd")) as Json;
}

test("times are read as the model reads them", () => {
  const random = randomNumbers(seed + 3);
  let read = 0;
  for (let round = 0; round < 20_000; round++) {
    const two = (below: number): string => String(whole(random, below)).padStart(2, "0");
    const zone = pick(random, [
      "Z",
      "z",
      "+00:00",
      `-${two(25)}:${two(62)}`,
      `+${two(14)}${two(60)}`,
      "",
      "+1",
      "Z ",
    ]);
    const fraction = pick(random, [
      "",
      ".",
      `.${whole(random, 10)}`,
      `.${String(random()).slice(2, 2 + whole(random, 12))}`,
    ]);
    const year = pick(random, ["1970", "2024", "2026", "2100", "0099", "9999", "20x6"]);
    const text = `${year}-${two(14)}-${two(33)}${pick(random, ["T", "t", " ", "_"])}${two(25)}:${two(61)}:${two(62)}${fraction}${zone}`;
    const bytes = Buffer.from(`${text}"`);
    const expected = parseTime(text);
    const micros = readInstant(bytes, 0, bytes.length - 1);
    // Years before 100 are another century to Date; no event can be that old.
    if (year !== "0099") assert.equal(Number.isNaN(micros) ? undefined : micros, expected, text);
    if (expected !== undefined) read++;
  }
  assert.ok(read > 1000, `only ${read} were times`);
});

test("binary garbage between good lines costs only itself", () => {
  const random = randomNumbers(seed + 4);
  const garbage = Buffer.from(
    Array.from({ length: 5000 }, () => whole(random, 256)).filter((byte) => byte !== 0x0a),
  );
  const body = Buffer.concat([Buffer.from(`${good}\n`), garbage, Buffer.from(`\n${good}\n`)]);

  const { batch, refusals } = readNdjson(body, nowMs);

  assert.equal(batch.count, 2);
  assert.deepEqual(refusals, [{ line: 2, reason: "the line is not valid UTF-8, expected JSON in UTF-8" }]);
});

test("a line with invalid UTF-8 is refused, and the other lines are read as ever", () => {
  const bad = Buffer.from(good.replace("}", ',"message":"caf\u00e9"}'), "latin1");
  const { batch, refusals } = readNdjson(
    Buffer.concat([bad, Buffer.from(`\n${good.replace("}", ',"message":"café"}')}\n`)]),
    nowMs,
  );

  assert.equal(batch.count, 1);
  assert.equal(readRow(batch, 0).message, "café");
  assert.equal(refusals[0]?.line, 1);
});

test("a byte order mark, CRLF and blank lines are tolerated, and lines keep their number", () => {
  const { batch, refused, refusals } = readNdjson(
    Buffer.from(`\ufeff${good}\r\n\r\n  \t\n\n${good}\r\nhello\r\n\r\n${good}`),
    nowMs,
  );

  assert.equal(batch.count, 3);
  assert.equal(refused, 1);
  assert.equal(refusals[0]?.line, 6);
});

test("an empty body is a batch without events", () => {
  for (const body of ["", "\n", "\r\n\r\n", "\ufeff"]) {
    const { batch, refused } = readNdjson(Buffer.from(body), nowMs);
    assert.equal(batch.count, 0);
    assert.equal(refused, 0);
  }
});

test("a line of 60 MB is refused without being copied, and its neighbours are kept", () => {
  const body = Buffer.alloc(60 * 1024 * 1024, "x");
  const edge = Buffer.from(`\n${good}\n`);
  edge.copy(body, body.length - edge.length);
  body.write(`${good}\n{"id":"`);

  const { batch, refusals } = readNdjson(body, nowMs);

  assert.equal(batch.count, 2);
  assert.match(
    refusals[0]?.reason ?? "",
    /^the line has \d+ bytes, expected at most 262144 \(lineBytesMax\)$/,
  );
});

test("ten thousand levels of JSON are refused without recursion", () => {
  for (const open of ["[", '{"a":']) {
    const line = `${good.slice(0, -1)},"attributes":{"a":${open.repeat(10_000)}`;
    const { refusals } = readNdjson(Buffer.from(line), nowMs);
    assert.match(refusals[0]?.reason ?? "", /nests too deep, expected at most 16 levels/);
  }
});

test("more keys in attributes than the limit are refused, as many are kept", () => {
  const line = (count: number): string =>
    `${good.slice(0, -1)},"attributes":{${Array.from({ length: count }, (_, index) => `"k${index}":${index}`).join(",")}}}`;

  const { batch, refusals } = readNdjson(Buffer.from(`${line(512)}\n${line(513)}`), nowMs);

  assert.equal(Object.keys(readRow(batch, 0).attributes ?? {}).length, 512);
  assert.deepEqual(refusals, [
    { line: 2, reason: "`attributes` has 513 keys, expected at most 512 (attributesKeysMax)" },
  ]);
});

test("escapes do not count towards the length of a text", () => {
  for (const name of ["error_stack", "message", "runtime"] as const) {
    const longest = "\n".repeat(fields[name].max);
    const lines = [longest, `${longest}\n`].map((text) =>
      JSON.stringify({ ...JSON.parse(good), [name]: text }),
    );
    const { batch, refusals } = readNdjson(Buffer.from(lines.join("\n")), nowMs);
    assert.equal(batch.count, 1, name);
    assert.equal(readRow(batch, 0)[name], longest);
    assert.match(refusals[0]?.reason ?? "", /^`\w+` has \d+ bytes, expected at most \d+$/);
  }
});

test("a batch of more lines than the limit is refused whole", () => {
  const body = Buffer.from("x\n".repeat(limits.batchEventsMax + 1));

  assert.throws(() => readNdjson(body, nowMs), { code: "BATCH_TOO_LARGE" });
});

test("only the first refusals are listed, and all are counted", () => {
  const { refused, refusals } = readNdjson(Buffer.from("x\n".repeat(1000)), nowMs);

  assert.equal(refused, 1000);
  assert.equal(refusals.length, limits.refusalsListedMax);
});

test("a reason never repeats what a free-text field held", () => {
  const shown = new Set<FieldName>(["id", "time", "kind", "stream", "severity", "received_time"]);
  const lines = fieldNames.flatMap((name) =>
    shown.has(name)
      ? []
      : [
          `${good.slice(0, -1)},"${name}":["canary-4711"]}`,
          `${good.slice(0, -1)},"${name}":"canary-4711${"x".repeat(70_000)}"}`,
          `${good.slice(0, -1)},"${name}":"canary-4711}`,
        ],
  );

  const { refused, refusals } = readNdjson(Buffer.from(lines.join("\n")), nowMs);

  assert.equal(refused, lines.length);
  assert.ok(refusals.every(({ reason }) => !reason.includes("canary")));
});

test("bodies decompress, and what does not is answered", () => {
  const plain = Buffer.from(`${good}\n`.repeat(1000));

  assert.deepEqual(Buffer.from(decompress(gzipSync(plain), "gzip")), plain);
  assert.deepEqual(Buffer.from(decompress(zstdCompressSync(plain), "zstd")), plain);
  assert.throws(() => decompress(plain, "gzip"), { code: "BAD_REQUEST" });
  assert.throws(() => decompress(plain, "zstd"), { code: "BAD_REQUEST" });
  assert.throws(() => decompress(gzipSync(plain).subarray(0, 50), "gzip"), { code: "BAD_REQUEST" });
  assert.throws(() => decompress(zstdCompressSync(plain).subarray(0, 50), "zstd"), { code: "BAD_REQUEST" });
});

test("frames of zstd one after the other are one body, within a limit", () => {
  const frame = zstdCompressSync(Buffer.from(`${good}\n`));

  assert.equal(decompress(Buffer.concat([frame, frame, frame]), "zstd").length, 3 * (good.length + 1));
  assert.throws(() => decompress(Buffer.concat(Array.from({ length: 1001 }, () => frame)), "zstd"), {
    code: "BAD_REQUEST",
  });
});

test("a bomb of a gigabyte stops at the cap with memory to match", () => {
  const zeros = Buffer.alloc(1024 * 1024);
  for (const [encoding, compress] of [
    ["gzip", gzipSync],
    ["zstd", zstdCompressSync],
  ] as const) {
    const member = compress(zeros);
    const bomb = Buffer.concat(Array.from({ length: 1024 }, () => member));
    const before = process.memoryUsage().rss;
    assert.throws(
      () => decompress(bomb, encoding),
      (error) => error instanceof Fault && error.code === "BATCH_TOO_LARGE",
      encoding,
    );
    const grown = process.memoryUsage().rss - before;
    assert.ok(grown < 4 * limits.bodyPlainBytesMax, `${encoding} grew by ${grown} bytes`);
  }
});
