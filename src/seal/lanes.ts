/**
 * An arena of memory in which messages are laid out, padded as SHA-256 wants them, and hashed four
 * at a time. One arena belongs to one sealer or verifier; nothing in it outlives `reset`.
 */
import { groupBytes, lanesModule } from "./lanes-module.ts";

const pageBytes = 65_536;
/** Most messages hashed in one call; each may need a group of its own. */
const queueMax = 4096;
const tableBytes = queueMax * groupBytes;

let compiled: WebAssembly.Module | undefined;

export class Lanes {
  /** The arena. Replaced when it grows, so never keep a copy over a call of `reserve`. */
  bytes: Uint8Array;
  /** Where the next message may be laid. */
  end = tableBytes;
  private readonly memory: WebAssembly.Memory;
  private words: Uint32Array;
  private readonly hashGroups: (table: number, groups: number) => void;
  private readonly messages = new Int32Array(queueMax);
  private readonly digests = new Int32Array(queueMax);
  private readonly blocks = new Int32Array(queueMax);
  private readonly order = new Int32Array(queueMax);
  private queued = 0;
  private blocksMax = 0;
  private blocksMin = 0;
  private byBlocks = new Int32Array(64);

  constructor() {
    compiled ??= new WebAssembly.Module(lanesModule());
    this.memory = new WebAssembly.Memory({ initial: 16 });
    const instance = new WebAssembly.Instance(compiled, { e: { m: this.memory } });
    this.hashGroups = instance.exports["h"] as (table: number, groups: number) => void;
    this.bytes = new Uint8Array(this.memory.buffer);
    this.words = new Uint32Array(this.memory.buffer);
  }

  /** Forgets every message laid out. */
  reset(): void {
    this.end = tableBytes;
    this.queued = 0;
  }

  /** Makes sure that `size` bytes fit behind `end`. */
  reserve(size: number): void {
    const missing = this.end + size - this.bytes.length;
    if (missing <= 0) return;
    this.memory.grow(Math.ceil(Math.max(missing, this.bytes.length / 2) / pageBytes));
    this.bytes = new Uint8Array(this.memory.buffer);
    this.words = new Uint32Array(this.memory.buffer);
  }

  /**
   * Pads the message from `start` to `length` bytes and queues it; its digest will lie at `digest`.
   * Returns where the padding ends.
   */
  pad(start: number, length: number): number {
    const { bytes } = this;
    const end = start + ((length + 72) & ~63);
    bytes[start + length] = 0x80;
    if (end - 4 > start + length + 1) bytes.fill(0, start + length + 1, end - 4);
    bytes[end - 4] = length >>> 21;
    bytes[end - 3] = length >>> 13;
    bytes[end - 2] = length >>> 5;
    bytes[end - 1] = length << 3;
    return end;
  }

  /** Queues a padded message of whole blocks; its digest will lie at `digest` after `run`. */
  queue(start: number, end: number, digest: number): void {
    if (this.queued === queueMax) this.run();
    const slot = this.queued++;
    const count = (end - start) >> 6;
    this.messages[slot] = start;
    this.digests[slot] = digest;
    this.blocks[slot] = count;
    if (slot === 0) {
      this.blocksMin = count;
      this.blocksMax = count;
    } else if (count > this.blocksMax) this.blocksMax = count;
    else if (count < this.blocksMin) this.blocksMin = count;
  }

  /** Hashes all that is queued. Messages of the same number of blocks go side by side. */
  run(): void {
    const count = this.queued;
    if (count === 0) return;
    this.queued = 0;
    if (this.blocksMin !== this.blocksMax) this.sortByBlocks(count);
    else for (let slot = 0; slot < count; slot++) this.order[slot] = slot;
    const { words, order, messages, digests, blocks } = this;
    let groups = 0;
    let from = 0;
    while (from < count) {
      const length = blocks[order[from] as number] as number;
      const entry = (groups++ * groupBytes) >> 2;
      words[entry + 8] = length;
      let lane = 0;
      for (; lane < 4 && from + lane < count; lane++) {
        const slot = order[from + lane] as number;
        if (blocks[slot] !== length) break;
        words[entry + lane] = messages[slot] as number;
        words[entry + 4 + lane] = digests[slot] as number;
      }
      // A lane without a message repeats the last one: the same digest to the same place.
      for (let empty = lane; empty < 4; empty++) {
        words[entry + empty] = words[entry + lane - 1] as number;
        words[entry + 4 + empty] = words[entry + 3 + lane] as number;
      }
      from += lane;
    }
    this.hashGroups(0, groups);
  }

  /** A counting sort of `order`. */
  private sortByBlocks(count: number): void {
    const span = this.blocksMax - this.blocksMin + 2;
    if (this.byBlocks.length < span) this.byBlocks = new Int32Array(span * 2);
    const first = this.byBlocks.fill(0, 0, span);
    const { blocks, order, blocksMin } = this;
    for (let slot = 0; slot < count; slot++) {
      const bin = (blocks[slot] as number) - blocksMin + 1;
      first[bin] = (first[bin] as number) + 1;
    }
    for (let bin = 1; bin < span; bin++) first[bin] = (first[bin] as number) + (first[bin - 1] as number);
    for (let slot = 0; slot < count; slot++) {
      const bin = (blocks[slot] as number) - blocksMin;
      order[first[bin] as number] = slot;
      first[bin] = (first[bin] as number) + 1;
    }
  }
}
