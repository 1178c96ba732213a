/**
 * Searches what programs wrote: every byte of every file below some folders, as it lies there and
 * once the compression of the engine, of gzip and of Zstandard is undone.
 */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { plainBytes } from "./engine-bytes.ts";

export type Written = { readonly path: string; readonly bytes: Buffer };

/** Files that another process removes meanwhile are left out. */
export function writtenBelow(places: readonly string[]): readonly Written[] {
  return places
    .flatMap(filesBelow)
    .flatMap((path) => orNone(() => [{ path, bytes: unpacked(plainBytes(path)) }]));
}

/** Nothing of what is gone. */
function orNone<T>(read: () => readonly T[]): readonly T[] {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** The paths that hold a text. */
export function pathsWith(written: readonly Written[], needle: string): readonly string[] {
  return written.filter(({ bytes }) => bytes.includes(needle)).map(({ path }) => path);
}

function unpacked(bytes: Buffer): Buffer {
  const magic = bytes.subarray(0, 4).toString("hex");
  if (magic.startsWith("1f8b")) return Buffer.concat([bytes, gunzipSync(bytes)]);
  return magic === "28b52ffd" ? Buffer.concat([bytes, zstdDecompressSync(bytes)]) : bytes;
}

function filesBelow(path: string): readonly string[] {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status?.isFile()) return [path];
  if (!status?.isDirectory()) return [];
  return orNone(() => readdirSync(path)).flatMap((name) => filesBelow(join(path, name)));
}
