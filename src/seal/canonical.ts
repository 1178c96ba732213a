/**
 * The exact bytes of an event that the ledger seals: a header, which may stay public when the
 * content is erased, and the content itself. `contract/ledger/README.md` describes them; golden
 * vectors beside it hold every implementation to them. A published field number never changes.
 */
import { type EventRows, fieldIndex } from "../model/batch.ts";
import { type EventRecord, type Json, type Stream, severities, streams } from "../model/event.ts";
import { type FieldName, fieldNames, fields } from "../model/fields.ts";
import { readNumber } from "../model/number-bytes.ts";
import { formatTime } from "../model/time.ts";

export const canonicalVersion = 1;

/** Fields of the content by their number, in rising order. The others stand in the header. */
export const contentFields = [
  [1, "service"],
  [2, "environment"],
  [3, "host"],
  [4, "release"],
  [5, "runtime"],
  [6, "job"],
  [7, "run_id"],
  [8, "attempt"],
  [9, "parent_run_id"],
  [10, "trace_id"],
  [11, "queue"],
  [12, "priority"],
  [13, "worker"],
  [14, "actor"],
  [15, "outcome"],
  [16, "duration_ms"],
  [17, "wait_ms"],
  [18, "cpu_ms"],
  [19, "max_rss_bytes"],
  [20, "exit_code"],
  [21, "signal"],
  [22, "error_class"],
  [23, "error_message"],
  [24, "error_stack"],
  [25, "fingerprint"],
  [26, "message"],
  [27, "source"],
  [28, "source_seq"],
] as const satisfies readonly (readonly [number, FieldName])[];

const attributesNumber = 127;

/** Longest header: version, id, two times, stream, severity, length of kind, kind of 64 bytes. */
export const headerBytesMax = 1 + 16 + 8 + 8 + 1 + 1 + 1 + 64;

/**
 * Rows to seal or to verify. From receipt, numbers are JSON text in spans; from the store they are
 * given in `numbers`, a column of each field that has any, and ids may be 16 bytes as they are.
 */
export type SealableRows = EventRows & { readonly numbers?: readonly (Float64Array | undefined)[] };

const fieldCount = fieldNames.length;
const idField = fieldIndex.id;
const streamField = fieldIndex.stream;
const kindField = fieldIndex.kind;
const severityField = fieldIndex.severity;
const contentCount = contentFields.length;
const contentNumbers = Uint8Array.from(contentFields, ([number]) => number);
const contentPlaces = Uint8Array.from(contentFields, ([, name]) => fieldIndex[name]);
/** 0 for a string, 1 for an integer, 2 for a number. */
const contentForms = Uint8Array.from(contentFields, ([, name]) => {
  const { form } = fields[name];
  return form === "integer" ? 1 : form === "number" ? 2 : 0;
});

/** Below this a loop over the bytes is faster than a call that makes a view. */
const loopBytesMax = 64;

const encoder = new TextEncoder();
const streamNames = streams.map((name) => encoder.encode(name));
const severityNames = severities.map((name) => encoder.encode(name));
/** Stands for a value outside of its closed list, which nobody seals: a proof that it was changed. */
const unknown = 255;

/** Which of `names` stands from `start` to `end`, or `unknown`. */
function numberOf(names: readonly Uint8Array[], bytes: Uint8Array, start: number, end: number): number {
  for (let number = 0; number < names.length; number++) {
    const name = names[number] as Uint8Array;
    if (name[0] !== bytes[start] || name.length !== end - start) continue;
    let at = 1;
    while (at < name.length && name[at] === bytes[start + at]) at++;
    if (at === name.length) return number;
  }
  return unknown;
}

/** Which of `streams` the row belongs to. */
export function streamNumber(rows: EventRows, row: number): number {
  const place = row * fieldCount + streamField;
  return numberOf(streamNames, rows.bytes, rows.starts[place] as number, rows.ends[place] as number);
}

/** Up to this a row's bounds are taken for its length; a number may grow from 1 byte to 9. */
const roughBytesMax = 4096;
const growthMax = headerBytesMax + 16 + 9 * contentFields.length + 5;

