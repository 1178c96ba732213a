/**
 * Bytes of a spool file to lines. Recorders write a line feed, JSON and a line feed in one write;
 * a write that the disk cut short leaves a torn line, and a hole leaves NULs. Neither may hide the
 * good line that follows, and no line may make the agent hold more than its limit.
 */
import { limits } from "../model/limits.ts";

export type BadLine = {
  /** Offset of its first byte in the file. */
  readonly at: number;
  readonly reason: string;
  /** Its beginning, for the person who looks into it. */
  readonly sample: string;
};

export type Lines = {
  readonly good: readonly Uint8Array[];
  /** Offset in the file after each good line. */
  readonly goodEnds: readonly number[];
  readonly bad: readonly BadLine[];
  /** Offset after the last byte that was dealt with. */
  readonly end: number;
  /** The bytes from `end` to the next line feed belong to a line that is too long. */
  readonly skipping: boolean;
};

export type LineBounds = {
  /** Offset of `bytes` in the file. */
  readonly start: number;
  /** `bytes` begins inside a line that was too long. */
  readonly skipping: boolean;
  /** Nothing will follow: what stands after the last line feed is a line as well. */
  readonly final: boolean;
  readonly linesMax: number;
};

const lineFeed = 0x0a;
const sampleBytesMax = 512;

export function splitLines(bytes: Uint8Array, bounds: LineBounds): Lines {
  const good: Uint8Array[] = [];
  const goodEnds: number[] = [];
  const bad: BadLine[] = [];
  let at = 0;
  let skipping = bounds.skipping;
  while (at < bytes.length && good.length + bad.length < bounds.linesMax) {
    const feed = bytes.indexOf(lineFeed, at);
    if (feed < 0 && !bounds.final) {
      if (skipping) {
        at = bytes.length;
      } else if (bytes.length - at > limits.lineBytesMax) {
        bad.push(tooLong(bytes.subarray(at), bounds.start + at));
        skipping = true;
        at = bytes.length;
      }
      break;
    }
    const end = feed < 0 ? bytes.length : feed;
    if (!skipping && judge(bytes.subarray(at, end), bounds.start + at, good, bad))
      goodEnds.push(bounds.start + end);
    skipping = false;
    at = feed < 0 ? bytes.length : feed + 1;
  }
  return { good, goodEnds, bad, end: bounds.start + at, skipping };
}

/** Whether it is a good line. */
function judge(piece: Uint8Array, at: number, good: Uint8Array[], bad: BadLine[]): boolean {
  const line = trim(piece);
  if (line.length === 0) return false;
  if (line.length > limits.lineBytesMax) {
    bad.push(tooLong(line, at));
  } else if (line[0] !== 0x7b || line[line.length - 1] !== 0x7d) {
    bad.push({ at, reason: "no whole JSON object: the write was cut short", sample: sampleOf(line) });
  } else {
    good.push(line);
    return true;
  }
  return false;
}

function tooLong(line: Uint8Array, at: number): BadLine {
  return { at, reason: `line longer than ${limits.lineBytesMax} bytes`, sample: sampleOf(line) };
}

/** Without blanks and NULs at either end. */
function trim(bytes: Uint8Array): Uint8Array {
  let start = 0;
  let end = bytes.length;
  while (start < end && isBlank(bytes[start] as number)) start += 1;
  while (end > start && isBlank(bytes[end - 1] as number)) end -= 1;
  return bytes.subarray(start, end);
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x00;
}

export function sampleOf(line: Uint8Array): string {
  return new TextDecoder().decode(line.subarray(0, sampleBytesMax));
}
