/**
 * What the ledger keeps beside its public tiles, readable by the server alone: the seed of each
 * segment, the hints that name a touched event, and what is left of erased ones. One file for each
 * 256 leaves, a record for each leaf, empty for a statement.
 */
import type { SaltNode, Salts } from "./salts.ts";
import { saltBytes, seedBytes } from "./salts.ts";
import type { Tombstone } from "./segment.ts";
import { tileNumberPath } from "./tiles.ts";

export type SegmentSecret = {
  readonly salts: Salts;
  readonly hints: Uint8Array;
  /** By index in the segment. */
  readonly tombstones: ReadonlyMap<number, Tombstone>;
};

const wholeMark = 1;
const puncturedMark = 2;

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
  const { salts, hints, tombstones } = secret;
  if ("seed" in salts) return Buffer.concat([Uint8Array.of(wholeMark), salts.seed, hints]);
  const parts: Uint8Array[] = [Uint8Array.of(puncturedMark, salts.depth), u32(salts.nodes.length)];
  for (const { level, index, value } of salts.nodes) parts.push(Uint8Array.of(level), u32(index), value);
  parts.push(u32(tombstones.size));
  for (const [index, { header, commitment }] of tombstones)
    parts.push(u32(index), ...framed(header), commitment);
  return Buffer.concat([...parts, hints]);
}

/** `undefined` for bytes that `packSecret` never makes. */
export function unpackSecret(bytes: Uint8Array): SegmentSecret | undefined {
  if (bytes[0] === wholeMark && bytes.length > seedBytes) {
    const salts = { seed: bytes.slice(1, 1 + seedBytes) };
    return { salts, hints: bytes.slice(1 + seedBytes), tombstones: new Map() };
  }
  if (bytes[0] !== puncturedMark) return undefined;
  try {
    return unpackPunctured(bytes);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function unpackPunctured(bytes: Uint8Array): SegmentSecret {
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
  return { salts: { depth: view.getUint8(1), nodes }, hints: bytes.slice(at), tombstones };
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
