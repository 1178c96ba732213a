/**
 * The outer log on disk: entries in, tiles and signed checkpoints out.
 *
 * The life of an entry:
 * 1. `append` gives it the next index and writes it to the journal.
 * 2. `flush` syncs the journal. Only after that a batch may leave the spool.
 * 3. `publish` writes secrets and tiles, signs a checkpoint over them, and empties the journal.
 * A crash between any two steps repeats the later ones; nothing is signed before it is on disk.
 */
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../model/fault.ts";
import type { Clock } from "../model/time.ts";
import { writeDurableFile } from "./durable-file.ts";
import { type Edge, edgeRoot, growEdge, type NamedTile, partialTiles, readEdge } from "./edge.ts";
import {
  type Entry,
  formatEntry,
  momentOf,
  parseEntry,
  type SegmentEntry,
  type Statement,
} from "./entries.ts";
import {
  folderSource,
  inconsistent,
  type Memories,
  type Recovery,
  readHead,
  recoverHead,
  type SignedHead,
  signHead,
} from "./head.ts";
import { type Journal, type JournalRecord, openJournal } from "./journal.ts";
import { consistencyProof, type Hash, inclusionProof, leafHash, sameBytes } from "./merkle.ts";
import type { Signer } from "./note.ts";
import type { SealedSegment } from "./sealer.ts";
import { packRecords, secretsPath, unpackRecords } from "./secrets.ts";
import { packEntries, readEntryTile, type TileSource, tilePath, tileSubtree, tileWidth } from "./tiles.ts";

export type LedgerOptions = Memories & { readonly signer: Signer; readonly now: Clock };

/** An idle ledger says so this often. */
export const heartbeatMs = 60_000;
/** After a longer pause the machine or the process was stopped, and that is stated instead. */
const pauseMsMax = 150_000;

const noBytes = new Uint8Array(0);

type Bundle = { readonly number: number; readonly entries: readonly Uint8Array[] };

export class Ledger {
  readonly options: LedgerOptions;
  /** What is published. */
  readonly source: TileSource;
  private readonly journal: Journal;
  /** As of `head`. Written by `publishNow`. */
  private edge: Edge;
  private current: SignedHead;
  /** The last, partial bundle as of `head`. Written by `publishNow` and `replaceSecret`. */
  private tail: SealedSegment[] = [];
  /** Entries from `head.size` on. Written by `append` and `publishNow`. */
  private pending: SealedSegment[] = [];
  /** Publishing and changes of secrets, one after the other. */
  private work: Promise<unknown> = Promise.resolve();
  /** The journal lacks some of `pending`. Written by `append` and `replaceJournal`. */
  private isBehind = false;
  private newestMicros = 0;
  private lastNumber = 0;
  private cached: Bundle | undefined;
  private closed = false;

  /** Opens the ledger, or makes an empty one. Throws `LEDGER_INCONSISTENT` at any sign of a roll-back. */
  constructor(options: LedgerOptions) {
    this.options = options;
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    this.source = folderSource(options.directory);
    this.current = readHead(options, options.signer, this.source);
    this.edge = readEdge(this.source, this.current.size);
    this.tail = this.readTail();
    this.rememberLast();
    const { journal, left } = openJournal(join(options.directory, "journal"));
    this.journal = journal;
    for (const record of left) this.takeUp(record);
  }

  /** Entries, published or not. */
  get size(): number {
    return this.current.size + this.pending.length;
  }

  /** The newest signed checkpoint. */
  get head(): SignedHead {
    return this.current;
  }

  /** The largest number of a segment; 0 where there is none. */
  get lastSegment(): number {
    return this.lastNumber;
  }

  /** Appends a segment whose batch is on disk; one that is here already is left as it is. */
  appendSegment(segment: SealedSegment): void {
    const entry = parseEntry(segment.entry);
    if (entry?.type !== "segment") throw inconsistent("A waiting batch has a seal that cannot be read");
    if (entry.number <= this.lastNumber) {
      const index = this.find(entry.number);
      if (index !== undefined && sameBytes(this.entryBytes(index), segment.entry)) return;
      throw inconsistent(`Segment ${entry.number} of a waiting batch is not what the ledger holds`);
    }
    this.append(segment);
  }

  /** Gives the index of the statement. */
  appendStatement(statement: Statement): number {
    return this.append({ entry: formatEntry(statement), secret: noBytes });
  }

