/**
 * The newest signed checkpoint and its two memories. A log must never sign two heads of which one
 * is not the beginning of the other (c2sp.org/tlog-checkpoint), so both are asked before each signature.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../model/fault.ts";
import { writeDurableFile } from "./durable-file.ts";
import { emptyRoot, type Hash, rangeRoot, sameBytes } from "./merkle.ts";
import { type Checkpoint, openCheckpoint, type Signer, signCheckpoint } from "./note.ts";
import { TileMissing, type TileSource, tileSubtree } from "./tiles.ts";

/** A checkpoint and the note in which it was signed; the note is empty before the first signature. */
export type SignedHead = Checkpoint & { readonly note: string };

export type Memories = {
  /** The folder of the ledger; the checkpoint in it is what is published. */
  readonly directory: string;
  /** A second place, best on another disk. Written first, so it may be one step ahead. */
  readonly memoryPath: string;
};

export function inconsistent(what: string): Fault {
  return new Fault(
    "LEDGER_INCONSISTENT",
    `${what}. Nothing is signed until this is explained; "midwatch ledger recover" goes on and leaves a gap entry.`,
  );
}

/** Reads files below a folder; gives `undefined` where there is none. */
export function folderSource(directory: string): TileSource {
  return (path) => readIfThere(join(directory, path));
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

const placesOf = ({ directory, memoryPath }: Memories): readonly [string, string] => [
  join(directory, "checkpoint"),
  memoryPath,
];

/** `undefined` where there is no file; throws on one that this key has not signed. */
function readPlace(path: string, signer: Signer): SignedHead | undefined {
  const bytes = readIfThere(path);
  if (bytes === undefined) return undefined;
  const note = Buffer.from(bytes).toString();
  const checkpoint = openCheckpoint(note, signer);
  if (checkpoint === undefined) throw inconsistent(`${path} is not signed by the key of this ledger`);
  return { ...checkpoint, note };
}

/** The larger of both memories, or an empty head for a new ledger. Throws if they do not fit. */
export function readHead(memories: Memories, signer: Signer, source: TileSource): SignedHead {
  const [place, memory] = placesOf(memories);
  const published = readPlace(place, signer);
  const remembered = readPlace(memory, signer);
  if (published === undefined && remembered === undefined) {
    if (source("tile/0/000") ?? source("secrets/000"))
      throw inconsistent("The ledger has lost its checkpoint");
    return { origin: signer.name, size: 0, root: emptyRoot, note: "" };
  }
  if (remembered === undefined) throw inconsistent(`The last signature is missing from ${memory}`);
  const rootAt = (size: number): Hash | undefined => rootIfThere(source, size, remembered.size);
  for (const head of [remembered, published]) {
    if (head === undefined) continue;
    if (head.size > remembered.size) throw inconsistent(`${memory} is older than ${place}`);
    const root = rootAt(head.size);
    if (root === undefined || !sameBytes(root, head.root)) {
      throw inconsistent(`The ledger's tiles are not those that were signed at ${head.size} entries`);
    }
  }
  // A crash came between the two: what was signed is signed.
  if (published?.note !== remembered.note) writeFileSync(place, remembered.note, { mode: 0o600 });
  return remembered;
}

/**
 * Signs `root` over `size` leaves, if `source` holds them and begins with all that both memories
 * tell of; then remembers it in both.
 */
export async function signHead(
  memories: Memories,
  signer: Signer,
  source: TileSource,
  { size, root }: { readonly size: number; readonly root: Hash },
  last: SignedHead,
): Promise<SignedHead> {
  for (const path of placesOf(memories)) {
    if (last.note === "") break;
    const remembered = readPlace(path, signer);
    if (remembered === undefined) throw inconsistent(`The last signature is missing from ${path}`);
    if (remembered.size > size) {
      throw inconsistent(`${path} tells of ${remembered.size} entries, the ledger holds ${size}`);
    }
    if (!sameBytes(rangeRoot(0, remembered.size, tileSubtree(source, size)), remembered.root)) {
      throw inconsistent(`${path} contradicts the ledger at ${remembered.size} entries`);
    }
  }
  const note = signCheckpoint({ origin: signer.name, size, root }, signer);
  for (const path of placesOf(memories).toReversed()) await writeDurableFile(path, Buffer.from(note), 0o600);
  return { origin: signer.name, size, root, note };
}

function rootIfThere(source: TileSource, oldSize: number, size: number): Hash | undefined {
  try {
    return rangeRoot(0, oldSize, tileSubtree(source, size));
  } catch (error) {
    if (error instanceof TileMissing) return undefined;
    throw error;
  }
}

export type Recovery = { readonly kept: SignedHead; readonly lost: SignedHead };

/**
 * Makes a ledger that was put back from a backup one that can be opened: both memories are set to
 * the largest head that its tiles bear out. The caller must state what was lost as a gap entry.
 */
export function recoverHead(memories: Memories, signer: Signer, source: TileSource): Recovery {
  const heads = placesOf(memories).flatMap((path): readonly SignedHead[] => {
    const note = Buffer.from(readIfThere(path) ?? []).toString();
    const checkpoint = openCheckpoint(note, signer);
    return checkpoint ? [{ ...checkpoint, note }] : [];
  });
  heads.sort((a, b) => b.size - a.size);
  const kept = heads.find((head) => {
    const root = rootIfThere(source, head.size, head.size);
    return root !== undefined && sameBytes(root, head.root);
  });
  const [lost] = heads;
  if (kept === undefined || lost === undefined) {
    throw inconsistent(
      "No signed checkpoint of this ledger is borne out by its tiles, so there is nothing to go on from",
    );
  }
  for (const path of placesOf(memories)) writeFileSync(path, kept.note, { mode: 0o600 });
  return { kept, lost };
}
