/**
 * The Merkle tree of RFC 6962, section 2.1: hashes of leaves and nodes, roots, proofs of inclusion
 * and of consistency, and their verification. Sizes and indices are numbers up to 2^53.
 */
import { createHash } from "node:crypto";

export type Hash = Uint8Array;

const leafMark = Uint8Array.of(0);
const nodeMark = Uint8Array.of(1);

export function sha256(...parts: readonly Uint8Array[]): Hash {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

export function leafHash(entry: Uint8Array): Hash {
  return sha256(leafMark, entry);
}

export function nodeHash(left: Hash, right: Hash): Hash {
  return sha256(nodeMark, left, right);
}

export const emptyRoot: Hash = sha256();

/** Gives the hash over the leaves `first` up to `first + 2^level`, all of which exist. */
export type Subtree = (level: number, first: number) => Hash;

/** The largest power of two below `size`, which is at least 2. */
function split(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}

/** Root over the leaves from `first` up to `until`. */
export function rangeRoot(first: number, until: number, subtree: Subtree): Hash {
  const size = until - first;
  if (size === 0) return emptyRoot;
  const level = Math.log2(size);
  if (Number.isInteger(level) && first % size === 0) return subtree(level, first);
  const left = split(size);
  return nodeHash(rangeRoot(first, first + left, subtree), rangeRoot(first + left, until, subtree));
}

/** Proof that leaf `index` is in the tree of `size` leaves: the siblings, from the leaf upwards. */
export function inclusionProof(index: number, size: number, subtree: Subtree): readonly Hash[] {
  const proof: Hash[] = [];
  let first = 0;
  let until = size;
  while (until - first > 1) {
    const middle = first + split(until - first);
    if (index < middle) {
      proof.push(rangeRoot(middle, until, subtree));
      until = middle;
    } else {
      proof.push(rangeRoot(first, middle, subtree));
      first = middle;
    }
  }
  return proof.reverse();
}

/** Proof that the tree of `oldSize` leaves is the beginning of the tree of `size` (RFC 6962, 2.1.2). */
export function consistencyProof(oldSize: number, size: number, subtree: Subtree): readonly Hash[] {
  if (oldSize === 0 || oldSize === size) return [];
  const proof: Hash[] = [];
  let first = 0;
  let until = size;
  // The old tree as a whole is known to the one who asks, so its own root is left out.
  let whole = true;
  while (oldSize !== until) {
    const middle = first + split(until - first);
    if (oldSize <= middle) {
      proof.push(rangeRoot(middle, until, subtree));
      until = middle;
    } else {
      proof.push(rangeRoot(first, middle, subtree));
      first = middle;
      whole = false;
    }
  }
  if (!whole) proof.push(rangeRoot(first, until, subtree));
  return proof.reverse();
}

const half = (value: number): number => Math.floor(value / 2);
const isOdd = (value: number): boolean => value % 2 === 1;

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

const isHash = (hash: Hash): boolean => hash.length === 32;

/** The root that the proof leads to (RFC 9162, 2.1.3.2), or `undefined` if it has a wrong form. */
export function rootFromInclusion(
  index: number,
  size: number,
  leaf: Hash,
  proof: readonly Hash[],
): Hash | undefined {
  if (index < 0 || index >= size || !proof.every(isHash) || !isHash(leaf)) return undefined;
  let position = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0) return undefined;
    if (isOdd(position) || position === last) {
      hash = nodeHash(sibling, hash);
      while (!isOdd(position) && position !== 0) {
        position = half(position);
        last = half(last);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    position = half(position);
    last = half(last);
  }
  return last === 0 ? hash : undefined;
}

export function verifyInclusion(
  index: number,
  size: number,
  leaf: Hash,
  proof: readonly Hash[],
  root: Hash,
): boolean {
  const found = rootFromInclusion(index, size, leaf, proof);
  return found !== undefined && sameBytes(found, root);
}

/**
 * Whether the tree of `size` and `root` begins with the tree of `oldSize` and `oldRoot` (RFC 9162,
 * 2.1.4.2). Nothing is proven about a larger tree by the empty one, so that is refused.
 */
export function verifyConsistency(
  oldSize: number,
  size: number,
  oldRoot: Hash,
  root: Hash,
  proof: readonly Hash[],
): boolean {
  if (oldSize === size && proof.length === 0) {
    return sameBytes(oldRoot, root) && (size > 0 || sameBytes(root, emptyRoot));
  }
  if (oldSize < 1 || size <= oldSize) return false;
  if (!isHash(oldRoot) || !isHash(root) || !proof.every(isHash)) return false;
  // A tree whose size is a power of two is a node of the new one, and its root begins the path.
  const path = Number.isInteger(Math.log2(oldSize)) ? [oldRoot, ...proof] : [...proof];
  let position = oldSize - 1;
  let last = size - 1;
  while (isOdd(position)) {
    position = half(position);
    last = half(last);
  }
  const [start, ...rest] = path;
  if (start === undefined || proof.length === 0) return false;
  let oldHash = start;
  let hash = start;
  for (const sibling of rest) {
    if (last === 0) return false;
    if (isOdd(position) || position === last) {
      oldHash = nodeHash(sibling, oldHash);
      hash = nodeHash(sibling, hash);
      while (!isOdd(position) && position !== 0) {
        position = half(position);
        last = half(last);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    position = half(position);
    last = half(last);
  }
  return last === 0 && sameBytes(oldHash, oldRoot) && sameBytes(hash, root);
}
