/**
 * Verification, offline and without trusting the server: everything signed is recomputed from the
 * stored events. It fails closed: what is not proven is a finding.
 */
import { parseEntry, type SegmentEntry } from "./entries.ts";
import { type Finding, Findings } from "./findings.ts";
import { rangeRoot } from "./merkle.ts";
import { openCheckpoint, type Verifier } from "./note.ts";
import { checkOuter, type Outer, type Pause, type Statements, type Witnessed } from "./outer-check.ts";
import { secretsPath, unpackRecords, unpackSecret } from "./secrets.ts";
import {
  type Chunk,
  type Segment,
  SegmentCheck,
  type StoredSegments,
  StoreUnreadable,
  type Tally,
} from "./segment-check.ts";
import { readEntryTile, type TileSource, tileSubtree, tileWidth } from "./tiles.ts";

/**
 * All events that are stored for the segments `from` up to `until`. Those of the first segments are
 * enough where they are `rowsMax` or more. Rejects with `StoreUnreadable`.
 */
export type EventSource = (from: number, until: number, rowsMax?: number) => Promise<StoredSegments>;

export type VerifyOptions = {
  /** Checkpoint, tiles and secrets, by their path in the ledger's folder. */
  readonly source: TileSource;
  readonly events: EventSource;
  readonly verifier: Verifier;
  /** Checkpoints that were kept elsewhere: by agents, anchors, people. */
  readonly pinned?: readonly string[];
  /** Witnesses whose cosignatures must lie beside the checkpoint, and bear out this ledger. */
  readonly witnesses?: readonly Verifier[];
  /** Entries that stand in the journal and are not signed yet; their events are no strangers. */
  readonly unsigned?: () => readonly SegmentEntry[];
  /** Lets a running server note down what it has just written: between the two an event seems a stranger. */
  readonly settle?: () => Promise<void>;
  /** Of an earlier verification that was broken off; segments before it are not read again. */
  readonly resume?: string;
  /** Stop after so many; what comes later is left to a verification with `resume`. */
  readonly eventsMax?: number;
  /** Events asked for and hashed at once. Fewer: other work waits for less. */
  readonly chunkEvents?: number;
  readonly onProgress?: (progress: Progress) => void;
};

export type Progress = {
  /** The log's own entries are read first, and fast; then the events that they tell of. */
  readonly stage: "entries" | "events";
  readonly entries: number;
  readonly entriesTotal: number;
  readonly events: number;
  /** Give it back as `resume` to go on from here. Absent once something was found. */
  readonly resume?: string;
};

export type Verdict = {
  /** Nothing was found, and everything was looked at. */
  readonly intact: boolean;
  readonly findings: readonly Finding[];
  readonly findingsCount: number;
  readonly size: number;
  readonly events: number;
  readonly segments: number;
  readonly erased: number;
  /** Segments that a statement allows to be gone, and that are. */
  readonly goneSegments: number;
  readonly counts: Statements["counts"];
  readonly newestMicros: number;
  /** Times in which the server did not run; they are stated, and so no finding. */
  readonly pauses: readonly Pause[];
  /** What each witness that was asked for has seen. */
  readonly witnessed: readonly Witnessed[];
};

/** Events asked for at once. */
const chunkEventsMax = 65_536;
/** Asked for while one is hashed, so that neither waits for the other. */
const chunksAhead = 2;
const wholeNumberMax = 2 ** 53 - 1;

export async function verifyLedger(options: VerifyOptions): Promise<Verdict> {
  const { source, verifier, onProgress } = options;
  const findings = new Findings();
  const remembered = { pinned: options.pinned ?? [], witnesses: options.witnesses ?? [] };
  const outer = await checkOuter(source, verifier, remembered, findings, (entries, entriesTotal) =>
    onProgress?.({ stage: "entries", entries, entriesTotal, events: 0 }),
  );
  const tally = { events: 0, segments: 0, erased: 0, goneSegments: 0 };
  if (outer !== undefined) await checkSegments(options, outer, findings, tally);
  return {
    intact: findings.count === 0 && outer !== undefined,
    findings: findings.list,
    findingsCount: findings.count,
    size: outer?.checkpoint.size ?? 0,
    ...tally,
    counts: outer?.statements.counts ?? {},
    newestMicros: outer?.newestMicros ?? 0,
    pauses: outer?.pauses ?? [],
    witnessed: outer?.witnessed ?? [],
  };
}

async function checkSegments(
  options: VerifyOptions,
  outer: Outer,
  findings: Findings,
  tally: Tally,
): Promise<void> {
  const { source, events, onProgress } = options;
  const { size } = outer.checkpoint;
  const foundBefore = findings.count;
  const check = new SegmentCheck(outer.statements, findings, tally);
  const resumeFrom = resumePlace(options, outer);
  const asked: { readonly chunk: Chunk; readonly rows: Promise<StoredSegments> }[] = [];
  const finishFirst = async (): Promise<void> => {
    const first = asked.shift();
    if (first === undefined) return;
    const { chunk } = first;
    await checkChunk(check, chunk, first.rows, events);
    const done = (chunk.segments.at(-1)?.place ?? 0) + 1;
    const { root } = outer.checkpoint;
    const resume =
      findings.count === foundBefore && check.isSettled
        ? `${done} ${chunk.until} ${size} ${Buffer.from(root).toString("base64")}`
        : undefined;
    onProgress?.({
      stage: "events",
      entries: done,
      entriesTotal: size,
      events: tally.events,
      ...(resume && { resume }),
    });
  };
  let lastNumber = resumeFrom.number;
  for (const chunk of chunks(source, size, resumeFrom, options.chunkEvents ?? chunkEventsMax)) {
    if (tally.events > (options.eventsMax ?? wholeNumberMax)) return;
    const rows = events(chunk.from, chunk.until);
    // A failure is thrown where it is waited for, not while the chunk before is being hashed.
    rows.catch(() => {});
    asked.push({ chunk, rows });
    lastNumber = chunk.until;
    if (asked.length > chunksAhead) await finishFirst();
  }
  while (asked.length > 0) await finishFirst();
  check.end();
  await checkBeyond(options, size, lastNumber, check, findings);
}

