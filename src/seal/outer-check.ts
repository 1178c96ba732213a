/**
 * The outer half of a verification: whether entries, tiles and checkpoint belong together, whether
 * what others remember fits, and which statements the log makes.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Stream } from "../model/event.ts";
import { formatTime } from "../model/time.ts";
import { cosignedAt, cosignedPath } from "./cosign.ts";
import { type Edge, edgeRoot, growEdge } from "./edge.ts";
import { type Entry, momentOf, parseEntry } from "./entries.ts";
import type { Findings } from "./findings.ts";
import { emptyRoot, leafHash, rangeRoot, sameBytes } from "./merkle.ts";
import { type Checkpoint, openCheckpoint, type Verifier } from "./note.ts";
import {
  readEntryTile,
  readHashTile,
  TileMissing,
  type TileSource,
  tileSubtree,
  tileWidth,
} from "./tiles.ts";

/** Heartbeats come every minute; a longer silence was one. */
const silenceMicrosMax = 180_000_000;
/** Clocks are set back by so much without anybody lying. */
const backwardsMicrosMax = 60_000_000;

/** Read in one go: about 10 ms. */
const tilesWithoutPause = 8;

/** What the log's statements allow. */
export type Statements = {
  /** Commitment of each erased event, by `segment:index`. */
  readonly erased: ReadonlyMap<string, Uint8Array>;
  /** By stream: segments received before may be gone. */
  readonly retainedFrom: ReadonlyMap<Stream, number>;
  /** Ranges of segments that may be gone, both ends included. */
  readonly dropped: readonly (readonly [from: number, until: number])[];
  readonly counts: { readonly [T in Entry["type"]]?: number };
};

export type Outer = {
  readonly checkpoint: Checkpoint;
  readonly statements: Statements;
  readonly newestMicros: number;
  /** Times in which nothing ran, as the next start says. */
  readonly pauses: readonly Pause[];
  readonly witnessed: readonly Witnessed[];
};

/** What a witness has cosigned: so many entries, and when. */
export type Witnessed = { readonly name: string; readonly size: number; readonly atMicros: number };

/** What others remember of the ledger. */
export type Remembered = {
  /** Checkpoints that were kept elsewhere. */
  readonly pinned: readonly string[];
  /** Witnesses whose cosignature must be there. */
  readonly witnesses: readonly Verifier[];
};

export type Pause = { readonly fromMicros: number; readonly untilMicros: number };

/** `undefined` when nothing further can be judged; then there is a finding that says why. */
export async function checkOuter(
  source: TileSource,
  verifier: Verifier,
  { pinned, witnesses }: Remembered,
  findings: Findings,
  onEntries: (entries: number, of: number) => void,
): Promise<Outer | undefined> {
  const note = source("checkpoint");
  const checkpoint = note && openCheckpoint(Buffer.from(note).toString(), verifier);
  if (checkpoint === undefined) {
    const what =
      note === undefined ? "there is no checkpoint" : "the checkpoint is not signed by the pinned key";
    findings.add({ threat: "T7", because: `${what} ${verifier.name}` });
    return undefined;
  }
  try {
    const walk = await walkEntries(source, checkpoint, findings, onEntries);
    checkPinned(source, verifier, checkpoint, pinned, findings);
    const witnessed = witnesses.flatMap((witness) =>
      checkWitness(source, verifier, checkpoint, witness, findings),
    );
    return { checkpoint, ...walk, witnessed };
  } catch (error) {
    if (!(error instanceof TileMissing)) throw error;
    findings.add({ threat: "T2", because: `${error.message}: the ledger is not complete` });
    return undefined;
  }
}

function checkPinned(
  source: TileSource,
  verifier: Verifier,
  checkpoint: Checkpoint,
  pinned: readonly string[],
  findings: Findings,
): void {
  for (const note of pinned) {
    const old = openCheckpoint(note, verifier);
    if (old === undefined) {
      findings.add({ threat: "T7", because: "a remembered checkpoint is not signed by the pinned key" });
    } else if (old.size > checkpoint.size) {
      const because = `a remembered checkpoint tells of ${old.size} entries, the ledger has ${checkpoint.size}`;
      findings.add({ threat: "T2", because });
    } else {
      const root = old.size === 0 ? emptyRoot : rangeRoot(0, old.size, tileSubtree(source, checkpoint.size));
      if (sameBytes(root, old.root)) continue;
      const isSameSize = old.size === checkpoint.size;
      const because = isSameSize
        ? `two different checkpoints are signed for ${old.size} entries`
        : `the first ${old.size} entries are not those of a remembered checkpoint`;
      findings.add({ threat: isSameSize ? "T4" : "T5", because });
    }
  }
}

