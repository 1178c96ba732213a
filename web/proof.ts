/**
 * Judges the proof of one event (c2sp.org/tlog-proof) with nothing but the browser's own
 * cryptography: the event leads to its segment, the segment to the checkpoint, and the checkpoint is
 * signed by the key that was pinned. `contract/ledger/README.md` gives the formulas.
 */

export type ProofVerdict =
  | {
      readonly proven: true;
      /** Who signed, and how many entries. */
      readonly origin: string;
      readonly size: number;
      readonly segment: number;
      /** Of the event that was proven. */
      readonly id: string;
      readonly timeMicros: number;
      readonly kind: string;
      /** Its texts, by field. */
      readonly texts: Readonly<Record<string, string>>;
    }
  | { readonly proven: false; readonly because: string };

type Bytes = Uint8Array<ArrayBuffer>;

class NotProven extends Error {}

const ed25519 = { name: "Ed25519" } as const;
/** Fields of the content whose values are texts, by their number. */
const textFields: Readonly<Record<number, string>> = {
  1: "service",
  2: "environment",
  3: "host",
  4: "release",
  5: "runtime",
  6: "job",
  7: "run_id",
  9: "parent_run_id",
  10: "trace_id",
  11: "queue",
  13: "worker",
  14: "actor",
  15: "outcome",
  21: "signal",
  22: "error_class",
  23: "error_message",
  24: "error_stack",
  25: "fingerprint",
  26: "message",
  27: "source",
};
const attributesNumber = 127;
const numberBytes = 8;

/** `key` is a verifier key such as `host+1a2b3c4d+AQ…`. */
export async function judgeProof(proof: string, key: string): Promise<ProofVerdict> {
  try {
    return await judge(proof, key);
  } catch (error) {
    if (error instanceof NotProven) return { proven: false, because: error.message };
    if ((error as Error).name === "NotSupportedError") {
      return { proven: false, because: "this browser cannot check signatures of Ed25519" };
    }
    return { proven: false, because: "the file is no proof of an event" };
  }
}

async function judge(proof: string, key: string): Promise<ProofVerdict> {
  const middle = proof.indexOf("\n\n");
  const [first, extraLine = "", indexLine = "", ...path] = proof.slice(0, middle).split("\n");
  const index = /^index (\d{1,16})$/.exec(indexLine)?.[1];
  if (first !== "c2sp.org/tlog-proof@v1" || index === undefined || !extraLine.startsWith("extra ")) {
    throw new NotProven("the file is no proof of an event");
  }
  const checkpoint = await openCheckpoint(proof.slice(middle + 2), key);
  const extra = JSON.parse(utf8(fromBase64(extraLine.slice("extra ".length)))) as Extra;
  const entryBytes = fromBase64(extra.entry);
  const entry = readSegmentEntry(utf8(entryBytes));
  if (entry.count !== extra.count) throw new NotProven("the proof is for a segment of another length");

  const entryLeaf = await sha256(Uint8Array.of(0), entryBytes);
  const logRoot = await rootOf(Number(index), checkpoint.size, entryLeaf, path.map(fromBase64));
  if (!isSame(logRoot, checkpoint.root))
    throw new NotProven("the segment is not in the ledger that was signed");

  const [header, content] = [fromBase64(extra.header), fromBase64(extra.content)];
  const commitment = await sha256(Uint8Array.of(2), fromBase64(extra.salt), content);
  const leaf = await sha256(Uint8Array.of(0), header, commitment);
  const segmentRoot = await rootOf(extra.index, extra.count, leaf, extra.path.map(fromBase64));
  if (!isSame(segmentRoot, entry.root)) throw new NotProven("the event is not in its segment");
  const { origin, size } = checkpoint;
  return {
    proven: true,
    origin,
    size,
    segment: entry.number,
    ...readHeader(header),
    texts: readTexts(content),
  };
}

type Extra = {
  readonly header: string;
  readonly content: string;
  readonly salt: string;
  readonly index: number;
  readonly count: number;
  readonly path: readonly string[];
  readonly entry: string;
};

type Checkpoint = { readonly origin: string; readonly size: number; readonly root: Bytes };

