/** The inner half of a verification: whether the stored events of a segment are those that were sealed. */
import { formatTime } from "../model/time.ts";
import { readHeader } from "./canonical.ts";
import type { SegmentEntry } from "./entries.ts";
import type { Finding, Findings } from "./findings.ts";
import { changedBetween } from "./hints.ts";
import { sameBytes } from "./merkle.ts";
import type { Statements } from "./outer-check.ts";
import { indexOfPlace, unpackPlaces } from "./places.ts";
import type { SegmentSecret } from "./secrets.ts";
import { type SegmentHash, SegmentHasher } from "./segment.ts";

/** Events of some segments, in the order of segment and index. */
export type StoredSegments = {
  readonly count: number;
  readonly segments: ArrayLike<number>;
  /** The place of each in its batch, as the store keeps it (`places.ts`). */
  readonly places: ArrayLike<number>;
  readonly add: (hasher: SegmentHasher, row: number) => void;
  /** The canonical header of a row. */
  readonly header: (row: number) => Uint8Array;
};

export type Segment = {
  readonly place: number;
  readonly entry: SegmentEntry;
  readonly secret: SegmentSecret | undefined;
};
export type Chunk = { readonly from: number; readonly until: number; readonly segments: readonly Segment[] };

export type Tally = { events: number; segments: number; erased: number; goneSegments: number };

/** The store holds something that it cannot give back: damaged, or gone from under it. */
export class StoreUnreadable extends Error {}

/** Judges segments one after the other; keeps what can only be judged at the end. */
export class SegmentCheck {
  private readonly hasher = new SegmentHasher();
  private readonly statements: Statements;
  private readonly findings: Findings;
  private readonly tally: Tally;
  /** Whole segments that are gone without a statement, since the last one that was there. */
  private missing: Finding[] = [];

  constructor(statements: Statements, findings: Findings, tally: Tally) {
    this.statements = statements;
    this.findings = findings;
    this.tally = tally;
  }

  /** Nothing waits for what comes later to be judged. */
  get isSettled(): boolean {
    return this.missing.length === 0;
  }

  chunk({ segments }: Chunk, rows: StoredSegments): void {
    let row = 0;
    for (const segment of segments) {
      const { number } = segment.entry;
      for (; row < rows.count && (rows.segments[row] as number) < number; row++) this.stranger(rows, row);
      const first = row;
      while (row < rows.count && rows.segments[row] === number) row++;
      this.segment(segment, rows, first, row);
    }
    for (; row < rows.count; row++) this.stranger(rows, row);
  }

  /** What the store holds of a segment cannot be read, so its events are not proven. */
  unreadable({ place, entry }: Segment, { message }: StoreUnreadable): void {
    this.flushMissing();
    this.findings.add({
      threat: "T1",
      ...segmentPlace(entry, place),
      because: `what is stored of the segment cannot be read: ${message}`,
    });
  }

  private flushMissing(): void {
    for (const finding of this.missing) this.findings.add(finding);
    this.missing = [];
  }

  /** What was missing up to the end was cut off. */
  end(): void {
    for (const finding of this.missing) {
      this.findings.add({ ...finding, threat: "T2", because: "this segment and all after it are gone" });
    }
    this.missing = [];
  }

  /** Of segments before `until`. */
  strangers(rows: StoredSegments, known: ReadonlySet<number>, until: number): void {
    for (let row = 0; row < rows.count; row++) {
      const segment = rows.segments[row] as number;
      if (segment < until && !known.has(segment)) this.stranger(rows, row);
    }
  }

  private stranger(rows: StoredSegments, row: number): void {
    const segment = rows.segments[row] as number;
    const because = `the ledger knows no segment ${segment}: the event is not sealed`;
    this.findings.add({ threat: "T7", ...about(rows, row), because });
  }

  private mayBeGone({ number, stream, untilMicros }: SegmentEntry): boolean {
    if (untilMicros < (this.statements.retainedFrom.get(stream) ?? 0)) return true;
    return this.statements.dropped.some(([from, until]) => number >= from && number <= until);
  }

  private segment({ place, entry, secret }: Segment, rows: StoredSegments, first: number, end: number): void {
    const { count } = entry;
    const where = segmentPlace(entry, place);
    if (first === end && this.mayBeGone(entry)) {
      this.tally.goneSegments += 1;
      return;
    }
    if (secret === undefined) {
      const because = "the seed of the segment is missing: its events cannot be proven";
      this.findings.add({ threat: "T7", ...where, because });
      return;
    }
    if (first === end && secret.tombstones.size < count) {
      this.missing.push({ threat: "T1", ...where, because: "all events of the segment are gone" });
      return;
    }
    this.flushMissing();
    this.tally.segments += 1;
    const order = this.order(entry, place, secret, rows, first, end);
    if (order === undefined) return;
    this.tally.events += count;
    const { root } = this.hash(order, secret, rows);
    // Hints take a tenth of the time of a verification, so they are made where they are needed.
    if (!sameBytes(root, entry.root)) this.explain(order, entry, place, secret, rows, this.hasher.hints());
  }