/** An upper bound of what header and content of the row need. */
export function canonicalBytesMax(rows: EventRows, row: number): number {
  const rough = (rows.rowEnds[row] as number) - (rows.rowStarts[row] as number);
  if (rough > 0 && rough <= roughBytesMax) return rough + growthMax;
  const base = row * fieldCount;
  let total = headerBytesMax + 16;
  for (let field = 0; field < fieldCount; field++) {
    const start = rows.starts[base + field] as number;
    if (start >= 0) total += (rows.ends[base + field] as number) - start + 14;
  }
  const first = rows.attributeFirst[row] as number;
  const next = rows.attributeFirst[row + 1] as number;
  for (let at = first * 4; at < next * 4; at += 2) {
    total += (rows.attributes[at + 1] as number) - (rows.attributes[at] as number) + 5;
  }
  return total;
}

function writeLength(target: Uint8Array, at: number, length: number): number {
  let to = at;
  let rest = length;
  while (rest > 0x7f) {
    target[to++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[to++] = rest;
  return to;
}

function copy(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number {
  if (end - start > loopBytesMax) {
    target.set(source.subarray(start, end), at);
    return at + end - start;
  }
  let to = at;
  for (let from = start; from < end; from++) target[to++] = source[from] as number;
  return to;
}

function writeString(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number {
  return copy(source, start, end, target, writeLength(target, at, end - start));
}

/** Microseconds as 8 bytes, highest first. */
function writeMicros(target: Uint8Array, at: number, micros: number): number {
  const high = Math.floor(micros / 0x1_0000_0000);
  const low = micros - high * 0x1_0000_0000;
  target[at] = high >>> 24;
  target[at + 1] = high >>> 16;
  target[at + 2] = high >>> 8;
  target[at + 3] = high;
  target[at + 4] = low >>> 24;
  target[at + 5] = low >>> 16;
  target[at + 6] = low >>> 8;
  target[at + 7] = low;
  return at + 8;
}

const double = new Float64Array(1);
const doubleBytes = new Uint8Array(double.buffer);

/** IEEE 754 binary64, highest byte first. */
function writeDouble(target: Uint8Array, at: number, value: number): number {
  double[0] = value;
  for (let byte = 0; byte < 8; byte++) target[at + byte] = doubleBytes[7 - byte] as number;
  return at + 8;
}

/** Of each byte of a UUID's text, which was checked when it came. */
const digits = Uint8Array.from({ length: 256 }, (_, byte) => (byte < 0x3a ? byte - 0x30 : (byte & 0x0f) + 9));
/** Where each byte of a UUID stands in its text. */
const idPlaces = Uint8Array.from([0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34]);

function writeId(rows: EventRows, row: number, target: Uint8Array, at: number): number {
  const { bytes } = rows;
  const start = rows.starts[row * fieldCount + idField] as number;
  if (rows.ends[row * fieldCount + idField] === start + 16) return copy(bytes, start, start + 16, target, at);
  for (let place = 0; place < 16; place++) {
    const from = start + (idPlaces[place] as number);
    target[at + place] =
      ((digits[bytes[from] as number] as number) << 4) | (digits[bytes[from + 1] as number] as number);
  }
  return at + 16;
}

/** 0 for none, else 1 to 6. */
function severityNumber(rows: EventRows, row: number): number {
  const place = row * fieldCount + severityField;
  const start = rows.starts[place] as number;
  const end = rows.ends[place] as number;
  if (start < 0 || end === start) return 0;
  const number = numberOf(severityNames, rows.bytes, start, end);
  return number === unknown ? unknown : number + 1;
}

/** Writes the header at `at` and returns its end; `headerBytesMax` bytes must be free. */
export function writeHeader(rows: SealableRows, row: number, target: Uint8Array, at: number): number {
  target[at] = canonicalVersion;
  let to = writeId(rows, row, target, at + 1);
  to = writeMicros(target, to, rows.timeMicros[row] as number);
  to = writeMicros(target, to, rows.receivedMicros[row] as number);
  target[to++] = streamNumber(rows, row);
  target[to++] = severityNumber(rows, row);
  const place = row * fieldCount + kindField;
  return writeString(rows.bytes, rows.starts[place] as number, rows.ends[place] as number, target, to);
}

/** Writes the content at `at` and returns its end; `canonicalBytesMax` bytes must be free. */
export function writeContent(rows: SealableRows, row: number, target: Uint8Array, at: number): number {
  const { bytes, starts, ends, numbers } = rows;
  const base = row * fieldCount;
  let to = at;
  target[to++] = canonicalVersion;
  for (let index = 0; index < contentCount; index++) {
    const place = base + (contentPlaces[index] as number);
    const start = starts[place] as number;
    if (start < 0) continue;
    const end = ends[place] as number;
    const form = contentForms[index] as number;
    if (form > 0) {
      const value = numbers
        ? ((numbers[place - base] as Float64Array)[row] as number)
        : readNumber(bytes, start, end, false);
      target[to++] = contentNumbers[index] as number;
      // The store has no minus zero among its integers.
      to = writeDouble(target, to, form === 1 ? value + 0 : value);
    } else if (end > start) {
      target[to++] = contentNumbers[index] as number;
      to = writeString(bytes, start, end, target, to);
    }
  }
  const first = rows.attributeFirst[row] as number;
  const next = rows.attributeFirst[row + 1] as number;
  if (next === first) return to;
  target[to++] = attributesNumber;
  to = writeLength(target, to, next - first);
  for (let slot = first * 4; slot < next * 4; slot += 2) {
    to = writeString(bytes, rows.attributes[slot] as number, rows.attributes[slot + 1] as number, target, to);
  }
  return to;
}

/** Header and content as they were sealed. */
export type CanonicalEvent = { readonly header: Uint8Array; readonly content: Uint8Array };

export function canonicalEvent(rows: SealableRows, row: number): CanonicalEvent {
  const bytes = new Uint8Array(canonicalBytesMax(rows, row));
  const middle = writeHeader(rows, row, bytes, 0);
  const end = writeContent(rows, row, bytes, middle);
  return { header: bytes.slice(0, middle), content: bytes.slice(middle, end) };
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Reads one after the other, and throws a `RangeError` where bytes are missing or left over. */
function reader(bytes: Uint8Array): {
  take(length: number): Uint8Array;
  length(): number;
  text(): string;
  ended(): boolean;
} {
  let at = 0;
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw new RangeError("the canonical bytes end too early");
    at += length;
    return bytes.subarray(at - length, at);
  };
  const length = (): number => {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = take(1)[0] as number;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError("a length is too large");
  };
  return { take, length, text: () => decoder.decode(take(length())), ended: () => at === bytes.length };
}

export type EventHeader = {
  readonly id: string;
  readonly timeMicros: number;
  readonly receivedMicros: number;
  readonly stream: Stream;
  readonly severity: (typeof severities)[number] | undefined;
  readonly kind: string;
};

export function readHeader(header: Uint8Array): EventHeader {
  const from = reader(header);
  if (from.take(1)[0] !== canonicalVersion) throw new RangeError("unknown version of canonical bytes");
  const hex = Buffer.from(from.take(16)).toString("hex");
  const micros = (): number => Number(Buffer.from(from.take(8)).readBigUInt64BE());
  const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  const timeMicros = micros();
  const receivedMicros = micros();
  const stream = streams[from.take(1)[0] as number];
  const severity = from.take(1)[0] as number;
  const kind = from.text();
  if (stream === undefined || severity > severities.length || !from.ended()) {
    throw new RangeError("the header is malformed");
  }
  return { id, timeMicros, receivedMicros, stream, severity: severities[severity - 1], kind };
}

const contentByNumber = new Map<number, FieldName>(contentFields.map(([number, name]) => [number, name]));

/** The event as a person reads it. Throws a `RangeError` on bytes that no sealer writes. */
export function readCanonical({ header, content }: CanonicalEvent): EventRecord {
  const { id, timeMicros, receivedMicros, stream, severity, kind } = readHeader(header);
  const record: Record<string, Json> = {
    id,
    time: formatTime(timeMicros),
    received_time: formatTime(receivedMicros),
    stream,
    kind,
    ...(severity !== undefined && { severity }),
  };
  const from = reader(content);
  if (from.take(1)[0] !== canonicalVersion) throw new RangeError("unknown version of canonical bytes");
  let last = 0;
  while (!from.ended()) {
    const number = from.take(1)[0] as number;
    if (number <= last) throw new RangeError("fields are out of order");
    last = number;
    const name = contentByNumber.get(number);
    if (number === attributesNumber) {
      const pairs = Array.from({ length: from.length() }, (): [string, Json] => [
        from.text(),
        JSON.parse(from.text()) as Json,
      ]);
      record["attributes"] = Object.fromEntries(pairs);
    } else if (name === undefined) {
      throw new RangeError(`unknown field ${number}`);
    } else {
      const isNumber = ["integer", "number"].includes(fields[name].form);
      record[name] = isNumber ? Buffer.from(from.take(8)).readDoubleBE() : from.text();
    }
  }
  return record as EventRecord;
}
