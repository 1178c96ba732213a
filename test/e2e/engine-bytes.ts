/**
 * What stands in a file of the data directory once the engine's compression is undone, so that a
 * search for a secret sees what the engine holds. The engine frames its data in blocks: 16 bytes of
 * checksum, a method, two lengths, then an LZ4 or Zstandard block
 * (https://clickhouse.com/docs/data-compression/compression-in-clickhouse).
 */
import { readFileSync } from "node:fs";
import { zstdDecompressSync } from "node:zlib";

const checksumBytes = 16;
const headerBytes = 9;
const methodNone = 0x02;
const methodLz4 = 0x82;
const methodZstd = 0x90;

/** The bytes of the file, followed by those of every block that could be read in it. */
export function plainBytes(path: string): Buffer {
  const bytes = readFileSync(path);
  const parts: Buffer[] = [bytes];
  let at = 0;
  while (at + checksumBytes + headerBytes < bytes.length) {
    const block = blockAt(bytes, at + checksumBytes);
    if (!block) break;
    if (block.plain) parts.push(block.plain);
    at += checksumBytes + block.length;
  }
  return Buffer.concat(parts);
}

function blockAt(bytes: Buffer, at: number): { plain: Buffer | undefined; length: number } | undefined {
  const method = bytes[at];
  const length = bytes.readUInt32LE(at + 1);
  const plainLength = bytes.readUInt32LE(at + 5);
  if (length < headerBytes || at + length > bytes.length || plainLength > 256 * 1024 * 1024) return undefined;
  const packed = bytes.subarray(at + headerBytes, at + length);
  try {
    if (method === methodLz4) return { plain: unpackLz4(packed, plainLength), length };
    if (method === methodZstd) return { plain: zstdDecompressSync(packed), length };
    if (method === methodNone) return { plain: packed, length };
  } catch {
    return undefined;
  }
  // A codec of numbers, such as Delta, stands before; there is no text in it, but there may be behind it.
  return method !== undefined && method >= methodNone && method < 0xa0
    ? { plain: undefined, length }
    : undefined;
}

/** One LZ4 block (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md). */
function unpackLz4(packed: Buffer, plainLength: number): Buffer {
  const plain = Buffer.alloc(plainLength);
  let from = 0;
  let to = 0;
  const lengthFrom = (start: number): number => {
    let length = start;
    if (start !== 15) return length;
    for (;;) {
      const more = packed[from++] as number;
      length += more;
      if (more !== 255) return length;
    }
  };
  while (from < packed.length) {
    const token = packed[from++] as number;
    const literals = lengthFrom(token >> 4);
    packed.copy(plain, to, from, from + literals);
    from += literals;
    to += literals;
    if (from >= packed.length) break;
    const offset = packed.readUInt16LE(from);
    from += 2;
    const length = lengthFrom(token & 15) + 4;
    if (offset === 0 || offset > to || to + length > plainLength) throw new RangeError("no LZ4 block");
    // Byte by byte: a match may overlap what it makes.
    for (let index = 0; index < length; index++, to++) plain[to] = plain[to - offset] as number;
  }
  return plain;
}
