/**
 * Proof that one event is in the ledger, as a file that stands alone (c2sp.org/tlog-proof). The proof
 * itself is for the entry of the event's segment; the extra line holds what leads from the event to
 * that entry: header, content, salt, the way to the segment's root, and the entry.
 */
import { Fault } from "../model/fault.ts";
import { readCanonical } from "./canonical.ts";
import { parseEntry } from "./entries.ts";
import type { Ledger } from "./ledger.ts";
import {
  type Hash,
  inclusionProof,
  leafHash,
  nodeHash,
  rootFromInclusion,
  sameBytes,
  sha256,
  verifyInclusion,
} from "./merkle.ts";
import { openCheckpoint, type Verifier } from "./note.ts";
import { saltOf } from "./salts.ts";
import { indexIn, rowsByIndex, unpackSecret } from "./secrets.ts";
import { SegmentHasher } from "./segment.ts";
import type { StoredSegments } from "./segment-check.ts";

const firstLine = "c2sp.org/tlog-proof@v1";

/** The extra line, as JSON; bytes in base64. */
export type ProofExtra = {
  readonly header: string;
  readonly content: string;
  readonly salt: string;
  readonly index: number;
  readonly count: number;
  /** Siblings from the event's leaf up to the segment's root. */
  readonly path: readonly string[];
  readonly entry: string;
};

const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const fromBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"));

/** `rows` are the stored events of the segment, `storePlace` is the event's `segment_index`. Refuses a segment that is not what was sealed. */
export async function proveEvent(
  ledger: Ledger,
  rows: StoredSegments & { readonly content: (row: number) => Uint8Array },
  segment: number,
  storePlace: number,
): Promise<string> {
  const place = ledger.find(segment);
  if (place === undefined) throw new Fault("NOT_FOUND", `The ledger has no segment ${segment}`);
  if (place >= ledger.head.size) await ledger.publish();
  const entry = ledger.entry(place);
  const secret = unpackSecret(ledger.secretBytes(place));
  if (entry.type !== "segment" || secret === undefined)
    throw new Fault("NOT_FOUND", `Segment ${segment} has no seed`);
  const order = rowsByIndex(secret, rows, entry.count);
  const index = indexIn(secret, storePlace, entry.count);
  const row = order.get(index);
  const salt = saltOf(secret.salts, index, entry.count);
  if (row === undefined || salt === undefined)
    throw new Fault("NOT_FOUND", "The event is not stored, or was erased");

  const hasher = new SegmentHasher();
  for (let at = 0; at < entry.count; at++) {
    const stored = order.get(at);
    const grave = secret.tombstones.get(at);
    if (grave !== undefined) hasher.addTombstone(grave);
    else if (stored !== undefined) rows.add(hasher, stored);
  }
  const { root, count } = hasher.finish(secret.salts);
  if (count !== entry.count || !sameBytes(root, entry.root)) {
    throw new Fault(
      "LEDGER_INCONSISTENT",
      `Segment ${segment} is not what was sealed, so nothing in it can be proven`,
    );
  }
  const leaves = Array.from({ length: count }, (_, at) => hasher.leaf(at));
  const subtree = (level: number, first: number): Hash =>
    level === 0
      ? (leaves[first] as Hash)
      : nodeHash(subtree(level - 1, first), subtree(level - 1, first + 2 ** (level - 1)));
  const extra: ProofExtra = {
    header: toBase64(rows.header(row)),
    content: toBase64(rows.content(row)),
    salt: toBase64(salt),
    index,
    count,
    path: inclusionProof(index, count, subtree).map(toBase64),
    entry: toBase64(ledger.entryBytes(place)),
  };
  return formatProof(extra, place, ledger.inclusion(place), ledger.head.note);
}

function formatProof(extra: ProofExtra, index: number, path: readonly Hash[], note: string): string {
  const lines = [firstLine, `extra ${toBase64(Buffer.from(JSON.stringify(extra)))}`, `index ${index}`];
  return `${[...lines, ...path.map(toBase64)].join("\n")}\n\n${note}`;
}

export type ProofVerdict =
  | { readonly proven: true; readonly event: ReturnType<typeof readCanonical>; readonly size: number }
  | { readonly proven: false; readonly because: string };

/** Judges a proof with nothing but the pinned key. */
export function verifyProof(text: string, verifier: Verifier): ProofVerdict {
  const no = (because: string): ProofVerdict => ({ proven: false, because });
  const middle = text.indexOf("\n\n");
  const [first, extraLine, indexLine, ...path] = text.slice(0, middle).split("\n");
  const index = /^index (0|[1-9]\d{0,15})$/.exec(indexLine ?? "")?.[1];
  const extra = readExtra(extraLine ?? "");
  if (first !== firstLine || index === undefined || extra === undefined)
    return no("the file is no proof of an event");
  const checkpoint = openCheckpoint(text.slice(middle + 2), verifier);
  if (checkpoint === undefined) return no(`its checkpoint is not signed by ${verifier.name}`);
  const entryBytes = fromBase64(extra.entry);
  const entry = parseEntry(entryBytes);
  if (entry?.type !== "segment" || entry.count !== extra.count) return no("it holds no entry of a segment");
  if (
    !verifyInclusion(
      Number(index),
      checkpoint.size,
      leafHash(entryBytes),
      path.map(fromBase64),
      checkpoint.root,
    )
  ) {
    return no("the segment is not in the ledger that was signed");
  }
  const [header, content] = [fromBase64(extra.header), fromBase64(extra.content)];
  const commitment = sha256(Uint8Array.of(2), fromBase64(extra.salt), content);
  const leaf = leafHash(Buffer.concat([header, commitment]));
  const root = rootFromInclusion(extra.index, extra.count, leaf, extra.path.map(fromBase64));
  if (root === undefined || !sameBytes(root, entry.root)) return no("the event is not in its segment");
  try {
    return { proven: true, event: readCanonical({ header, content }), size: checkpoint.size };
  } catch {
    return no("the event cannot be read");
  }
}

function readExtra(line: string): ProofExtra | undefined {
  if (!line.startsWith("extra ")) return undefined;
  try {
    const extra = JSON.parse(Buffer.from(line.slice(6), "base64").toString()) as ProofExtra;
    const texts = [extra.header, extra.content, extra.salt, extra.entry, ...extra.path];
    const isWhole = [extra.index, extra.count].every(Number.isSafeInteger);
    return isWhole && texts.every((text) => typeof text === "string") ? extra : undefined;
  } catch {
    return undefined;
  }
}
