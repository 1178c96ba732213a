/**
 * What the agent must still know after it was killed: how far each file was sent and watched, the
 * batch in flight with its exact bounds, which worker holds which run, and the agent's own events
 * until they are sent. One SQLite file, locked for as long as it is open, so that no second agent
 * can work on it. Its space is reserved beforehand: an agent that could not note its progress on a
 * full disk could not empty that disk either.
 */
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { Fault } from "../model/fault.ts";
import type { Checked } from "./file-chain.ts";

export type FileRow = {
  readonly id: number;
  readonly name: string;
  readonly inode: string;
  /** Everything before this offset is acknowledged by the server. */
  readonly sent: number;
  /** The byte at `sent` lies inside a line that is too long. */
  readonly sentSkips: boolean;
  /** Everything before this offset has been looked at for starts, ends and missing numbers. */
  readonly seen: number;
  readonly seenSkips: boolean;
  /** Written in a container, or on another host: its pid means nothing here. */
  readonly stranger: boolean;
};

/** A part of one file, in a batch. */
export type Segment = {
  readonly file: number;
  readonly start: number;
  readonly end: number;
  /** It begins inside a line that is too long; likewise what follows it. */
  readonly skipping: boolean;
  readonly skippingAfter: boolean;
  /** The file's chain after it (`file-chain.ts`), and where it did not fit. */
  readonly chain?: Checked;
};

export type SavedBatch = {
  readonly id: string;
  readonly segments: readonly Segment[];
  /** The agent's own events from this number up to and including that one; absent: none. */
  readonly own?: { readonly first: number; readonly last: number };
};

const schema = `
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS file (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, inode TEXT NOT NULL,
  sent INTEGER NOT NULL DEFAULT 0, sent_skips INTEGER NOT NULL DEFAULT 0,
  seen INTEGER NOT NULL DEFAULT 0, seen_skips INTEGER NOT NULL DEFAULT 0,
  stranger INTEGER NOT NULL DEFAULT 0,
  UNIQUE (name, inode)) STRICT;
CREATE TABLE IF NOT EXISTS file_chain (
  file INTEGER PRIMARY KEY, seen TEXT NOT NULL, sent TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS chain_note (
  file INTEGER NOT NULL, place INTEGER NOT NULL, at INTEGER NOT NULL, head TEXT NOT NULL,
  PRIMARY KEY (file, place)) STRICT;
CREATE TABLE IF NOT EXISTS batch (one INTEGER PRIMARY KEY CHECK (one = 1), body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS own (number INTEGER PRIMARY KEY AUTOINCREMENT, line TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS worker (
  worker TEXT PRIMARY KEY, declared INTEGER NOT NULL, boot TEXT NOT NULL, last_time TEXT NOT NULL,
  fields TEXT NOT NULL, memory TEXT) STRICT;
CREATE TABLE IF NOT EXISTS execution (
  worker TEXT NOT NULL, run_id TEXT NOT NULL, fields TEXT NOT NULL,
  PRIMARY KEY (worker, run_id)) STRICT;
CREATE INDEX IF NOT EXISTS execution_run ON execution (run_id);
CREATE TABLE IF NOT EXISTS sender (
  source TEXT PRIMARY KEY, last INTEGER NOT NULL, seen_ms INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS log_file (
  path TEXT PRIMARY KEY, inode TEXT NOT NULL, position INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS hole (
  source TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, noticed_ms INTEGER NOT NULL,
  PRIMARY KEY (source, first)) STRICT;
`;

/** Free pages and journal kept in the file: far more than one batch's worth of notes. */
const reserveBytes = 512 * 1024;

