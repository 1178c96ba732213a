/**
 * Events of some segments as they are stored, for verification: the engine's `Native` blocks, read
 * column by column into spans over the answer itself, so that the sealer's own encoding hashes them.
 */
import { readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { fieldIndex } from "../model/batch.ts";
import { sampleMark } from "../model/event.ts";
import { type FieldForm, type FieldName, fieldNames, fields } from "../model/fields.ts";
import type { CanonicalRows, CanonicalSource } from "../seal/bundle.ts";
import { canonicalEvent, headerBytesMax, type SealableRows, writeHeader } from "../seal/canonical.ts";
import type { StoredSegments } from "../seal/segment-check.ts";
import { question } from "./events/question.ts";

const fieldCount = fieldNames.length;
const segmentRows = question("segmentRows");

/** Plain types, so that nothing but the values decides the bytes. */
const plainType: { readonly [F in FieldForm]?: string } = {
  symbol: "String",
  integer: "Nullable(Int64)",
  number: "Nullable(Float64)",
};

function columnOf(name: FieldName): string {
  const type = plainType[fields[name].form];
  return type === undefined ? `${name} AS c_${name}` : `CAST(${name}, '${type}') AS c_${name}`;
}

const columns = [
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

/** A block, or some of its rows. */
type Part = { readonly block: SegmentBlock; readonly chosen?: readonly number[] };

/** Answers a statement with its bytes, whatever its format. */
export type AskBytes = (sql: string, parameters: Readonly<Record<string, string>>) => Promise<Uint8Array>;

/** Asks the engine behind a socket. */
export function engineBytes(socketPath: string): AskBytes {
  return (sql, parameters) =>
    new Promise((resolve, reject) => {
      const named = Object.entries(parameters).map(([name, value]) => [`param_${name}`, value]);
      const path = `/?${new URLSearchParams(named).toString()}`;
      const asked = request({ socketPath, path, method: "POST" }, (response) => {
        const gathered = gather(Number(response.headers["content-length"] ?? 0));
        response.on("data", gathered.add);
        response.on("error", reject);
        response.on("end", () => {
          const bytes = gathered.bytes();
          if (response.statusCode === 200) resolve(bytes);
          else reject(new Error(Buffer.from(bytes).toString().slice(0, 2000)));
        });
      });
      asked.on("error", reject);
      asked.end(sql);
    });
}

/** Parts put together as they come: the copying is done while the engine is still at work. */
function gather(expectedBytes: number): { add: (part: Uint8Array) => void; bytes: () => Uint8Array } {
  let gathered = new Uint8Array(expectedBytes);
  let length = 0;
  return {
    add(part) {
      if (length + part.length > gathered.length) {
        const larger = new Uint8Array(Math.max(2 * gathered.length, length + part.length));
        larger.set(gathered.subarray(0, length));
        gathered = larger;
      }
      gathered.set(part, length);
      length += part.length;
    },
    bytes: () => gathered.subarray(0, length),
  };
}

/** Events of segments as a verification and an export take them. */
export function storedSegments(ask: AskBytes): CanonicalSource {
  return async (from, until) => segmentsOf(await storedParts(ask, from, until));
}

/**
 * The same with batches that still wait in the spool: the engine will have them in a moment. The
 * spool is read first, because a batch leaves it only after the engine has it.
 */
export function storedOrWaiting(ask: AskBytes, spoolDirectory: string): CanonicalSource {
  return async (from, until) => {
    const waiting = readWaiting(spoolDirectory, from, until);
    const stored = await storedParts(ask, from, until);
    if (waiting.length === 0) return segmentsOf(stored);
    const known = new Set(stored.flatMap(({ block }) => [...new Set(block.segments)]));
    const missing = waiting.map(({ block, chosen }) => ({
      block,
      chosen: chosen.filter((row) => !known.has(block.segments[row] as number)),
    }));
    return segmentsOf([...stored, ...missing]);
  };
}

async function storedParts(ask: AskBytes, from: number, until: number): Promise<readonly Part[]> {
  const range = { from: String(from), until: String(until) };
  return readNativeBlocks(await ask(segmentRows({ columns }), range)).map((block) => ({ block }));
}

function readWaiting(directory: string, from: number, until: number): readonly Required<Part>[] {
  const names = readIfThere(() => readdirSync(directory), []);
  return names.flatMap((name) => {
    if (!name.endsWith(".native")) return [];
    const bytes = readIfThere(() => readFileSync(join(directory, name)), Buffer.alloc(0));
    const blocks = readNativeBlocks(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
    return blocks.map((block) => {
      const chosen: number[] = [];
      for (const [row, segment] of block.segments.entries())
        if (segment >= from && segment < until) chosen.push(row);
      return { block, chosen };
    });
  });
}

function readIfThere<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return otherwise;
    throw error;
  }
}

const sampleSegmentsQuestion = question("sampleSegments");
const eraseEventQuestion = question("eraseEvent");
const eraseRunMessageQuestion = question("eraseRunMessage");

/** Numbers of the segments that hold events of the sample day. */
export async function sampleSegments(ask: AskBytes): Promise<readonly number[]> {
  const answer = Buffer.from(await ask(sampleSegmentsQuestion(), { mark: sampleMark })).toString();
  return answer
    .split("\n")
    .filter((line) => line !== "")
    .map(Number);
}

/** Removes from the row of a run what it took over of a failure. Resolves when it is gone. */
export async function eraseRunMessage(ask: AskBytes, runId: string): Promise<void> {
  await ask(eraseRunMessageQuestion(), { run_id: runId });
}

/** Removes one event from the store for good. Resolves when no part holds it any more. */
export async function removeStoredEvent(
  ask: AskBytes,
  id: string,
  segment: number,
  place: number,
): Promise<void> {
  await ask(eraseEventQuestion(), { id, segment: String(segment), index: String(place) });
}

/**
 * Rows in the order of segment and place. They are put in order here: the engine would move all
 * their columns, which takes it longer than reading them.
 */
function segmentsOf(parts: readonly Part[]): StoredSegments & CanonicalRows {
  const { segments, places, partOf, rowOf } = inOrder(parts);
  const header = new Uint8Array(headerBytesMax + 65_536);
  const rowsAt = (row: number): SealableRows => (parts[partOf[row] as number] as Part).block.rows;
  const placeAt = (row: number): number => rowOf[row] as number;
  return {
    count: segments.length,
    segments,
    places,
    add: (hasher, row) => hasher.add(rowsAt(row), placeAt(row)),
    header: (row) => header.slice(0, writeHeader(rowsAt(row), placeAt(row), header, 0)),
    content: (row) => canonicalEvent(rowsAt(row), placeAt(row)).content,
  };
}

type Ordered = {
  readonly segments: Float64Array;
  readonly places: Uint32Array;
  /** Which part each row is of, and which of its block's rows it is. */
  readonly partOf: Uint32Array;
  readonly rowOf: Uint32Array;
};

function inOrder(parts: readonly Part[]): Ordered {
  const count = parts.reduce((sum, { block, chosen }) => sum + (chosen ?? block.segments).length, 0);
  const segments = new Float64Array(count);
  const places = new Uint32Array(count);
  const partOf = new Uint32Array(count);
  const rowOf = new Uint32Array(count);
  let at = 0;
  for (const [number, { block, chosen }] of parts.entries()) {
    const length = (chosen ?? block.segments).length;
    for (let index = 0; index < length; index++, at++) {
      const row = chosen === undefined ? index : (chosen[index] as number);
      segments[at] = block.segments[row] as number;
      places[at] = block.places[row] as number;
      partOf[at] = number;
      rowOf[at] = row;
    }
  }
  const order = orderOf(segments, places);
  return {
    segments: inOrderOf(order, segments, new Float64Array(count)),
    places: inOrderOf(order, places, new Uint32Array(count)),
    partOf: inOrderOf(order, partOf, new Uint32Array(count)),
    rowOf: inOrderOf(order, rowOf, new Uint32Array(count)),
  };
}

/** A loop: `from` with a function costs as much as the hashing of the rows. */
function inOrderOf<T extends Float64Array | Uint32Array>(order: Uint32Array, source: T, target: T): T {
  for (let at = 0; at < order.length; at++) target[at] = source[order[at] as number] as number;
  return target;
}

/** Bits of a key that hold the place and the row; the rest, up to 53, hold the segment. */
const placeBits = 2 ** 17;
const rowBits = 2 ** 20;
const segmentsApartMax = 2 ** 16;

/** Rows by segment and place. Numbers sort many times faster than rows by a comparison. */
function orderOf(segments: Float64Array, places: Uint32Array): Uint32Array {
  let from = Number.POSITIVE_INFINITY;
  let until = 0;
  let placeMax = 0;
  for (let row = 0; row < segments.length; row++) {
    const segment = segments[row] as number;
    if (segment < from) from = segment;
    if (segment > until) until = segment;
    if ((places[row] as number) > placeMax) placeMax = places[row] as number;
  }
  if (until - from >= segmentsApartMax || placeMax >= placeBits || segments.length > rowBits) {
    return Uint32Array.from(segments.keys()).sort(
      (a, b) =>
        (segments[a] as number) - (segments[b] as number) || (places[a] as number) - (places[b] as number),
    );
  }
  const keys = new Float64Array(segments.length);
  for (let row = 0; row < keys.length; row++) {
    keys[row] = (((segments[row] as number) - from) * placeBits + (places[row] as number)) * rowBits + row;
  }
  keys.sort();
  const order = new Uint32Array(keys.length);
  for (let at = 0; at < order.length; at++) order[at] = (keys[at] as number) % rowBits;
  return order;
}

/** https://clickhouse.com/docs/interfaces/formats/Native */
export function readNativeBlocks(bytes: Uint8Array): readonly SegmentBlock[] {
  const blocks: SegmentBlock[] = [];
  const from = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), at: 0 };
  while (from.at < bytes.length) blocks.push(readBlock(from));
  return blocks;
}

