/** A real server with real engine, spool and pipeline, on a free port and a directory of its own. */
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { AccessMode } from "../access/access.ts";
import { makeKey } from "../access/keyring.ts";
import type { EventRecord } from "../model/event.ts";
import { formatTime } from "../model/time.ts";
import { uuidv7 } from "../model/uuid.ts";
import { loadConfig } from "./config.ts";
import { runProgram } from "./program.ts";
import { type RunningServer, type ServerOptions, startServer } from "./server-process.ts";
import { plainTerminal } from "./terminal.ts";

type Ran = { readonly code: number; readonly out: string; readonly notes: string };

export type ServerForTests = RunningServer & {
  readonly directory: string;
  /** Lines that the server wrote to standard error. */
  readonly notes: readonly string[];
  /** A key with the scope `send`. */
  readonly key: string;
  readonly post: (body: string | Uint8Array, headers?: Readonly<Record<string, string>>) => Promise<Response>;
  readonly read: (path: string) => Promise<Response>;
  /** Runs a command against this server, as the person `tester`. */
  readonly midwatch: (...words: readonly string[]) => Promise<Ran>;
};

type Wishes = Partial<Pick<ServerOptions, "clock">> &
  Pick<ServerOptions, "patience" | "environment" | "tailBeatMs"> & {
    readonly sampleDay?: readonly EventRecord[];
    /** The text of the file with the channels. */
    readonly alerts?: string;
    /** The text of the file with the anchors; the data directory is still empty when it is asked for. */
    readonly anchors?: (data: string) => string;
    /** Absent: `open`, for tests that are about something else. */
    readonly access?: AccessMode;
    /** Further settings, by their variables. */
    readonly settings?: Readonly<Record<string, string>>;
  };

export async function startServerForTests({
  sampleDay = [],
  alerts,
  anchors,
  access = "open",
  settings = {},
  ...wishes
}: Wishes = {}): Promise<ServerForTests> {
  const directory = mkdtempSync(join(tmpdir(), "midwatch-server-"));
  const alertsFile = join(directory, "alerts.yaml");
  if (alerts !== undefined) writeFileSync(alertsFile, alerts);
  const data = join(directory, "data");
  const anchorsFile = join(directory, "anchors.yaml");
  if (anchors !== undefined) writeFileSync(anchorsFile, anchors(data));
  const { values: config } = loadConfig(
    { data, listen: "127.0.0.1:0" },
    {
      ...settings,
      MIDWATCH_ACCESS: access,
      ...(alerts !== undefined && { MIDWATCH_ALERTS: alertsFile }),
      ...(anchors !== undefined && { MIDWATCH_LEDGER_ANCHORS: anchorsFile }),
    },
  );
  const pageDirectory = join(directory, "page");
  mkdirSync(join(pageDirectory, "assets"), { recursive: true });
  writeFileSync(join(pageDirectory, "index.html"), "<!doctype html><title>Midwatch</title>");
  writeFileSync(join(pageDirectory, "assets", "main-abc123.js"), "export {};");
  const sampleFile = join(directory, "day.ndjson.gz");
  writeFileSync(sampleFile, gzipSync(sampleDay.map((event) => `${JSON.stringify(event)}\n`).join("")));
  const notes: string[] = [];
  const server = await startServer({
    config,
    clock: Date.now,
    randomBytes: (count) => randomBytes(count),
    note: (line) => notes.push(line),
    pid: process.pid,
    hostname: "test-host",
    pageDirectory,
    sampleFile,
    ...wishes,
  });
  const { key } = await makeKey(
    server.control,
    { name: "test", scopes: ["send"] },
    { clock: Date.now, randomBytes: (count) => randomBytes(count) },
  );
  return {
    ...server,
    directory,
    notes,
    key,
    read: async (path) => await fetch(server.address + path),
    post: async (body, headers = {}) =>
      await fetch(`${server.address}/v1/events`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, ...headers },
        body: typeof body === "string" ? body : new Uint8Array(body),
      }),
    midwatch: async (...words) => await ran(server.address, words),
    close: async () => {
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function ran(address: string, words: readonly string[]): Promise<Ran> {
  const said = { out: "", notes: "" };
  const code = await runProgram(words, {
    ...plainTerminal,
    environment: { MIDWATCH_SERVER: address, USER: "tester" },
    clock: Date.now,
    write: async (text) => {
      said.out += text;
    },
    note: (line) => {
      said.notes += `${line}\n`;
    },
  });
  return { code, ...said };
}

/** A record that happened so many milliseconds ago. */
export function recordAgo(agoMs: number, fields: Partial<EventRecord>): EventRecord {
  const atMs = Date.now() - agoMs;
  return {
    id: uuidv7(atMs, randomBytes(10)),
    time: formatTime(atMs * 1000),
    stream: "logs",
    kind: "log",
    service: "shop",
    ...fields,
  };
}

export function ndjson(records: readonly EventRecord[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join("");
}