  private append(segment: SealedSegment): number {
    if (this.closed) throw new Fault("STORE_CLOSED", "The ledger is closed");
    const index = this.size;
    this.pending.push(segment);
    try {
      // Behind a record cut short nothing would be found again, so a full disk is waited out in `flush`.
      if (!this.isBehind) this.journal.append({ index, ...segment });
    } catch {
      this.isBehind = true;
    }
    this.remember(segment.entry);
    return index;
  }

  /** Segments that no checkpoint covers yet. */
  unsigned(): readonly SegmentEntry[] {
    return this.pending.flatMap(({ entry }) => {
      const parsed = parseEntry(entry);
      return parsed?.type === "segment" ? [parsed] : [];
    });
  }

  /** Resolves when everything appended so far would survive a power cut. */
  async flush(): Promise<void> {
    if (this.isBehind) this.replaceJournal();
    else await this.journal.sync();
  }

  /** Throws while the disk is full. */
  private replaceJournal(): void {
    const first = this.current.size;
    this.journal.replace(
      this.pending.map((segment, place): JournalRecord => ({ index: first + place, ...segment })),
    );
    this.isBehind = false;
  }

  /** Appends a heartbeat if the newest entry is older than a minute, or that it starts anew. */
  beat(): void {
    const atMicros = Math.floor(this.options.now() * 1000);
    const pauseMs = (atMicros - this.newestMicros) / 1000;
    if (pauseMs < heartbeatMs) return;
    this.appendStatement({ type: pauseMs > pauseMsMax ? "start" : "heartbeat", atMicros });
  }

  /** Signs a checkpoint over all entries, if there are new ones. */
  publish(): Promise<SignedHead> {
    return this.inTurn(() => this.publishNow());
  }

