/**
 * Reads the engine's `Native` blocks column by column into spans over the answer itself, so that the
 * sealer's own encoding hashes them. https://clickhouse.com/docs/interfaces/formats/Native
 */
import { fieldIndex } from "../model/batch.ts";
import { type FieldForm, type FieldName, fieldNames, fields } from "../model/fields.ts";
import type { SealableRows } from "../seal/canonical.ts";

const fieldCount = fieldNames.length;

/** Plain types, so that nothing but the values decides the bytes. Texts that recur come once a block. */
const plainType: { readonly [F in FieldForm]?: string } = {
  symbol: "LowCardinality(String)",
  integer: "Nullable(Int64)",
  number: "Nullable(Float64)",
};

function columnOf(name: FieldName): string {
  const type = plainType[fields[name].form];
  return type === undefined ? `${name} AS c_${name}` : `CAST(${name}, '${type}') AS c_${name}`;
}

/** What must be asked for, in the order in which `readNativeBlocks` takes it. */
export const segmentColumns = [
  ...fieldNames.map(columnOf),
  "CAST(attributes, 'Map(String, String)') AS c_attributes",
  "CAST(segment, 'UInt64') AS c_segment",
  "CAST(segment_index, 'UInt32') AS c_segment_index",
].join(",\n    ");

export type SegmentBlock = {
  readonly rows: SealableRows;
  readonly segments: Float64Array;
  readonly places: Uint32Array;
};

type Reader = { readonly bytes: Uint8Array; readonly view: DataView; at: number };

/** Blocks of an answer or of a file in the spool. Changes the bytes: ids are put in order in place. */
export function readNativeBlocks(bytes: Uint8Array): readonly SegmentBlock[] {
  const blocks: SegmentBlock[] = [];
  const from = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), at: 0 };
  while (from.at < bytes.length) blocks.push(readBlock(from));
  return blocks;
}

/** A length as LEB128. */
function readLength(from: Reader): number {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = from.bytes[from.at++];
    if (byte === undefined) throw new RangeError("the engine's answer ends too early");
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
}

/** Whole numbers beyond 2^53 come out rounded to something else than any that was ever stored. */
const wholeAt = (view: DataView, at: number): number =>
  view.getUint32(at, true) + view.getInt32(at + 4, true) * 0x1_0000_0000;

type Columns = SealableRows & { readonly numbers: (Float64Array | undefined)[] };

function readBlock(from: Reader): SegmentBlock {
  const columnCount = readLength(from);
  const count = readLength(from);
  if (columnCount !== fieldCount + 3) throw new RangeError("the engine answered with other columns");
  const rows = {
    bytes: from.bytes,
    count,
    starts: new Int32Array(count * fieldCount).fill(-1),
    ends: new Int32Array(count * fieldCount),
    // From 0 to as many bytes as the row has: bounds as long as the row, wherever it lies.
    rowStarts: new Int32Array(count),
    rowEnds: new Int32Array(count),
    timeMicros: new Float64Array(count),
    receivedMicros: new Float64Array(count),
    attributeFirst: new Int32Array(count + 1),
    attributes: new Int32Array(0) as Int32Array,
    numbers: [],
  };
  for (const [field, name] of fieldNames.entries()) readColumn(from, rows, field, fields[name].form);
  readHead(from);
  rows.attributes = readMap(from, rows);
  readHead(from);
  const segments = new Float64Array(count);
  for (let row = 0; row < count; row++) segments[row] = wholeAt(from.view, from.at + row * 8);
  from.at += count * 8;
  readHead(from);
  const places = new Uint32Array(count);
  for (let row = 0; row < count; row++) places[row] = from.view.getUint32(from.at + row * 4, true);
  from.at += count * 4;
  return { rows, segments, places };
}

const lowCardinality = Buffer.from("LowCardinality(");

/** Passes name and type of a column; they are what was asked for, or plain in a file of the spool. */
function readHead(from: Reader): { readonly isLowCardinality: boolean } {
  const nameLength = readLength(from);
  from.at += nameLength;
  const typeLength = readLength(from);
  const type = from.bytes.subarray(from.at, from.at + typeLength);
  from.at += typeLength;
  return { isLowCardinality: lowCardinality.every((byte, at) => type[at] === byte) };
}

function readColumn(from: Reader, rows: Columns, field: number, form: FieldForm): void {
  const { isLowCardinality } = readHead(from);
  if (form === "time") readTimes(from, field === fieldIndex.time ? rows.timeMicros : rows.receivedMicros);
  else if (form === "id") swapHalves(from, rows, field);
  else if (form === "integer" || form === "number") readNumbers(from, rows, field, form);
  else if (isLowCardinality) readRecurring(from, rows, field);
  else readTexts(from, rows, field);
}

function readTimes(from: Reader, micros: Float64Array): void {
  for (let row = 0; row < micros.length; row++) micros[row] = wholeAt(from.view, from.at + row * 8);
  from.at += micros.length * 8;
}

