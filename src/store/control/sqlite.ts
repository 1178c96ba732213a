/**
 * Control state in SQLite: keys, receipts, settings. Every change is on disk when its promise
 * resolves (write-ahead log, full synchronisation). Each statement is a `.sql` file of this folder.
 */
import { chmodSync, closeSync, openSync, readFileSync } from "node:fs";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { Fault } from "../../model/fault.ts";
import type { TextCipher } from "../encryption/ciphers.ts";
import { type AppliedMigration, pendingMigrations, readMigrations } from "../migrations.ts";
import type { ApiKey, BatchReceipt, ControlStore, KeyScope } from "../store.ts";
import { debugStore } from "./debug.ts";
import { type Statement, withCipher } from "./encrypted.ts";
import { erasureStore } from "./erasures.ts";
import { peopleStore } from "./people.ts";
import { watchStore } from "./watch.ts";

const migrations = readMigrations(new URL("migrations/", import.meta.url));

const statementNames = [
  "addKey",
  "keys",
  "keyById",
  "revokeKey",
  "expireKey",
  "noteKeyUse",
  "receipt",
  "addReceipt",
  "dropReceiptsBefore",
  "putSourceChain",
  "sourceChains",
  "setting",
  "setSetting",
] as const;

type Row = Readonly<Record<string, unknown>>;
type Values = Record<string, SQLInputValue>;

/**
 * Opens or makes the database file, readable by its owner only, and brings its schema up to date.
 * With a cipher, texts are encrypted in it.
 */
export function openSqliteControl(path: string, cipher?: TextCipher): ControlStore {
  // Made before SQLite opens it, so that it is never readable by others, not even for a moment.
  closeSync(openSync(path, "a", 0o600));
  chmodSync(path, 0o600);
  const file = new DatabaseSync(path, { timeout: 10_000 });
  try {
    file.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
    migrate(file);
  } catch (error) {
    file.close();
    throw error;
  }
  const database = withCipher(file, cipher);
  const statements = Object.fromEntries(
    statementNames.map((name) => [name, database.prepare(readSql(name))]),
  ) as Record<(typeof statementNames)[number], Statement>;
  let closed = false;

  /** As a promise, because the other implementation is a server. */
  async function answer<T>(work: () => T): Promise<T> {
    if (closed) throw new Fault("STORE_CLOSED", "The control store is closed");
    return work();
  }

  return {
    addKey: (key) => answer(() => void statements.addKey.run(fromKey(key))),
    keys: () => answer(() => statements.keys.all().map(toKey)),
    keyById: (id) => answer(() => optional(statements.keyById.get({ id }), toKey)),
    revokeKey: (id, atMs) =>
      answer(() => statements.revokeKey.run({ id, at_ms: Math.floor(atMs) }).changes === 1),
    expireKey: (id, atMs) =>
      answer(() => statements.expireKey.run({ id, at_ms: Math.floor(atMs) }).changes === 1),
    noteKeyUse: (id, atMs) => answer(() => void statements.noteKeyUse.run({ id, at_ms: Math.floor(atMs) })),
    receipt: (source, batchId) =>
      answer(() => optional(statements.receipt.get({ source, batch_id: batchId }), toReceipt)),
    addReceipts: (receipts) =>
      answer(() =>
        atOnce(file, () => {
          for (const receipt of receipts) {
            statements.addReceipt.run(fromReceipt(receipt));
            const { source, chain } = receipt;
            if (chain !== undefined) statements.putSourceChain.run({ source, ...chain });
          }
        }),
      ),
    dropReceiptsBefore: (atMs) =>
      answer(() => Number(statements.dropReceiptsBefore.run({ at_ms: Math.floor(atMs) }).changes)),
    sourceChains: () =>
      answer(() =>
        statements.sourceChains.all().map((row) => {
          const [previous, head] = [String(row["previous"]), String(row["head"])];
          return [String(row["source"]), { count: Number(row["count"]), previous, head }] as const;
        }),
      ),
    setting: (name) =>
      answer(() => optional(statements.setting.get({ name }), (row) => String(row["value"]))),
    setSetting: (name, value) => answer(() => void statements.setSetting.run({ name, value })),
    ...erasureStore({ database, readSql, answer }),
    ...peopleStore({ database, readSql, answer, atOnce: (work) => atOnce(file, work) }),
    ...debugStore({ database, readSql, answer, atOnce: (work) => atOnce(file, work) }),
    ...watchStore({
      database,
      readSql,
      answer,
      atOnce: (work) => atOnce(file, work),
      setting: (name) => optional(statements.setting.get({ name }), (row) => String(row["value"])),
      setSetting: (name, value) => void statements.setSetting.run({ name, value }),
    }),
    async close() {
      if (closed) return;
      closed = true;
      file.close();
    },
  };
}

