/**
 * The data directory: made for its owner alone, and held by one server at a time. The lock is an
 * exclusive transaction on a small SQLite file, which the system lets go of however the server ends.
 */
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { CommandFailure } from "./exit.ts";

export type HeldDirectory = { readonly release: () => void };

/** Throws `CommandFailure` where the directory cannot be made. */
export function makeDataDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    // A folder that somebody has just made by hand is made ours; one that holds data is not hidden after the fact.
    if (readdirSync(path).length === 0) chmodSync(path, 0o700);
  } catch (cause) {
    throw new CommandFailure(
      "usage",
      `the data directory ${path} cannot be made, or is not ours: ${(cause as Error).message}`,
      { cause },
    );
  }
}

/** What opens everything else; the rest lies in folders that only their owner opens. */
const secrets = [
  "control.db",
  "encryption.json",
  "redaction-keys.json",
  "ledger/key",
  "ledger/secrets",
  "tls/key.pem",
  "tls/agents-key.pem",
];

/** Throws `CommandFailure` where others could have read the data: that is to be known, not to be mended in silence. */
function refuseLoose(path: string): void {
  const loose = ["", ...secrets].filter((name) => {
    const found = statSync(join(path, name), { throwIfNoEntry: false });
    return found !== undefined && (found.mode & 0o077) !== 0;
  });
  if (loose.length === 0) return;
  const names = loose.map((name) => join(path, name)).join(", ");
  throw new CommandFailure(
    "usage",
    `others than their owner can read ${names}: see who has, then \`chmod -R go= ${path}\``,
  );
}

/** Throws `CommandFailure` that names the process which has the directory already. */
export function holdDataDirectory(path: string, pid: number): HeldDirectory {
  makeDataDirectory(path);
  refuseLoose(path);
  const pidFile = join(path, "server.pid");
  const lock = join(path, "server.lock");
  closeSync(openSync(lock, "a", 0o600));
  chmodSync(lock, 0o600);
  const database = new DatabaseSync(lock);
  try {
    database.exec("PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    throw new CommandFailure(
      "usage",
      `another server (pid ${readPid(pidFile)}) already serves the data directory ${path}; stop it first, or give --data another one`,
      { cause },
    );
  }
  writeFileSync(pidFile, `${pid}\n`, { mode: 0o600 });
  return {
    release: () => {
      rmSync(pidFile, { force: true });
      database.close();
    },
  };
}

function readPid(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    // It has the lock but has not written its number yet.
    return "unknown";
  }
}