/** A byte a row that says whether there is none, then as many numbers as rows. */
function readNumbers(from: Reader, rows: Columns, field: number, form: "integer" | "number"): void {
  const { count, starts } = rows;
  const { bytes, view } = from;
  const values = from.at + count;
  let numbers: Float64Array | undefined;
  for (let row = 0; row < count; row++) {
    if (bytes[from.at + row] !== 0) continue;
    numbers ??= new Float64Array(count);
    starts[row * fieldCount + field] = 0;
    const at = values + row * 8;
    numbers[row] = form === "integer" ? wholeAt(view, at) : view.getFloat64(at, true);
  }
  rows.numbers[field] = numbers;
  from.at = values + count * 8;
}

function readTexts(from: Reader, { count, starts, ends, rowEnds }: Columns, field: number): void {
  for (let row = 0; row < count; row++) {
    const length = readLength(from);
    if (length === 0) continue;
    const place = row * fieldCount + field;
    starts[place] = from.at;
    from.at += length;
    ends[place] = from.at;
    rowEnds[row] = (rowEnds[row] as number) + length;
  }
}

const keysVersion = 1;
const numberSizeMask = 0xff;
/** The block brings its texts with it, and shares none with others. */
const hasOwnKeys = 1 << 9;
const hasSharedKeys = 1 << 8;

/** Each text once, then the number of its text for each row, in 1, 2, 4 or 8 bytes. */
function readRecurring(from: Reader, rows: Columns, field: number): void {
  const { count, starts, ends, rowEnds } = rows;
  const { bytes, view } = from;
  if (count === 0) return;
  const flags = wholeAt(view, from.at + 8);
  if (wholeAt(view, from.at) !== keysVersion || !(flags & hasOwnKeys) || flags & hasSharedKeys)
    throw new RangeError("the engine answered in a form that is not known");
  const keyCount = wholeAt(view, from.at + 16);
  from.at += 24;
  const keyEnds = new Int32Array(keyCount);
  const keyLengths = new Int32Array(keyCount);
  for (let key = 0; key < keyCount; key++) {
    const length = readLength(from);
    from.at += length;
    keyEnds[key] = from.at;
    keyLengths[key] = length;
  }
  if (wholeAt(view, from.at) !== count) throw new RangeError("a column of the engine's answer is too short");
  const numbers = from.at + 8;
  const size = flags & numberSizeMask;
  from.at = numbers + (count << size);
  // Of most columns most blocks have nothing.
  if (keyLengths.every((length) => length === 0)) return;
  for (let row = 0; row < count; row++) {
    const at = numbers + (row << size);
    let key = bytes[at] as number;
    if (size > 0) key = size === 1 ? view.getUint16(at, true) : view.getUint32(at, true);
    const length = keyLengths[key];
    if (length === undefined) throw new RangeError("the engine's answer has a text too few");
    if (length === 0) continue;
    const place = row * fieldCount + field;
    const end = keyEnds[key] as number;
    starts[place] = end - length;
    ends[place] = end;
    rowEnds[row] = (rowEnds[row] as number) + length;
  }
}

/** The engine keeps a UUID as two little-endian halves; in place, it becomes what its text says. */
function swapHalves(from: Reader, { count, starts, ends }: Columns, field: number): void {
  const { view } = from;
  for (let row = 0; row < count; row++) {
    const start = from.at + row * 16;
    for (let half = start; half < start + 16; half += 8) {
      const first = view.getUint32(half);
      view.setUint32(half, view.getUint32(half + 4), true);
      view.setUint32(half + 4, first, true);
    }
    starts[row * fieldCount + field] = start;
    ends[row * fieldCount + field] = start + 16;
  }
  from.at += count * 16;
}

/** Of a length as LEB128, for anything that fits into an event. */
const lengthBytesMax = 4;

function readMap(from: Reader, { count, attributeFirst, rowEnds }: Columns): Int32Array {
  for (let row = 0; row < count; row++) attributeFirst[row + 1] = wholeAt(from.view, from.at + row * 8);
  from.at += count * 8;
  const pairs = attributeFirst[count] as number;
  const attributes = new Int32Array(pairs * 4);
  for (let half = 0; half < 4; half += 2) {
    for (let pair = 0; pair < pairs; pair++) {
      const length = readLength(from);
      attributes[pair * 4 + half] = from.at;
      from.at += length;
      attributes[pair * 4 + half + 1] = from.at;
    }
  }
  for (let row = 0; row < count; row++) {
    const [first, next] = [attributeFirst[row] as number, attributeFirst[row + 1] as number];
    let total = rowEnds[row] as number;
    for (let at = first * 4; at < next * 4; at += 2) {
      total += (attributes[at + 1] as number) - (attributes[at] as number) + lengthBytesMax;
    }
    // An event of nothing but what stands in the header still has bounds.
    rowEnds[row] = total + 1;
  }
  return attributes;
}