function readSql(name: string): string {
  return readFileSync(new URL(`${name}.sql`, import.meta.url), "utf8");
}

function migrate(database: DatabaseSync): void {
  database.exec(readSql("createMigrations"));
  const note = database.prepare(readSql("noteMigration"));
  atOnce(database, () => {
    const applied = database.prepare(readSql("appliedMigrations")).all() as unknown as AppliedMigration[];
    for (const { number, name, sha256, statements } of pendingMigrations(migrations, applied)) {
      for (const statement of statements) database.exec(statement);
      note.run({ number, name, sha256 });
    }
  });
}

/** All of it or nothing, with one synchronisation. */
function atOnce(database: DatabaseSync, work: () => void): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    work();
    database.exec("COMMIT");
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
}

function optional<T>(row: Row | undefined, read: (row: Row) => T): T | undefined {
  return row === undefined ? undefined : read(row);
}

/** Clocks give fractions; the columns hold whole milliseconds. */
function floor(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.floor(ms);
}

function fromKey(key: ApiKey): Values {
  return {
    id: key.id,
    name: key.name,
    scopes: JSON.stringify(key.scopes),
    secret_sha256: key.secretSha256,
    created_ms: Math.floor(key.createdMs),
    expires_ms: floor(key.expiresMs),
    last_used_ms: floor(key.lastUsedMs),
    revoked_ms: floor(key.revokedMs),
    source: key.source ?? null,
    addresses: key.addresses ? JSON.stringify(key.addresses) : null,
  };
}

function toKey(row: Row): ApiKey {
  const ms = (column: string): number | undefined => (row[column] as number | null) ?? undefined;
  const [expiresMs, lastUsedMs, revokedMs] = [ms("expires_ms"), ms("last_used_ms"), ms("revoked_ms")];
  return {
    id: String(row["id"]),
    name: String(row["name"]),
    scopes: JSON.parse(String(row["scopes"])) as readonly KeyScope[],
    secretSha256: String(row["secret_sha256"]),
    createdMs: Number(row["created_ms"]),
    ...(expiresMs !== undefined && { expiresMs }),
    ...(lastUsedMs !== undefined && { lastUsedMs }),
    ...(revokedMs !== undefined && { revokedMs }),
    ...(row["source"] !== null && { source: row["source"] as string }),
    ...(row["addresses"] !== null && {
      addresses: JSON.parse(row["addresses"] as string) as readonly string[],
    }),
  };
}

function fromReceipt(receipt: BatchReceipt): Values {
  return {
    source: receipt.source,
    batch_id: receipt.batchId,
    accepted: receipt.accepted,
    refused: receipt.refused,
    received_ms: Math.floor(receipt.receivedMs),
  };
}

function toReceipt(row: Row): BatchReceipt {
  return {
    source: String(row["source"]),
    batchId: String(row["batch_id"]),
    accepted: Number(row["accepted"]),
    refused: Number(row["refused"]),
    receivedMs: Number(row["received_ms"]),
  };
}
