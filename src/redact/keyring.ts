/**
 * The keys behind fingerprints and tokens. Every class of data has keys of its own, numbered by
 * version: the newest makes new tokens, older ones still find old tokens, and a destroyed one
 * unlinks for ever what was made with it. Nothing here reads or writes a file.
 */
import { createHmac, hash } from "node:crypto";
import { Fault } from "../model/fault.ts";

/** Fingerprints of dropped secrets and argument digests have keys beside those of the classes. */
export const keyedNames = [
  "secret",
  "digest",
  "email",
  "phone",
  "iban",
  "national_id",
  "bank_account",
  "card",
  "ip",
  "custom",
] as const;
export type KeyedName = (typeof keyedNames)[number];

type VersionedKey = { readonly version: number; readonly key: Buffer };

export type Keyring = { readonly [name in KeyedName]: readonly VersionedKey[] };

/** Gives that many random bytes. */
export type RandomBytes = (count: number) => Uint8Array;

const keyBytes = 32;

export function createKeyring(random: RandomBytes): Keyring {
  return fromNames(() => [{ version: 1, key: Buffer.from(random(keyBytes)) }]);
}

/**
 * The keyring of one secret that server and recorders share, so that their tokens agree: version 1
 * of each name is HMAC-SHA256 of `midwatch redaction NAME`.
 */
export function deriveKeyring(secret: Uint8Array): Keyring {
  return fromNames((name) => [
    { version: 1, key: createHmac("sha256", secret).update(`midwatch redaction ${name}`).digest() },
  ]);
}

/**
 * Adds a version of every key that is made from one secret, for recorders to have as well. The secret
 * begins with its version, `v3.`, which recorders write into their marks. HMAC is over its whole text.
 */
export function shareKeyring(
  keyring: Keyring,
  random: RandomBytes,
): { readonly keyring: Keyring; readonly secret: string } {
  const version = Math.max(...keyedNames.flatMap((name) => keyring[name].map((entry) => entry.version))) + 1;
  const secret = `v${version}.${Buffer.from(random(keyBytes)).toString("base64url")}`;
  const derived = deriveKeyring(Buffer.from(secret));
  return {
    keyring: fromNames((name) => [...keyring[name], ...derived[name].map(({ key }) => ({ version, key }))]),
    secret,
  };
}

function fromNames(make: (name: KeyedName) => readonly VersionedKey[]): Keyring {
  return Object.fromEntries(keyedNames.map((name) => [name, make(name)])) as Keyring;
}

/** Adds a version, which new tokens use from now on. */
export function rotateKey(keyring: Keyring, name: KeyedName, random: RandomBytes): Keyring {
  const version = Math.max(0, ...keyring[name].map((entry) => entry.version)) + 1;
  return { ...keyring, [name]: [...keyring[name], { version, key: Buffer.from(random(keyBytes)) }] };
}

/**
 * Forgets one version; its tokens can be neither made nor looked up again. The newest cannot be
 * destroyed before it has a successor, since then nothing could be redacted.
 */
export function destroyKey(keyring: Keyring, name: KeyedName, version: number): Keyring {
  const kept = keyring[name].filter((entry) => entry.version !== version);
  if (kept.length === keyring[name].length) {
    throw new Fault("NOT_FOUND", `There is no version ${version} of the key for ${name}.`);
  }
  if (version === newest(keyring, name)?.version) {
    throw new Fault("BAD_REQUEST", `Version ${version} is in use for ${name}; rotate it first.`);
  }
  return { ...keyring, [name]: kept };
}

function newest(keyring: Keyring, name: KeyedName): VersionedKey | undefined {
  return keyring[name].reduce<VersionedKey | undefined>(
    (best, entry) => (best && best.version > entry.version ? best : entry),
    undefined,
  );
}

/** The keyring as the text of its file: names to lists of versions and keys in base64. */
export function formatKeyring(keyring: Keyring): string {
  const keys = fromEntries(keyring, ({ version, key }) => ({ version, key: key.toString("base64") }));
  return `${JSON.stringify({ format: 1, keys }, null, 2)}\n`;
}

