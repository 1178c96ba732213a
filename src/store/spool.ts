/**
 * The spool: a folder in which every acknowledged batch lies until the event store has it.
 *
 * A batch is two files. `<name>.json` says what its sender was answered; `<name>.native` holds the
 * rows. Both are written under a temporary name, synced, renamed, and then the folder is synced:
 * only after that the sender may be answered. They are removed rows first, so that
 * - rows without a `.json` were never acknowledged: the sender still has them, they are removed;
 * - a `.json` without rows is the rest of a removal: it is removed.
 *
 * With a cipher, what lies in both files is encrypted; their names say nothing that anybody sent.
 */
import { createHash } from "node:crypto";
import { chmod, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../model/fault.ts";
import type { FileCipher } from "./encryption/ciphers.ts";
import type { BatchReceipt } from "./store.ts";

export type SpoolOptions = {
  readonly directory: string;
  /** Rows that may wait. More: `SPOOL_FULL`, and the sender keeps its batch. */
  readonly bytesMax: number;
  /** Batches that may wait. More: `SPOOL_FULL`. */
  readonly filesMax: number;
  readonly cipher?: FileCipher | undefined;
};

export type SpoolFile = {
  /** Of source and batch: the same batch has the same key for ever. */
  readonly key: string;
  /** Of the rows. */
  readonly path: string;
  readonly bytes: number;
  readonly receipt: BatchReceipt;
};

export type SpoolCounts = {
  readonly files: number;
  readonly bytes: number;
  /** When the batch that waits longest was received. */
  readonly oldestMs?: number;
  /** Batches in `rejected/`: acknowledged, but never to be read by the engine. */
  readonly rejected: number;
};

export type Spool = {
  readonly directory: string;
  /**
   * Resolves when the batch is on disk, or was there before. Rejects with `SPOOL_FULL` when a
   * limit or the disk's end is reached; then nothing of it is left.
   */
  write(receipt: BatchReceipt, rows: Uint8Array | readonly Uint8Array[]): Promise<"written" | "held">;
  /** What was answered for a batch that is here. */
  receipt(source: string, batchId: string): BatchReceipt | undefined;
  /**
   * Every batch that waits, first come first: none before those that came earlier and are still being
   * written. Whoever follows the numbers of the ledger would never see what is inserted behind them.
   */
  waiting(): readonly SpoolFile[];
  /** Forgets batches; resolves when that would survive a crash. */
  remove(files: readonly SpoolFile[]): Promise<void>;
  /** Moves a batch to `rejected/`, where it blocks nobody and can be looked at. */
  reject(file: SpoolFile): Promise<void>;
  counts(): SpoolCounts;
  /** Is told when more may wait than before. One listener. */
  onWritten(listener: () => void): void;
};

const retryAfterSeconds = 5;

/** With its place among the batches written since the start; those that lay there before have 0. */
type NumberedFile = SpoolFile & { readonly number: number };

/** Opens the folder, removes what a crash left half done, and takes up what waits. */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const { directory, bytesMax, filesMax, cipher } = options;
  if (/[*?{}]/.test(directory)) {
    throw new Fault("CONFIG_INVALID", `The spool's path must not contain * ? { or }: ${directory}`);
  }
  const rejectedDirectory = join(directory, "rejected");
  await mkdir(rejectedDirectory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  const files = new Map<string, NumberedFile>(
    (await takeUp(directory, cipher)).map((file) => [file.key, { ...file, number: 0 }]),
  );
  /** Numbers of batches that are being written. */
  const begun = new Set<number>();
  const writing = new Map<string, Promise<unknown>>();
  let bytes = [...files.values()].reduce((sum, file) => sum + file.bytes, 0);
  let rejected = (await readdir(rejectedDirectory)).filter((name) => name.endsWith(".native")).length;
  let written = 0;
  let tell: (() => void) | undefined;

  async function write(receipt: BatchReceipt, chunks: readonly Uint8Array[]): Promise<void> {
    const key = batchKey(receipt.source, receipt.batchId);
    const size = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
    if (files.size + writing.size >= filesMax || bytes + size > bytesMax) {
      throw new Fault("SPOOL_FULL", "The server's spool is full: keep the batch and send it again later", {
        retryAfterSeconds,
      });
    }
    // Counted before the first await, so that batches written at once cannot pass the limit together.
    bytes += size;
    written += 1;
    const number = written;
    const name = `${String(Math.floor(receipt.receivedMs)).padStart(14, "0")}-${String(number).padStart(8, "0")}-${key}`;
    const path = join(directory, `${name}.native`);
    begun.add(number);
    try {
      await writeBatch(directory, name, receipt, chunks, cipher);
      files.set(key, { key, path, bytes: size, receipt, number });
    } catch (error) {
      bytes -= size;
      throw asSpoolFull(error);
    } finally {
      begun.delete(number);
    }
  }

  return {
    directory,
    async write(receipt, rows) {
      const key = batchKey(receipt.source, receipt.batchId);
      // The first sender's success is the second one's too; its failure is not.
      for (let earlier = writing.get(key); earlier; earlier = writing.get(key)) await earlier.catch(() => {});
      if (files.has(key)) return "held";
      const work = write(receipt, rows instanceof Uint8Array ? [rows] : rows);
      writing.set(key, work);
      try {
        await work;
        return "written";
      } finally {
        writing.delete(key);
        // A batch that could not be written holds up nobody any more.
        tell?.();
      }
    },
    receipt: (source, batchId) => files.get(batchKey(source, batchId))?.receipt,
    waiting() {
      const firstBegun = Math.min(...begun);
      const waiting = [...files.values()].filter(({ number }) => number < firstBegun);
      return waiting.sort((a, b) => a.number - b.number);
    },
    async remove(gone) {
      for (const file of gone) await rm(file.path, { force: true });
      for (const file of gone) await rm(sidecar(file.path), { force: true });
      await syncDirectory(directory);
      forget(gone);
    },
    async reject(file) {
      const name = file.path.slice(directory.length + 1);
      await rename(sidecar(file.path), join(rejectedDirectory, sidecar(name)));
      await rename(file.path, join(rejectedDirectory, name));
      await syncDirectory(rejectedDirectory);
      await syncDirectory(directory);
      rejected += 1;
      forget([file]);
    },
    counts() {
      const [oldest] = files.values();
      return {
        files: files.size,
        bytes,
        ...(oldest && { oldestMs: oldest.receipt.receivedMs }),
        rejected,
      };
    },
    onWritten(listener) {
      tell = listener;
    },
  };

  function forget(gone: readonly SpoolFile[]): void {
    for (const file of gone) {
      if (files.delete(file.key)) bytes -= file.bytes;
    }
  }
}

/** Names differ in case, length and characters; their hash never does. */
export function batchKey(source: string, batchId: string): string {
  return createHash("sha256")
    .update(JSON.stringify([source, batchId]))
    .digest("hex")
    .slice(0, 40);
}

/** Writes a file that is there whole or not at all, and still after a power cut. */
export async function writeDurably(
  directory: string,
  name: string,
  chunks: readonly Uint8Array[],
): Promise<void> {
  await writeTogether(directory, [{ name, chunks }]);
}

export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function writeBatch(
  directory: string,
  name: string,
  receipt: BatchReceipt,
  chunks: readonly Uint8Array[],
  cipher: FileCipher | undefined,
): Promise<void> {
  const parts: readonly Part[] = [
    { name: `${name}.json`, chunks: [Buffer.from(JSON.stringify(receipt))] },
    { name: `${name}.native`, chunks },
  ];
  if (cipher === undefined) return writeTogether(directory, parts);
  return writeTogether(
    directory,
    parts.map((part) => ({ name: part.name, chunks: [cipher.encrypt(part.name, part.chunks)] })),
  );
}

type Part = { readonly name: string; readonly chunks: readonly Uint8Array[] };

async function writeTogether(directory: string, parts: readonly Part[]): Promise<void> {
  const temporary = (name: string): string => join(directory, `${name}.temporary`);
  try {
    const results = await Promise.allSettled(
      parts.map(({ name, chunks }) => writeSynced(temporary(name), chunks)),
    );
    for (const result of results) if (result.status === "rejected") throw result.reason;
    for (const { name } of parts) await rename(temporary(name), join(directory, name));
    await syncDirectory(directory);
  } catch (error) {
    for (const { name } of parts.toReversed()) {
      await rm(join(directory, name), { force: true });
      await rm(temporary(name), { force: true });
    }
    throw error;
  }
}

async function writeSynced(path: string, chunks: readonly Uint8Array[]): Promise<void> {
  const handle = await open(path, "w", 0o600);
  try {
    for (const chunk of chunks) await handle.writeFile(chunk);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function sidecar(path: string): string {
  return path.replace(/\.native$/, ".json");
}

async function takeUp(
  directory: string,
  cipher: Pick<FileCipher, "decrypt"> | undefined,
): Promise<readonly SpoolFile[]> {
  const names = new Set(await readdir(directory));
  const files: SpoolFile[] = [];
  for (const name of [...names].sort()) {
    const path = join(directory, name);
    const rows = name.endsWith(".json") ? name.replace(/\.json$/, ".native") : undefined;
    if (name.endsWith(".temporary")) await rm(path, { force: true });
    else if (name.endsWith(".native") && !names.has(sidecar(name))) await rm(path, { force: true });
    else if (rows !== undefined && !names.has(rows)) await rm(path, { force: true });
    else if (name.endsWith(".native")) {
      const written = await readFile(sidecar(path));
      const text = Buffer.from(cipher?.decrypt(sidecar(path), written) ?? written).toString();
      const receipt = JSON.parse(text) as BatchReceipt;
      const key = batchKey(receipt.source, receipt.batchId);
      files.push({ key, path, bytes: (await stat(path)).size, receipt });
    }
  }
  await syncDirectory(directory);
  return files;
}

const diskFullCodes = new Set(["ENOSPC", "EDQUOT", "EFBIG", "EMFILE", "ENFILE"]);

function asSpoolFull(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (!diskFullCodes.has(code)) return error;
  return new Fault("SPOOL_FULL", `The server cannot write the batch down (${code}): send it again later`, {
    cause: error,
    retryAfterSeconds,
  });
}
