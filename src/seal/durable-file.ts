/** Files that are there whole or not at all, and still after a power cut. */
import { mkdir, open, rename } from "node:fs/promises";
import { dirname } from "node:path";

export async function writeDurableFile(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const directory = dirname(path);
  const created = await mkdir(directory, { recursive: true, mode: 0o700 });
  const temporary = `${path}.temporary`;
  const handle = await open(temporary, "w", mode);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, path);
  await syncFolder(directory);
  if (created !== undefined) await syncFolder(dirname(created));
}

export async function syncFolder(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