type Reader = { readonly bytes: Uint8Array; readonly view: DataView; at: number };

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
    numbers: new Float64Array(count * fieldCount),
  };
  for (const [field, name] of fieldNames.entries()) {
    skipHead(from);
    readColumn(from, rows, field, fields[name].form);
  }
  skipHead(from);
  rows.attributes = readMap(from, rows);
  skipHead(from);
  const segments = new Float64Array(count);
  for (let row = 0; row < count; row++) segments[row] = wholeAt(from.view, from.at + row * 8);
  from.at += count * 8;
  skipHead(from);
  const places = new Uint32Array(count);
  for (let row = 0; row < count; row++) places[row] = from.view.getUint32(from.at + row * 4, true);
  from.at += count * 4;
  return { rows, segments, places };
}

/** Name and type: they are what was asked for. */
function skipHead(from: Reader): void {
  for (let text = 0; text < 2; text++) {
    const length = readLength(from);
    from.at += length;
  }
}

type Columns = SealableRows & { readonly numbers: Float64Array };

function readColumn(from: Reader, rows: Columns, field: number, form: FieldForm): void {
  const { count, starts, ends, numbers, rowEnds } = rows;
  const { view } = from;
  if (form === "time") {
    const micros = field === fieldIndex.time ? rows.timeMicros : rows.receivedMicros;
    for (let row = 0; row < count; row++) micros[row] = wholeAt(view, from.at + row * 8);
    from.at += count * 8;
  } else if (form === "id") {
    swapHalves(from, rows, field);
  } else if (form === "integer" || form === "number") {
    const values = from.at + count;
    for (let row = 0; row < count; row++) {
      if (from.bytes[from.at + row] !== 0) continue;
      const place = row * fieldCount + field;
      starts[place] = 0;
      const at = values + row * 8;
      numbers[place] = form === "integer" ? wholeAt(view, at) : view.getFloat64(at, true);
    }
    from.at = values + count * 8;
  } else {
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
