/**
 * Rows become one block of ClickHouse's `Native` format, which the engine inserts for a third of
 * the processor time of any text format: columns one after the other, each with name and type.
 * https://clickhouse.com/docs/interfaces/formats/Native
 *
 * Columns: every field in the order of `model/fields.ts`, then `attributes`, `segment` and
 * `segment_index`. An absent string is empty, an absent number is NULL.
 */
import type { EventRows, SafeBatch } from "../model/batch.ts";
import { fieldNames, fields } from "../model/fields.ts";
import { readNumber } from "../model/number-bytes.ts";
import { nativeColumns } from "./events/nativeColumns.ts";

/** Where the ledger holds each row of a batch. */
export type Places = {
  readonly segments: Float64Array;
  readonly segmentPlaces: Uint32Array;
};

/** The buffer that blocks are written into; it grows to the largest block and is used again. */
export type BlockBuffer = { bytes: Uint8Array; view: DataView; used: number };

const fieldCount = fieldNames.length;
const encoder = new TextEncoder();

/** Name and type of each column as the block carries them: two strings with their lengths. */
const columnHeads: readonly Uint8Array[] = nativeColumns.map(({ name, type }) =>
  Uint8Array.from([name.length, ...encoder.encode(name), type.length, ...encoder.encode(type)]),
);
const columnHeadBytesMax = 64;

/** A buffer that grew beyond this for one large batch is given back with the next small one. */
const keptBytesMax = 8 * 1024 * 1024;

export function createBlockBuffer(): BlockBuffer {
  const bytes = new Uint8Array(1024 * 1024);
  return { bytes, view: new DataView(bytes.buffer), used: 0 };
}

function reset(block: BlockBuffer): void {
  Object.assign(block, createBlockBuffer());
}

/** One block with all rows. The bytes lie in `block` and are valid until it is used again. */
export function encodeNative(
  batch: SafeBatch,
  places: Places,
  block: BlockBuffer = createBlockBuffer(),
): Uint8Array {
  block.used = 0;
  if (block.bytes.length > keptBytesMax && batch.bytes.length < keptBytesMax / 2) reset(block);
  reserve(block, 20);
  block.used = writeLength(block.bytes, 0, nativeColumns.length);
  block.used = writeLength(block.bytes, block.used, batch.count);
  for (let field = 0; field < fieldCount; field++) {
    writeHead(block, field);
    switch (fields[fieldNames[field] as keyof typeof fields].form) {
      case "id":
        writeIds(block, batch, field);
        break;
      case "time":
        writeTimes(block, fieldNames[field] === "time" ? batch.timeMicros : batch.receivedMicros);
        break;
      case "symbol":
      case "string":
        writeStrings(block, batch, field);
        break;
      case "integer":
        writeIntegers(block, batch, field);
        break;
      case "number":
        writeNumbers(block, batch, field);
        break;
    }
  }
  writeHead(block, fieldCount);
  writeAttributes(block, batch);
  writeHead(block, fieldCount + 1);
  writeWholes(block, places.segments);
  writeHead(block, fieldCount + 2);
  writeIndexes(block, places.segmentPlaces);
  return block.bytes.subarray(0, block.used);
}

function reserve(block: BlockBuffer, more: number): void {
  const needed = block.used + more;
  if (needed <= block.bytes.length) return;
  const bytes = new Uint8Array(Math.max(needed, block.bytes.length * 2));
  bytes.set(block.bytes.subarray(0, block.used));
  block.bytes = bytes;
  block.view = new DataView(bytes.buffer);
}

function writeHead(block: BlockBuffer, column: number): void {
  reserve(block, columnHeadBytesMax);
  const head = columnHeads[column] as Uint8Array;
  block.bytes.set(head, block.used);
  block.used += head.length;
}

