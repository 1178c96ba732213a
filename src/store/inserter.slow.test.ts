import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { openSqliteControl } from "./control/sqlite.ts";
import { type EngineClient, engineClient } from "./engine/client.ts";
import { type EngineProcess, startEngine } from "./engine/supervisor.ts";
import { retentionDefault } from "./events/retention.ts";
import { openEventStore } from "./events/store.ts";
import { type InserterNotice, startInserter } from "./inserter.ts";
import { madeEvent, noonMicros, writeNativeFile } from "./made.ts";
import { openSpool, type Spool } from "./spool.ts";
import type { BatchReceipt, ControlStore, EventStore } from "./store.ts";

const range = { fromMicros: noonMicros - 3_600_000_000, untilMicros: noonMicros + 3_600_000_000 };

describe("the inserter", () => {
  let parent: string;
  let directory: string;
  let engine: EngineProcess;
  let client: EngineClient;
  let store: EventStore;
  let control: ControlStore;
  let spool: Spool;
  let batches = 0;

  before(async () => {
    parent = mkdtempSync(join(tmpdir(), "midwatch-inserter-"));
    engine = await startEngine({ directory: join(parent, "engine") });
    client = engineClient(engine);
    store = await openEventStore({ client, retention: retentionDefault });
    control = openSqliteControl(join(parent, "control.sqlite"));
  });
  after(async () => {
    await store.close();
    await control.close();
    await engine.close();
    rmSync(parent, { recursive: true });
  });
  beforeEach(async () => {
    directory = join(parent, `spool-${++batches}`);
    spool = await openSpool({ directory, bytesMax: 1e9, filesMax: 1000 });
  });
  afterEach(async () => {
    await client.run("TRUNCATE TABLE events", "maintenance");
  });

  const receipt = (batchId: string): BatchReceipt => ({
    source: directory,
    batchId,
    accepted: 2,
    refused: 0,
    receivedMs: 1_795_176_000_000,
  });

  async function spoolTwoEvents(batchId: string): Promise<void> {
    const path = join(parent, "made.native");
    const segment = ++batches;
    await writeNativeFile(client, path, [madeEvent("log", 1), madeEvent("log", 2)], segment);
    await spool.write(receipt(batchId), readFileSync(path));
  }

  const countEvents = async (): Promise<number> => (await store.overview(range)).events;

  test("inserts what waits, together, writes receipts and leaves the spool empty", async () => {
    for (const batch of ["a", "b", "c"]) await spoolTwoEvents(batch);
    await spool.write(receipt("only refused lines"), new Uint8Array(0));
    const notices: InserterNotice[] = [];
    const inserter = startInserter({ spool, store, control, onNotice: (notice) => notices.push(notice) });
    await inserter.idle();
    assert.equal(await countEvents(), 6);
    assert.deepEqual(
      notices.map((notice) => notice.kind === "inserted" && notice.files),
      [4],
    );
    assert.deepEqual(await control.receipt(directory, "b"), receipt("b"));
    assert.deepEqual(await control.receipt(directory, "only refused lines"), receipt("only refused lines"));

    await spoolTwoEvents("d");
    await inserter.idle();
    assert.equal(await countEvents(), 8);
    await inserter.close();
    assert.deepEqual(readdirSync(directory), ["rejected"]);
  });

  test("a crash after any step neither loses nor doubles", async () => {
    for (const batch of ["a", "b"]) await spoolTwoEvents(batch);
    // Stops between the steps named in the file's head, as a kill would, and keeps what is on disk.
    const steps: Array<{ store: Pick<EventStore, "insert">; control: Pick<ControlStore, "addReceipts"> }> = [
      { store: { insert: () => Promise.reject(new Error("killed before the insert")) }, control },
      {
        store: {
          async insert(group) {
            await store.insert(group);
            throw new Error("killed after the insert");
          },
        },
        control,
      },
      { store, control: { addReceipts: () => Promise.reject(new Error("killed before the receipts")) } },
    ];
    for (const step of steps) {
      let failed: () => void;
      const failure = new Promise<void>((resolve) => (failed = resolve));
      const inserter = startInserter({ spool, ...step, onNotice: () => failed() });
      await failure;
      await inserter.close();
      // Another batch that came meanwhile must not join the group that was tried.
      await spoolTwoEvents(`later-${batches}`);
      spool = await openSpool({ directory, bytesMax: 1e9, filesMax: 1000 });
    }
    const left = join(parent, "left");
    cpSync(directory, left, { recursive: true });
    const inserter = startInserter({ spool, store, control });
    await inserter.idle();
    assert.equal(await countEvents(), 10);

    // The fourth step cut short: the manifest and one of its files are still there.
    const manifest = readdirSync(left).find((name) => name.endsWith(".manifest")) ?? "";
    const [kept = ""] = JSON.parse(readFileSync(join(left, manifest), "utf8")) as readonly string[];
    for (const name of [manifest, kept, kept.replace(".native", ".json")])
      cpSync(join(left, name), join(directory, name));
    await inserter.close();
    spool = await openSpool({ directory, bytesMax: 1e9, filesMax: 1000 });
    assert.equal(spool.counts().files, 1);
    const last = startInserter({ spool, store, control });
    await last.idle();
    await last.close();
    assert.equal(await countEvents(), 10);
    rmSync(left, { recursive: true });
  });

  test("a batch the engine can never read is set aside, and the others go on", async () => {
    await spoolTwoEvents("good");
    await spool.write(receipt("poison"), Buffer.from("no columnar file"));
    await spoolTwoEvents("also good");
    const rejected: string[] = [];
    const inserter = startInserter({
      spool,
      store,
      control,
      onNotice: (notice) => notice.kind === "rejected" && rejected.push(notice.file.receipt.batchId),
    });
    await inserter.idle();
    await inserter.close();
    assert.deepEqual(rejected, ["poison"]);
    assert.equal(await countEvents(), 4);
    assert.deepEqual(spool.counts(), { files: 0, bytes: 0, rejected: 1 });
    assert.deepEqual(readdirSync(directory), ["rejected"]);
  });

  test("an engine that dies is waited for", async () => {
    for (let round = 0; round < 3; round++) {
      await spoolTwoEvents(`round-${round}`);
      process.kill(engine.pid() ?? 0, "SIGKILL");
      const inserter = startInserter({ spool, store, control });
      await inserter.idle();
      await inserter.close();
      assert.equal(await countEvents(), (round + 1) * 2);
    }
    writeFileSync(join(directory, "seen"), "");
  });
});