function fromEntries<T>(keyring: Keyring, make: (entry: VersionedKey) => T): Record<string, T[]> {
  return Object.fromEntries(keyedNames.map((name) => [name, keyring[name].map(make)]));
}

/** Refuses with `CONFIG_INVALID` what `formatKeyring` cannot have written. */
export function parseKeyring(text: string): Keyring {
  let parsed: { format?: unknown; keys?: Record<string, { version?: unknown; key?: unknown }[]> };
  try {
    parsed = JSON.parse(text) as typeof parsed;
  } catch (cause) {
    throw new Fault("CONFIG_INVALID", "The keyring is not JSON.", { cause });
  }
  if (parsed.format !== 1) throw new Fault("CONFIG_INVALID", "The keyring's format is not 1.");
  return fromNames((name) => {
    const entries = parsed.keys?.[name];
    if (!Array.isArray(entries) || entries.length === 0) {
      throw new Fault("CONFIG_INVALID", `The keyring has no key for ${name}.`);
    }
    return entries.map(({ version, key }) => {
      const bytes = typeof key === "string" ? Buffer.from(key, "base64") : Buffer.alloc(0);
      if (!Number.isSafeInteger(version) || bytes.length !== keyBytes) {
        throw new Fault("CONFIG_INVALID", `A key for ${name} is not ${keyBytes} bytes with a version.`);
      }
      return { version: version as number, key: bytes };
    });
  });
}

/** Makes marks; without a keyring they name the class and cannot be linked to anything. */
export type Marker = {
  /** First 32 bits of the HMAC in hexadecimal: enough to see that a leak repeats. */
  readonly fingerprint: (bytes: string) => string | undefined;
  /** Version and 95 bits in base32, of the newest key; or of every version still held. */
  readonly token: (name: string, bytes: string) => string | undefined;
  readonly everyToken: (name: string, bytes: string) => readonly string[];
  /** Version and 128 bits in hexadecimal of a canonical text. */
  readonly digest: (bytes: string) => string | undefined;
};

export function compileMarker(keyring: Keyring | undefined): Marker {
  if (!keyring) {
    return {
      fingerprint: () => undefined,
      token: () => undefined,
      everyToken: () => [],
      digest: () => undefined,
    };
  }
  const secret = newest(keyring, "secret");
  const digest = newest(keyring, "digest");
  const current = new Map<string, VersionedKey>();
  for (const name of keyedNames) {
    const entry = newest(keyring, name);
    if (entry) current.set(name, entry);
  }
  const tokenOf = ({ version, key }: VersionedKey, bytes: string): string =>
    `v${version}:${base32(hmac(key, bytes)).slice(0, 19)}`;
  return {
    fingerprint: (bytes) => secret && hmac(secret.key, bytes).toString("hex", 0, 4),
    token: (name, bytes) => {
      const entry = current.get(name);
      return entry && tokenOf(entry, bytes);
    },
    everyToken: (name, bytes) =>
      ((keyring as Record<string, readonly VersionedKey[]>)[name] ?? []).map((entry) =>
        tokenOf(entry, bytes),
      ),
    digest: (bytes) => digest && `v${digest.version}:${hmac(digest.key, bytes).toString("hex", 0, 16)}`,
  };
}

/** HMAC-SHA256 (RFC 2104) by two plain hashes: `createHmac` makes a key object each time, which costs more. */
function hmac(key: Buffer, bytes: string): Buffer {
  const inner = hash("sha256", Buffer.concat([padded(key, 0x36), Buffer.from(bytes, "latin1")]), "buffer");
  return hash("sha256", Buffer.concat([padded(key, 0x5c), inner]), "buffer");
}

/** The key, of 32 bytes, filled up to the block of SHA-256. */
function padded(key: Buffer, pad: number): Buffer {
  const block = Buffer.alloc(64, pad);
  for (const [at, byte] of key.entries()) block[at] = byte ^ pad;
  return block;
}

const alphabet = "abcdefghijklmnopqrstuvwxyz234567";

/** RFC 4648 base32 in lower case, without padding, of the first 20 bytes. */
function base32(bytes: Buffer): string {
  let text = "";
  let bits = 0;
  let value = 0;
  for (const byte of bytes.subarray(0, 20)) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet[(value >> bits) & 31];
    }
  }
  return text;
}
