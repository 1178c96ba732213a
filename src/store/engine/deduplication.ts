/**
 * The engine's memory of insert tokens, brought to the disk. The engine syncs the parts that it
 * writes, but leaves this memory to the kernel; after a power cut a batch that is still in the spool
 * would be taken for a new one, and stored twice.
 */
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { booksFolder, plainFolder } from "./disk.ts";

/** `directory` is the engine's. Resolves to the number of files that are on the disk now. */
export async function syncDeduplication(directory: string): Promise<number> {
  const stores = [plainFolder, booksFolder].map((folder) => join(directory, folder, "store"));
  const prefixes = stores.map(async (store) => (await namesIn(store)).map((prefix) => join(store, prefix)));
  const tables = (await Promise.all(prefixes)).flat().map(async (prefix) => {
    const folders = await namesIn(prefix);
    return folders.map((name) => join(prefix, name, "deduplication_logs"));
  });
  const files = (await Promise.all(tables)).flat().map(async (folder) => {
    const names = await namesIn(folder);
    return names.map((name) => join(folder, name));
  });
  const paths = (await Promise.all(files)).flat();
  await Promise.all(paths.map(sync));
  return paths.length;
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, "r").catch(ifGone);
  if (handle === undefined) return;
  try {
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder).catch(ifGone)) ?? [];
}

/** The engine rotates these files, and a table may be dropped meanwhile. */
function ifGone(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
  throw error;
}
