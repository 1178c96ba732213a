/** The right edge of the outer tree: the tiles that are not yet full, level by level. */
import { type Hash, rangeRoot } from "./merkle.ts";
import { perfectRoot, readHashTile, type TileSource, tilePath, tileWidth, tileWidthAt } from "./tiles.ts";

export type Edge = { readonly size: number; readonly levels: readonly (readonly Hash[])[] };

export type NamedTile = { readonly path: string; readonly bytes: Uint8Array };

/** The edge of a published tree. Throws `TileMissing`. */
export function readEdge(source: TileSource, size: number): Edge {
  const levels: Hash[][] = [];
  for (let level = 0; tileWidth ** level <= size; level++) {
    const number = Math.floor(size / tileWidth ** (level + 1));
    const width = tileWidthAt(level, number, size);
    const bytes = width === 0 ? new Uint8Array(0) : readHashTile(source, level, number, size);
    levels.push(Array.from({ length: width }, (_, index) => bytes.slice(index * 32, index * 32 + 32)));
  }
  return { size, levels };
}

/** The edge with more leaves, and the tiles that became full on the way. */
export function growEdge(
  edge: Edge,
  leaves: readonly Hash[],
): { readonly edge: Edge; readonly full: readonly NamedTile[] } {
  const levels = edge.levels.map((level) => [...level]);
  const full: NamedTile[] = [];
  let { size } = edge;
  for (const leaf of leaves) {
    size += 1;
    let hash = leaf;
    for (let level = 0; ; level++) {
      const hashes = (levels[level] ??= []);
      hashes.push(hash);
      if (hashes.length < tileWidth) break;
      const bytes = Buffer.concat(hashes);
      const number = Math.floor((size - 1) / tileWidth ** (level + 1));
      full.push({ path: tilePath(level, number), bytes });
      hash = perfectRoot(bytes, 0, tileWidth);
      levels[level] = [];
    }
  }
  return { edge: { size, levels }, full };
}

/** The tiles of the edge itself, none of them empty or full. */
export function partialTiles({ size, levels }: Edge): readonly NamedTile[] {
  return levels.flatMap((hashes, level) => {
    if (hashes.length === 0) return [];
    const number = Math.floor(size / tileWidth ** (level + 1));
    return [{ path: tilePath(level, number, hashes.length), bytes: Buffer.concat(hashes) }];
  });
}

/** The root, from the edge alone. */
export function edgeRoot({ size, levels }: Edge): Hash {
  return rangeRoot(0, size, (level, first) => {
    const tileLevel = Math.floor(level / 8);
    const index = (first / tileWidth ** tileLevel) % tileWidth;
    return perfectRoot(
      Buffer.concat(levels[tileLevel] as readonly Hash[]),
      index,
      2 ** (level - tileLevel * 8),
    );
  });
}