  private async inTurn<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.work.then(task, task);
    this.work = turn;
    return turn;
  }

  private async publishNow(): Promise<SignedHead> {
    const news = this.pending.slice();
    if (news.length === 0 && this.current.note !== "") return this.current;
    await this.flush();
    const { directory, signer } = this.options;
    const { edge, full } = growEdge(
      this.edge,
      news.map(({ entry }) => leafHash(entry)),
    );
    const bundles = [...this.tail, ...news];
    const first = Math.floor(this.current.size / tileWidth);
    const files = [...full, ...partialTiles(edge), ...bundleFiles(bundles, first)];
    for (const { path, bytes } of files) await writeDurableFile(join(directory, path), bytes, 0o600);
    const root = edgeRoot(edge);
    const head = await signHead(this.options, signer, this.source, { size: edge.size, root }, this.current);
    this.edge = edge;
    this.tail = bundles.slice(bundles.length - (edge.size % tileWidth));
    this.current = head;
    this.cached = undefined;
    this.pending = this.pending.slice(news.length);
    this.replaceJournal();
    for (const { path } of files) {
      // A partial tile may go once the full one is there.
      if (!path.includes(".p/")) rmSync(join(directory, `${path}.p`), { recursive: true, force: true });
    }
    return head;
  }

  private readTail(): SealedSegment[] {
    const { size } = this.current;
    if (size % tileWidth === 0) return [];
    const number = Math.floor(size / tileWidth);
    const records = this.readSecrets(number);
    const entries = readEntryTile(this.source, number, size);
    if (records.length < entries.length) throw inconsistent("Secrets of the ledger are missing");
    return entries.map((entry, place) => ({ entry, secret: records[place] as Uint8Array }));
  }

  private readSecrets(number: number): Uint8Array[] {
    return unpackRecords(this.source(secretsPath(number)) ?? noBytes);
  }

  private rememberLast(): void {
    for (let index = this.current.size - 1; index >= 0 && this.lastNumber === 0; index--) {
      this.remember(this.entryBytes(index));
    }
  }

  private remember(bytes: Uint8Array): void {
    const entry = parseEntry(bytes);
    if (entry === undefined) throw inconsistent("An entry of the ledger cannot be read");
    if (entry.type === "segment") this.lastNumber = entry.number;
    this.newestMicros = Math.max(this.newestMicros, momentOf(entry));
  }

  /** After a crash: entries that were journalled; some may be in tiles already. */
  private takeUp({ index, entry, secret }: JournalRecord): void {
    if (index < this.current.size) {
      if (!sameBytes(this.entryBytes(index), entry))
        throw inconsistent(`Entry ${index} is not what was journalled`);
    } else if (index === this.size) {
      this.pending.push({ entry, secret });
      this.remember(entry);
    } else {
      throw inconsistent(`The journal goes on at ${index}, the ledger holds ${this.size} entries`);
    }
  }

  /** The bytes of an entry, published or not. */
  entryBytes(index: number): Uint8Array {
    const { size } = this.current;
    if (index >= size) {
      const pending = this.pending[index - size];
      if (pending === undefined) throw new RangeError(`the ledger has no entry ${index}`);
      return pending.entry;
    }
    const number = Math.floor(index / tileWidth);
    if (this.cached?.number !== number) {
      this.cached = { number, entries: readEntryTile(this.source, number, size) };
    }
    return this.cached.entries[index % tileWidth] as Uint8Array;
  }

  entry(index: number): Entry {
    const entry = parseEntry(this.entryBytes(index));
    if (entry === undefined) throw inconsistent(`Entry ${index} cannot be read`);
    return entry;
  }

  /** Index of the segment with this number. Numbers rise, so the middle tells which half to look in. */
  find(number: number): number | undefined {
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      let index = middle;
      let entry = this.entry(index);
      while (entry.type !== "segment" && index + 1 < high) entry = this.entry(++index);
      if (entry.type !== "segment" || entry.number > number) high = middle;
      else if (entry.number === number) return index;
      else low = index + 1;
    }
    return undefined;
  }

  /** The secret beside an entry, for `unpackSecret`; empty for a statement. */
  secretBytes(index: number): Uint8Array {
    const { size } = this.current;
    if (index >= size) return this.pending[index - size]?.secret ?? noBytes;
    return this.readSecrets(Math.floor(index / tileWidth))[index % tileWidth] ?? noBytes;
  }

  /** Publishes, and replaces the secret beside an entry by what `change` makes of it. */
  async replaceSecret(index: number, change: (secret: Uint8Array) => Uint8Array): Promise<void> {
    await this.inTurn(async () => {
      await this.publishNow();
      const number = Math.floor(index / tileWidth);
      const records = this.readSecrets(number);
      const secret = change(records[index % tileWidth] ?? noBytes);
      records[index % tileWidth] = secret;
      await writeDurableFile(join(this.options.directory, secretsPath(number)), packRecords(records), 0o600);
      const place = index - (this.current.size - this.tail.length);
      const kept = this.tail[place];
      if (kept !== undefined) this.tail[place] = { entry: kept.entry, secret };
    });
  }

  /** Proof that entry `index` is in the published tree. */
  inclusion(index: number): readonly Hash[] {
    return inclusionProof(index, this.current.size, tileSubtree(this.source, this.current.size));
  }

  /** Proof that the tree published with `size` entries begins with the one of `oldSize`. */
  consistency(oldSize: number, size: number = this.current.size): readonly Hash[] {
    return consistencyProof(oldSize, size, tileSubtree(this.source, size));
  }

  /** Publishes what is left. Safe to call twice. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    try {
      await this.publish();
    } finally {
      this.journal.close();
    }
  }
}

/**
 * Goes on with a ledger that was put back from a backup, and says so for ever: the first new entry
 * names the head that was lost, who decided it, and why.
 */
export async function recoverLedger(
  options: LedgerOptions,
  actor: string,
  reason: string,
): Promise<Recovery> {
  const journal = join(options.directory, "journal");
  // What was journalled after the lost head cannot follow the older one.
  if (existsSync(journal)) renameSync(journal, `${journal}.lost`);
  const recovery = recoverHead(options, options.signer, folderSource(options.directory));
  const { size, root } = recovery.lost;
  const ledger = new Ledger(options);
  ledger.appendStatement({
    type: "gap",
    atMicros: Math.floor(options.now() * 1000),
    size,
    root,
    actor,
    reason,
  });
  await ledger.close();
  return recovery;
}

/** Entries and secrets as files, from the bundle `first` on; the last one may be partial. */
function bundleFiles(segments: readonly SealedSegment[], first: number): readonly NamedTile[] {
  const files: NamedTile[] = [];
  for (let from = 0; from < segments.length; from += tileWidth) {
    const bundle = segments.slice(from, from + tileWidth);
    const number = first + from / tileWidth;
    const entries = bundle.map(({ entry }) => entry);
    files.push(
      { path: secretsPath(number), bytes: packRecords(bundle.map(({ secret }) => secret)) },
      { path: tilePath("entries", number, bundle.length), bytes: packEntries(entries) },
    );
  }
  return files;
}
