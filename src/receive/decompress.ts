/**
 * The body as the sender wrote it. A compressed body can name any size, so that the result is
 * capped: decompression stops as soon as the cap is passed, and nothing larger is ever held.
 */
import { constants, gunzipSync, type ZstdOptions, zstdDecompressSync } from "node:zlib";
import { Fault } from "../model/fault.ts";
import type { IntakeRequest } from "../model/intake.ts";
import { limits } from "../model/limits.ts";

/** A zstd frame may ask for a window up to this power of two: 32 MiB, more than any level sends. */
const zstdWindowLogMax = 25;
/** Frames one after the other in one body, as `cat` makes them. More: 400. */
const zstdFramesMax = 1000;

/** Throws `BATCH_TOO_LARGE` over `limits.bodyPlainBytesMax`, `BAD_REQUEST` where it is not `encoding`. */
export function decompress(body: Uint8Array, encoding: IntakeRequest["encoding"]): Uint8Array {
  if (encoding === "identity") {
    if (body.length > limits.bodyPlainBytesMax) throw tooLarge();
    return body;
  }
  try {
    return encoding === "gzip" ? gunzipSync(body, caps(body, limits.bodyPlainBytesMax)) : unzstd(body);
  } catch (error) {
    if (error instanceof Fault) throw error;
    if (error instanceof RangeError) throw tooLarge();
    throw new Fault("BAD_REQUEST", `the body does not decompress as ${encoding}`, { cause: error });
  }
}

/** The default chunk of 16 KiB makes a list of chunks that costs as much as decompressing. */
function caps(body: Uint8Array, maxOutputLength: number): { maxOutputLength: number; chunkSize: number } {
  return { maxOutputLength, chunkSize: Math.min(1024 * 1024, Math.max(16_384, body.length * 8)) };
}

type FrameRead = { readonly buffer: Uint8Array; readonly engine: { readonly bytesWritten: number } };

/** Node stops behind the first frame without a word, so that each frame is asked for in turn. */
function unzstd(body: Uint8Array): Uint8Array {
  const params = { [constants.ZSTD_d_windowLogMax]: zstdWindowLogMax };
  const frames: Uint8Array[] = [];
  let room: number = limits.bodyPlainBytesMax;
  let at = 0;
  do {
    const rest = body.subarray(at);
    const options: ZstdOptions & { info: true } = { ...caps(rest, room), params, info: true };
    // The types of Node do not know the answer with `info`.
    const { buffer, engine } = zstdDecompressSync(rest, options) as unknown as FrameRead;
    frames.push(buffer);
    room -= buffer.length;
    at += engine.bytesWritten;
    if (room === 0 && at < body.length) throw tooLarge();
    if (frames.length > zstdFramesMax) {
      throw new Fault("BAD_REQUEST", `the body has more than ${zstdFramesMax} zstd frames`);
    }
  } while (at < body.length);
  return frames.length === 1 ? (frames[0] as Uint8Array) : Buffer.concat(frames);
}

function tooLarge(): Fault {
  return new Fault(
    "BATCH_TOO_LARGE",
    `the body has more than ${limits.bodyPlainBytesMax} bytes after decompression (bodyPlainBytesMax)`,
  );
}
