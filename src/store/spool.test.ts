import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Fault } from "../model/fault.ts";
import { openSpool, type Spool, type SpoolFile } from "./spool.ts";
import type { BatchReceipt } from "./store.ts";

const receipt = (batchId: string, source = "host-1"): BatchReceipt => ({
  source,
  batchId,
  accepted: 3,
  refused: 1,
  receivedMs: 1_795_176_000_000,
});
const rows = (size: number): Uint8Array => new Uint8Array(size).fill(7);
const isFull = (error: unknown): boolean =>
  error instanceof Fault && error.code === "SPOOL_FULL" && (error.retryAfterSeconds ?? 0) > 0;

describe("the spool", () => {
  let parent: string;
  let directory: string;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), "midwatch-spool-"));
    directory = join(parent, "spool");
  });
  afterEach(() => rmSync(parent, { recursive: true }));
  const open = (): Promise<Spool> => openSpool({ directory, bytesMax: 1000, filesMax: 3 });
  const names = (): readonly string[] => readdirSync(directory).filter((name) => name !== "rejected");

  test("what was written is there after a restart, in order, readable by its owner only", async () => {
    const spool = await open();
    for (const batch of ["b", "a"]) assert.equal(await spool.write(receipt(batch), rows(100)), "written");
    const again = await open();
    assert.deepEqual(
      again.waiting().map((file) => [file.receipt, file.bytes]),
      [
        [receipt("b"), 100],
        [receipt("a"), 100],
      ],
    );
    assert.deepEqual(again.counts(), { files: 2, bytes: 200, oldestMs: 1_795_176_000_000, rejected: 0 });
    assert.deepEqual(readFileSync(again.waiting()[0]?.path ?? ""), Buffer.from(rows(100)));
    assert.equal(statSync(directory).mode & 0o777, 0o700);
    for (const name of names()) assert.equal(statSync(join(directory, name)).mode & 0o777, 0o600);
  });

  test("a batch waits behind those that came before it, however much sooner it is on disk", async () => {
    const large = 32 * 1024 * 1024;
    const spool = await openSpool({ directory, bytesMax: 2 * large, filesMax: 9 });
    const first = spool.write(receipt("large"), rows(large));
    const second = spool.write(receipt("small"), rows(1));
    const refused = assert.rejects(spool.write(receipt("too large"), rows(2 * large)), isFull);
    const batches = (): readonly string[] => spool.waiting().map((file) => file.receipt.batchId);
    await second;
    assert.deepEqual(spool.receipt("host-1", "small"), receipt("small"));
    assert.deepEqual(
      batches().filter((batch) => batch === "small" && !batches().includes("large")),
      [],
    );
    await Promise.all([first, refused]);
    assert.deepEqual(batches(), ["large", "small"]);
  });

  test("the same batch again is held, not written, even when both come at once", async () => {
    const spool = await open();
    const answers = await Promise.all([
      spool.write(receipt("same"), rows(10)),
      spool.write(receipt("same"), [rows(5), rows(5)]),
      spool.write(receipt("same", "host-2"), rows(10)),
    ]);
    assert.deepEqual(answers, ["written", "held", "written"]);
    assert.equal(spool.counts().files, 2);
    assert.deepEqual(spool.receipt("host-1", "same"), receipt("same"));
    assert.equal(spool.receipt("host-3", "same"), undefined);
  });

  test("over its limits it refuses, leaves nothing, and takes again when there is room", async () => {
    const spool = await open();
    await spool.write(receipt("a"), rows(600));
    await assert.rejects(spool.write(receipt("too many bytes"), rows(401)), isFull);
    await spool.write(receipt("b"), rows(10));
    await spool.write(receipt("c"), rows(10));
    await assert.rejects(spool.write(receipt("too many files"), rows(1)), isFull);
    assert.equal(names().length, 6);
    await spool.remove(spool.waiting());
    assert.deepEqual([names(), spool.counts()], [[], { files: 0, bytes: 0, rejected: 0 }]);
    assert.equal(await spool.write(receipt("too many bytes"), rows(401)), "written");
  });

  test("batches written at once cannot pass the limit together", async () => {
    const spool = await open();
    const results = await Promise.allSettled(
      ["a", "b", "c"].map((batch) => spool.write(receipt(batch), rows(400))),
    );
    assert.deepEqual(
      results.map(({ status }) => status),
      ["fulfilled", "fulfilled", "rejected"],
    );
    assert.equal(names().length, 4);
  });

  test("what a crash left half done is removed at start, and nothing else", async () => {
    const first = await open();
    await first.write(receipt("whole"), rows(10));
    await first.write(receipt("rows gone"), rows(10));
    const [, second] = first.waiting();
    rmSync(second?.path ?? "");
    writeFileSync(join(directory, "never-acknowledged.native"), "rows");
    writeFileSync(join(directory, "x.native.temporary"), "ro");
    const spool = await open();
    assert.deepEqual(
      spool.waiting().map((file) => file.receipt.batchId),
      ["whole"],
    );
    assert.equal(names().length, 2);
  });

  test("a rejected batch is set aside and stays counted", async () => {
    const spool = await open();
    await spool.write(receipt("bad"), rows(10));
    const [bad] = spool.waiting();
    await spool.reject(bad as SpoolFile);
    assert.deepEqual(spool.counts(), { files: 0, bytes: 0, rejected: 1 });
    assert.equal(readdirSync(join(directory, "rejected")).length, 2);
    assert.equal(existsSync(bad?.path ?? ""), false);
    assert.equal((await open()).counts().rejected, 1);
  });
});
