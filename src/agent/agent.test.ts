/** The agent against a receiver that fails in every way a network and a server can. */
import assert from "node:assert/strict";
import { type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import type { EventRecord } from "../model/event.ts";
import { formatTime } from "../model/time.ts";
import { uuidv7 } from "../model/uuid.ts";
import { agentLimits, runAgent } from "./agent.ts";
import { startTicksOf } from "./process.ts";

type Fault = (request: IncomingMessage, response: ServerResponse, take: () => string) => void;

/** Takes batches as the server does, unless a fault is set for the next request. */
class Receiver {
  readonly #server: Server = createServer((request, response) => void this.#serve(request, response));
  readonly #batches = new Map<string, string>();
  readonly events: EventRecord[] = [];
  readonly sent: { batch: string; lines: number }[] = [];
  readonly faults: Fault[] = [];
  key = "mwk_test_key";

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
    const take = (): string => this.#take(request, body);
    const fault = this.faults.shift();
    if (fault) fault(request, response, take);
    else response.writeHead(200, { "content-type": "application/json" }).end(take());
  }

  #take(request: IncomingMessage, body: Buffer): string {
    const encoding = request.headers["content-encoding"];
    const plain =
      encoding === "zstd" ? zstdDecompressSync(body) : encoding === "gzip" ? gunzipSync(body) : body;
    const batch = `${String(request.headers["midwatch-source"])} ${String(request.headers["midwatch-batch"])}`;
    const lines = plain.toString().split("\n").filter(Boolean);
    this.sent.push({ batch, lines: lines.length });
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

let directory: string;
let spool: string;
let receiver: Receiver;
let server: URL;
let logged: string[];
const children: ChildProcess[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "midwatch-agent-"));
  spool = join(directory, "spool");
  receiver = new Receiver();
  server = await receiver.open();
  logged = [];
  await writeFile(join(directory, "key"), `${receiver.key}\n`);
});

afterEach(async () => {
  receiver.close();
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await rm(directory, { recursive: true, force: true });
});

