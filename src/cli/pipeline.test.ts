/** The stages joined as the server joins them, on a real spool and a real control store. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { query } from "chdb";
import type { SourceChain } from "../model/intake.ts";
import { limits } from "../model/limits.ts";
import type { Ledger } from "../seal/ledger.ts";
import { chainStart, nextLink } from "../seal/source-chain.ts";
import { openSqliteControl } from "../store/control/sqlite.ts";
import { openSpool, type Spool } from "../store/spool.ts";
import type { ControlStore } from "../store/store.ts";
import { openLedger } from "./ledger.ts";
import type { OwnEvents } from "./own-events.ts";
import { type Pipeline, startPipeline } from "./pipeline.ts";
import { openSourceChains } from "./source-chains.ts";

const nowMs = Date.parse("2026-11-21T02:00:00.000Z");

let directory: string;
let spool: Spool;
let control: ControlStore;
let pipeline: Pipeline;
let ledger: Ledger;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "midwatch-pipeline-"));
  spool = await openSpool({ directory: join(directory, "spool"), bytesMax: 1024 * 1024, filesMax: 50 });
  control = openSqliteControl(join(directory, "control.sqlite"));
  ledger = openLedger(directory, "", { clock: () => nowMs, randomBytes, hostname: "test" });
  await ledger.publish();
  pipeline = startPipeline({ spool, control, ledger, clock: () => nowMs });
});

afterEach(async () => {
  await pipeline.close();
  await ledger.close();
  await control.close();
  rmSync(directory, { recursive: true });
});

function line(index: number, more = ""): string {
  const id = `0193c2e5-7a1b-7c3d-9e4f-${index.toString(16).padStart(12, "0")}`;
  return `{"id":"${id}","time":"2026-11-21T01:26:44.000123Z","kind":"log","message":"line ${index}"${more}}\n`;
}

function send(
  batchId: string,
  body: Uint8Array,
  encoding: "identity" | "gzip" | "zstd" = "identity",
): ReturnType<Pipeline["intake"]> {
  return pipeline.intake({ source: "test", batchId, encoding, body });
}

function body(from: number, count: number): Buffer {
  return Buffer.from(Array.from({ length: count }, (_, index) => line(from + index)).join(""));
}

/** Messages in the spool as the engine reads them. */
function spooled(): string[] {
  const files = spool.waiting().filter(({ bytes }) => bytes > 0);
  return files.flatMap(({ path }) =>
    query(`SELECT message FROM file('${path}', 'Native') ORDER BY id`, "TSV").trimEnd().split("\n"),
  );
}

test("an answer counts what the spool then holds, in every encoding", async () => {
  const plain = body(0, 2);

  const { checkpoint, ...counts } = await send("a", Buffer.from(plain));
  assert.deepEqual(counts, { accepted: 2, refused: 0, refusals: [], duplicate: false });
  assert.match(checkpoint?.note ?? "", /^test\/midwatch\//);
  assert.equal((await send("b", zstdCompressSync(body(2, 2)), "zstd")).accepted, 2);
  assert.equal((await send("c", gzipSync(body(4, 2)), "gzip")).accepted, 2);

  assert.deepEqual(spooled(), ["line 0", "line 1", "line 2", "line 3", "line 4", "line 5"]);
});

test("refused lines are named and the good ones kept", async () => {
  const answer = await send("a", Buffer.from(`${line(0)}nonsense\n${line(1)}`));

  assert.equal(answer.accepted, 2);
  assert.equal(answer.refused, 1);
  assert.equal(answer.refusals[0]?.line, 2);
  assert.deepEqual(spooled(), ["line 0", "line 1"]);
});

test("the same batch again is answered as before and adds nothing", async () => {
  const first = await send("a", body(0, 3));
  const again = await send("a", body(0, 3));

  assert.deepEqual(again, { ...first, duplicate: true });
  assert.equal(spool.waiting().length, 1);
  assert.equal(ledger.size, 1);
});

test("a batch that left the spool is known by its receipt", async () => {
  await send("a", Buffer.from(`${line(0)}nonsense\n`));
  const files = spool.waiting();
  await control.addReceipts(files.map(({ receipt }) => receipt));
  await spool.remove(files);

  const { checkpoint: _, ...again } = await send("a", body(0, 1));
  assert.deepEqual(again, { accepted: 1, refused: 1, refusals: [], duplicate: true });
  assert.equal(spool.waiting().length, 0);
});

test("the same batch sent at once from many sides is taken once, and everyone is answered", async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => send("a", body(0, 100))));

  assert.equal(answers.filter(({ duplicate }) => !duplicate).length, 1);
  assert.ok(answers.every(({ accepted }) => accepted === 100));
  assert.equal(spool.waiting().length, 1);
});

test("a batch that the spool has no room for is refused, and welcome when there is room", async () => {
  const large = (batchId: string): ReturnType<typeof send> => send(batchId, body(0, 4000));
  await large("a");

  await assert.rejects(large("b"), { code: "SPOOL_FULL" });
  await assert.rejects(Promise.all([large("b"), large("b")]), { code: "SPOOL_FULL" });
  await spool.remove(spool.waiting());

  assert.equal((await large("b")).accepted, 4000);
});

