import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Fault } from "../model/fault.ts";
import { formatEntry } from "./entries.ts";
import { Ledger, type LedgerOptions, recoverLedger } from "./ledger.ts";
import { leafHash, verifyConsistency, verifyInclusion } from "./merkle.ts";
import { createSigner, openCheckpoint } from "./note.ts";
import type { SealedSegment } from "./sealer.ts";

const signer = createSigner("example.com/ledger", new Uint8Array(Buffer.alloc(32, 9)));
let nowMs = Date.UTC(2026, 10, 21);

function options(context: TestContext): LedgerOptions {
  const data = mkdtempSync(join(tmpdir(), "midwatch-ledger-"));
  context.after(() => rmSync(data, { recursive: true, force: true }));
  return { directory: join(data, "ledger"), memoryPath: join(data, "ledger.head"), signer, now: () => nowMs };
}

function segment(number: number): SealedSegment {
  const entry = formatEntry({
    type: "segment",
    number,
    stream: "logs",
    count: 10,
    fromMicros: nowMs * 1000 + number,
    untilMicros: nowMs * 1000 + number,
    root: new Uint8Array(32).fill(number),
  });
  return { entry, secret: new Uint8Array(40).fill(number) };
}

const isInconsistent = (error: unknown): boolean =>
  error instanceof Fault && error.code === "LEDGER_INCONSISTENT";

test("every head is consistent with all heads before it, over restarts and full tiles", async (context) => {
  const settings = options(context);
  const heads = [];
  let number = 0;
  for (const step of [1, 3, 250, 2, 1, 300, 255, 600]) {
    const ledger = new Ledger(settings);
    for (let count = 0; count < step; count++) ledger.appendSegment(segment(++number));
    const head = await ledger.publish();
    heads.push(head);
    assert.equal(head.size, number);
    for (const old of heads) {
      assert.ok(verifyConsistency(old.size, head.size, old.root, head.root, ledger.consistency(old.size)));
    }
    for (const index of [0, number - 1, number >> 1]) {
      const leaf = leafHash(ledger.entryBytes(index));
      assert.ok(verifyInclusion(index, head.size, leaf, ledger.inclusion(index), head.root));
      assert.equal(ledger.find(index + 1), index);
      assert.deepEqual(ledger.secretBytes(index), segment(index + 1).secret);
    }
    await ledger.close();
  }
  assert.equal(heads.length, 8);
  assert.ok(existsSync(join(settings.directory, "tile/1/000.p/5")));
  assert.ok(
    !existsSync(join(settings.directory, "tile/0/000.p")),
    "partial tiles go when the full one is there",
  );
});

test("what was journalled is there after a crash, and a segment sent again is not appended twice", async (context) => {
  const settings = options(context);
  const first = new Ledger(settings);
  first.appendSegment(segment(1));
  await first.publish();
  first.appendSegment(segment(2));
  first.appendStatement({ type: "start", atMicros: nowMs * 1000 });
  await first.flush();
  // The process dies here: nothing is closed. Its torn last write is cut off.
  const journal = join(settings.directory, "journal");
  writeFileSync(journal, Buffer.concat([readFileSync(journal), Buffer.from([0, 0, 1, 0, 9])]));

  const second = new Ledger(settings);
  second.appendSegment(segment(2));
  second.appendSegment(segment(5));
  assert.equal((await second.publish()).size, 4);
  assert.equal(second.lastSegment, 5);
  assert.equal(second.find(5), 3);
  assert.equal(second.find(4), undefined);
  assert.throws(() => second.appendSegment({ ...segment(2), entry: segment(3).entry }), isInconsistent);
  await second.close();
});

test("a heartbeat comes after a minute of silence and not before", async (context) => {
  const ledger = new Ledger(options(context));
  ledger.appendStatement({ type: "start", atMicros: nowMs * 1000 });
  nowMs += 59_000;
  ledger.beat();
  assert.equal(ledger.size, 1);
  nowMs += 1000;
  ledger.beat();
  ledger.beat();
  assert.equal(ledger.size, 2);
  await ledger.close();
});

test("an older copy of the ledger is refused until a recovery leaves a gap entry", async (context) => {
  const settings = options(context);
  const backup = `${settings.directory}-backup`;
  const ledger = new Ledger(settings);
  ledger.appendSegment(segment(1));
  await ledger.publish();
  cpSync(settings.directory, backup, { recursive: true });
  ledger.appendSegment(segment(2));
  await ledger.close();

  rmSync(settings.directory, { recursive: true });
  cpSync(backup, settings.directory, { recursive: true });
  assert.throws(() => new Ledger(settings), isInconsistent);

  const { kept, lost } = await recoverLedger(settings, "alice", "the disk died");
  assert.deepEqual([kept.size, lost.size], [1, 2]);
  const recovered = new Ledger(settings);
  assert.deepEqual(recovered.entry(1), {
    type: "gap",
    atMicros: nowMs * 1000,
    size: 2,
    root: lost.root,
    actor: "alice",
    reason: "the disk died",
  });
  await recovered.close();
});

test("the signer refuses what contradicts its last signature while it runs", async (context) => {
  const settings = options(context);
  const ledger = new Ledger(settings);
  ledger.appendSegment(segment(1));
  await ledger.publish();
  const elsewhere = options(context);
  const twin = new Ledger(elsewhere);
  twin.appendSegment(segment(7));
  await twin.close();
  cpSync(elsewhere.memoryPath, settings.memoryPath);

  ledger.appendSegment(segment(2));
  await assert.rejects(ledger.publish(), isInconsistent);
  assert.equal(openCheckpoint(readFileSync(join(settings.directory, "checkpoint"), "utf8"), signer)?.size, 1);
  await assert.rejects(ledger.close(), isInconsistent);
});
