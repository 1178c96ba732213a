/**
 * The workspace in which a body becomes rows: the buffer that holds the body and every line that
 * had to be written again, and the parallel arrays of `EventRows`. One workspace serves batch after
 * batch, because allocating and clearing 270 bytes of arrays for each event costs more than
 * scanning it; so the rows of one batch are valid until the next one is read.
 */
import type { RawBatch } from "../model/batch.ts";
import { type Stream, streams } from "../model/event.ts";
import { fieldNames } from "../model/fields.ts";
import { limits } from "../model/limits.ts";
import { formatTime } from "../model/time.ts";

const fieldCount = fieldNames.length;
const encoder = new TextEncoder();

/** A buffer that grew beyond this for one large body is given back with the next small one. */
const keptBytesMax = 8 * 1024 * 1024;

export type Workspace = {
  /** Begins with the prefix, then the body and a line feed, then lines written again. */
  bytes: Uint8Array;
  bytesUsed: number;
  /** Rows accepted so far; the next row is written at this index. */
  count: number;
  starts: Int32Array;
  ends: Int32Array;
  rowStarts: Int32Array;
  rowEnds: Int32Array;
  timeMicros: Float64Array;
  receivedMicros: Float64Array;
  attributeFirst: Int32Array;
  attributes: Int32Array;
  /** What the server itself says of every row: one text for all, in the prefix. */
  receivedAtMicros: number;
  earliestMicros: number;
  latestMicros: number;
  /** The body is the server's own: it may record what people did in Midwatch. */
  isOwn: boolean;
  /** Of the line at hand: its kind, where its attribute pairs end, and which values hold escapes. */
  kind: number;
  attributesEnd: number;
  readonly escapedFields: Int32Array;
  escapedFieldCount: number;
  readonly escapedKeys: Int32Array;
  escapedKeyCount: number;
};

/**
 * The prefix holds the values that the server gives rather than the sender: the time of receipt
 * and the names of the streams. Spans of `received_time` and `stream` point here, outside of
 * their row's bounds.
 */
const receivedTimeLength = formatTime(0).length;
const streamText = streams.join("");
export const prefixLength = receivedTimeLength + streamText.length;
export const receivedTimeSpan = { start: 0, end: receivedTimeLength } as const;

/** Where the name of each stream stands in the prefix, by its index in `streams`. */
export const streamStarts: readonly number[] = streams.map(
  (stream: Stream) => receivedTimeLength + streamText.indexOf(stream),
);
export const streamEnds: readonly number[] = streams.map(
  (stream, index) => (streamStarts[index] as number) + stream.length,
);

export function createWorkspace(): Workspace {
  return {
    bytes: new Uint8Array(1024 * 1024),
    bytesUsed: 0,
    count: 0,
    starts: new Int32Array(0),
    ends: new Int32Array(0),
    rowStarts: new Int32Array(0),
    rowEnds: new Int32Array(0),
    timeMicros: new Float64Array(0),
    receivedMicros: new Float64Array(0),
    attributeFirst: new Int32Array(1),
    attributes: new Int32Array(4096),
    receivedAtMicros: 0,
    earliestMicros: 0,
    latestMicros: 0,
    isOwn: false,
    kind: -1,
    attributesEnd: -1,
    escapedFields: new Int32Array(fieldCount),
    escapedFieldCount: 0,
    escapedKeys: new Int32Array(limits.attributesKeysMax),
    escapedKeyCount: 0,
  };
}

/** Takes a copy of the body behind the prefix; returns where it ends, which is a line feed. */
export function fillWorkspace(space: Workspace, body: Uint8Array, receivedMicros: number): number {
  space.count = 0;
  space.bytesUsed = 0;
  const needed = prefixLength + body.length + 1;
  if (space.bytes.length > keptBytesMax && needed <= keptBytesMax) space.bytes = new Uint8Array(keptBytesMax);
  reserveBytes(space, needed);
  encoder.encodeInto(formatTime(receivedMicros) + streamText, space.bytes);
  space.bytes.set(body, prefixLength);
  const bodyEnd = prefixLength + body.length;
  // The line feed stops every loop over a line, so that none of them asks for the end.
  space.bytes[bodyEnd] = 0x0a;
  space.bytesUsed = bodyEnd + 1;
  space.receivedAtMicros = receivedMicros;
  space.earliestMicros = receivedMicros - limits.pastMsMax * 1000;
  space.latestMicros = receivedMicros + limits.futureMsMax * 1000;
  space.attributeFirst[0] = 0;
  return bodyEnd;
}

/** Writes a line at the end of the buffer, with a line feed; returns where it starts. */
export function appendLine(space: Workspace, line: string): number {
  const start = space.bytesUsed;
  reserveBytes(space, start + line.length * 3 + 1);
  const { written } = encoder.encodeInto(line, space.bytes.subarray(start));
  space.bytes[start + written] = 0x0a;
  space.bytesUsed = start + written + 1;
  return start;
}

function reserveBytes(space: Workspace, needed: number): void {
  if (needed <= space.bytes.length) return;
  const larger = new Uint8Array(Math.max(needed, space.bytes.length * 2));
  larger.set(space.bytes.subarray(0, space.bytesUsed));
  space.bytes = larger;
}

/** Makes place for one more row. */
export function reserveRow(space: Workspace): void {
  if (space.count < space.rowStarts.length) return;
  const capacity = Math.max(1024, space.rowStarts.length * 2);
  space.starts = grown(space.starts, new Int32Array(capacity * fieldCount));
  space.ends = grown(space.ends, new Int32Array(capacity * fieldCount));
  space.rowStarts = grown(space.rowStarts, new Int32Array(capacity));
  space.rowEnds = grown(space.rowEnds, new Int32Array(capacity));
  space.timeMicros = grown(space.timeMicros, new Float64Array(capacity));
  space.receivedMicros = grown(space.receivedMicros, new Float64Array(capacity));
  space.attributeFirst = grown(space.attributeFirst, new Int32Array(capacity + 1));
}

/** Makes place for one more attribute pair behind `pairs` of them. */
export function reserveAttribute(space: Workspace, pairs: number): Int32Array {
  if ((pairs + 1) * 4 > space.attributes.length) {
    space.attributes = grown(space.attributes, new Int32Array(space.attributes.length * 2));
  }
  return space.attributes;
}

function grown<T extends Int32Array | Float64Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}

/** The rows read so far, as views of the workspace. */
export function rowsOf(space: Workspace): RawBatch {
  const { count } = space;
  const pairs = space.attributeFirst[count] as number;
  const rows = {
    bytes: space.bytes.subarray(0, space.bytesUsed),
    count,
    starts: space.starts.subarray(0, count * fieldCount),
    ends: space.ends.subarray(0, count * fieldCount),
    rowStarts: space.rowStarts.subarray(0, count),
    rowEnds: space.rowEnds.subarray(0, count),
    timeMicros: space.timeMicros.subarray(0, count),
    receivedMicros: space.receivedMicros.subarray(0, count),
    attributeFirst: space.attributeFirst.subarray(0, count + 1),
    attributes: space.attributes.subarray(0, pairs * 4),
  };
  return rows as unknown as RawBatch;
}