/** Seven bits a byte, lowest first (LEB128); returns the position behind. */
function writeLength(bytes: Uint8Array, position: number, length: number): number {
  let to = position;
  let rest = length;
  while (rest >= 0x80) {
    bytes[to++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[to++] = rest;
  return to;
}

/** Below this a loop over the bytes is faster than a call that makes a view. */
const loopBytesMax = 64;

function copyBytes(
  target: Uint8Array,
  position: number,
  source: Uint8Array,
  start: number,
  end: number,
): number {
  if (end - start > loopBytesMax) {
    target.set(source.subarray(start, end), position);
    return position + end - start;
  }
  let to = position;
  for (let from = start; from < end; from++) target[to++] = source[from] as number;
  return to;
}

function writeStrings(block: BlockBuffer, batch: EventRows, field: number): void {
  const { count, starts, ends, bytes } = batch;
  let total = 0;
  for (let slot = field; slot < count * fieldCount; slot += fieldCount) {
    if ((starts[slot] as number) >= 0) total += (ends[slot] as number) - (starts[slot] as number);
  }
  reserve(block, total + count * 5);
  const target = block.bytes;
  let to = block.used;
  if (total === 0) {
    target.fill(0, to, to + count);
    block.used = to + count;
    return;
  }
  for (let slot = field; slot < count * fieldCount; slot += fieldCount) {
    const start = starts[slot] as number;
    if (start < 0) {
      target[to++] = 0;
      continue;
    }
    const end = ends[slot] as number;
    to = writeLength(target, to, end - start);
    to = copyBytes(target, to, bytes, start, end);
  }
  block.used = to;
}

/** Value of a hexadecimal digit of either case. */
function digit(byte: number): number {
  return byte < 0x3a ? byte - 0x30 : (byte & 0x0f) + 9;
}

/** Where in the text each byte of a UUID begins, in the engine's order: two halves, each reversed. */
const idBytePlaces = Uint8Array.from([16, 14, 11, 9, 6, 4, 2, 0, 34, 32, 30, 28, 26, 24, 21, 19]);

function writeIds(block: BlockBuffer, batch: EventRows, field: number): void {
  const { count, starts, bytes } = batch;
  reserve(block, count * 16);
  const target = block.bytes;
  let to = block.used;
  for (let slot = field; slot < count * fieldCount; slot += fieldCount) {
    const start = starts[slot] as number;
    for (let place = 0; place < 16; place++) {
      const at = start + (idBytePlaces[place] as number);
      target[to++] = (digit(bytes[at] as number) << 4) | digit(bytes[at + 1] as number);
    }
  }
  block.used = to;
}

/** A signed 64-bit number as two halves; a double holds it exactly up to 2^53. */
function writeWhole(view: DataView, position: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  view.setUint32(position, value - high * 0x1_0000_0000, true);
  view.setInt32(position + 4, high, true);
}

function writeTimes(block: BlockBuffer, micros: Float64Array): void {
  writeWholes(block, micros);
}

function writeWholes(block: BlockBuffer, values: Float64Array): void {
  reserve(block, values.length * 8);
  const { view } = block;
  let to = block.used;
  for (let row = 0; row < values.length; row++) {
    writeWhole(view, to, values[row] as number);
    to += 8;
  }
  block.used = to;
}

function writeIndexes(block: BlockBuffer, values: Uint32Array): void {
  reserve(block, values.length * 4);
  const { view } = block;
  let to = block.used;
  for (let row = 0; row < values.length; row++) {
    view.setUint32(to, values[row] as number, true);
    to += 4;
  }
  block.used = to;
}

/** A byte for each row that says whether it is NULL; returns how many are not. */
function writeNulls(block: BlockBuffer, batch: EventRows, field: number): number {
  const { count, starts } = batch;
  const target = block.bytes;
  let to = block.used;
  let given = 0;
  for (let slot = field; slot < count * fieldCount; slot += fieldCount) {
    const isNull = (starts[slot] as number) < 0 ? 1 : 0;
    target[to++] = isNull;
    given += 1 - isNull;
  }
  block.used = to;
  return given;
}

function writeIntegers(block: BlockBuffer, batch: EventRows, field: number): void {
  const { count, starts, ends, bytes } = batch;
  reserve(block, count * 9);
  const given = writeNulls(block, batch, field);
  block.bytes.fill(0, block.used, block.used + count * 8);
  if (given > 0) {
    const { view } = block;
    let to = block.used;
    for (let slot = field; slot < count * fieldCount; slot += fieldCount) {
      const start = starts[slot] as number;
      if (start >= 0) writeWhole(view, to, integerAt(bytes, start, ends[slot] as number));
      to += 8;
    }
  }
  block.used += count * 8;
}

/** Receipt let only an optional minus sign and digits pass, in the range of a double's integers. */
function integerAt(bytes: Uint8Array, start: number, end: number): number {
  const isNegative = bytes[start] === 0x2d;
  let value = 0;
  for (let at = isNegative ? start + 1 : start; at < end; at++)
    value = value * 10 + ((bytes[at] as number) - 0x30);
  return isNegative ? -value : value;
}

function writeNumbers(block: BlockBuffer, batch: EventRows, field: number): void {
  const { count, starts, ends, bytes } = batch;
  reserve(block, count * 9);
  const given = writeNulls(block, batch, field);
  block.bytes.fill(0, block.used, block.used + count * 8);
  if (given > 0) {
    const { view } = block;
    let to = block.used;
    for (let slot = field; slot < count * fieldCount; slot += fieldCount) {
      const start = starts[slot] as number;
      if (start >= 0) view.setFloat64(to, readNumber(bytes, start, ends[slot] as number, false), true);
      to += 8;
    }
  }
  block.used += count * 8;
}

/** A map: for each row where its pairs end, then all keys, then all values. */
function writeAttributes(block: BlockBuffer, batch: EventRows): void {
  const { count, attributeFirst, attributes, bytes } = batch;
  const pairs = attributeFirst[count] as number;
  let total = 0;
  for (let at = 0; at < pairs * 4; at += 2)
    total += (attributes[at + 1] as number) - (attributes[at] as number);
  reserve(block, count * 8 + total + pairs * 10);
  let to = block.used;
  for (let row = 1; row <= count; row++) {
    writeWhole(block.view, to, attributeFirst[row] as number);
    to += 8;
  }
  const target = block.bytes;
  for (let half = 0; half < 4; half += 2) {
    for (let at = half; at < pairs * 4; at += 4) {
      const start = attributes[at] as number;
      const end = attributes[at + 1] as number;
      to = writeLength(target, to, end - start);
      to = copyBytes(target, to, bytes, start, end);
    }
  }
  block.used = to;
}
