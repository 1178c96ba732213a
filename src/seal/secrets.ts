/**
 * What the ledger keeps beside its public tiles, readable by the server alone: the seed of each
 * segment, the hints that name a touched event, and what is left of erased ones. One file for each
 * 256 leaves, a record for each leaf, empty for a statement.
 */
import { indexOfPlace, unpackPlaces } from "./places.ts";
import type { SaltNode, Salts } from "./salts.ts";
import { saltBytes, seedBytes } from "./salts.ts";
import type { Tombstone } from "./segment.ts";
import { tileNumberPath } from "./tiles.ts";

export type SegmentSecret = {
  readonly salts: Salts;
  readonly hints: Uint8Array;
  /** Where its events stand in the store (`places.ts`); empty: each at its index. */
  readonly places: Uint8Array;
  /** By index in the segment. */
  readonly tombstones: ReadonlyMap<number, Tombstone>;
};

const wholeMark = 3;
const puncturedMark = 4;

export function secretsPath(number: number): string {
  return `secrets/${tileNumberPath(number)}`;
}

const u32 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
};

const framed = (bytes: Uint8Array): readonly Uint8Array[] => [u32(bytes.length), bytes];

export function packSecret(secret: SegmentSecret): Uint8Array {
  const { salts, hints, places, tombstones } = secret;
  const tail = [Uint8Array.of(hints.length), hints, places];
  if ("seed" in salts) return Buffer.concat([Uint8Array.of(wholeMark), salts.seed, ...tail]);
  const parts: Uint8Array[] = [Uint8Array.of(puncturedMark, salts.depth), u32(salts.nodes.length)];
  for (const { level, index, value } of salts.nodes) parts.push(Uint8Array.of(level), u32(index), value);
  parts.push(u32(tombstones.size));
  for (const [index, { header, commitment }] of tombstones)
    parts.push(u32(index), ...framed(header), commitment);
  return Buffer.concat([...parts, ...tail]);
}

/** Hints and places; `undefined` where they are cut short. */
function readTail(bytes: Uint8Array, at: number): Pick<SegmentSecret, "hints" | "places"> | undefined {
  const end = at + 1 + (bytes[at] ?? 0);
  if (end > bytes.length) return undefined;
  return { hints: bytes.slice(at + 1, end), places: bytes.slice(end) };
}

/** `undefined` for bytes that `packSecret` never makes. */
export function unpackSecret(bytes: Uint8Array): SegmentSecret | undefined {
  const [mark] = bytes;
  if (mark === wholeMark && bytes.length > seedBytes) {
    const salts = { seed: bytes.slice(1, 1 + seedBytes) };
    const tail = readTail(bytes, 1 + seedBytes);
    return tail && { salts, ...tail, tombstones: new Map() };
  }
  if (mark !== puncturedMark) return undefined;
  try {
    return unpackPunctured(bytes);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function unpackPunctured(bytes: Uint8Array): SegmentSecret | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 2;
  const whole = (): number => {
    at += 4;
    return view.getUint32(at - 4);
  };
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw new RangeError("a secret ends too early");
    at += length;
    return bytes.slice(at - length, at);
  };
  const nodes: SaltNode[] = [];
  for (let left = whole(); left > 0; left--) {
    nodes.push({ level: take(1)[0] as number, index: whole(), value: take(saltBytes) });
  }
  const tombstones = new Map<number, Tombstone>();
  for (let left = whole(); left > 0; left--) {
    const index = whole();
    tombstones.set(index, { header: take(whole()), commitment: take(32) });
  }
  const tail = readTail(bytes, at);
  return tail && { salts: { depth: view.getUint8(1), nodes }, ...tail, tombstones };
}

/** Records of one file, a length before each. */
export function packRecords(records: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(records.flatMap(framed));
}

/** As many whole records as there are. */
export function unpackRecords(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const records: Uint8Array[] = [];
  let at = 0;
  while (at + 4 <= bytes.length) {
    const end = at + 4 + view.getUint32(at);
    if (end > bytes.length) break;
    records.push(bytes.slice(at + 4, end));
    at = end;
  }
  return records;
}

/** Index of the leaf of the event with this place in the store; -1 for none. */
export function indexIn({ places }: SegmentSecret, place: number, count: number): number {
  return indexOfPlace(places.length === 0 ? undefined : unpackPlaces(places, count), place, count);
}

/** The rows of one segment by the index of their leaf. */
export function rowsByIndex(
  { places: packed }: SegmentSecret,
  rows: { readonly count: number; readonly places: ArrayLike<number> },
  count: number,
): ReadonlyMap<number, number> {
  const places = packed.length === 0 ? undefined : unpackPlaces(packed, count);
  const byIndex = new Map<number, number>();
  for (let row = 0; row < rows.count; row++) {
    const index = indexOfPlace(places, rows.places[row] as number, count);
    if (index >= 0) byIndex.set(index, row);
  }
  return byIndex;
}
