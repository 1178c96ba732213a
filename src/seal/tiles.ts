/**
 * Tiles of the outer log as files (c2sp.org/tlog-tiles): where they lie, and how hashes and entries
 * are read from them. Whatever holds tiles, a folder or a bundle, is a `TileSource`.
 */
import { type Hash, nodeHash, type Subtree } from "./merkle.ts";

export const tileWidth = 256;
const hashBytes = 32;

/** Gives a tile as it lies at its path, or `undefined`. */
export type TileSource = (path: string) => Uint8Array | undefined;

/** `x001/x234/067` for 1234067. */
export function tileNumberPath(number: number): string {
  const last = String(number % 1000).padStart(3, "0");
  let rest = Math.floor(number / 1000);
  let path = last;
  while (rest > 0) {
    path = `x${String(rest % 1000).padStart(3, "0")}/${path}`;
    rest = Math.floor(rest / 1000);
  }
  return path;
}

export function tilePath(level: number | "entries", number: number, width: number = tileWidth): string {
  const partial = width === tileWidth ? "" : `.p/${width}`;
  return `tile/${level}/${tileNumberPath(number)}${partial}`;
}

/** Whether a path is one that `tilePath` makes: what a server may hand out. */
export function isTilePath(path: string): boolean {
  return /^tile\/(entries|\d{1,2})\/(x\d{3}\/)*\d{3}(\.p\/([1-9]\d{0,2}))?$/.test(path);
}

/** Width of the tile in a log of `size` leaves; 0 where there is none. */
export function tileWidthAt(level: number, number: number, size: number): number {
  const hashes = Math.floor(size / tileWidth ** level);
  return Math.max(0, Math.min(tileWidth, hashes - number * tileWidth));
}

/** Root over a power of two of hashes that lie side by side. */
export function perfectRoot(hashes: Uint8Array, first: number, count: number): Hash {
  if (count === 1) return hashes.slice(first * hashBytes, (first + 1) * hashBytes);
  const half = count / 2;
  return nodeHash(perfectRoot(hashes, first, half), perfectRoot(hashes, first + half, half));
}

export class TileMissing extends Error {
  readonly path: string;
  constructor(path: string) {
    super(`the tile ${path} is missing or has a wrong length`);
    this.path = path;
  }
}

/** Hashes of a log of `size` leaves. Throws `TileMissing`. */
export function tileSubtree(source: TileSource, size: number): Subtree {
  return (level, first) => {
    const tileLevel = Math.floor(level / 8);
    const index = first / tileWidth ** tileLevel;
    const number = Math.floor(index / tileWidth);
    const hashes = readHashTile(source, tileLevel, number, size);
    return perfectRoot(hashes, index % tileWidth, 2 ** (level - tileLevel * 8));
  };
}

export function readHashTile(source: TileSource, level: number, number: number, size: number): Uint8Array {
  const width = tileWidthAt(level, number, size);
  return readTile(source, level, number, width, (tile) => tile.length >= width * hashBytes);
}

/** The tile itself, or the full one in which a partial one has gone up. */
function readTile(
  source: TileSource,
  level: number | "entries",
  number: number,
  width: number,
  isWhole: (tile: Uint8Array) => boolean,
): Uint8Array {
  const path = tilePath(level, number, width);
  const tile = source(path) ?? source(tilePath(level, number));
  if (width === 0 || tile === undefined || !isWhole(tile)) throw new TileMissing(path);
  return tile;
}

/** Entries of bundle `number` in a log of `size` leaves. Throws `TileMissing`. */
export function readEntryTile(source: TileSource, number: number, size: number): readonly Uint8Array[] {
  const width = tileWidthAt(0, number, size);
  const tile = readTile(source, "entries", number, width, () => true);
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at + 2 <= tile.length && entries.length < width) {
    const length = ((tile[at] as number) << 8) | (tile[at + 1] as number);
    if (at + 2 + length > tile.length) break;
    entries.push(tile.slice(at + 2, at + 2 + length));
    at += 2 + length;
  }
  if (entries.length < width) throw new TileMissing(tilePath("entries", number, width));
  return entries;
}

export function packEntries(entries: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    entries.flatMap((entry) => [Uint8Array.of(entry.length >> 8, entry.length & 255), entry]),
  );
}
