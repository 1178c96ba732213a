/**
 * What was written to a spool is stored, once, whatever dies on the way: the agent, the server or
 * its engine at any moment, the disk under either, or the way between them.
 */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { closeSync, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort, root } from "../../playground/processes.ts";
import { startTicksOf } from "../../src/agent/process.ts";
import type { EventPage } from "../../src/api/schemas.ts";
import { formatTime } from "../../src/model/time.ts";
import { uuidv7 } from "../../src/model/uuid.ts";

/** Set it to the number of an earlier run to kill at the same moments again. */
const seed = Number(process.env["MIDWATCH_CRASH_SEED"] ?? randomInt(2 ** 31));

/** Numbers from 0 to 1 that depend on the seed alone (mulberry32). */
function makeRandom(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A process that is started again when it has ended, until it is stopped. */
class Revived {
  readonly #words: readonly string[];
  #child: ChildProcess | undefined;
  #said = "";

  constructor(words: readonly string[]) {
    this.#words = words;
  }

  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  get said(): string {
    return this.#said;
  }

  start(): void {
    const child = spawn(
      join(root, "node_modules/.bin/node"),
      [join(root, "src/cli/main.ts"), ...this.#words],
      {
        stdio: ["ignore", "pipe", "pipe"],
        env: { PATH: process.env["PATH"], HOME: directory },
      },
    );
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#said = (this.#said + text).slice(-20_000);
      });
    }
    this.#child = child;
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const ended = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
    child.kill(signal);
    return ended;
  }
}

let directory: string;
let spool: string;
let keyFile: string;
let address: string;
let server: Revived;
let agent: Revived;
const mounts: string[] = [];
const lines: Server[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "midwatch-crash-"));
  spool = join(directory, "spool");
  keyFile = join(directory, "key");
  await mkdir(spool);
  address = `http://127.0.0.1:${await freePort()}`;
});

afterEach(async () => {
  await agent?.end("SIGKILL");
  await server?.end("SIGKILL");
  await until("the engine to end with its server", () => enginesOf(directory).length === 0);
  for (const line of lines.splice(0)) line.close();
  // A process that was killed lets go of its files only a moment after it is gone from view.
  for (const mount of mounts.splice(0)) {
    await until("the disk to be free", () => spawnSync("/usr/bin/umount", [mount]).status === 0);
  }
  await rm(directory, { recursive: true, force: true });
});

async function until(what: string, holds: () => boolean | Promise<boolean>, limitMs = 90_000): Promise<void> {
  const deadlineMs = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > deadlineMs) {
      assert.fail(
        `waited in vain for ${what}\nserver: ${server.said.slice(-4000)}\nagent: ${agent.said.slice(-4000)}`,
      );
    }
    await sleep(100);
  }
}

/**
 * A bad line between agent and server: each answer comes late, some never. Without it the server's
 * answer is a millisecond old when the agent has noted it, and no kill would fall in between.
 */
