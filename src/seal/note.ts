/**
 * Signed notes (c2sp.org/signed-note) with Ed25519, and the checkpoint in one (c2sp.org/tlog-checkpoint).
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { sha256 } from "./merkle.ts";

/** A public key and the name it signs under; in text, a verifier key such as `host+1a2b3c4d+AQ…`. */
export type Verifier = { readonly name: string; readonly id: Uint8Array; readonly publicKey: Uint8Array };

export type Signer = Verifier & { readonly privateKey: KeyObject };

export type Checkpoint = {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
};

/** Of a key that signs notes, and of one that cosigns checkpoints (c2sp.org/tlog-cosignature). */
export const noteMark = 1;
export const cosignerMark = 4;
export type KeyMark = typeof noteMark | typeof cosignerMark;

const noteBytesMax = 64 * 1024;
/** What stands before the 32 raw bytes in PKCS #8 and SPKI (RFC 8410). */
const privatePrefix = Buffer.from("302e020100300506032b657004220420", "hex");
const publicPrefix = Buffer.from("302a300506032b6570032100", "hex");

function keyId(name: string, publicKey: Uint8Array, mark: KeyMark): Uint8Array {
  return sha256(Buffer.from(`${name}\n`), Uint8Array.of(mark), publicKey).slice(0, 4);
}

/** A public key as the runtime takes it. */
export function publicKeyOf({ publicKey }: Verifier): KeyObject {
  return createPublicKey({ key: Buffer.concat([publicPrefix, publicKey]), format: "der", type: "spki" });
}

/** A name that a note may carry: no spaces, no plus sign, no control character. */
export function isKeyName(name: string): boolean {
  return /^[^\s+\p{C}]{1,255}$/u.test(name);
}

/** From the 32 secret bytes of RFC 8032. */
export function createSigner(name: string, secret: Uint8Array, mark: KeyMark = noteMark): Signer {
  if (!isKeyName(name)) throw new RangeError(`"${name}" cannot be the name of a key`);
  if (secret.length !== 32) throw new RangeError("an Ed25519 key has 32 secret bytes");
  const privateKey = createPrivateKey({
    key: Buffer.concat([privatePrefix, secret]),
    format: "der",
    type: "pkcs8",
  });
  const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  const publicKey = new Uint8Array(spki.subarray(publicPrefix.length));
  return { name, id: keyId(name, publicKey, mark), publicKey, privateKey };
}

export function formatVerifier(verifier: Verifier, mark: KeyMark = noteMark): string {
  const key = Buffer.concat([Uint8Array.of(mark), verifier.publicKey]).toString("base64");
  return `${verifier.name}+${Buffer.from(verifier.id).toString("hex")}+${key}`;
}

/** `undefined` for a text that is no such key of Ed25519, or whose id does not match its key. */
export function parseVerifier(text: string, mark: KeyMark = noteMark): Verifier | undefined {
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(text.trim());
  const [, name, id, base64] = match ?? [];
  if (name === undefined || id === undefined || base64 === undefined || !isKeyName(name)) return undefined;
  const key = new Uint8Array(Buffer.from(base64, "base64"));
  if (key.length !== 33 || key[0] !== mark) return undefined;
  const publicKey = key.slice(1);
  const expected = keyId(name, publicKey, mark);
  return Buffer.from(expected).toString("hex") === id ? { name, id: expected, publicKey } : undefined;
}

/** `text` must end with a line feed. */
export function signNote(text: string, signer: Signer): string {
  const signature = sign(null, Buffer.from(text), signer.privateKey);
  return `${text}\n— ${signer.name} ${Buffer.concat([signer.id, signature]).toString("base64")}\n`;
}

/** The text of a note that `verifier` has signed; `undefined` for anything else. */
export function openNote(note: string, verifier: Verifier): string | undefined {
  const middle = note.lastIndexOf("\n\n");
  // oxlint-disable-next-line no-control-regex -- they are what the format forbids
  if (note.length > noteBytesMax || middle < 0 || /[\x00-\x09\x0b-\x1f]/.test(note)) return undefined;
  if (!note.endsWith("\n")) return undefined;
  const text = note.slice(0, middle + 1);
  const lines = note.slice(middle + 2, -1).split("\n");
  let signed = false;
  for (const line of lines) {
    const match = /^— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/u.exec(line);
    if (match === null) return undefined;
    const bytes = Buffer.from(match[2] as string, "base64");
    if (match[1] !== verifier.name || !bytes.subarray(0, 4).equals(verifier.id)) continue;
    if (!verify(null, Buffer.from(text), publicKeyOf(verifier), bytes.subarray(4))) return undefined;
    signed = true;
  }
  return signed ? text : undefined;
}

export function signCheckpoint(checkpoint: Checkpoint, signer: Signer): string {
  const root = Buffer.from(checkpoint.root).toString("base64");
  return signNote(`${checkpoint.origin}\n${checkpoint.size}\n${root}\n`, signer);
}

/** The checkpoint in a note, if `verifier` has signed it and it is of the log that it is named after. */
export function openCheckpoint(note: string, verifier: Verifier): Checkpoint | undefined {
  const text = openNote(note, verifier);
  const [origin, size, root] = text?.split("\n") ?? [];
  if (origin !== verifier.name || size === undefined || root === undefined) return undefined;
  if (!/^(0|[1-9]\d{0,15})$/.test(size) || !/^[A-Za-z0-9+/]{43}=$/.test(root)) return undefined;
  return { origin, size: Number(size), root: new Uint8Array(Buffer.from(root, "base64")) };
}

/**
 * Notes of a log in a text that holds them as they are, as JSON texts, or as mails are sent;
 * duplicates are left out.
 */
export function checkpointsIn(text: string, name: string): readonly string[] {
  const found = [...notesIn(text), ...notesIn(unquoted(text))];
  return [...new Set(found.filter((note) => note.startsWith(`${name}\n`)))];
}

/** Without the encoding of mails (quoted-printable: RFC 2045, 6.7). */
function unquoted(text: string): string {
  return text
    .replaceAll(/=\r?\n/g, "")
    .replaceAll(/(?:=[0-9A-F]{2})+/g, (codes) => Buffer.from(codes.replaceAll("=", ""), "hex").toString());
}

function notesIn(text: string): readonly string[] {
  const quoted = Array.from(text.matchAll(/"(?:[^"\\\n]|\\.)+"/g), ([literal]) => parseText(literal));
  // Mails and files of other systems end their lines with a carriage return as well.
  const lines = text.replaceAll("\r\n", "\n");
  const plain = Array.from(
    lines.matchAll(/^[^\n]+\n\d+\n[A-Za-z0-9+/]{43}=\n\n(?:— [^\n]+\n)+/gm),
    ([note]) => note,
  );
  return [...quoted, ...plain];
}

function parseText(literal: string): string {
  try {
    return String(JSON.parse(literal));
  } catch {
    return "";
  }
}