export class AgentState {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** Throws `CONFIG_INVALID` where another agent has the directory, or it cannot be written. */
  constructor(directory: string) {
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const path = join(directory, "agent.db");
      this.#database = new DatabaseSync(path, { timeout: 1000 });
      this.#database.exec(`
        PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = PERSIST; PRAGMA synchronous = FULL;
        BEGIN EXCLUSIVE; ${schema} COMMIT;`);
      chmodSync(path, 0o600);
    } catch (error) {
      throw refusal(directory, error);
    }
    this.#reserve();
  }

  /** All that `work` changes is on disk when this returns; if it throws, nothing is changed. */
  change<T>(work: () => T): T {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  /** One statement with bound values; the row, if it gives one. */
  get(sql: string, ...values: readonly (string | number | null)[]): Row | undefined {
    return this.#statement(sql).get(...values);
  }

  all(sql: string, ...values: readonly (string | number | null)[]): readonly Row[] {
    return this.#statement(sql).all(...values);
  }

  run(sql: string, ...values: readonly (string | number | null)[]): void {
    this.#statement(sql).run(...values);
  }

  setting(name: string): string | undefined {
    return this.get("SELECT value FROM setting WHERE name = ?", name)?.["value"] as string | undefined;
  }

  setSetting(name: string, value: string): void {
    this.run("INSERT OR REPLACE INTO setting VALUES (?, ?)", name, value);
  }

  files(): readonly FileRow[] {
    return this.all("SELECT * FROM file ORDER BY id").map(fileRow);
  }

  /** The row of this file, made where it is new. Must be called inside `change`. */
  addFile(name: string, inode: string): FileRow {
    this.run("INSERT OR IGNORE INTO file (name, inode) VALUES (?, ?)", name, inode);
    const row = fileRow(this.get("SELECT * FROM file WHERE name = ? AND inode = ?", name, inode) as Row);
    // A chain begins with the file; of one that was read before there were chains there is none.
    if (row.seen === 0 && row.sent === 0)
      this.run("INSERT OR IGNORE INTO file_chain VALUES (?, '', '')", row.id);
    return row;
  }

  forgetFile(id: number): void {
    this.run("DELETE FROM file WHERE id = ?", id);
    this.run("DELETE FROM file_chain WHERE file = ?", id);
    this.run("DELETE FROM chain_note WHERE file = ?", id);
  }

  moveSent(id: number, sent: number, skips: boolean): void {
    this.run("UPDATE file SET sent = ?, sent_skips = ? WHERE id = ?", sent, Number(skips), id);
  }

  moveSeen(id: number, seen: number, skips: boolean): void {
    this.run("UPDATE file SET seen = ?, seen_skips = ? WHERE id = ?", seen, Number(skips), id);
  }

  /** Of a file, up to what was seen and what was sent; `undefined` where none is made. */
  chains(id: number): { readonly seen: string; readonly sent: string } | undefined {
    const row = this.get("SELECT seen, sent FROM file_chain WHERE file = ?", id);
    return row && { seen: row["seen"] as string, sent: row["sent"] as string };
  }

  moveSeenChain(id: number, head: string): void {
    this.run("UPDATE file_chain SET seen = ? WHERE file = ?", head, id);
  }

  moveSentChain(id: number, head: string): void {
    this.run("UPDATE file_chain SET sent = ? WHERE file = ?", head, id);
  }

  markStranger(id: number): void {
    this.run("UPDATE file SET stranger = 1 WHERE id = ?", id);
  }

  savedBatch(): SavedBatch | undefined {
    const row = this.get("SELECT body FROM batch");
    return row && (JSON.parse(row["body"] as string) as SavedBatch);
  }

  saveBatch(batch: SavedBatch): void {
    this.run("INSERT OR REPLACE INTO batch VALUES (1, ?)", JSON.stringify(batch));
  }

  dropBatch(): void {
    this.run("DELETE FROM batch");
  }

  close(): void {
    this.#statements.clear();
    if (this.#database.isOpen) this.#database.close();
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** Grows the file and its journal once; on a disk that is full already, what is there must do. */
  #reserve(): void {
    const pages = Number(this.get("PRAGMA freelist_count")?.["freelist_count"]);
    const pageBytes = Number(this.get("PRAGMA page_size")?.["page_size"]);
    if (pages * pageBytes >= reserveBytes / 2) return;
    try {
      this.#database.exec(`
        CREATE TABLE reserve (bytes BLOB);
        INSERT INTO reserve VALUES (zeroblob(${reserveBytes}));
        UPDATE reserve SET bytes = randomblob(${reserveBytes});
        DROP TABLE reserve;`);
    } catch (error) {
      if ((error as { errcode?: number }).errcode !== sqliteFull) throw error;
      this.#database.exec("DROP TABLE IF EXISTS reserve");
    }
  }
}

export type Row = Readonly<Record<string, unknown>>;

const sqliteFull = 13;
const sqliteBusy = 5;

/** The disk has no room for a change of the state; it was undone and may be tried again. */
export function isDiskFull(error: unknown): boolean {
  const { errcode, code } = error as { errcode?: number; code?: string };
  return errcode === sqliteFull || code === "ENOSPC" || code === "EDQUOT";
}

function fileRow(row: Row): FileRow {
  return {
    id: Number(row["id"]),
    name: row["name"] as string,
    inode: row["inode"] as string,
    sent: Number(row["sent"]),
    sentSkips: row["sent_skips"] === 1,
    seen: Number(row["seen"]),
    seenSkips: row["seen_skips"] === 1,
    stranger: row["stranger"] === 1,
  };
}

function refusal(directory: string, cause: unknown): Fault {
  const { errcode, code } = cause as { errcode?: number; code?: string };
  if (errcode === sqliteBusy) {
    return new Fault(
      "CONFIG_INVALID",
      `another agent is at work with the state directory ${directory}; stop it, or give this one its own --state`,
      { cause },
    );
  }
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Fault(
    "CONFIG_INVALID",
    `the state directory ${directory} cannot be used (${code ?? "error"}: ${why}); give one that this user may write with --state`,
    { cause },
  );
}
