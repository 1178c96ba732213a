/**
 * Breaks the store on purpose: kills the engine in mid-insert, has two inserters at once, fills
 * the disk. What was acknowledged must be there afterwards, once.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { Fault } from "../model/fault.ts";
import { openSqliteControl } from "./control/sqlite.ts";
import { type Encryption, makeEncryption } from "./encryption/ciphers.ts";
import { makeDataKey } from "./encryption/data-key.ts";
import { type EngineClient, engineClient } from "./engine/client.ts";
import { type EngineProcess, startEngine } from "./engine/supervisor.ts";
import { nativeColumns, nativeStructure } from "./events/nativeColumns.ts";
import { retentionDefault } from "./events/retention.ts";
import { openEventStore } from "./events/store.ts";
import { type InserterNotice, startInserter } from "./inserter.ts";
import { noonMicros } from "./made.ts";
import { openSpool, type Spool } from "./spool.ts";
import type { ControlStore, EventStore } from "./store.ts";

type Place = { engine: EngineProcess; client: EngineClient; store: EventStore; control: ControlStore };

async function openPlace(directory: string, encryption?: Encryption): Promise<Place> {
  const engine = await startEngine({ directory: join(directory, "engine"), keys: encryption?.engine });
  const client = engineClient(engine);
  const isEncrypted = encryption !== undefined;
  const store = await openEventStore({ client, retention: retentionDefault, isEncrypted });
  const control = openSqliteControl(join(directory, "control.sqlite"), encryption?.control);
  return { engine, client, store, control };
}

const encryptions: { readonly [name: string]: Encryption | undefined } = {
  "the store": undefined,
  "the encrypted store": makeEncryption(makeDataKey(randomBytes), randomBytes),
};

async function closePlace({ engine, store, control }: Place): Promise<void> {
  await store.close();
  await engine.close();
  await control.close();
}

/** Has the engine write a spool file of `count` events of three streams, in blocks of 10,000. */
async function writeManyEvents(
  client: EngineClient,
  path: string,
  segment: number,
  count: number,
): Promise<Uint8Array> {
  const values: Readonly<Record<string, string>> = {
    id: "generateUUIDv7()",
    time: `fromUnixTimestamp64Micro(${noonMicros} + toInt64(number) * 1000, 'UTC')`,
    received_time: `fromUnixTimestamp64Micro(${noonMicros} + toInt64(number) * 1000, 'UTC')`,
    stream: "['jobs', 'logs', 'http'][number % 3 + 1]",
    kind: "['job.started', 'log', 'http.request'][number % 3 + 1]",
    service: "['shop', 'billing'][number % 2 + 1]",
    run_id: `if(number % 3 = 0, concat('run-', toString(${segment}), '-', toString(intDiv(number, 30))), '')`,
    message: "concat('line ', toString(number), ' of ', toString(cityHash64(number)))",
    attributes: "map('n', toString(number))",
    segment: String(segment),
    segment_index: "number",
  };
  const absent = (type: string): string => `defaultValueOfTypeName('${type.replaceAll("'", "\\'")}')`;
  const columns = nativeColumns.map(({ name, type }) => `${values[name] ?? absent(type)} AS ${name}`);
  await client.run(
    `INSERT INTO FUNCTION file({path:String}, 'Native', {structure:String})
     SELECT ${columns.join(", ")} FROM numbers({count:UInt64}) SETTINGS max_block_size = 10000`,
    "insert",
    { path, structure: nativeStructure, count },
    { engine_file_truncate_on_insert: 1 },
  );
  return readFileSync(path);
}

/** Demands that every event of the segments is there once, and every run told once. */
async function assertExactly(client: EngineClient, segments: number, perSegment: number): Promise<void> {
  const [row] = await client.rows<Record<string, string>>(
    `SELECT count() AS rows, uniqExact(segment, segment_index) AS places, uniqExact(segment) AS segments,
       (SELECT uniqExact(run_id) FROM runs) AS runs, (SELECT length(groupUniqArrayArray(starts)) FROM runs) AS starts
     FROM events LIMIT 1`,
    {},
  );
  const starts = segments * Math.ceil(perSegment / 3);
  assert.deepEqual(Object.values(row ?? {}).map(Number), [
    segments * perSegment,
    segments * perSegment,
    segments,
    segments * Math.ceil(perSegment / 30),
    starts,
  ]);
}

