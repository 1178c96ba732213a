/**
 * The key under which a data directory is encrypted. It is made once, at random, and lies in the
 * directory itself, encrypted under a master key that lies elsewhere: so another master key means
 * to encrypt these 32 bytes anew and nothing else. Every use has a key of its own, derived from it
 * (HKDF, RFC 5869), so that no two uses share a nonce.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";
import { Fault } from "../../model/fault.ts";

export const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
const keyForm = "midwatch data key 1";

type RandomBytes = (count: number) => Uint8Array;

/** The 32 bytes behind everything that is encrypted in a data directory. */
export type DataKey = Uint8Array & { readonly __dataKey: never };

export function makeDataKey(randomBytes: RandomBytes): DataKey {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand is given here alone, and below
  return randomBytes(keyBytes) as DataKey;
}

/** A key for one use. */
export function deriveKey(key: Uint8Array, use: string, salt: Uint8Array = new Uint8Array(0)): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", key, salt, `midwatch ${use}`, keyBytes));
}

/** The data key as the text of a file, for who has the master key. */
export function wrapDataKey(dataKey: DataKey, masterKey: Uint8Array, randomBytes: RandomBytes): string {
  const salt = randomBytes(keyBytes);
  const wrapped = encryptBytes(deriveKey(masterKey, "data key", salt), randomBytes(nonceBytes), dataKey);
  return `${JSON.stringify({ form: keyForm, salt: base64(salt), wrapped: base64(wrapped) })}\n`;
}

/** Throws `CONFIG_INVALID` where the text is malformed, or the master key another one. */
export function unwrapDataKey(text: string, masterKey: Uint8Array): DataKey {
  const { salt, wrapped } = parse(text);
  const dataKey = decryptBytes(deriveKey(masterKey, "data key", salt), wrapped);
  if (dataKey?.length !== keyBytes)
    throw new Fault("CONFIG_INVALID", "it is encrypted under another key than the one that was given");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what was wrapped is a data key
  return dataKey as DataKey;
}

function parse(text: string): { readonly salt: Uint8Array; readonly wrapped: Uint8Array } {
  let read: { form?: unknown; salt?: unknown; wrapped?: unknown };
  try {
    read = JSON.parse(text) as typeof read;
  } catch {
    read = {};
  }
  const { form, salt, wrapped } = read ?? {};
  if (form !== keyForm || typeof salt !== "string" || typeof wrapped !== "string")
    throw new Fault("CONFIG_INVALID", "the file that holds its key is malformed");
  return { salt: Buffer.from(salt, "base64"), wrapped: Buffer.from(wrapped, "base64") };
}

/** AES-256-GCM: nonce, what was encrypted, tag. A nonce must never be used twice with a key. */
export function encryptBytes(
  key: Uint8Array,
  nonce: Uint8Array,
  ...parts: readonly Uint8Array[]
): Uint8Array<ArrayBuffer> {
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const bodies = parts.map((part) => cipher.update(part));
  const last = cipher.final();
  return new Uint8Array(Buffer.concat([nonce, ...bodies, last, cipher.getAuthTag()]));
}

/** `undefined` where the bytes were not encrypted under this key, or were changed since. */
export function decryptBytes(key: Uint8Array, bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length < nonceBytes + tagBytes) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, nonceBytes));
  decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes));
  const body = decipher.update(bytes.subarray(nonceBytes, bytes.length - tagBytes));
  try {
    decipher.final();
    return body;
  } catch {
    return undefined;
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
