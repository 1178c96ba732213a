/**
 * The ledger of a real server that is killed again and again while it takes batches in: every
 * acknowledged event is sealed once, and whoever then changes the data directory is found out.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { uuidv7 } from "../../src/model/uuid.ts";
import { startEngine } from "../../src/store/engine/supervisor.ts";
import { engineBytes } from "../../src/store/segment-rows.ts";

const root = new URL("../..", import.meta.url).pathname;
const batches = 40;
const eventsPerBatch = 50;

let directory: string;
let data: string;
let address: string;
let key: string;
let server: ChildProcess | undefined;

const node = join(root, "node_modules/.bin/node");
const environment = (): NodeJS.ProcessEnv => ({
  PATH: process.env["PATH"],
  HOME: directory,
  MIDWATCH_DATA: data,
});

type Said = { readonly code: number | null; readonly out: string; readonly err: string };

function midwatch(...words: readonly string[]): Said {
  const { status, stdout, stderr } = spawnSync(node, [join(root, "src/cli/main.ts"), ...words], {
    env: environment(),
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  return { code: status, out: stdout, err: stderr };
}

function start(): void {
  const words = [
    join(root, "src/cli/main.ts"),
    "serve",
    "--access",
    "open",
    "--listen",
    new URL(address).host,
  ];
  server = spawn(node, words, { env: environment(), stdio: "ignore" });
}

async function end(signal: NodeJS.Signals): Promise<void> {
  const child = server;
  server = undefined;
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await ended;
}

async function send(name: string): Promise<boolean> {
  const lines = Array.from({ length: eventsPerBatch }, (_, index) =>
    JSON.stringify({
      id: uuidv7(Date.now(), randomBytes(10)),
      time: new Date().toISOString(),
      kind: index % 5 === 0 ? "job.started" : "log",
      message: `${name} ${index}`,
    }),
  );
  try {
    const answer = await fetch(`${address}/v1/events`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "midwatch-batch": name },
      body: lines.join("\n"),
      signal: AbortSignal.timeout(20_000),
    });
    return answer.ok;
  } catch {
    return false;
  }
}

before(async () => {
  directory = mkdtempSync(join(tmpdir(), "midwatch-ledger-"));
  data = join(directory, "data");
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(probe.address() as AddressInfo).port}`;
  await new Promise((resolve) => probe.close(resolve));
  key = /mwk_\w+/.exec(midwatch("keys", "add", "test", "--scope", "send").out)?.[0] ?? "";
  assert.notEqual(key, "");
});

after(async () => {
  await end("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
});

let publicKey: string;

test("40 batches through a server that is killed six times are sealed once each", async () => {
  start();
  let kills = 0;
  for (let batch = 0; batch < batches; batch++) {
    const dies = batch % 7 === 3;
    const killed = dies ? sleep(Math.floor(Math.random() * 60)).then(() => end("SIGKILL")) : undefined;
    let taken = dies ? await send(`batch-${batch}`) : false;
    await killed;
    if (dies) {
      kills++;
      start();
    }
    for (let attempt = 0; !taken && attempt < 300; attempt++) {
      taken = await send(`batch-${batch}`);
      if (!taken) await sleep(200);
    }
    assert.ok(taken, `batch ${batch} is taken in the end`);
  }
  assert.equal(kills, 6);
  publicKey = midwatch("ledger", "key").out.trim();
  const live = midwatch("verify", "--key", publicKey, "--json");
  assert.equal(live.code, 0, live.out + live.err);
  await end("SIGTERM");
  const verdict = midwatch("verify", "--key", publicKey, "--json");
  assert.equal(verdict.code, 0, verdict.out + verdict.err);
  const { events, counts } = JSON.parse(verdict.out) as {
    events: number;
    counts: { start: number; segment: number };
  };
  assert.equal(counts.start, 7);
  assert.ok(events >= batches * eventsPerBatch, `${events} events`);
  assert.ok(counts.segment >= batches * 2);
  const count = await withEngine((ask) =>
    ask("SELECT count() FROM events WHERE message LIKE 'batch-%' FORMAT TSV"),
  );
  assert.equal(count.trim(), String(batches * eventsPerBatch));
});

async function withEngine<T>(act: (ask: (sql: string) => Promise<string>) => Promise<T>): Promise<T> {
  const engine = await startEngine({ directory: join(data, "engine") });
  const ask = engineBytes(engine.socketPath);
  try {
    return await act(async (sql) => Buffer.from(await ask(sql, {})).toString());
  } finally {
    await engine.close();
  }
}

/** Where the n-th event of a segment stands. */
async function placeIn(segment: number, nth: number): Promise<string> {
  const question = `SELECT segment_index FROM events WHERE segment = ${segment} ORDER BY segment_index LIMIT 1 OFFSET ${nth} FORMAT TSV`;
  const found = (await withEngine((ask) => ask(question))).trim();
  assert.match(found, /^\d+$/, `segment ${segment} has an event ${nth}`);
  return found;
}

