/**
 * A bundle: a folder that holds all that a verification needs, and nothing of the engine. Beside the
 * ledger's own files it has the events as canonical bytes, one file for each 256 entries of the log;
 * for each event three records: segment and index, header, content.
 */
import { join } from "node:path";
import { writeDurableFile } from "./durable-file.ts";
import { parseEntry } from "./entries.ts";
import { folderSource } from "./head.ts";
import { openCheckpoint, type Verifier } from "./note.ts";
import { indexOfPlace, unpackPlaces } from "./places.ts";
import { packRecords, packSecret, secretsPath, unpackRecords, unpackSecret } from "./secrets.ts";
import type { StoredSegments } from "./segment-check.ts";
import { readEntryTile, type TileSource, tileNumberPath, tilePath, tileWidth, tileWidthAt } from "./tiles.ts";
import type { EventSource } from "./verify.ts";

export type CanonicalSource = (
  from: number,
  until: number,
  rowsMax?: number,
) => Promise<StoredSegments & CanonicalRows>;
export type CanonicalRows = { readonly content: (row: number) => Uint8Array };

const eventsPath = (number: number): string => `events/${tileNumberPath(number)}`;
const fileMode = 0o600;

/** Files of the ledger that a log of `size` entries consists of. */
function ledgerPaths(size: number): readonly string[] {
  const paths = ["checkpoint"];
  for (let level = 0; tileWidth ** level <= size; level++) {
    const hashes = Math.floor(size / tileWidth ** level);
    for (let number = 0; number * tileWidth < hashes; number++) {
      paths.push(tilePath(level, number, tileWidthAt(level, number, size)));
    }
  }
  for (let number = 0; number * tileWidth < size; number++) {
    paths.push(tilePath("entries", number, tileWidthAt(0, number, size)), secretsPath(number));
  }
  return paths;
}

/** Numbers of the first and last segment among some entries. */
function segmentBounds(entries: readonly Uint8Array[]): readonly [number, number] | undefined {
  const numbers = entries.flatMap((bytes) => {
    const entry = parseEntry(bytes);
    return entry?.type === "segment" ? [entry.number] : [];
  });
  const [first] = numbers;
  const last = numbers.at(-1);
  return first === undefined || last === undefined ? undefined : [first, last];
}

export type ExportOptions = {
  readonly source: TileSource;
  readonly verifier: Verifier;
  readonly events: CanonicalSource;
  /** What witnesses have cosigned, by path. */
  readonly cosigned?: readonly string[];
  /** A folder that is not there yet. */
  readonly directory: string;
  readonly onProgress?: (entries: number, of: number) => void;
};

/** Resolves to the number of entries and events. Throws `TileMissing` on a ledger that is not whole. */
export async function exportBundle(
  options: ExportOptions,
): Promise<{ readonly entries: number; readonly events: number }> {
  const { source, verifier, directory, onProgress } = options;
  const note = source("checkpoint");
  const checkpoint = note && openCheckpoint(Buffer.from(note).toString(), verifier);
  if (checkpoint === undefined) throw new Error("the checkpoint is not signed by the key given");
  const { size } = checkpoint;
  const write = (path: string, bytes: Uint8Array): Promise<void> =>
    writeDurableFile(join(directory, path), bytes, fileMode);
  for (const path of [...ledgerPaths(size), ...(options.cosigned ?? [])]) {
    const bytes = path === "checkpoint" ? note : source(path);
    if (bytes === undefined) throw new Error(`the ledger has no ${path}`);
    await write(path, path.startsWith("secrets/") ? withoutPlaces(bytes) : bytes);
  }
  let events = 0;
  for (let number = 0; number * tileWidth < size; number++) {
    const entries = readEntryTile(source, number, size);
    const bounds = segmentBounds(entries);
    if (bounds !== undefined) {
      const indexOf = indexesOf(entries, source(secretsPath(number)) ?? new Uint8Array(0));
      const rows = await options.events(bounds[0], bounds[1] + 1);
      const records: Uint8Array[] = [];
      for (let row = 0; row < rows.count; row++) {
        const place = Buffer.alloc(12);
        const segment = rows.segments[row] as number;
        place.writeBigUInt64BE(BigInt(segment));
        place.writeUInt32BE(indexOf(segment, rows.places[row] as number), 8);
        records.push(place, rows.header(row), rows.content(row));
      }
      events += rows.count;
      await write(eventsPath(number), packRecords(records));
    }
    onProgress?.(Math.min(size, (number + 1) * tileWidth), size);
  }
  return { entries: size, events };
}

/** In a bundle every event stands at the index of its leaf. */
function withoutPlaces(bytes: Uint8Array): Uint8Array {
  const records = unpackRecords(bytes).map((record) => {
    const secret = unpackSecret(record);
    return secret === undefined ? record : packSecret({ ...secret, places: new Uint8Array(0) });
  });
  return packRecords(records);
}

/** Finds the index of an event's leaf by segment and place; what is not known there keeps its place. */
function indexesOf(
  entries: readonly Uint8Array[],
  secrets: Uint8Array,
): (segment: number, place: number) => number {
  const records = unpackRecords(secrets);
  const known = new Map<number, { readonly places: Uint32Array | undefined; readonly count: number }>();
  for (const [offset, bytes] of entries.entries()) {
    const entry = parseEntry(bytes);
    const secret = records[offset] && unpackSecret(records[offset]);
    if (entry?.type !== "segment" || secret === undefined) continue;
    const { count } = entry;
    known.set(entry.number, { places: unpackPlaces(secret.places, count), count });
  }
  return (segment, place) => {
    const { places, count } = known.get(segment) ?? { places: undefined, count: 0 };
    const index = indexOfPlace(places, place, count);
    return index < 0 ? place : index;
  };
}

type BundledEvent = {
  readonly segment: number;
  readonly index: number;
  readonly header: Uint8Array;
  readonly content: Uint8Array;
};

function readEvents(bytes: Uint8Array): readonly BundledEvent[] {
  const records = unpackRecords(bytes);
  const events: BundledEvent[] = [];
  for (let at = 0; at + 2 < records.length; at += 3) {
    const [place, header, content] = records.slice(at, at + 3) as [Uint8Array, Uint8Array, Uint8Array];
    const view = Buffer.from(place);
    if (view.length !== 12) throw new RangeError("the events of the bundle are malformed");
    events.push({ segment: Number(view.readBigUInt64BE()), index: view.readUInt32BE(8), header, content });
  }
  return events;
}

/** Events of a bundle, asked for in rising order; every file is read once. */
export function bundleEvents(directory: string): EventSource {
  const source = folderSource(directory);
  let next = 0;
  let held: readonly BundledEvent[] = [];
  return async (from, until, rowsMax) => {
    while ((held.at(-1)?.segment ?? 0) < until && source(secretsPath(next)) !== undefined) {
      held = held.concat(readEvents(source(eventsPath(next)) ?? new Uint8Array(0)));
      next += 1;
    }
    const rows = held.filter(({ segment }) => segment >= from && segment < until);
    // Who asks for so many rows asks for the last of them again.
    if (rowsMax === undefined) held = held.filter(({ segment }) => segment >= until);
    rows.sort((a, b) => a.segment - b.segment || a.index - b.index);
    return {
      count: rows.length,
      segments: rows.map(({ segment }) => segment),
      places: rows.map(({ index }) => index),
      add: (hasher, row) => hasher.addCanonical(rows[row] as BundledEvent),
      header: (row) => (rows[row] as BundledEvent).header,
    };
  };
}