/** A witness that was named must have seen this ledger, and this ledger must go on from what it saw. */
function checkWitness(
  source: TileSource,
  verifier: Verifier,
  checkpoint: Checkpoint,
  witness: Verifier,
  findings: Findings,
): readonly Witnessed[] {
  const bytes = source(cosignedPath(witness));
  const note = Buffer.from(bytes ?? []).toString();
  const seen = openCheckpoint(note, verifier);
  const atSeconds = cosignedAt(note, witness);
  if (seen === undefined || atSeconds === undefined) {
    const what = bytes === undefined ? "there is no checkpoint that" : "a checkpoint is not one that";
    findings.add({ threat: "T7", because: `${what} the witness ${witness.name} has cosigned` });
    return [];
  }
  checkPinned(source, verifier, checkpoint, [note], findings);
  return [{ name: witness.name, size: seen.size, atMicros: atSeconds * 1_000_000 }];
}

type Walk = Omit<Outer, "checkpoint" | "witnessed">;

async function walkEntries(
  source: TileSource,
  checkpoint: Checkpoint,
  findings: Findings,
  onEntries: (entries: number, of: number) => void,
): Promise<Walk> {
  const { size } = checkpoint;
  const statements = collectStatements();
  let edge: Edge = { size: 0, levels: [] };
  const pauses: Pause[] = [];
  let newestMicros = 0;
  let lastNumber = 0;
  for (let first = 0; first < size; first += tileWidth) {
    const number = first / tileWidth;
    const entries = readEntryTile(source, number, size);
    const leaves = entries.map(leafHash);
    const tile = readHashTile(source, 0, number, size);
    edge = growEdge(edge, leaves).edge;
    for (const [place, bytes] of entries.entries()) {
      const index = first + place;
      const leaf = leaves[place] as Uint8Array;
      if (!sameBytes(leaf, tile.subarray(place * 32, place * 32 + 32))) {
        findings.add({ threat: "T1", entry: index, because: "the entry is not the one in the hash tiles" });
      }
      const entry = parseEntry(bytes);
      if (entry === undefined) {
        findings.add({ threat: "T7", entry: index, because: "the entry cannot be read" });
        continue;
      }
      const moment = momentOf(entry);
      checkMoment(entry, index, moment, newestMicros, findings);
      if (entry.type === "start" && newestMicros > 0 && moment - newestMicros > silenceMicrosMax) {
        pauses.push({ fromMicros: newestMicros, untilMicros: moment });
      }
      newestMicros = Math.max(newestMicros, moment);
      statements.note(entry);
      if (entry.type !== "segment") continue;
      if (entry.number <= lastNumber) {
        const because = `segment ${entry.number} comes after segment ${lastNumber}`;
        findings.add({ threat: "T3", entry: index, segment: entry.number, because });
      }
      lastNumber = entry.number;
    }
    onEntries(Math.min(size, first + tileWidth), size);
    // A server that verifies itself has other things to do in between.
    if (number % tilesWithoutPause === tilesWithoutPause - 1) await nextTurn();
  }
  if (!sameBytes(edgeRoot(edge), checkpoint.root)) {
    findings.add({ threat: "T5", because: `the entries are not those that were signed at ${size}` });
  }
  return { statements: statements.all(), newestMicros, pauses };
}

function checkMoment(entry: Entry, index: number, moment: number, newest: number, findings: Findings): void {
  if (newest === 0) return;
  if (moment < newest - backwardsMicrosMax) {
    const because = `the entry tells of ${formatTime(moment)}, after one of ${formatTime(newest)}`;
    findings.add({ threat: "T3", entry: index, because });
  }
  // A start explains why nothing was said before it; a gap entry says itself what is missing.
  if (moment - newest > silenceMicrosMax && entry.type !== "start" && entry.type !== "gap") {
    const because = `nothing was said from ${formatTime(newest)} to ${formatTime(moment)}`;
    findings.add({ threat: "T8", entry: index, because });
  }
}

function collectStatements(): { note(entry: Entry): void; all(): Statements } {
  const erased = new Map<string, Uint8Array>();
  const retainedFrom = new Map<Stream, number>();
  const dropped: (readonly [number, number])[] = [];
  const counts: { [T in Entry["type"]]?: number } = {};
  return {
    note(entry) {
      counts[entry.type] = (counts[entry.type] ?? 0) + 1;
      if (entry.type === "erase") erased.set(`${entry.segment}:${entry.index}`, entry.commitment);
      else if (entry.type === "retain") {
        const before = Math.max(entry.beforeMicros, retainedFrom.get(entry.stream) ?? 0);
        retainedFrom.set(entry.stream, before);
      } else if (entry.type === "drop") dropped.push(...parseRanges(entry.segments));
    },
    all: () => ({ erased, retainedFrom, dropped, counts }),
  };
}

/** `3-5,9` */
export function formatRanges(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && number <= last[1] + 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, until]) => (from === until ? `${from}` : `${from}-${until}`)).join(",");
}

function parseRanges(text: string): readonly (readonly [number, number])[] {
  return text.split(",").flatMap((part) => {
    const match = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(part);
    return match ? [[Number(match[1]), Number(match[2] ?? match[1])] as const] : [];
  });
}