for (const [name, encryption] of Object.entries(encryptions)) {
  describe(`${name}, broken on purpose`, { timeout: 300_000 }, () => breakOnPurpose(encryption));
}

function breakOnPurpose(encryption: Encryption | undefined): void {
  let directory: string;
  let place: Place;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "midwatch-crash-"));
    place = await openPlace(directory, encryption);
  });
  afterEach(async () => {
    await place.client.run("TRUNCATE TABLE events", "maintenance");
    await place.client.run("TRUNCATE TABLE runs", "maintenance");
  });
  after(async () => {
    await closePlace(place);
    rmSync(directory, { recursive: true });
  });

  const openSpoolIn = (parent: string): Promise<Spool> =>
    openSpool({ directory: join(parent, "spool"), bytesMax: 1e9, filesMax: 1000, cipher: encryption?.spool });

  async function fill(spool: Spool, segments: readonly number[], count: number): Promise<void> {
    for (const segment of segments) {
      const rows = await writeManyEvents(place.client, join(directory, "made.native"), segment, count);
      const receipt = {
        source: "host",
        batchId: `b${segment}`,
        accepted: count,
        refused: 0,
        receivedMs: segment,
      };
      await spool.write(receipt, rows);
    }
  }

  test("the engine killed in mid-insert again and again: nothing lost, nothing doubled", async () => {
    const rounds = encryption ? 4 : 8;
    const perSegment = 30_000;
    const spool = await openSpoolIn(directory);
    let kills = 0;
    let segment = 0;
    for (let round = 0; round < rounds; round++) {
      // One file alone in some rounds, several together in the others.
      const segments = round % 3 === 0 ? [++segment] : [++segment, ++segment, ++segment];
      await fill(spool, segments, perSegment);
      const notices: InserterNotice[] = [];
      const inserter = startInserter({ ...place, spool, onNotice: (notice) => notices.push(notice) });
      await new Promise((resolve) => setTimeout(resolve, 40 + round * 60));
      if (spool.counts().files > 0) kills += 1;
      const killed = place.engine.pid() ?? 0;
      process.kill(killed, "SIGKILL");
      if (round % 2 === 1) {
        // The server dies too, and comes back with what is on disk.
        await inserter.close();
        const again = await openSpoolIn(directory);
        const next = startInserter({ ...place, spool: again });
        await next.idle();
        await next.close();
        await spool.remove(spool.waiting());
      } else {
        await inserter.idle();
        await inserter.close();
      }
      // What comes next speaks to the engine itself, without the inserter's patience.
      while (place.engine.pid() === killed) await new Promise((resolve) => setTimeout(resolve, 20));
      await place.engine.ready(60_000);
    }
    assert.ok(kills >= rounds / 2, `the kills must hit inserts: ${kills} of ${rounds} did`);
    await assertExactly(place.client, segment, perSegment);
    assert.deepEqual(readdirSync(join(directory, "spool")), ["rejected"]);
  });

  test("two who insert the same group at once add it once; two with their own add both", async () => {
    mkdirSync(join(directory, "both"));
    const path = (name: number): string => join(directory, "both", `${name}.native`);
    for (const name of [1, 2]) {
      const rows = await writeManyEvents(place.client, path(name), name, 20_000);
      if (encryption) writeFileSync(path(name), encryption.spool.encrypt(path(name), [rows]));
    }
    const { store, client } = place;
    await Promise.all([
      store.insert({ token: "both-1", files: [path(1)] }),
      store.insert({ token: "both-1", files: [path(1)] }),
      store.insert({ token: "both-2", files: [path(2)] }),
    ]);
    await store.insert({ token: "both-2", files: [path(2)] });
    await assertExactly(client, 2, 20_000);
  });

  const mayMount = process.getuid?.() === 0;
  const skip = mayMount ? false : "only root may mount the small disk that this fills";
  test("a full disk: refused or waited for, nothing half done, and it goes on", { skip }, async (context) => {
    const disk = join(directory, "disk");
    mkdirSync(disk);
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=96m", "tmpfs", disk]);
    if (mounted.status !== 0) {
      context.skip(`the small disk cannot be mounted here: ${mounted.stderr.toString().trim()}`);
      return;
    }
    const perSegment = 20_000;
    const small = await openPlace(disk, encryption);
    try {
      const rows = await writeManyEvents(place.client, join(directory, "made.native"), 1, perSegment);
      const spool = await openSpoolIn(disk);
      const receipt = { source: "host", batchId: "b1", accepted: perSegment, refused: 0, receivedMs: 1 };

      // Room for one batch in the spool, and for nothing that the engine would have to write.
      const ballast = join(disk, "ballast");
      const blocks = Number(
        spawnSync("df", ["--output=avail", "-B1", disk]).stdout.toString().split("\n")[1],
      );
      writeFileSync(ballast, new Uint8Array(blocks - rows.byteLength - 200_000));
      assert.equal(await spool.write(receipt, rows), "written");
      await assert.rejects(
        spool.write({ ...receipt, batchId: "b2" }, rows),
        (error) => error instanceof Fault && error.code === "SPOOL_FULL",
      );
      assert.equal(
        readdirSync(join(disk, "spool")).length,
        3,
        "one batch, its receipt, and the folder of rejected",
      );

      const waits: string[] = [];
      const { promise: waited, resolve } = Promise.withResolvers<void>();
      const inserter = startInserter({
        ...small,
        spool,
        onNotice: (notice) => {
          if (notice.kind !== "waiting") return;
          waits.push(notice.because);
          if (waits.length === 2) resolve();
        },
      });
      await waited;
      assert.ok(waits.length >= 2);
      rmSync(ballast);
      await inserter.idle();
      await inserter.close();
      await assertExactly(small.client, 1, perSegment);
      assert.deepEqual(spool.counts(), { files: 0, bytes: 0, rejected: 0 });
    } finally {
      await closePlace(small);
      spawnSync("umount", [disk]);
    }
  });

  const skipPlain = encryption === undefined && "without a key there is nothing that could be wrong with it";
  test("an encrypted file that was changed is told, and nothing beside it is stored", {
    skip: skipPlain,
  }, async () => {
    mkdirSync(join(directory, "changed"));
    const paths = [1, 2].map((name) => join(directory, "changed", `${name}.native`));
    for (const [index, path] of paths.entries()) {
      const rows = await writeManyEvents(place.client, path, index + 1, 1000);
      const bytes = encryption?.spool.encrypt(path, [rows]) ?? rows;
      if (index === 1) bytes[5000] = (bytes[5000] as number) ^ 1;
      writeFileSync(path, bytes);
    }
    await assert.rejects(
      place.store.insert({ token: "changed", files: paths }),
      (error) => error instanceof Fault && error.code === "BATCH_UNREADABLE",
    );
    await place.store.insert({ token: "first", files: paths.slice(0, 1) });
    await assertExactly(place.client, 1, 1000);
    await assert.rejects(
      place.store.insert({ token: "gone", files: [join(directory, "changed", "3.native")] }),
      (error) => !(error instanceof Fault) || error.code !== "BATCH_UNREADABLE",
      "what cannot be read now is tried again, and not set aside",
    );
  });

  test("the engine killed as soon as it has answered knows the insert again", async () => {
    const path = join(directory, "known.native");
    const rows = await writeManyEvents(place.client, path, 1, 20_000);
    if (encryption) writeFileSync(path, encryption.spool.encrypt(path, [rows]));
    for (let round = 0; round < 3; round++) {
      await place.store.insert({ token: "known", files: [path] });
      const killed = place.engine.pid() ?? 0;
      process.kill(killed, "SIGKILL");
      while (place.engine.pid() === killed) await new Promise((resolve) => setTimeout(resolve, 20));
      await place.engine.ready(60_000);
    }
    await assertExactly(place.client, 1, 20_000);
  });
}