async function badLine(random: () => number): Promise<{ readonly address: string; cuts: number }> {
  const line = { address: "", cuts: 0 };
  const proxy = createServer((near) => {
    const far = connect(Number(new URL(address).port), "127.0.0.1");
    near.pipe(far);
    far.on("data", (answer) => {
      setTimeout(() => {
        if (random() < 0.1) {
          line.cuts += 1;
          near.destroy();
        } else if (!near.destroyed) near.write(answer);
      }, random() * 800);
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  lines.push(proxy);
  line.address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  return line;
}

/** Starts server and agent; the data and the agent's own notes may lie elsewhere. */
async function startBoth({
  data = join(directory, "data"),
  state = join(directory, "state"),
  by = address,
} = {}): Promise<void> {
  server = new Revived(["serve", "--access", "open", "--data", data, "--listen", new URL(address).host]);
  agent = new Revived(["agent", "--server", by, "--key-file", keyFile, "--spool", spool, "--state", state]);
  server.start();
  await until("the server", isUp);
  const words = ["keys", "add", "crash", "--scope", "send", "--server", address];
  const key = execFileSync(join(root, "bin/midwatch"), words, { stdio: ["ignore", "pipe", "pipe"] });
  await writeFile(keyFile, key, { mode: 0o600 });
  agent.start();
}

async function isUp(): Promise<boolean> {
  return fetch(`${address}/healthz`, { signal: AbortSignal.timeout(2000) })
    .then((response) => response.ok)
    .catch(() => false);
}

/** Process ids of the engines that work under this directory. */
function enginesOf(directory: string): readonly number[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0");
      return words.some((word) => word.endsWith("engine/child.ts")) &&
        words.some((word) => word.startsWith(directory))
        ? [Number(name)]
        : [];
    } catch {
      return [];
    }
  });
}

const service = "crash-test";
const filesPerSender = 2500;

/** Appends events as three recorders would, spread over a time. Answers their ids. */
async function write(count: number, overMs: number, part = 0): Promise<readonly string[]> {
  const ids: string[] = [];
  const start = String(startTicksOf(process.pid));
  const startedMs = Date.now();
  const random = makeRandom(seed + 1 + part);
  // Of this story alone: the next one may have begun while this one's writer still writes.
  const into = spool;
  const senders = ["dj", "web", "cron"].map((name) => ({
    kind: `${name}_${part}`,
    written: 0,
    descriptor: -1,
  }));
  while (ids.length < count) {
    const due = Math.min(count, Math.ceil((count * (Date.now() - startedMs)) / overMs));
    while (ids.length < due) {
      const sender = senders[ids.length % senders.length] as (typeof senders)[number];
      if (sender.written % filesPerSender === 0) {
        if (sender.descriptor >= 0) closeSync(sender.descriptor);
        const name = `${sender.kind}-${process.pid}-${start}-${sender.written / filesPerSender}.ndjson`;
        sender.descriptor = openSync(join(into, name), "a");
      }
      sender.written += 1;
      ids.push(append(sender, random));
    }
    await sleep(10);
  }
  for (const { descriptor } of senders) closeSync(descriptor);
  return ids;
}

function append(sender: { kind: string; written: number; descriptor: number }, random: () => number): string {
  const nowMs = Date.now();
  const bytes = Uint8Array.from({ length: 10 }, () => Math.floor(random() * 256));
  const id = uuidv7(nowMs, bytes);
  const event = {
    id,
    time: formatTime(nowMs * 1000),
    stream: "jobs",
    kind: "job.enqueued",
    service,
    job: "Crash",
    run_id: id,
    source: `${sender.kind}@crash`,
    source_seq: sender.written,
    attributes: { size: "x".repeat(Math.floor(random() * 300)) },
  };
  writeSync(sender.descriptor, `\n${JSON.stringify(event)}\n`);
  return id;
}

/** Every id that is stored, as often as it is. */
async function storedIds(): Promise<readonly string[]> {
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ service, from: "-2h", order: "oldest", limit: "1000" });
    if (cursor !== null) query.set("cursor", cursor);
    const response = await fetch(`${address}/api/v1/events?${query.toString()}`);
    assert.equal(response.status, 200, await response.clone().text());
    const page = (await response.json()) as EventPage;
    ids.push(...page.rows.map((row) => row.id));
    cursor = page.next;
  } while (cursor !== null);
  return ids;
}

/** Waits until the spool holds nothing unsent, then compares what was written with what is stored. */
async function compare(written: readonly string[]): Promise<void> {
  let stored: readonly string[] = [];
  await until("all events to be stored", async () => {
    if (!(await isUp())) return false;
    stored = await storedIds().catch(() => []);
    return stored.length >= written.length;
  });
  // What comes twice comes late.
  await sleep(1500);
  stored = await storedIds();
  assert.equal(new Set(written).size, written.length);
  const held = new Set(stored);
  const missing = written.filter((id) => !held.has(id));
  assert.deepEqual(
    { missing: missing.length, doubled: stored.length - held.size, stored: stored.length },
    { missing: 0, doubled: 0, stored: written.length },
  );
}

