/**
 * Gives each row of a batch its place in the ledger and hashes it: as many segments as the batch
 * has streams, and more where one would be too large. Runs in the thread that encodes.
 */
import { fieldIndex, type SafeBatch } from "../model/batch.ts";
import { type Stream, streams } from "../model/event.ts";
import { fieldNames } from "../model/fields.ts";
import { streamNumber } from "./canonical.ts";
import { formatEntry } from "./entries.ts";
import { packPlaces } from "./places.ts";
import { seedBytes } from "./salts.ts";
import { packRecords, packSecret, unpackRecords } from "./secrets.ts";
import { SegmentHasher } from "./segment.ts";

export type SealedBatch = {
  /** Segment of each row, and its place in the batch (`places.ts`). */
  readonly segments: Float64Array;
  readonly segmentPlaces: Uint32Array;
  /** The largest number given so far. */
  readonly lastSegment: number;
  /** What the ledger appends once the batch is on disk (`unpackSeal`). Kept beside the batch until then. */
  readonly seal: Uint8Array;
};

/** A segment as the ledger takes it: its entry, which may be published, and its secret, which may not. */
export type SealedSegment = { readonly entry: Uint8Array; readonly secret: Uint8Array };

export type Sealer = (batch: SafeBatch) => SealedBatch;

/** `random` gives so many secret random bytes; `firstNumber` must be larger than any ever stored. */
export function createSealer(firstNumber: number, random: (length: number) => Uint8Array): Sealer {
  const hasher = new SegmentHasher();
  let number = firstNumber;

  return (batch) => {
    const segments = new Float64Array(batch.count);
    const segmentPlaces = new Uint32Array(batch.count);
    const rowStreams = new Uint8Array(batch.count);
    for (let row = 0; row < batch.count; row++) rowStreams[row] = streamNumber(batch, row);
    const order = storeOrder(batch, rowStreams);
    const sealed: Uint8Array[] = [];
    let places: number[] = [];
    let fromMicros = 0;
    let untilMicros = 0;

    const close = (stream: number): void => {
      if (hasher.eventCount === 0) return;
      const seed = random(seedBytes);
      const { root, count } = hasher.finish({ seed });
      sealed.push(
        formatEntry({
          type: "segment",
          number: number++,
          stream: streams[stream] as (typeof streams)[number],
          count,
          fromMicros,
          untilMicros,
          root,
        }),
        packSecret({
          salts: { seed },
          hints: hasher.hints(),
          places: packPlaces(places),
          tombstones: new Map(),
        }),
      );
      places = [];
    };

    for (let stream = 0; stream < streams.length; stream++) {
      for (let place = 0; place < batch.count; place++) {
        const row = order[place] as number;
        if (rowStreams[row] !== stream) continue;
        if (hasher.isFull(batch, row)) close(stream);
        const received = batch.receivedMicros[row] as number;
        const isFirst = hasher.eventCount === 0;
        fromMicros = isFirst ? received : Math.min(fromMicros, received);
        untilMicros = isFirst ? received : Math.max(untilMicros, received);
        segments[row] = number;
        segmentPlaces[row] = place;
        places.push(place);
        hasher.add(batch, row);
      }
      close(stream);
    }
    return { segments, segmentPlaces, lastSegment: number - 1, seal: packRecords(sealed) };
  };
}

const serviceField = fieldIndex.service;

/** Services that are told apart in one batch; events of further ones stand together at the end. */
const servicesMax = 64;

/** Streams that are usually kept equally long lie together in the store. */
const partOf: { readonly [S in Stream]: number } = { jobs: 0, audit: 0, logs: 1, http: 1 };
const partOfNumber = Uint8Array.from(streams, (stream) => partOf[stream]);

/**
 * Rows by service, each service's as they came, first those of one part and then those of the other:
 * nearly as the store sorts them. Only the room that places take there depends on it.
 */
function storeOrder({ bytes, count, starts, ends }: SafeBatch, rowStreams: Uint8Array): Uint32Array {
  const firstOf: number[] = [];
  const lastOf: number[] = [];
  const following = new Int32Array(count).fill(-1);
  const fields = fieldNames.length;
  let last = 0;
  for (let row = 0; row < count; row++) {
    const at = row * fields + serviceField;
    const isSame = (service: number): boolean => {
      const other = (firstOf[service] as number) * fields + serviceField;
      return sameSpan(
        bytes,
        starts[at] as number,
        ends[at] as number,
        starts[other] as number,
        ends[other] as number,
      );
    };
    if (firstOf.length === 0 || !isSame(last)) {
      last = firstOf.findIndex((_, service) => isSame(service));
      if (last < 0) last = firstOf.length < servicesMax ? firstOf.push(row) - 1 : servicesMax - 1;
    }
    const before = lastOf[last];
    if (before !== undefined) following[before] = row;
    lastOf[last] = row;
  }
  const order = new Uint32Array(count);
  let place = 0;
  for (let part = 0; part < 2; part++) {
    for (const first of firstOf) {
      for (let row = first; row >= 0; row = following[row] as number) {
        if (partOfNumber[rowStreams[row] as number] === part) order[place++] = row;
      }
    }
  }
  return order;
}

/** A span that begins below zero is absent. */
function sameSpan(
  bytes: Uint8Array,
  start: number,
  end: number,
  otherStart: number,
  otherEnd: number,
): boolean {
  if (start < 0 || otherStart < 0) return start < 0 && otherStart < 0;
  if (end - start !== otherEnd - otherStart) return false;
  for (let at = 0; at < end - start; at++) {
    if (bytes[start + at] !== bytes[otherStart + at]) return false;
  }
  return true;
}

export function unpackSeal(seal: Uint8Array): readonly SealedSegment[] {
  const records = unpackRecords(seal);
  const segments: SealedSegment[] = [];
  for (let at = 0; at + 1 < records.length; at += 2) {
    segments.push({ entry: records[at] as Uint8Array, secret: records[at + 1] as Uint8Array });
  }
  return segments;
}
