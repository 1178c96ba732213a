/**
 * An agent in this process against a receiver that can fail in every way a network and a server
 * can; for the tests of `src/agent`. `useRig` makes both anew for each test and leaves nothing.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { agentLimits, runAgent } from "../src/agent/agent.ts";
import { startTicksOf } from "../src/agent/process.ts";
import type { PumaPlace } from "../src/agent/puma.ts";
import type { LogSource } from "../src/agent/tail.ts";
import type { EventRecord } from "../src/model/event.ts";
import { formatTime } from "../src/model/time.ts";
import { uuidv7 } from "../src/model/uuid.ts";

type Fault = (request: IncomingMessage, response: ServerResponse, take: () => string) => void;

/** Takes batches as the server does, unless a fault is set for the next request. */
class Receiver {
  readonly #server: Server = createServer((request, response) => void this.#serve(request, response));
  readonly #batches = new Map<string, string>();
  readonly events: EventRecord[] = [];
  readonly sent: { batch: string; lines: number; chain: string }[] = [];
  readonly faults: Fault[] = [];
  key = "mwk_test_key";
  /** A larger body is answered with 413. */
  bytesMax = Infinity;

  async open(port = 0): Promise<URL> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    return new URL(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  ofKind(kind: string): EventRecord[] {
    return this.events.filter((event) => event.kind === kind);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (request.headers.authorization !== `Bearer ${this.key}`) {
      response.writeHead(401).end(JSON.stringify({ code: "KEY_INVALID", message: "no such key" }));
      return;
    }
    const body = Buffer.concat(chunks);
    if (plainBody(request, body).length > this.bytesMax) {
      response.writeHead(413).end(JSON.stringify({ code: "BATCH_TOO_LARGE", message: "too large" }));
      return;
    }
    const take = (): string => this.#take(request, body);
    const fault = this.faults.shift();
    if (fault) fault(request, response, take);
    else response.writeHead(200, { "content-type": "application/json" }).end(take());
  }

  #take(request: IncomingMessage, body: Buffer): string {
    const batch = `${String(request.headers["midwatch-source"])} ${String(request.headers["midwatch-batch"])}`;
    const lines = plainBody(request, body).toString().split("\n").filter(Boolean);
    this.sent.push({ batch, lines: lines.length, chain: String(request.headers["midwatch-chain"]) });
    const known = this.#batches.get(batch);
    if (known !== undefined)
      return JSON.stringify({ ...(JSON.parse(known) as object), refusals: [], duplicate: true });
    const refusals: { line: number; reason: string }[] = [];
    lines.forEach((line, index) => {
      try {
        this.events.push(JSON.parse(line) as EventRecord);
      } catch {
        refusals.push({ line: index + 1, reason: "not JSON" });
      }
    });
    const answer = JSON.stringify({
      accepted: lines.length - refusals.length,
      refused: refusals.length,
      refusals,
      duplicate: false,
    });
    this.#batches.set(batch, answer);
    return answer;
  }
}

function plainBody(request: IncomingMessage, body: Buffer): Buffer {
  const encoding = request.headers["content-encoding"];
  return encoding === "zstd" ? zstdDecompressSync(body) : encoding === "gzip" ? gunzipSync(body) : body;
}

/** Made anew for each test. */
export type Rig = {
  readonly directory: string;
  readonly spool: string;
  readonly receiver: Receiver;
  readonly server: URL;
  readonly logged: string[];
};
export let rig: Rig;
const children: ChildProcess[] = [];

export function useRig(): void {
  beforeEach(async () => {
    const directory = await mkdtemp(join(tmpdir(), "midwatch-agent-"));
    const spool = join(directory, "spool");
    const receiver = new Receiver();
    const server = await receiver.open();
    await mkdir(spool);
    await writeFile(join(directory, "key"), `${receiver.key}\n`);
    rig = { directory, spool, receiver, server, logged: [] };
  });

  afterEach(async () => {
    rig.receiver.close();
    for (const child of children.splice(0)) child.kill("SIGKILL");
    await rm(rig.directory, { recursive: true, force: true });
  });
}

/** An agent that runs until `stop` is called. */
export function startAgent(
  change: {
    state?: string;
    spoolBytesMax?: number;
    logs?: readonly LogSource[];
    puma?: readonly PumaPlace[];
    clock?: () => number;
  } = {},
): {
  stop: () => Promise<void>;
  ended: Promise<void>;
} {
  const order = new AbortController();
  const ended = runAgent(
    {
      server: rig.server,
      keyFile: join(rig.directory, "key"),
      spool: rig.spool,
      stateDirectory: join(rig.directory, change.state ?? "state"),
      host: hostname(),
      otherHosts: [],
      clock: change.clock ?? Date.now,
      randomBytes: (count) => randomBytes(count),
      log: (line) => rig.logged.push(line),
      version: "test",
      logs: change.logs ?? [],
      puma: change.puma ?? [],
      zoneMinutes: () => 0,
      crontabs: {
        systemFiles: [],
        systemDirectories: [],
        userDirectories: [join(rig.directory, "crontabs")],
      },
      limits: {
        ...agentLimits,
        lingerMs: 20,
        againFromMs: 10,
        againMaxMs: 50,
        lookEveryMs: 50,
        quietMs: 300,
        holeOpenMs: 300,
        spoolBytesMax: change.spoolBytesMax ?? agentLimits.spoolBytesMax,
      },
    },
    order.signal,
  );
  return {
    ended,
    stop: async () => {
      order.abort();
      await ended;
    },
  };
}

let number = 0;

export function event(fields: Partial<EventRecord> = {}): EventRecord {
  number += 1;
  return {
    id: uuidv7(Date.now(), randomBytes(10)),
    time: formatTime(Date.now() * 1000),
    stream: "jobs",
    kind: "job.enqueued",
    run_id: `run-${number}`,
    ...fields,
  };
}

export function lines(...events: readonly EventRecord[]): string {
  return events.map((one) => `\n${JSON.stringify(one)}\n`).join("");
}

export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = Date.now() + 30_000;
  while (!(await holds())) {
    if (Date.now() > deadlineMs)
      assert.fail(`${what} did not come; the log says ${JSON.stringify(rig.logged)}`);
    await sleep(20);
  }
}

export const ids = (events: readonly EventRecord[]): string[] => events.map(({ id }) => id).sort();
export const sentByRecorders = (): EventRecord[] =>
  rig.receiver.events.filter(({ runtime }) => runtime !== "midwatch-agent");
/** A file of this very process, which lives for as long as the test. */
export const liveFile = (count = 0): string => spoolFile(process.pid, count);
export const spoolFile = (pid: number | undefined, count = 0): string =>
  join(rig.spool, `dj-${String(pid)}-${String(startTicksOf(pid ?? 0))}-${count}.ndjson`);

export async function startChild(): Promise<ChildProcess> {
  const child = spawn("sleep", ["600"], { stdio: "ignore" });
  children.push(child);
  await until("the child", () => startTicksOf(child.pid ?? 0) !== undefined);
  return child;
}

export async function endChild(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}

export function workerName(pid: number | undefined, host = hostname()): string {
  return `${host}:${String(pid)}:${String(startTicksOf(pid ?? 0))}`;
}
