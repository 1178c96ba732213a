/**
 * The hash of a segment. Each event is committed to with a salt of its own, so that its content can
 * be erased and cannot be guessed from what stays; the leaves, made of header and commitment, are
 * the leaves of an RFC 6962 tree. `contract/ledger/README.md` gives the formulas.
 */
import {
  type CanonicalEvent,
  canonicalBytesMax,
  type SealableRows,
  writeContent,
  writeHeader,
} from "./canonical.ts";
import { hintsOf } from "./hints.ts";
import { Lanes } from "./lanes.ts";
import { type Salts, saltBytes, writeSalts } from "./salts.ts";

export const segmentEventsMax = 4096;
/** A segment closes before its canonical bytes pass this, so that one arena is enough. */
export const segmentBytesMax = 4 * 1024 * 1024;

const leafMark = 0;
const nodeMark = 1;
const commitmentMark = 2;
const hashBytes = 32;
const nodeMessageBytes = 128;

/** An event whose content was erased: what the ledger keeps of it. */
export type Tombstone = { readonly header: Uint8Array; readonly commitment: Uint8Array };

export type SegmentHash = { readonly root: Uint8Array; readonly count: number };

/**
 * Takes the events of one segment after the other; `finish` gives the hash and makes ready for the
 * next. One `SegmentHasher` belongs to one thread.
 */
export class SegmentHasher {
  private readonly lanes = new Lanes();
  private count = 0;
  /** Events of the segment that was finished last. */
  private finished = 0;
  /** Where the salt of each event goes, or -1 for one that was erased. */
  private readonly saltPlaces: number[] = [];
  private readonly commitmentEnds: number[] = [];
  private readonly leafStarts: number[] = [];
  private readonly leafEnds: number[] = [];
  private readonly leafDigests: number[] = [];
  private readonly commitmentPlaces: number[] = [];

  get eventCount(): number {
    return this.count;
  }

  /** Whether an event more would make the segment too large. An empty one takes any event. */
  isFull(rows: SealableRows, row: number): boolean {
    if (this.count === 0) return false;
    return this.count === segmentEventsMax || this.lanes.end + canonicalBytesMax(rows, row) > segmentBytesMax;
  }

  add(rows: SealableRows, row: number): void {
    const { lanes } = this;
    lanes.reserve(canonicalBytesMax(rows, row) + 512);
    const index = this.count++;
    const leafStart = lanes.end;
    lanes.bytes[leafStart] = leafMark;
    const headerEnd = writeHeader(rows, row, lanes.bytes, leafStart + 1);
    const contentStart = this.endLeaf(index, leafStart, headerEnd);
    lanes.bytes[contentStart] = commitmentMark;
    this.saltPlaces[index] = contentStart + 1;
    const contentEnd = writeContent(rows, row, lanes.bytes, contentStart + 1 + saltBytes);
    if (contentEnd + 128 > lanes.bytes.length)
      throw new Error("the bounds of a row do not enclose its spans");
    lanes.end = lanes.pad(contentStart, contentEnd - contentStart);
    this.commitmentEnds[index] = lanes.end;
  }

  /** An event whose canonical bytes are at hand. */
  addCanonical({ header, content }: CanonicalEvent): void {
    const { lanes } = this;
    lanes.reserve(header.length + content.length + 512);
    const index = this.count++;
    const leafStart = lanes.end;
    lanes.bytes[leafStart] = leafMark;
    lanes.bytes.set(header, leafStart + 1);
    const contentStart = this.endLeaf(index, leafStart, leafStart + 1 + header.length);
    lanes.bytes[contentStart] = commitmentMark;
    this.saltPlaces[index] = contentStart + 1;
    lanes.bytes.set(content, contentStart + 1 + saltBytes);
    lanes.end = lanes.pad(contentStart, 1 + saltBytes + content.length);
    this.commitmentEnds[index] = lanes.end;
  }

  addTombstone({ header, commitment }: Tombstone): void {
    const { lanes } = this;
    lanes.reserve(header.length + 512);
    const index = this.count++;
    const leafStart = lanes.end;
    lanes.bytes[leafStart] = leafMark;
    lanes.bytes.set(header, leafStart + 1);
    const headerEnd = leafStart + 1 + header.length;
    lanes.bytes.set(commitment, headerEnd);
    lanes.end = this.endLeaf(index, leafStart, headerEnd);
    this.saltPlaces[index] = -1;
  }

