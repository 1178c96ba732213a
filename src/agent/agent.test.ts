/** The agent against a receiver that fails in every way a network and a server can. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo } from "node:net";
import { hostname, tmpdir } from "node:os";
import { basename, join } from "node:path";
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

function plainBody(request: IncomingMessage, body: Buffer): Buffer {
  const encoding = request.headers["content-encoding"];
  return encoding === "zstd" ? zstdDecompressSync(body) : encoding === "gzip" ? gunzipSync(body) : body;
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
  await mkdir(spool);
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
      limits: {
        ...agentLimits,
        lingerMs: 20,
        againFromMs: 10,
        againMaxMs: 50,
        lookEveryMs: 50,
        quietMs: 300,
        holeOpenMs: 300,
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
const liveFile = (count = 0): string => spoolFile(process.pid, count);
const spoolFile = (pid: number | undefined, count = 0): string =>
  join(spool, `dj-${String(pid)}-${String(startTicksOf(pid ?? 0))}-${count}.ndjson`);

describe("shipping", () => {
  test("what recorders append arrives once, in whatever pieces it is written", async () => {
    const agent = startAgent();
    const events = Array.from({ length: 60 }, () => event());
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
    const events = Array.from({ length: 20 }, () => event());
    const large = event({ message: "x".repeat(50_000) });
    await appendFile(liveFile(), lines(...events.slice(0, 10), large, ...events.slice(10)));
    receiver.bytesMax = 1000;
    const agent = startAgent();
    await until("the rest", () => sentByRecorders().length >= 20);
    await until("the report", () => receiver.ofKind("source.gap").length > 0);
    await agent.stop();

    assert.deepEqual(ids(sentByRecorders()), ids(events));
    const [gap] = receiver.ofKind("source.gap");
    assert.match(gap?.message ?? "", /one line was refused.*too large for the server: too large/);
  });

  test("a refused key is said and nothing is lost when it is replaced", async () => {
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

describe("files that are not as they should be", () => {
  test("blank, torn, binary and endless lines do not hide the good ones, and are kept with a reason", async () => {
    const good = Array.from({ length: 6 }, () => event());
    const [first, second, third, fourth, fifth, last] = good.map((one) => lines(one));
    await writeFile(
      liveFile(),
      Buffer.concat([
        Buffer.from(`\n\n${first}{"id":"torn${second}`),
        Buffer.alloc(100),
        Buffer.from(`${third}{"broken": }\n${fourth}`),
        randomBytes(2000),
        Buffer.from(fifth ?? ""),
        Buffer.alloc(1024 * 1024, "x"),
        Buffer.from(last ?? ""),
      ]),
    );
    const agent = startAgent();
    await until("the good lines", () => sentByRecorders().length >= good.length);
    await until("the report", () => receiver.ofKind("source.gap").length > 0);
    await agent.stop();

    assert.deepEqual(ids(sentByRecorders()), ids(good));
    const kept = await readFile(join(directory, "state", "refused.ndjson"), "utf8");
    const reasons = new Set(
      kept
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { reason: string }).reason),
    );
    assert.ok(reasons.has("not JSON"), "the server's reason");
    assert.ok(reasons.has("line longer than 262144 bytes"));
    assert.ok(reasons.has("no whole JSON object: the write was cut short"));
  });

  test("a file that was shortened, replaced or removed is said, and what follows is sent", async () => {
    const agent = startAgent();
    await appendFile(liveFile(), lines(event(), event(), event()));
    await until("the first three", () => sentByRecorders().length === 3);
    await truncate(liveFile(), 0);
    await appendFile(liveFile(), lines(event()));
    await until("the one after the cut", () => sentByRecorders().length === 4);
    await rename(liveFile(), join(directory, "away"));
    await appendFile(liveFile(), lines(event(), event()));
    await until("the two of the new file", () => sentByRecorders().length === 6);
    await rm(liveFile());
    await agent.stop();

    assert.ok(
      logged.some((line) => line.includes("somebody shortened it")),
      String(logged),
    );
    assert.ok(logged.some((line) => /somebody (replaced|shortened|removed) it/.test(line)));
  });

  test("a link is not followed, so nobody can make the agent read another file", async () => {
    await writeFile(join(directory, "secret"), lines(event({ message: "secret" })));
    await symlink(join(directory, "secret"), liveFile());
    const good = event();
    await appendFile(liveFile(1), lines(good));
    const agent = startAgent();
    await until("the good event", () => sentByRecorders().length === 1);
    await agent.stop();

    assert.deepEqual(ids(sentByRecorders()), [good.id]);
    assert.ok(logged.some((line) => line.includes("no ordinary file")));
  });

  test("a file goes when it is acknowledged to its end and its process has left it", async () => {
    const child = await startChild();
    await appendFile(spoolFile(child.pid), `${lines(event())}${JSON.stringify(event())}`);
    await appendFile(liveFile(0), lines(event()));
    await appendFile(liveFile(1), lines(event()));
    const unsent = spoolFile(child.pid).replace("dj-", "puma-");
    await writeFile(unsent, lines(event()));
    const container = spoolFile(child.pid).replace("dj-", "celery-");
    const source = `celery@${workerName(child.pid, "container")}`;
    await writeFile(container, lines(event({ source, source_seq: 1 })));
    await endChild(child);
    receiver.key = "no key fits";
    const agent = startAgent();
    await sleep(500);
    assert.equal((await readdir(spool)).length, 5, "nothing goes before it is acknowledged");
    await agent.stop();
    receiver.key = "mwk_test_key";
    const next = startAgent();
    await until("the removal", async () => (await readdir(spool)).length === 2);
    await next.stop();

    assert.equal(sentByRecorders().length, 6, "the last line without its line feed as well");
    assert.deepEqual(await readdir(spool), [basename(container), basename(liveFile(1))], "files in use stay");
  });

  test("a second agent on the same state is refused, and the first goes on", async () => {
    const first = startAgent();
    await until("the first sample", () => receiver.events.length === 1);
    await assert.rejects(startAgent().ended, /another agent is at work with the state directory/);
    await appendFile(liveFile(), lines(event()));
    await until("the event", () => sentByRecorders().length === 1);
    await first.stop();
  });

  test("missing numbers of a sender are reported once, numbers in the wrong order are not", async () => {
    const numbered = [1, 2, 4, 3, 5, 8, 9].map((source_seq) => event({ source: "dj@web1", source_seq }));
    await appendFile(liveFile(), lines(...numbered));
    const agent = startAgent();
    await until("the events", () => sentByRecorders().length === numbered.length);
    await until("the gap", () => receiver.ofKind("source.gap").length > 0);
    await agent.stop();

    const gaps = receiver.ofKind("source.gap").map(({ attributes }) => attributes);
    assert.deepEqual(gaps, [{ gap_source: "dj@web1", first: 6, last: 7, missing: 2 }]);
  });
});

async function startChild(): Promise<ChildProcess> {
  const child = spawn("sleep", ["600"], { stdio: "ignore" });
  children.push(child);
  await until("the child", () => startTicksOf(child.pid ?? 0) !== undefined);
  return child;
}

async function endChild(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}

function workerName(pid: number | undefined, host = hostname()): string {
  return `${host}:${String(pid)}:${String(startTicksOf(pid ?? 0))}`;
}

describe("a worker that dies", () => {
  const start = (worker: string, run: string): EventRecord =>
    event({
      kind: "job.started",
      runtime: "delayed_job",
      job: "Report",
      attempt: 1,
      run_id: run,
      worker,
      host: hostname(),
    });

  test("takes its open runs with it; ended ones, and those of other hosts, are left alone", async () => {
    const child = await startChild();
    const worker = workerName(child.pid);
    const file = spoolFile(child.pid);
    const elsewhere = workerName(child.pid, "another-host");
    await appendFile(
      file,
      lines(
        event({ kind: "worker.started", worker }),
        start(worker, "ended"),
        event({ kind: "job.succeeded", run_id: "ended", worker }),
        start(worker, "open"),
        start(elsewhere, "elsewhere"),
        start(worker, "ended-late"),
      ),
    );
    const agent = startAgent();
    await until("the start", () => receiver.ofKind("job.started").length === 4);
    assert.equal(receiver.ofKind("job.lost").length, 0, "it lives");
    // Written in its last moment: read before the verdict.
    await appendFile(file, lines(event({ kind: "job.failed", run_id: "ended-late", worker, attempt: 1 })));
    await endChild(child);
    await until("the loss", () => receiver.ofKind("worker.lost").length === 1);
    await agent.stop();

    const [lost, ...others] = receiver.ofKind("job.lost");
    assert.equal(others.length, 0);
    assert.equal(lost?.run_id, "open");
    assert.equal(lost.attempt, 1);
    assert.equal(lost.worker, worker);
    assert.match(
      lost.message ?? "",
      /is gone; it had not finished Report.*Delayed::Job did not count the attempt/s,
    );
    assert.deepEqual(receiver.ofKind("worker.lost")[0]?.attributes?.["lost_runs"], ["open"]);
  });

  test("while no agent runs is noticed by the next one, once", async () => {
    const child = await startChild();
    await appendFile(spoolFile(child.pid), lines(start(workerName(child.pid), "open")));
    const first = startAgent();
    await until("the start", () => receiver.ofKind("job.started").length === 1);
    await first.stop();
    await endChild(child);
    const second = startAgent();
    await until("the loss", () => receiver.ofKind("job.lost").length === 1);
    await second.stop();
    const third = startAgent();
    await until("its sample", () => receiver.ofKind("metrics.sample").length === 3);
    await third.stop();

    assert.equal(receiver.ofKind("job.lost").length, 1);
    assert.equal(receiver.ofKind("job.lost")[0]?.attributes?.["agent_was_away"], true);
  });

  test("before a restart of the machine is known by the time of its words, though its pid lives again", async () => {
    const worker = workerName(process.pid);
    await appendFile(liveFile(), lines({ ...start(worker, "old"), time: "2020-01-01T00:00:00.000000Z" }));
    const agent = startAgent();
    await until("the loss", () => receiver.ofKind("job.lost").length === 1);
    await agent.stop();

    assert.equal(receiver.ofKind("job.lost")[0]?.error_class, "HostRestarted");
  });

  test("is noticed while the server is away, and told when it is back", async () => {
    receiver.key = "no key fits";
    const child = await startChild();
    await appendFile(spoolFile(child.pid), lines(start(workerName(child.pid), "open")));
    const first = startAgent();
    await until("the refusal", () => logged.some((line) => line.includes("refuses the key")));
    await endChild(child);
    await until("the verdict", () => logged.some((line) => line.includes("is gone with one unfinished run")));
    await first.stop();
    receiver.key = "mwk_test_key";
    const second = startAgent();
    await until("the loss", () => receiver.ofKind("job.lost").length === 1);
    await second.stop();
    assert.equal(receiver.ofKind("job.lost")[0]?.attributes?.["agent_was_away"], undefined);
  });
});