/** The checkpoint in a signed note (c2sp.org/signed-note), if the key has signed it. */
async function openCheckpoint(note: string, key: string): Promise<Checkpoint> {
  const [, name = "", id = "", encoded = ""] =
    /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(key.trim()) ?? [];
  const keyBytes = fromBase64(encoded);
  const middle = note.lastIndexOf("\n\n");
  const [text, lines] = [note.slice(0, middle + 1), note.slice(middle + 2).split("\n")];
  const [origin = "", size = "", root = ""] = text.split("\n");
  if (keyBytes.length !== 33 || keyBytes[0] !== 1 || middle < 0)
    throw new NotProven("the key or the checkpoint is malformed");
  if (hex(await sha256(new TextEncoder().encode(`${name}\n`), keyBytes)).slice(0, 8) !== id)
    throw new NotProven("the pinned key is not what its own number says");
  const isOurs = `— ${name} `;
  const line = lines.find((one) => one.startsWith(isOurs));
  const signed = line === undefined ? new Uint8Array(0) : fromBase64(line.slice(isOurs.length));
  const publicKey = await crypto.subtle.importKey("raw", keyBytes.slice(1), ed25519, false, ["verify"]);
  const isSigned =
    hex(signed.slice(0, 4)) === id &&
    (await crypto.subtle.verify(ed25519, publicKey, signed.slice(4), new TextEncoder().encode(text)));
  if (!isSigned || origin !== name) throw new NotProven(`the checkpoint is not signed by ${name}`);
  return { origin, size: Number(size), root: fromBase64(root) };
}

function readSegmentEntry(text: string): {
  readonly number: number;
  readonly count: number;
  readonly root: Bytes;
} {
  const lines = text.split("\n");
  const value = (name: string): string =>
    lines.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? "";
  if (lines[0] !== "midwatch/segment/v1") throw new NotProven("it holds no entry of a segment");
  return { number: Number(value("number")), count: Number(value("count")), root: fromBase64(value("root")) };
}

/** The root that an inclusion proof leads to (RFC 9162, 2.1.3.2). */
async function rootOf(index: number, size: number, leaf: Bytes, path: readonly Bytes[]): Promise<Bytes> {
  if (!(index >= 0 && index < size)) throw new NotProven("its place is outside of the tree");
  let [position, last, hash] = [index, size - 1, leaf];
  for (const sibling of path) {
    if (last === 0) throw new NotProven("its path is too long");
    if (position % 2 === 1 || position === last) {
      hash = await sha256(Uint8Array.of(1), sibling, hash);
      while (position % 2 === 0 && position !== 0) [position, last] = [position / 2, Math.floor(last / 2)];
    } else {
      hash = await sha256(Uint8Array.of(1), hash, sibling);
    }
    [position, last] = [Math.floor(position / 2), Math.floor(last / 2)];
  }
  if (last !== 0) throw new NotProven("its path is too short");
  return hash;
}

function readHeader(header: Bytes): {
  readonly id: string;
  readonly timeMicros: number;
  readonly kind: string;
} {
  const id = hex(header.slice(1, 17)).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  const timeMicros = Number(new DataView(header.buffer, header.byteOffset).getBigUint64(17));
  return { id, timeMicros, kind: utf8(header.slice(36)) };
}

/** Texts of the content, up to its attributes. */
function readTexts(content: Bytes): Readonly<Record<string, string>> {
  const texts: Record<string, string> = {};
  let at = 1;
  const length = (): number => {
    let value = 0;
    for (let scale = 1; at < content.length; scale *= 128) {
      const byte = content[at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    return value;
  };
  while (at < content.length) {
    const number = content[at++] ?? 0;
    const name = textFields[number];
    if (number === attributesNumber) break;
    if (name === undefined) at += numberBytes;
    else {
      const end = length() + at;
      texts[name] = utf8(content.slice(at, end));
      at = end;
    }
  }
  return texts;
}

async function sha256(...parts: readonly Uint8Array[]): Promise<Bytes> {
  const message = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    message.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", message));
}

function fromBase64(text: string): Bytes {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

function utf8(bytes: Bytes): string {
  return new TextDecoder().decode(bytes);
}

function hex(bytes: Bytes): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function isSame(a: Bytes, b: Bytes): boolean {
  return a.length === 32 && hex(a) === hex(b);
}