  /** Leaves room for the commitment and pads; returns what comes after. */
  private endLeaf(index: number, start: number, headerEnd: number): number {
    this.leafStarts[index] = start;
    this.commitmentPlaces[index] = headerEnd;
    const end = this.lanes.pad(start, headerEnd + hashBytes - start);
    this.leafEnds[index] = end;
    return end;
  }

  /** The commitment of an event, after `finish` and before the next `add`. */
  commitment(index: number): Uint8Array {
    const place = this.commitmentPlaces[index] as number;
    return this.lanes.bytes.slice(place, place + hashBytes);
  }

  /** The leaf hash of an event, after `finish` and before the next `add`. */
  leaf(index: number): Uint8Array {
    const place = this.leafDigests[index] as number;
    return this.lanes.bytes.slice(place, place + hashBytes);
  }

  /** Says which events of a broken segment were touched (`hints.ts`); after `finish` and before the next `add`. */
  hints(): Uint8Array {
    return hintsOf(this.lanes.bytes, this.leafDigests, this.finished);
  }

  finish(salts: Salts): SegmentHash {
    const { lanes, count } = this;
    if (count === 0) throw new Error("a segment has at least one event");
    writeSalts(lanes, salts, this.saltPlaces, count);
    for (let index = 0; index < count; index++) {
      const salt = this.saltPlaces[index] as number;
      if (salt < 0) continue;
      lanes.queue(salt - 1, this.commitmentEnds[index] as number, this.commitmentPlaces[index] as number);
    }
    lanes.run();
    // Leaf hashes go where the lowest nodes want them: two side by side in each node's message.
    const nodes = layNodes(lanes, count);
    for (let index = 0; index < count; index++) {
      const digest = nodes + (index >> 1) * nodeMessageBytes + 1 + (index & 1) * hashBytes;
      this.leafDigests[index] = digest;
      lanes.queue(this.leafStarts[index] as number, this.leafEnds[index] as number, digest);
    }
    lanes.run();
    const root = hashNodes(lanes, nodes, count);
    this.count = 0;
    this.finished = count;
    lanes.reset();
    return { root, count };
  }
}

/** Lays out empty messages for the lowest nodes over `count` leaves; returns where they begin. */
function layNodes(lanes: Lanes, count: number): number {
  const pairs = (count + 1) >> 1;
  // Each level is half as wide as the one below it; all are kept, for proofs.
  lanes.reserve((2 * pairs + 16) * nodeMessageBytes);
  const first = lanes.end;
  for (let pair = 0; pair < pairs; pair++) layNode(lanes, first + pair * nodeMessageBytes);
  lanes.end = first + pairs * nodeMessageBytes;
  return first;
}

function layNode(lanes: Lanes, at: number): void {
  lanes.bytes[at] = nodeMark;
  lanes.pad(at, 1 + 2 * hashBytes);
}

/** Level by level upwards; a last one without a partner is a node of the next level as it is (RFC 6962, 2.1). */
function hashNodes(lanes: Lanes, leaves: number, leafCount: number): Uint8Array {
  let level = leaves;
  let count = leafCount;
  let next = lanes.end;
  while (count > 1) {
    const pairs = count >> 1;
    const parents = (count + 1) >> 1;
    const placeOf = (index: number): number =>
      next + (index >> 1) * nodeMessageBytes + 1 + (index & 1) * hashBytes;
    for (let node = 0; node < (parents + 1) >> 1; node++) layNode(lanes, next + node * nodeMessageBytes);
    for (let pair = 0; pair < pairs; pair++) {
      const message = level + pair * nodeMessageBytes;
      lanes.queue(message, message + nodeMessageBytes, placeOf(pair));
    }
    lanes.run();
    if (parents > pairs) {
      const orphan = level + pairs * nodeMessageBytes + 1;
      lanes.bytes.copyWithin(placeOf(pairs), orphan, orphan + hashBytes);
    }
    level = next;
    next += ((parents + 1) >> 1) * nodeMessageBytes;
    count = parents;
  }
  return lanes.bytes.slice(level + 1, level + 1 + hashBytes);
}
