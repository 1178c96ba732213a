/**
 * Gives each row of a batch its place in the ledger and hashes it: as many segments as the batch
 * has streams, and more where one would be too large. Runs in the thread that encodes.
 */
import type { SafeBatch } from "../model/batch.ts";
import { streams } from "../model/event.ts";
import { streamNumber } from "./canonical.ts";
import { formatEntry } from "./entries.ts";
import { seedBytes } from "./salts.ts";
import { packRecords, packSecret, unpackRecords } from "./secrets.ts";
import { SegmentHasher } from "./segment.ts";

export type SealedBatch = {
  /** Segment and place in it of each row. */
  readonly segments: Float64Array;
  readonly segmentIndexes: Uint32Array;
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
    const segmentIndexes = new Uint32Array(batch.count);
    const rowStreams = new Uint8Array(batch.count);
    for (let row = 0; row < batch.count; row++) rowStreams[row] = streamNumber(batch, row);
    const sealed: Uint8Array[] = [];
    let fromMicros = 0;
    let untilMicros = 0;

    const close = (stream: number): void => {
      if (hasher.eventCount === 0) return;
      const seed = random(seedBytes);
      const { root, count, hints } = hasher.finish({ seed });
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
        packSecret({ salts: { seed }, hints, tombstones: new Map() }),
      );
    };

    for (let stream = 0; stream < streams.length; stream++) {
      for (let row = 0; row < batch.count; row++) {
        if (rowStreams[row] !== stream) continue;
        if (hasher.isFull(batch, row)) close(stream);
        const received = batch.receivedMicros[row] as number;
        const isFirst = hasher.eventCount === 0;
        fromMicros = isFirst ? received : Math.min(fromMicros, received);
        untilMicros = isFirst ? received : Math.max(untilMicros, received);
        segments[row] = number;
        segmentIndexes[row] = hasher.eventCount;
        hasher.add(batch, row);
      }
      close(stream);
    }
    return { segments, segmentIndexes, lastSegment: number - 1, seal: packRecords(sealed) };
  };
}

export function unpackSeal(seal: Uint8Array): readonly SealedSegment[] {
  const records = unpackRecords(seal);
  const segments: SealedSegment[] = [];
  for (let at = 0; at + 1 < records.length; at += 2) {
    segments.push({ entry: records[at] as Uint8Array, secret: records[at + 1] as Uint8Array });
  }
  return segments;
}