  /** The row of each index, -1 where only a tombstone is left; `undefined` if some are wrong. */
  private order(
    entry: SegmentEntry,
    place: number,
    { tombstones, places: packed }: SegmentSecret,
    rows: StoredSegments,
    first: number,
    end: number,
  ): Int32Array | undefined {
    const { number, count } = entry;
    const where = segmentPlace(entry, place);
    const places = packed.length === 0 ? undefined : unpackPlaces(packed, count);
    if (packed.length > 0 && places === undefined) {
      const because = "the places of the segment's events cannot be read: they cannot be proven";
      this.findings.add({ threat: "T7", ...where, because });
      return undefined;
    }
    const order = new Int32Array(count).fill(-2);
    const before = this.findings.count;
    for (let row = first; row < end; row++) {
      const index = indexOfPlace(places, rows.places[row] as number, count);
      if (index < 0 || order[index] !== -2) {
        this.findings.add({
          threat: "T1",
          ...where,
          ...about(rows, row),
          because: `the event was inserted: ${index < 0 ? "the segment has no such place" : "its place is taken"}`,
        });
      } else if (tombstones.has(index)) {
        order[index] = -1;
        this.findings.add({
          threat: "T9",
          ...where,
          ...about(rows, row),
          index,
          because: "the event was erased, but its content is still stored",
        });
      } else order[index] = row;
    }
    for (let index = 0; index < count; index++) {
      if (order[index] !== -2) continue;
      const grave = tombstones.get(index);
      const stated = this.statements.erased.get(`${number}:${index}`);
      order[index] = -1;
      if (grave === undefined) {
        this.findings.add({ threat: "T1", ...where, index, because: "the event was deleted" });
      } else if (stated === undefined || !sameBytes(stated, grave.commitment)) {
        this.findings.add({
          threat: "T9",
          ...where,
          index,
          because: "the event was erased without a statement",
        });
      } else this.tally.erased += 1;
    }
    return this.findings.count === before ? order : undefined;
  }

  private hash(order: Int32Array, { tombstones, salts }: SegmentSecret, rows: StoredSegments): SegmentHash {
    for (let index = 0; index < order.length; index++) {
      const row = order[index] as number;
      const grave = row < 0 ? tombstones.get(index) : undefined;
      if (row >= 0) rows.add(this.hasher, row);
      else if (grave !== undefined) this.hasher.addTombstone(grave);
    }
    return this.hasher.finish(salts);
  }

  /** Says which event of a segment is the wrong one, as far as the hints tell. */
  private explain(
    order: Int32Array,
    entry: SegmentEntry,
    place: number,
    secret: SegmentSecret,
    rows: StoredSegments,
    hints: Uint8Array,
  ): void {
    const where = segmentPlace(entry, place);
    const touched = changedBetween(secret.hints, hints, order.length);
    const [first, second] = touched ?? [];
    if (touched === undefined || first === undefined) {
      const because =
        touched === undefined
          ? `several of the segment's ${order.length} events were changed, or its seed was`
          : `one of the segment's ${order.length} events was changed`;
      this.findings.add({ threat: "T1", ...where, because });
      return;
    }
    const row = order[first] as number;
    const event = { ...where, ...(row < 0 ? {} : about(rows, row)), index: first };
    if (second !== undefined && touched.length === 2) {
      const swapped = order.slice();
      swapped[first] = order[second] as number;
      swapped[second] = row;
      if (sameBytes(this.hash(swapped, secret, rows).root, entry.root)) {
        this.findings.add({
          threat: "T3",
          ...event,
          because: `the events ${first} and ${second} changed places`,
        });
        return;
      }
    }
    const because =
      touched.length === 1
        ? "the event was changed"
        : `${touched.length} events of the segment were changed; this is the first`;
    this.findings.add({ threat: "T1", ...event, because });
  }
}

function segmentPlace(
  { number, stream, fromMicros, untilMicros }: SegmentEntry,
  entry: number,
): Pick<Finding, "entry" | "segment" | "stream" | "received"> {
  return { entry, segment: number, stream, received: [formatTime(fromMicros), formatTime(untilMicros)] };
}

function about(rows: StoredSegments, row: number): Pick<Finding, "segment" | "index" | "id" | "time"> {
  const place = { segment: rows.segments[row] as number };
  try {
    const { id, timeMicros } = readHeader(rows.header(row));
    return { ...place, id, time: formatTime(timeMicros) };
  } catch {
    return place;
  }
}