test("a body that does not decompress, or to too much, is refused and the next one is taken", async () => {
  await assert.rejects(send("a", Buffer.from("no gzip"), "gzip"), { code: "BAD_REQUEST" });
  const bomb = gzipSync(Buffer.alloc(limits.bodyPlainBytesMax + 1));
  await assert.rejects(send("b", bomb, "gzip"), { code: "BATCH_TOO_LARGE" });

  assert.equal((await send("c", body(0, 1))).accepted, 1);
  assert.deepEqual(spooled(), ["line 0"]);
});

test("a batch without a good line is remembered too", async () => {
  const first = await send("a", Buffer.from("nonsense\n"));
  const again = await send("a", Buffer.from("nonsense\n"));

  assert.deepEqual(
    { accepted: first.accepted, refused: first.refused, duplicate: first.duplicate },
    { accepted: 0, refused: 1, duplicate: false },
  );
  assert.deepEqual(again, { ...first, refusals: [], duplicate: true });
});

test("a closed pipeline answers what it has and takes nothing more", async () => {
  const last = send("a", body(0, 1000));
  const closing = pipeline.close();

  await assert.rejects(send("b", body(0, 1)), { code: "STORE_CLOSED" });
  assert.equal((await last).accepted, 1000);
  await closing;
});

test("batches taken at once enter the ledger in the order of their segments, each once", async () => {
  const sizes = [4000, 1, 300, 1, 2000, 1, 50, 1];
  spool = await openSpool({ directory: join(directory, "spool"), bytesMax: 64 * 1024 * 1024, filesMax: 50 });
  await pipeline.close();
  pipeline = startPipeline({ spool, control, ledger, clock: () => nowMs });
  await Promise.all(sizes.map((size, index) => send(`batch-${index}`, body(index * 10_000, size))));

  const entries = Array.from({ length: ledger.size }, (_, index) => ledger.entry(index));
  assert.deepEqual(
    entries.map((entry) => entry.type === "segment" && [entry.number, entry.count]),
    sizes.map((size, index) => [index + 1, size]),
  );
});

test("no secret that was sent reaches the spool", async () => {
  const canary = "canary4711hunter2";
  const sent = Buffer.from(
    line(0) +
      line(1, `,"attributes":{"password":"${canary}","nested":{"api_key":"${canary}"}}`) +
      line(2, `,"error_message":"connect to postgres://shop:${canary}@db/shop failed"`) +
      line(3, `,"pass\\u0077ord":"${canary}"`),
  );

  assert.equal((await send("a", sent)).accepted, 4);

  const [file] = spool.waiting();
  assert.ok(file !== undefined && file.bytes > 500);
  assert.ok(!readFileSync(file.path).includes(canary));
  assert.deepEqual(spooled(), ["line 0", "line 1", "line 2", "line 3"]);
});

test("a batch that never came is missed by the next, over a restart, and a changed body is refused", async () => {
  const said: string[] = [];
  const reopen = async (): Promise<void> => {
    await pipeline.close();
    const record: OwnEvents["record"] = (kind, { message, attributes }) =>
      void said.push(`${kind} ${message} ${JSON.stringify(attributes)}`);
    const chains = await openSourceChains(control, spool, record);
    pipeline = startPipeline({ spool, control, ledger, clock: () => nowMs, chains });
  };
  let head: Pick<SourceChain, "count" | "head"> = chainStart;
  const next = (from: number) => {
    const bytes = new Uint8Array(body(from, 1));
    const chain = nextLink(head, bytes);
    head = chain;
    return { source: "agent:a", batchId: `b${from}`, encoding: "identity", body: bytes, chain } as const;
  };
  await reopen();
  await pipeline.intake(next(1));
  const second = next(2);
  await pipeline.intake({ ...second, body: second.body.slice() });
  assert.equal((await pipeline.intake({ ...second, body: second.body.slice() })).duplicate, true);
  await reopen();
  await pipeline.intake(next(3));
  assert.deepEqual(said, []);

  next(4);
  next(5);
  await pipeline.intake(next(6));
  const lost =
    "2 batches of agent:a were lost or taken out before they came here: it sends number 6, and number 3 was the last that came";
  assert.deepEqual(said.splice(0), [
    `source.gap ${lost} {"gap_source":"agent:a","missing_batches":2,"batch":6}`,
  ]);
  // What the spool held goes to the control store with the receipt, and is known without the spool.
  await control.addReceipts(spool.waiting().map(({ receipt }) => receipt));
  assert.deepEqual(
    (await control.sourceChains()).map(([source, { count }]) => [source, count]),
    [["agent:a", 6]],
  );
  await pipeline.intake(next(7));
  assert.deepEqual(said, []);
  const changed = next(8);
  await assert.rejects(
    pipeline.intake({ ...changed, body: new Uint8Array(body(9, 1)) }),
    /is not the one that/,
  );
  await reopen();
  head = chainStart;
  await pipeline.intake({ ...next(10), batchId: "again" });
  assert.match(said[0] ?? "", /sends batch 1 of another history than it had/);
});