/**
 * Beyond the last segment that was checked stands what came since, and what nobody sealed. While a
 * server takes in events that can be any number of them, so they are looked at in turn.
 */
async function checkBeyond(
  options: VerifyOptions,
  size: number,
  lastNumber: number,
  check: SegmentCheck,
  findings: Findings,
): Promise<void> {
  const foundBefore = findings.count;
  const rowsMax = options.chunkEvents ?? chunkEventsMax;
  let known = newerNumbers(options, size);
  let from = lastNumber;
  for (;;) {
    const rows = await options.events(from, wholeNumberMax, rowsMax).catch((error: unknown) => {
      if (!(error instanceof StoreUnreadable)) throw error;
      const because = `what is stored beyond the last segment cannot be read: ${error.message}`;
      findings.add({ threat: "T7", because });
    });
    if (rows === undefined) return;
    if (Array.from(rows.segments).some((segment) => !known.has(segment))) {
      await options.settle?.();
      known = newerNumbers(options, size);
    }
    const [first, last] = [rows.segments[0], rows.segments[rows.count - 1]];
    if (rows.count < rowsMax || first === undefined || last === undefined) {
      check.strangers(rows, known, wholeNumberMax);
      return;
    }
    // The last segment may be cut off: it is asked for again, unless there is no other.
    from = last > first ? last : last + 1;
    check.strangers(rows, known, from);
    if (findings.count > foundBefore) return;
  }
}

/** What cannot be read is looked for in ever smaller parts, so that all the rest is proven. */
async function checkChunk(
  check: SegmentCheck,
  chunk: Chunk,
  asked: Promise<StoredSegments>,
  events: EventSource,
): Promise<void> {
  const { from, until, segments } = chunk;
  const rows = await asked.catch((error: unknown) => {
    if (error instanceof StoreUnreadable) return error;
    throw error;
  });
  if (!(rows instanceof StoreUnreadable)) {
    check.chunk(chunk, rows);
    return;
  }
  const [first, ...others] = segments;
  if (first === undefined) return;
  if (others.length === 0) {
    check.unreadable(first, rows);
    return;
  }
  const middle = segments.length >> 1;
  const border = (segments[middle] as Segment).entry.number;
  for (const half of [
    { from, until: border, segments: segments.slice(0, middle) },
    { from: border, until, segments: segments.slice(middle) },
  ]) {
    await checkChunk(check, half, events(half.from, half.until), events);
  }
}

const numberOf = ({ number }: SegmentEntry): number => number;

/** Segments that are not signed yet, or were signed since the verification began. */
const newerNumbers = (options: VerifyOptions, size: number): ReadonlySet<number> =>
  new Set([...(options.unsigned?.() ?? []), ...newerSegments(options, size)].map(numberOf));

/** Segments that a running server has signed since the verification began. */
function newerSegments({ source, verifier }: VerifyOptions, size: number): readonly SegmentEntry[] {
  const note = source("checkpoint");
  const newer = note && openCheckpoint(Buffer.from(note).toString(), verifier);
  if (newer === undefined || newer.size <= size) return [];
  const segments: SegmentEntry[] = [];
  for (let number = Math.floor(size / tileWidth); number * tileWidth < newer.size; number++) {
    for (const bytes of readEntryTile(source, number, newer.size)) {
      const entry = parseEntry(bytes);
      if (entry?.type === "segment") segments.push(entry);
    }
  }
  return segments;
}

type ResumePlace = { readonly place: number; readonly number: number };

/** Where to go on: only if the ledger still begins with what was verified then. */
function resumePlace({ resume, source }: VerifyOptions, { checkpoint }: Outer): ResumePlace {
  const [place, number, size, root] = (resume ?? "").split(" ");
  const start = { place: 0, number: 0 };
  if (root === undefined || Number(size) > checkpoint.size || Number(size) === 0) return start;
  const now = rangeRoot(0, Number(size), tileSubtree(source, checkpoint.size));
  return Buffer.from(now).toString("base64") === root
    ? { place: Number(place), number: Number(number) }
    : start;
}

/** Segments in the order of the log, as many at once as their events allow. */
function* chunks(source: TileSource, size: number, resume: ResumePlace, eventsMax: number): Generator<Chunk> {
  let from = resume.number;
  let segments: Segment[] = [];
  let events = 0;
  for (let first = resume.place - (resume.place % tileWidth); first < size; first += tileWidth) {
    const number = first / tileWidth;
    const records = unpackRecords(source(secretsPath(number)) ?? new Uint8Array(0));
    for (const [offset, bytes] of readEntryTile(source, number, size).entries()) {
      const entry = parseEntry(bytes);
      if (entry?.type !== "segment" || first + offset < resume.place || entry.number < from) continue;
      const record = records[offset];
      segments.push({ place: first + offset, entry, secret: record && unpackSecret(record) });
      events += entry.count;
      if (events < eventsMax) continue;
      yield { from, until: entry.number + 1, segments };
      from = entry.number + 1;
      segments = [];
      events = 0;
    }
  }
  const last = segments.at(-1);
  if (last !== undefined) yield { from, until: last.entry.number + 1, segments };
}