/** An agent that runs until `stop` is called. */
function startAgent(change: { state?: string } = {}): { stop: () => Promise<void>; ended: Promise<void> } {
  const order = new AbortController();
  const ended = runAgent(
    {
      server,
      keyFile: join(directory, "key"),
      spool,
      stateDirectory: join(directory, change.state ?? "state"),
      host: hostname(),
      otherHosts: [],
      clock: Date.now,
      randomBytes: (count) => randomBytes(count),
      log: (line) => logged.push(line),
      version: "test",
      limits: { ...agentLimits, lingerMs: 20, againFromMs: 10, againMaxMs: 50, lookEveryMs: 100 },
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

function event(fields: Partial<EventRecord> = {}): EventRecord {
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

function lines(...events: readonly EventRecord[]): string {
  return events.map((one) => `\n${JSON.stringify(one)}\n`).join("");
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = Date.now() + 30_000;
  while (!(await holds())) {
    if (Date.now() > deadlineMs) assert.fail(`${what} did not come; the log says ${JSON.stringify(logged)}`);
    await sleep(20);
  }
}

const ids = (events: readonly EventRecord[]): string[] => events.map(({ id }) => id).sort();
const sentByRecorders = (): EventRecord[] =>
  receiver.events.filter(({ runtime }) => runtime !== "midwatch-agent");
/** A file of this very process, which lives for as long as the test. */
const liveFile = (count = 0): string =>
  join(spool, `dj-${process.pid}-${String(startTicksOf(process.pid))}-${count}.ndjson`);

async function makeSpoolDirectory(): Promise<void> {
  await import("node:fs/promises").then(({ mkdir }) => mkdir(spool, { recursive: true }));
}

describe("shipping", () => {
  test("what recorders append arrives once, in whatever pieces it is written", async () => {
    await makeSpoolDirectory();
    const agent = startAgent();
    const events = Array.from({ length: 300 }, () => event());
    for (const one of events) {
      const text = lines(one);
      await appendFile(liveFile(), text.slice(0, 40));
      await appendFile(liveFile(), text.slice(40));
    }
    await until("all events", () => sentByRecorders().length >= events.length);
    await agent.stop();

    assert.deepEqual(ids(sentByRecorders()), ids(events));
    assert.match(logged.at(-1) ?? "", /stopped; all is sent/);
    assert.equal(receiver.ofKind("metrics.sample").length, 1);
  });

  test("503, 429, a cut connection, half an answer and a stranger's page lose and double nothing", async () => {
    await makeSpoolDirectory();
    const events = Array.from({ length: 50 }, () => event());
    await appendFile(liveFile(), lines(...events));
    receiver.faults.push(
      (_request, response) => response.writeHead(503, { "retry-after": "0" }).end("{}"),
      (_request, response) => response.writeHead(429, { "retry-after": "0" }).end("{}"),
      (_request, response) => response.destroy(),
      (_request, response, take) => {
        const answer = take();
        response.writeHead(200, { "content-length": answer.length });
        response.write(answer.slice(0, 10), () => response.destroy());
      },
      (_request, response) => response.writeHead(200).end("<html>Please log in</html>"),
      (_request, response) => response.writeHead(200).end(JSON.stringify({ accepted: 1, refused: 0 })),
    );
    const agent = startAgent();
    await until("all events", () => sentByRecorders().length >= 50 && receiver.faults.length === 0);
    await until("the acknowledgement", () => receiver.sent.length >= 2);
    await agent.stop();

    assert.deepEqual(ids(sentByRecorders()), ids(events));
    assert.equal(receiver.sent[0]?.batch, receiver.sent[1]?.batch, "the same batch was sent again");
    assert.ok(logged.some((line) => line.includes("sending again")));
  });

  test("a batch in flight at the end of the agent is sent again with the same bounds", async () => {
    await makeSpoolDirectory();
    const first = event();
    await appendFile(liveFile(), lines(first));
    let cut: (() => void) | undefined;
    receiver.faults.push((_request, response, take) => {
      take();
      cut = () => response.destroy();
    });
    const before = startAgent();
    await until("the first batch", () => cut !== undefined);
    cut?.();
    // The server is gone for the first agent, so that it must stop with the batch unsettled.
    receiver.key = "another";
    await before.stop();
    receiver.key = "mwk_test_key";
    const second = event();
    await appendFile(liveFile(), lines(second));
    const after = startAgent();
    await until("both events", () => sentByRecorders().length >= 2);
    await after.stop();

    assert.deepEqual(ids(sentByRecorders()), ids([first, second]));
    assert.equal(receiver.sent[1]?.batch, receiver.sent[0]?.batch);
    assert.equal(receiver.sent[1]?.lines, receiver.sent[0]?.lines);
  });

  test("413 makes the batches smaller, down to the one line that is too large", async () => {
    await makeSpoolDirectory();
    const events = Array.from({ length: 20 }, () => event());
    const large = event({ message: "x".repeat(50_000) });
    await appendFile(liveFile(), lines(...events.slice(0, 10), large, ...events.slice(10)));
    for (let index = 0; index < 5; index++) {
      receiver.faults.push((_request, response) =>
        response.writeHead(413).end(JSON.stringify({ code: "BATCH_TOO_LARGE", message: "too large" })),
      );
    }
    const agent = startAgent();
    await until("the rest", () => sentByRecorders().length >= 20);
    await agent.stop();
    assert.ok(receiver.sent.length > 1);
  });

  test("a refused key is said and nothing is lost when it is replaced", async () => {
    await makeSpoolDirectory();
    await writeFile(join(directory, "key"), "mwk_wrong\n");
    const one = event();
    await appendFile(liveFile(), lines(one));
    const agent = startAgent();
    await until("the complaint", () =>
      logged.some((line) => line.includes("refuses the key (401: no such key)")),
    );
    await agent.stop();
    assert.ok(!logged.some((line) => line.includes("mwk_")), "the log holds no key");
    await writeFile(join(directory, "key"), `${receiver.key}\n`);
    const next = startAgent();
    await until("the event", () => sentByRecorders().length === 1);
    await next.stop();
    assert.deepEqual(ids(sentByRecorders()), [one.id]);
  });
});
