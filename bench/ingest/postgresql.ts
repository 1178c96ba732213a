/**
 * PostgreSQL 15: COPY into a table with the comparable indexes, each batch one transaction and
 * synced, by two sessions of psql.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { EventRecord } from "../../src/model/event.ts";
import { fieldNames, fields } from "../../src/model/fields.ts";
import { cpuMicros, endProcess, type Measured, waitUntil } from "./processes.ts";

const programs = "/usr/lib/postgresql/15/bin";

export const isPostgresqlInstalled = (): boolean => existsSync(join(programs, "postgres"));

const columnTypes = {
  id: "uuid",
  time: "timestamptz",
  symbol: "text",
  string: "text",
  integer: "bigint",
  number: "double precision",
};
const sentFields = fieldNames.filter((name) => name !== "received_time" && name !== "stream");

const schema = [
  `CREATE TABLE events (${sentFields.map((name) => `${name} ${columnTypes[fields[name].form]}`).join(", ")}, attributes jsonb)`,
  "CREATE INDEX ON events (service, time)",
  "CREATE INDEX ON events (time)",
  "CREATE INDEX ON events (id)",
  "CREATE INDEX ON events (run_id) WHERE run_id IS NOT NULL",
  "CREATE INDEX ON events (trace_id) WHERE trace_id IS NOT NULL",
  "CREATE INDEX ON events USING gin (to_tsvector('simple', message))",
  "CREATE INDEX ON events USING gin (attributes jsonb_path_ops)",
];

export type PostgresqlResult = Measured & { readonly bytesPerEvent: number };

export async function feedPostgresql(
  directory: string,
  batches: readonly Buffer[],
  events: number,
): Promise<PostgresqlResult> {
  const data = join(directory, "postgresql");
  mkdirSync(data);
  const owner = ownerOf(data);
  execFileSync(join(programs, "initdb"), ["-D", data, "-A", "trust", "-U", "bench"], {
    ...owner,
    stdio: "ignore",
  });
  const child = spawn(
    join(programs, "postgres"),
    [
      "-D",
      data,
      "-k",
      data,
      "-c",
      "listen_addresses=",
      "-c",
      "shared_buffers=512MB",
      "-c",
      "max_wal_size=4GB",
    ],
    { ...owner, stdio: "ignore" },
  );
  try {
    await waitUntil("postgres answers", 30_000, () => tryQuery(data, "SELECT 1") !== undefined);
    tryQuery(data, schema.join(";"));
    const copies = batches.map(copyText);
    const cpuBefore = cpuMicros(child.pid as number);
    const startedMs = performance.now();
    await Promise.all(
      [0, 1].map((sender) =>
        copy(
          data,
          copies.filter((_, index) => index % 2 === sender),
        ),
      ),
    );
    const wallMs = performance.now() - startedMs;
    const cpu = cpuMicros(child.pid as number) - cpuBefore;
    const [count, bytes] = (
      tryQuery(data, "SELECT count(*), pg_total_relation_size('events') FROM events") ?? ""
    )
      .split("|")
      .map(Number);
    if (count !== events || !bytes) throw new Error(`PostgreSQL holds ${count} of ${events} events`);
    return { events, wallMs, cpuMicros: cpu, bytesPerEvent: bytes / events };
  } finally {
    await endProcess(child);
  }
}

/** PostgreSQL refuses to run as root; its package brings a user of its own. */
function ownerOf(data: string): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = ["-u", "-g"].map((flag) =>
    Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" })),
  );
  if (uid === undefined || gid === undefined) return {};
  execFileSync("chmod", ["755", join(data, "..")]);
  chownSync(data, uid, gid);
  return { uid, gid };
}

const connection = (data: string): string[] => ["-X", "-q", "-h", data, "-U", "bench", "-d", "postgres"];

function tryQuery(data: string, sql: string): string | undefined {
  try {
    return execFileSync(
      join(programs, "psql"),
      [...connection(data), "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql],
      {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      },
    );
  } catch {
    return undefined;
  }
}

async function copy(data: string, copies: readonly string[]): Promise<void> {
  const child: ChildProcess = spawn(join(programs, "psql"), [...connection(data), "-v", "ON_ERROR_STOP=1"], {
    stdio: ["pipe", "ignore", "inherit"],
  });
  const ended = once(child, "exit");
  for (const text of copies) {
    if (child.stdin?.write(text) === false) await Promise.race([once(child.stdin, "drain"), ended]);
  }
  child.stdin?.end();
  const [status] = (await ended) as [number];
  if (status !== 0) throw new Error(`psql ended with status ${status}`);
}

/** A batch as one COPY in PostgreSQL's text format. */
function copyText(batch: Buffer): string {
  const rows = batch.toString().trimEnd().split("\n").map(copyRow);
  return `COPY events (${sentFields.join(", ")}, attributes) FROM STDIN;\n${rows.join("\n")}\n\\.\n`;
}

function copyRow(line: string): string {
  const event = JSON.parse(line) as EventRecord;
  const values: (string | number | undefined)[] = sentFields.map((name) => event[name]);
  values.push(event.attributes === undefined ? undefined : JSON.stringify(event.attributes));
  return values.map((value) => (value === undefined ? "\\N" : copyEscape(String(value)))).join("\t");
}

function copyEscape(text: string): string {
  return text
    .replaceAll("\\", "\\\\")
    .replaceAll("\n", "\\n")
    .replaceAll("\t", "\\t")
    .replaceAll("\r", "\\r");
}