function findings(
  ...words: readonly string[]
): readonly { threat: string; segment?: number; index?: number; id?: string }[] {
  const { code, out, err } = midwatch("verify", "--key", publicKey, "--json", ...words);
  assert.equal(code, 1, out + err);
  return (JSON.parse(out) as { findings: { threat: string }[] }).findings;
}

test("an erased event leaves a statement, and the bundle convinces the verifier in Python", async () => {
  const proof = midwatch("ledger", "prove", "9", await placeIn(9, 3));
  const file = join(directory, "event.tlog-proof");
  writeFileSync(file, proof.out);
  assert.equal(midwatch("ledger", "check-proof", file, "--key", publicKey).code, 0);
  const erased = midwatch(
    "ledger",
    "erase",
    "9",
    await placeIn(9, 4),
    "--actor",
    "alice",
    "--approver",
    "bob",
    "--reason",
    "a password",
  );
  assert.equal(erased.code, 0, erased.err);
  assert.equal(midwatch("verify", "--key", publicKey).code, 0);
  const bundle = join(directory, "bundle");
  assert.equal(midwatch("ledger", "export", bundle).code, 0);
  assert.equal(midwatch("verify", "--bundle", bundle, "--key", publicKey).code, 0);
  const python = spawnSync("python3", [join(root, "contract/ledger/verify.py"), bundle, "--key", publicKey], {
    encoding: "utf8",
  });
  assert.equal(python.status, 0, python.stdout + python.stderr);
  assert.match(python.stdout, /1 erased/);
  assert.equal(
    midwatch("ledger", "check-proof", file, "--key", publicKey).code,
    0,
    "its neighbour's proof holds",
  );
});

test("whoever changes, deletes or inserts rows in the engine is found out, by event", async () => {
  const tamper = async (...statements: readonly string[]): Promise<void> => {
    await withEngine(async (ask) => {
      for (const sql of statements) await ask(`${sql} SETTINGS mutations_sync = 2`);
    });
  };
  const place = `segment = 11 AND segment_index = ${await placeIn(11, 2)}`;
  const original = await withEngine((ask) => ask(`SELECT message FROM events WHERE ${place} FORMAT TSVRaw`));
  await tamper(`ALTER TABLE events UPDATE message = 'nothing happened' WHERE ${place}`);
  const [changed] = findings();
  assert.deepEqual([changed?.threat, changed?.segment], ["T1", 11]);
  await tamper(`ALTER TABLE events UPDATE message = '${original.trimEnd()}' WHERE ${place}`);
  assert.equal(midwatch("verify", "--key", publicKey).code, 0, "put back, it is intact again");

  await tamper(`ALTER TABLE events UPDATE segment = 999999 WHERE ${place}`);
  assert.deepEqual(
    findings().map(({ threat, segment }) => [threat, segment]),
    [
      ["T1", 11],
      ["T7", 999999],
    ],
  );
  await tamper("ALTER TABLE events DELETE WHERE segment = 999999");
  const [deleted] = findings();
  assert.deepEqual([deleted?.threat, deleted?.segment, deleted?.index], ["T1", 11, 2]);
});

test("an older ledger is not gone on with, until a recovery says so", async () => {
  const backup = join(directory, "ledger-backup");
  cpSync(join(data, "ledger"), backup, { recursive: true });
  const checkpoint = join(directory, "kept.checkpoint");
  start();
  for (let attempt = 0; attempt < 300 && !(await send("one-more")); attempt++) await sleep(200);
  await end("SIGTERM");
  writeFileSync(checkpoint, readFileSync(join(data, "ledger", "checkpoint")));
  rmSync(join(data, "ledger"), { recursive: true });
  cpSync(backup, join(data, "ledger"), { recursive: true });
  // A copy does not keep the modes of folders.
  spawnSync("chmod", ["-R", "go=", join(data, "ledger")]);

  const refused = midwatch("serve", "--listen", new URL(address).host);
  assert.notEqual(refused.code, 0);
  assert.match(refused.err, /ledger recover/);
  assert.equal(findings("--checkpoint", checkpoint)[0]?.threat, "T2");
  assert.equal(midwatch("ledger", "recover", "--actor", "alice", "--reason", "a test").code, 0);
  const after = findings("--checkpoint", checkpoint).map(({ threat }) => threat);
  assert.ok(after.includes("T7"), "what the lost entries had sealed is sealed no more");
});
