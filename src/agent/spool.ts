/**
 * The spool directory: which files recorders have left there, and reading them without trusting
 * them. Whoever may write there must not be able to make the agent read another file.
 */
import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readdir } from "node:fs/promises";
import type { ProcessName } from "./process.ts";

export type SpoolName = ProcessName & {
  readonly name: string;
  /** `dj`, `puma`, `cron`, … */
  readonly kind: string;
  /** A process that fills a file goes on in the next number. */
  readonly number: number;
  /** `ndjson` holds events; `run` holds the compact records of the cron wrapper. */
  readonly form: "ndjson" | "run";
};

const pattern = /^([a-z][a-z0-9_]{0,31})-(\d{1,10})-(\d{1,16})-(\d{1,9})\.(ndjson|run)$/;

function parseSpoolName(name: string): SpoolName | undefined {
  const match = pattern.exec(name);
  if (!match) return undefined;
  return {
    name,
    kind: match[1] as string,
    pid: Number(match[2]),
    startTicks: Number(match[3]),
    number: Number(match[4]),
    form: match[5] as "ndjson" | "run",
  };
}

/** Whether `other` is a later file of the same process. */
export function succeeds(other: SpoolName, name: SpoolName): boolean {
  return (
    other.kind === name.kind &&
    other.pid === name.pid &&
    other.startTicks === name.startTicks &&
    other.number > name.number
  );
}

/** The spool files there are, a process's own in the order in which it wrote them. */
export async function listSpool(directory: string): Promise<readonly SpoolName[]> {
  const names = await readdir(directory);
  return names
    .flatMap((name) => parseSpoolName(name) ?? [])
    .sort(
      (a, b) =>
        a.kind.localeCompare(b.kind) || a.startTicks - b.startTicks || a.pid - b.pid || a.number - b.number,
    );
}

/** Any user of the group may leave files here, and only the owner may list or remove them. */
export async function makeSpool(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o3730 });
}

/**
 * Opens a spool file for reading. A link, a pipe or a device is refused: a user who may write here
 * must not point the agent at a file that only the agent may read, nor make it wait.
 */
export async function openSpoolFile(path: string): Promise<FileHandle> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if ((await handle.stat()).isFile()) return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  throw Object.assign(new Error(`${path} is no ordinary file`), { code: "ENOTFILE" });
}

/** Up to `length` bytes from `start`; fewer at the end of the file. */
export async function readSpan(handle: FileHandle, start: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, start + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
