/**
 * Salts of a segment's events from one secret seed, as the leaves of a binary tree of one-way steps
 * (Goldreich, Goldwasser, Micali 1986). To erase one event, the seed is replaced by the nodes beside
 * the path to its salt: every other salt can still be made, and that one never again.
 */
import { createHash } from "node:crypto";
import type { Lanes } from "./lanes.ts";

export const seedBytes = 32;
export const saltBytes = 16;

const seedMark = 3;
const stepMark = 4;

/** A node of the tree: level 0 is the seed's own, its children are level 1. */
export type SaltNode = { readonly level: number; readonly index: number; readonly value: Uint8Array };

/** The whole seed, or what is left of it after events were erased. */
export type Salts =
  | { readonly seed: Uint8Array }
  | { readonly depth: number; readonly nodes: readonly SaltNode[] };

/** Levels between the seed and the salts of `count` events. */
export function saltDepth(count: number): number {
  let depth = 1;
  while (1 << depth < count) depth++;
  return depth;
}

/** Both children of a node in one hash: the left one first. */
function children(value: Uint8Array): Uint8Array {
  const mark = Uint8Array.of(value.length === seedBytes ? seedMark : stepMark);
  return new Uint8Array(createHash("sha256").update(mark).update(value).digest());
}

/** The salt of one event, or `undefined` where it was erased. */
export function saltOf(salts: Salts, index: number, count: number): Uint8Array | undefined {
  const depth = "seed" in salts ? saltDepth(count) : salts.depth;
  const from: SaltNode | undefined =
    "seed" in salts
      ? { level: 0, index: 0, value: salts.seed }
      : salts.nodes.find((node) => index >> (depth - node.level) === node.index);
  if (from === undefined) return undefined;
  let { value } = from;
  for (let level = from.level; level < depth; level++) {
    const right = (index >> (depth - level - 1)) & 1;
    value = children(value).slice(right * saltBytes, right * saltBytes + saltBytes);
  }
  return value;
}

/** What is left when the salt of one event is gone for ever. */
export function punctureSalts(salts: Salts, index: number, count: number): Salts {
  const depth = "seed" in salts ? saltDepth(count) : salts.depth;
  const nodes: readonly SaltNode[] =
    "seed" in salts ? [{ level: 0, index: 0, value: salts.seed }] : salts.nodes;
  const kept = nodes.flatMap((node): readonly SaltNode[] => {
    if (index >> (depth - node.level) !== node.index) return [node];
    const siblings: SaltNode[] = [];
    let { value } = node;
    for (let level = node.level + 1; level <= depth; level++) {
      const both = children(value);
      const place = index >> (depth - level);
      const halves = [both.slice(0, saltBytes), both.slice(saltBytes)] as const;
      siblings.push({ level, index: place ^ 1, value: halves[1 - (place & 1)] as Uint8Array });
      value = halves[place & 1] as Uint8Array;
    }
    return siblings;
  });
  return { depth, nodes: kept };
}

/** Puts the salt of every event at its place; a negative place wants none. */
export function writeSalts(lanes: Lanes, salts: Salts, places: readonly number[], count: number): void {
  if (!("seed" in salts)) {
    for (let index = 0; index < count; index++) {
      const place = places[index] as number;
      if (place < 0) continue;
      // Without its salt an event cannot match its commitment, whatever stands here: it fails closed.
      lanes.bytes.set(saltOf(salts, index, count) ?? new Uint8Array(saltBytes), place);
    }
    return;
  }
  const depth = saltDepth(count);
  const values = expand(lanes, salts.seed, depth, count);
  const { bytes } = lanes;
  for (let index = 0; index < count; index++) {
    const place = places[index] as number;
    if (place < 0) continue;
    const from = values + index * saltBytes;
    for (let byte = 0; byte < saltBytes; byte++) bytes[place + byte] = bytes[from + byte] as number;
  }
}

/**
 * Expands the tree level by level, only as wide as it is needed. The digests of one level lie side
 * by side, so that they are the values of the next. Returns where the salts lie.
 */
function expand(lanes: Lanes, seed: Uint8Array, depth: number, count: number): number {
  const widthMax = (count + 1) >> 1;
  lanes.reserve((widthMax + 1) * (64 + 32) + 256);
  const messages = lanes.end;
  const values = messages + (widthMax + 1) * 64;
  lanes.end = values + (widthMax + 1) * 32;
  lanes.bytes[messages] = seedMark;
  lanes.bytes.set(seed, messages + 1);
  lanes.queue(messages, lanes.pad(messages, 1 + seedBytes), values);
  lanes.run();
  for (let level = 1; level < depth; level++) {
    const width = Math.ceil(count / 2 ** (depth - level));
    for (let node = 0; node < width; node++) {
      const message = messages + node * 64;
      const from = values + node * saltBytes;
      lanes.bytes[message] = stepMark;
      for (let byte = 0; byte < saltBytes; byte++) {
        lanes.bytes[message + 1 + byte] = lanes.bytes[from + byte] as number;
      }
      const end = lanes.pad(message, 1 + saltBytes);
      lanes.queue(message, end, values + node * 2 * saltBytes);
    }
    lanes.run();
  }
  return values;
}