/** A small file system of its own, or the reason why there can be none. */
async function smallDisk(name: string, megabytes: number): Promise<string | { readonly because: string }> {
  if (process.getuid?.() !== 0) return { because: "only root may mount a small disk" };
  const path = join(directory, name);
  await mkdir(path);
  try {
    execFileSync("/usr/bin/mount", ["-t", "tmpfs", "-o", `size=${megabytes}m,mode=700`, "tmpfs", path], {
      stdio: "pipe",
    });
  } catch (error) {
    return { because: `no small disk can be mounted here: ${String(error)}` };
  }
  mounts.push(path);
  return path;
}

/** Appends to a file until its disk is full. */
function fill(descriptor: number): void {
  const block = Buffer.alloc(64 * 1024, 1);
  try {
    for (;;) writeSync(descriptor, block);
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC");
  }
}

/** Fills a disk to the last block, and whatever its users give back meanwhile; the answer frees it. */
function keepFull(path: string): () => Promise<void> {
  const filler = join(path, "filler");
  const descriptor = openSync(filler, "w");
  fill(descriptor);
  const again = setInterval(() => fill(descriptor), 50);
  return async () => {
    clearInterval(again);
    closeSync(descriptor);
    await rm(filler);
  };
}

describe("nothing is lost and nothing is doubled", () => {
  test("when agent, server and engine are killed twenty times while 50,000 events flow", async (context) => {
    context.diagnostic(`MIDWATCH_CRASH_SEED=${seed}`);
    const random = makeRandom(seed);
    const line = await badLine(makeRandom(seed + 2));
    await startBoth({ by: line.address });
    const writing = write(50_000, 45_000);
    const kills = { agent: 0, server: 0, engine: 0 };
    const victims = ["agent", "server", "agent", "engine", "server"] as const;
    for (let count = 0; count < 20; count++) {
      await sleep(200 + random() * 3000);
      const victim = victims[Math.floor(random() * victims.length)] as (typeof victims)[number];
      kills[victim] += 1;
      await kill(victim);
    }
    context.diagnostic(`killed ${JSON.stringify(kills)}, answers cut off ${line.cuts}`);
    await compare(await writing);
  });

  test("when the server's disk is full for a while", async (context) => {
    const disk = await smallDisk("disk", 96);
    if (typeof disk !== "string") return context.skip(disk.because);
    await startBoth({ data: join(disk, "data") });
    const writing = write(10_000, 14_000);
    await sleep(3000);
    const free = keepFull(disk);
    await sleep(7000);
    await free();
    await compare(await writing);
    assert.match(agent.said, /cannot send/, "the agent noticed");
  });

  test("when the server hangs, and then is away", async (context) => {
    await startBoth();
    const writing = write(10_000, 20_000);
    await sleep(1000);
    process.kill(server.pid, "SIGSTOP");
    await sleep(8000);
    process.kill(server.pid, "SIGCONT");
    await sleep(2000);
    await server.end("SIGKILL");
    await sleep(60_000);
    server.start();
    await compare(await writing);
    assert.match(agent.said, /sending again/);
    context.diagnostic("away for a minute, hung for 8 s");
  });

  test("when the agent's disk is full, which only the agent can empty", async (context) => {
    await emptyTheDisk(context);
  });
});

async function kill(victim: "agent" | "server" | "engine"): Promise<void> {
  if (victim === "engine") {
    for (const pid of enginesOf(directory)) {
      try {
        process.kill(pid, "SIGKILL");
      } catch (error) {
        // It may have ended by itself between the look and the kill.
        assert.equal((error as NodeJS.ErrnoException).code, "ESRCH");
      }
    }
    return;
  }
  const process_ = victim === "agent" ? agent : server;
  await process_.end("SIGKILL");
  process_.start();
}

async function emptyTheDisk(context: TestContext): Promise<void> {
  const disk = await smallDisk("agent-disk", 8);
  if (typeof disk !== "string") return context.skip(disk.because);
  spool = join(disk, "spool");
  await mkdir(spool);
  await startBoth({ state: join(disk, "state") });
  const first = await write(100, 100);
  await compare(first);
  await agent.end("SIGKILL");
  const second = await write(5000, 500, 1);
  const filler = openSync(join(disk, "filler"), "w");
  fill(filler);
  closeSync(filler);
  agent.start();
  await compare([...first, ...second]);
}
