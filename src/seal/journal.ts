/**
 * Leaves that are not yet in tiles: an append-only file, one record a leaf, each with its index and
 * a check sum. A record cut short by a crash is dropped: its segment still lies beside its batch.
 */
import {
  closeSync,
  existsSync,
  fsync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { promisify } from "node:util";
import { crc32 } from "node:zlib";
import { parseEntry, type SegmentEntry } from "./entries.ts";
import type { SealedSegment } from "./sealer.ts";

export type JournalRecord = SealedSegment & { readonly index: number };

const headBytes = 20;
const syncFile = promisify(fsync);

export type Journal = {
  append(record: JournalRecord): void;
  /** Resolves when all that was appended would survive a power cut. */
  sync(): Promise<void>;
  /** Leaves only these; they are on disk when it returns. */
  replace(records: readonly JournalRecord[]): void;
  close(): void;
};

/** length, check sum, index, length of the entry; then entry and secret. */
function pack({ index, entry, secret }: JournalRecord): Uint8Array {
  const bytes = new Uint8Array(headBytes + entry.length + secret.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length);
  view.setBigUint64(8, BigInt(index));
  view.setUint32(16, entry.length);
  bytes.set(entry, headBytes);
  bytes.set(secret, headBytes + entry.length);
  view.setUint32(4, crc32(bytes.subarray(8)));
  return bytes;
}

function readRecords(path: string): readonly JournalRecord[] {
  if (!existsSync(path)) return [];
  const bytes = new Uint8Array(readFileSync(path));
  const view = new DataView(bytes.buffer);
  const records: JournalRecord[] = [];
  let at = 0;
  while (at + headBytes <= bytes.length) {
    const end = at + view.getUint32(at);
    const middle = at + headBytes + view.getUint32(at + 16);
    const isWhole = end <= bytes.length && middle <= end && end > at;
    if (!isWhole || crc32(bytes.subarray(at + 8, end)) !== view.getUint32(at + 4)) break;
    records.push({
      index: Number(view.getBigUint64(at + 8)),
      entry: bytes.slice(at + headBytes, middle),
      secret: bytes.slice(middle, end),
    });
    at = end;
  }
  return records;
}

/** Segments that a journal tells of, for those who only read. */
export function journalSegments(path: string): readonly SegmentEntry[] {
  return readRecords(path).flatMap(({ entry }) => {
    const parsed = parseEntry(entry);
    return parsed?.type === "segment" ? [parsed] : [];
  });
}

/** Opens or makes the journal; gives what a crash left in it. */
export function openJournal(path: string): {
  readonly journal: Journal;
  readonly left: readonly JournalRecord[];
} {
  const left = readRecords(path);
  const temporary = `${path}.temporary`;
  let file = -1;

  function replace(records: readonly JournalRecord[]): void {
    const next = openSync(temporary, "w", 0o600);
    for (const record of records) writeSync(next, pack(record));
    fsyncSync(next);
    renameSync(temporary, path);
    if (file >= 0) closeSync(file);
    file = next;
  }

  // Without the torn end, behind which nothing would be found again.
  replace(left);
  return {
    left,
    journal: {
      append: (record) => void writeSync(file, pack(record)),
      sync: () => syncFile(file),
      replace,
      close: () => closeSync(file),
    },
  };
}
