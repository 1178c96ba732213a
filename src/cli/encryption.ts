/**
 * Where the key of an encrypted data directory comes from, and whether it fits. The key that people
 * keep encrypts the key of the data, which lies in the directory; see `store/encryption/data-key.ts`.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { Fault } from "../model/fault.ts";
import { writeDurableFile } from "../seal/durable-file.ts";
import { type Encryption, makeEncryption } from "../store/encryption/ciphers.ts";
import {
  type DataKey,
  keyBytes,
  makeDataKey,
  unwrapDataKey,
  wrapDataKey,
} from "../store/encryption/data-key.ts";
import type { Config } from "./config.ts";
import { CommandFailure } from "./exit.ts";

export const dataKeyFile = "encryption.json";
const commandMsMax = 60_000;
const keyTextBytesMax = 1024;

type Place = Pick<Config, "data" | "encryption.key_file" | "encryption.key_command">;
type RandomBytes = (count: number) => Uint8Array;

/**
 * What encrypts this data directory; `undefined` where nothing does. A directory that nothing lies in
 * yet gets a key of its own. Throws `CommandFailure` where the key is missing, malformed or another.
 */
export async function openEncryption(
  place: Place,
  randomBytes: RandomBytes,
): Promise<Encryption | undefined> {
  const master = readMasterKey(place);
  const path = join(place.data, dataKeyFile);
  if (master === undefined) {
    if (!existsSync(path)) return undefined;
    throw new CommandFailure(
      "usage",
      `the data directory ${place.data} is encrypted: give its key with \`encryption.key_file\` or \`encryption.key_command\``,
    );
  }
  if (existsSync(path)) return makeEncryption(openDataKey(place.data, master), randomBytes);
  refuseUnencrypted(place.data);
  const dataKey = makeDataKey(randomBytes);
  await keepDataKey(place.data, dataKey, master, randomBytes);
  return makeEncryption(dataKey, randomBytes);
}

/** Encrypts the key of the data under another master key. What is encrypted under it stays as it is. */
export async function changeMasterKey(
  place: Place,
  newKeyFile: string,
  randomBytes: RandomBytes,
): Promise<void> {
  if (!existsSync(join(place.data, dataKeyFile)))
    throw new CommandFailure("usage", `the data directory ${place.data} is not encrypted`);
  const master = readMasterKey(place);
  if (master === undefined)
    throw new CommandFailure(
      "usage",
      "give the key that is good until now with `encryption.key_file` or `encryption.key_command`",
    );
  const dataKey = openDataKey(place.data, master);
  await keepDataKey(place.data, dataKey, readKeyFile(newKeyFile, place.data, "--new-key-file"), randomBytes);
}

function openDataKey(data: string, master: Uint8Array): DataKey {
  try {
    return unwrapDataKey(readFileSync(join(data, dataKeyFile), "utf8"), master);
  } catch (cause) {
    if (!(cause instanceof Fault)) throw cause;
    throw new CommandFailure("usage", `the data directory ${data} cannot be opened: ${cause.message}`, {
      cause,
    });
  }
}

async function keepDataKey(
  data: string,
  dataKey: DataKey,
  master: Uint8Array,
  randomBytes: RandomBytes,
): Promise<void> {
  const text = wrapDataKey(dataKey, master, randomBytes);
  await writeDurableFile(join(data, dataKeyFile), Buffer.from(text), 0o600);
}

/** Half a directory would be worse than none: whoever believes it encrypted would be wrong. */
function refuseUnencrypted(data: string): void {
  const found = ["control.db", "engine", "spool"].filter((name) => existsSync(join(data, name)));
  if (found.length === 0) return;
  throw new CommandFailure(
    "usage",
    `the data directory ${data} holds ${found.join(", ")}, which are not encrypted: encryption is chosen before the first start; ` +
      "give --data another directory, or leave `encryption.key_file` and `encryption.key_command` out",
  );
}

function readMasterKey(place: Place): Uint8Array | undefined {
  const [file, command] = [place["encryption.key_file"], place["encryption.key_command"]];
  if (file !== "" && command !== "")
    throw new CommandFailure("usage", "give `encryption.key_file` or `encryption.key_command`, not both");
  if (file !== "") return readKeyFile(file, place.data, "encryption.key_file");
  return command === "" ? undefined : runKeyCommand(command);
}

function readKeyFile(file: string, data: string, name: string): Uint8Array {
  let text: string;
  try {
    const { mode, size } = statSync(file);
    if ((mode & 0o077) !== 0)
      throw new CommandFailure("usage", `${name}: ${file} can be read by others; \`chmod 600\` it`);
    text = size > keyTextBytesMax ? "" : readFileSync(file, "utf8");
  } catch (cause) {
    if (cause instanceof CommandFailure) throw cause;
    throw new CommandFailure("usage", `${name}: ${file} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
  if (isBelow(file, data))
    throw new CommandFailure(
      "usage",
      `${name}: ${file} lies in the data directory, where it would protect nothing`,
    );
  return parseKey(text, `${name}: ${file}`);
}

function isBelow(file: string, data: string): boolean {
  // The directory may not be there yet; then the file cannot lie in it.
  if (!existsSync(data) || readdirSync(data).length === 0) return false;
  return `${dirname(realpathSync(file))}${sep}`.startsWith(`${realpathSync(data)}${sep}`);
}

function runKeyCommand(command: string): Uint8Array {
  const ended = spawnSync("/bin/sh", ["-c", command], {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: commandMsMax,
    maxBuffer: keyTextBytesMax,
  });
  const name = "encryption.key_command";
  if (ended.error !== undefined)
    throw new CommandFailure("usage", `${name}: it cannot be run: ${ended.error.message}`, {
      cause: ended.error,
    });
  if (ended.status !== 0)
    throw new CommandFailure("usage", `${name}: it ended with ${ended.signal ?? `code ${ended.status}`}`);
  return parseKey(ended.stdout.toString(), `${name}: what it printed`);
}

/** Never says what was read. */
function parseKey(text: string, what: string): Uint8Array {
  const word = text.trim();
  if (/^[0-9a-f]{64}$/i.test(word)) return Buffer.from(word, "hex");
  const bytes = /^[A-Za-z0-9+/]{43}=?$/.test(word) ? Buffer.from(word, "base64") : undefined;
  if (bytes?.length === keyBytes) return bytes;
  throw new CommandFailure(
    "usage",
    `${what} is no key of 32 bytes in hexadecimal or base64; \`openssl rand -hex 32\` makes one`,
  );
}
