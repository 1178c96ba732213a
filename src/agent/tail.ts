/**
 * Follows ordinary log files. A record becomes one of the agent's own events in the same change
 * that moves the offset past it, so that neither a kill nor a restart loses or repeats a line.
 *
 * - A file that is there when it is first seen is followed from its end: history is not news.
 * - Renamed (logrotate): what was left in the old file is read first, then the new one from its
 *   start. Truncated (copytruncate): from its start, and what was between is lost to everybody.
 * - Lines that continue a record (the frames of a stack) wait with it until the next one begins
 *   or the file has been quiet for a while.
 */
import { type BigIntStats, readdirSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type Clock, formatTime } from "../model/time.ts";
import type { LogFormat, Told } from "./formats/format.ts";
import type { OwnEvents } from "./own.ts";
import { messageOf } from "./sender.ts";
import type { AgentState } from "./state.ts";

export type LogSource = {
  readonly path: string;
  readonly format: LogFormat;
  readonly service?: string;
};

export type TailSetup = {
  readonly sources: readonly LogSource[];
  readonly state: AgentState;
  readonly own: OwnEvents;
  readonly clock: Clock;
  readonly zoneMinutes: (atMs: number) => number;
  readonly complain: (subject: string, line: string) => void;
};

/** Read of one file at one look. */
const readBytesMax = 1024 * 1024;
/** A longer record is cut here, and says so. */
const recordBytesMax = 32 * 1024;
/** While the server is away, no more than this many events wait: the rest stays in the log. */
const waitingMax = 20_000;
/** A record that nothing follows is whole when its file has been quiet for so long. */
const quietMs = 2000;

type Position = { readonly inode: string; readonly offset: number };
const notThere: Position = { inode: "", offset: 0 };
type Piece = { readonly text: string; readonly at: number; readonly end: number };

export class LogTailer {
  readonly #setup: TailSetup;

  constructor(setup: TailSetup) {
    this.#setup = setup;
  }

  /** Reads what is new; true if there was something. */
  async look(): Promise<boolean> {
    let found = false;
    for (const source of this.#setup.sources) {
      try {
        found = (await this.#follow(source)) || found;
      } catch (error) {
        this.#setup.complain(source.path, `${source.path} cannot be followed: ${messageOf(error)}`);
      }
    }
    return found;
  }

  async #follow(source: LogSource): Promise<boolean> {
    if (this.#setup.own.waiting() >= waitingMax) return false;
    const known = this.#position(source.path);
    const status = statusOf(source.path);
    if (!known) {
      // What was there before us is not ours to tell; a file that comes later is read from its start.
      const end = status ? { inode: String(status.ino), offset: Number(status.size) } : notThere;
      this.#move(source.path, end);
      return false;
    }
    if (status && String(status.ino) === known.inode)
      return this.#read(source, source.path, known, status, false);
    return this.#finishOld(source, known, status);
  }

  /** The file was renamed or removed: its rest first, wherever it is now. */
  async #finishOld(source: LogSource, known: Position, status: BigIntStats | undefined): Promise<boolean> {
    const old = renamedTo(source.path, known.inode);
    if (old && Number(old.status.size) > known.offset) {
      return this.#read(source, old.path, known, old.status, status !== undefined);
    }
    if (status) this.#move(source.path, { inode: String(status.ino), offset: 0 });
    return status !== undefined;
  }

  async #read(
    source: LogSource,
    path: string,
    known: Position,
    status: BigIntStats,
    isLeft: boolean,
  ): Promise<boolean> {
    const size = Number(status.size);
    if (size < known.offset) {
      this.#setup.complain(path, `${path} was truncated at ${size} bytes; it is read from its start`);
      this.#move(source.path, { ...known, offset: 0 });
      return true;
    }
    if (size === known.offset) return false;
    const bytes = await readSpan(path, known.offset, Math.min(size - known.offset, readBytesMax));
    const isQuiet = isLeft || this.#setup.clock() - Number(status.mtimeMs) > quietMs;
    const isAll = known.offset + bytes.length >= size;
    const pieces = recordsOf(bytes, source.format, isQuiet && isAll);
    const end = pieces.at(-1)?.end ?? 0;
    if (end === 0) return false;
    const { state } = this.#setup;
    state.change(() => {
      for (const piece of pieces) if (piece.text.trim() !== "") this.#record(source, piece.text);
      this.#setPosition(source.path, { ...known, offset: known.offset + end });
    });
    return true;
  }

  #record(source: LogSource, text: string): void {
    const nowMs = this.#setup.clock();
    const told: Told = source.format.read(text, { nowMs, zoneMinutes: this.#setup.zoneMinutes });
    const micros = told.micros ?? Math.round(nowMs * 1000);
    this.#setup.own.add({
      kind: told.kind,
      ...told.fields,
      time: formatTime(micros),
      runtime: told.fields.runtime ?? source.format.name,
      ...(source.service !== undefined && { service: source.service }),
      attributes: { ...told.attributes, file: source.path },
    });
  }

  #position(path: string): Position | undefined {
    const row = this.#setup.state.get("SELECT inode, position FROM log_file WHERE path = ?", path);
    return row && { inode: row["inode"] as string, offset: Number(row["position"]) };
  }

  #setPosition(path: string, { inode, offset }: Position): void {
    this.#setup.state.run("INSERT OR REPLACE INTO log_file VALUES (?, ?, ?)", path, inode, offset);
  }

  #move(path: string, position: Position): void {
    this.#setup.state.change(() => this.#setPosition(path, position));
  }
}

/** Whole records from the start of `bytes`; the last one only where `isEnd` says it is whole too. */
export function recordsOf(bytes: Uint8Array, format: LogFormat, isEnd: boolean): readonly Piece[] {
  const decoder = new TextDecoder();
  const pieces: { text: string; at: number; end: number }[] = [];
  let at = 0;
  while (at < bytes.length) {
    const feed = bytes.indexOf(0x0a, at);
    // A line without its end is still being written, unless it fills all that may be read.
    if (feed < 0 && !isEnd && bytes.length < readBytesMax) break;
    const end = feed < 0 ? bytes.length : feed + 1;
    const line = decoder.decode(bytes.subarray(at, feed < 0 ? end : feed)).replace(/\r$/, "");
    const last = pieces.at(-1);
    if (last && !format.begins(line)) {
      if (last.text.length < recordBytesMax) last.text += `\n${line}`;
      last.end = end;
    } else {
      pieces.push({ text: line, at, end });
    }
    at = end;
  }
  if (!isEnd && pieces.length > 0 && bytes.length < readBytesMax) pieces.pop();
  return pieces.map((piece) =>
    piece.text.length > recordBytesMax
      ? { ...piece, text: `${piece.text.slice(0, recordBytesMax)}… (cut)` }
      : piece,
  );
}

async function readSpan(path: string, start: number, length: number): Promise<Buffer> {
  const handle = await open(path, "r");
  try {
    const buffer = Buffer.allocUnsafe(length);
    const { bytesRead } = await handle.read(buffer, 0, length, start);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function statusOf(path: string): BigIntStats | undefined {
  const status = statSync(path, { bigint: true, throwIfNoEntry: false });
  return status?.isFile() ? status : undefined;
}

/** Where the file of this inode is now: logrotate leaves it beside its old name. */
function renamedTo(path: string, inode: string): { path: string; status: BigIntStats } | undefined {
  const folder = dirname(path);
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(basename(path))) continue;
    const status = statusOf(join(folder, name));
    if (status && String(status.ino) === inode) return { path: join(folder, name), status };
  }
  return undefined;
}
