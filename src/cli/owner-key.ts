/**
 * The owner's key: whoever can read the data directory of a server is its administrator on this
 * machine. A new one is made at each start and lies beside the data, readable by its owner only;
 * the server keeps its hash in memory.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type MintedKey, mintKey } from "../access/key.ts";
import { settings } from "./settings.ts";
import type { Environment } from "./terminal.ts";

const fileName = "owner.key";

export type OwnerKey = Pick<MintedKey, "id" | "secretSha256"> & { readonly remove: () => void };

export function makeOwnerKey(data: string, randomBytes: (count: number) => Uint8Array): OwnerKey {
  const { id, key, secretSha256 } = mintKey(randomBytes);
  const file = join(data, fileName);
  // Removed first: a file that is there keeps its mode when it is written again.
  rmSync(file, { force: true });
  writeFileSync(file, `${key}\n`, { mode: 0o600, flag: "wx" });
  return { id, secretSha256, remove: () => rmSync(file, { force: true }) };
}

/** The key of the server whose data directory is `$MIDWATCH_DATA` or the usual one, where we may read it. */
export function readOwnerKey(environment: Environment): string | undefined {
  try {
    return readFileSync(join(dataDirectoryOf(environment), fileName), "utf8").trim();
  } catch {
    // Another user's, or no server has started here: the request goes without, and the server says what it needs.
    return undefined;
  }
}

/** Where this user's server keeps its data, as far as the environment says. */
export function dataDirectoryOf(environment: Environment): string {
  const { variable, fallback, read } = settings.data;
  const usual = typeof fallback === "string" ? fallback : fallback(environment);
  return read(environment[variable] || usual);
}
