import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Fault } from "../../model/fault.ts";
import { fieldNames } from "../../model/fields.ts";
import { formatTime } from "../../model/time.ts";
import { engineClient } from "../engine/client.ts";
import { startEngine } from "../engine/supervisor.ts";
import { madeEvent, noonMicros, writeNativeFile } from "../made.ts";
import { readMigrations } from "../migrations.ts";
import { checkRetention, retentionDefault } from "./retention.ts";
import { openEventStore } from "./store.ts";

test("retention is whole days, from one to a hundred years", () => {
  assert.deepEqual(checkRetention(retentionDefault), { jobs: 400, logs: 30, http: 30, audit: 400 });
  for (const logs of [0, 1.5, -1, 36_501, Number.NaN]) {
    assert.throws(
      () => checkRetention({ ...retentionDefault, logs }),
      (error) => error instanceof Fault && error.code === "CONFIG_INVALID" && error.message.includes("logs"),
    );
  }
});

test("events expire by stream and day of receipt, in whole partitions; a change holds from then on", async () => {
  const directory = mkdtempSync(join(tmpdir(), "midwatch-retention-"));
  const engine = await startEngine({ directory: join(directory, "engine") });
  const client = engineClient(engine);
  mkdirSync(join(directory, "spool"));
  const path = join(directory, "spool", "made.native");
  const dayMs = 86_400_000;
  try {
    const store = await openEventStore({ client, retention: retentionDefault });
    await writeNativeFile(client, path, [
      madeEvent("job.started", 0, { run_id: "r" }),
      madeEvent("log", 0),
      // Told ten years late, it is kept as long as what happened today.
      madeEvent("log", -3600 * dayMs, { received_time: formatTime(noonMicros) }),
      madeEvent("http.request", 0),
      madeEvent("access.search", 0),
    ]);
    await store.insert({ token: "a", files: [path] });
    const later = await openEventStore({ client, retention: { ...retentionDefault, http: 7, logs: 1000 } });
    await writeNativeFile(client, path, [madeEvent("http.request", 1), madeEvent("log", 1)]);
    await later.insert({ token: "b", files: [path] });

    const rows = await client.rows<{ stream: string; days: number; weekday: number; count: number }>(
      `SELECT stream, dateDiff('day', toDate(received_time), expires) AS days, toDayOfWeek(expires) AS weekday,
         toUInt32(count()) AS count
       FROM events GROUP BY stream, days, weekday ORDER BY stream, days`,
      {},
    );
    // 20 November 2037 is a Friday; 400 days later is a Saturday, and the Monday after it counts.
    assert.deepEqual(rows, [
      { stream: "audit", days: 402, weekday: 1, count: 1 },
      { stream: "http", days: 7, weekday: 5, count: 1 },
      { stream: "http", days: 30, weekday: 7, count: 1 },
      { stream: "jobs", days: 402, weekday: 1, count: 1 },
      { stream: "logs", days: 30, weekday: 7, count: 2 },
      { stream: "logs", days: 1004, weekday: 1, count: 1 },
    ]);

    // The engine drops what has expired by itself: here, what was received long ago.
    await writeNativeFile(client, path, [
      madeEvent("log", 0, { received_time: formatTime((Date.now() - 1100 * dayMs) * 1000) }),
    ]);
    await store.insert({ token: "c", files: [path] });
    await client.run("OPTIMIZE TABLE events FINAL", "maintenance");
    const [left] = await client.rows<{ count: number }>("SELECT toUInt32(count()) AS count FROM events", {});
    assert.equal(left?.count, 7);
  } finally {
    await client.close();
    await engine.close();
    rmSync(directory, { recursive: true });
  }
});

test("the table has a column for every field, in their order", async () => {
  const directory = mkdtempSync(join(tmpdir(), "midwatch-columns-"));
  const engine = await startEngine({ directory: join(directory, "engine") });
  const client = engineClient(engine);
  try {
    await (await openEventStore({ client, retention: retentionDefault })).events({
      fromMicros: 0,
      untilMicros: 1,
      order: "newest",
      limit: 1,
    });
    const rows = await client.rows<{ name: string }>(
      "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = 'events' AND default_kind = '' ORDER BY position",
      {},
    );
    assert.deepEqual(
      rows.map(({ name }) => name),
      [...fieldNames, "attributes", "segment", "segment_index", "expires"],
    );
    // Opened again, there is nothing left to do.
    await openEventStore({ client, retention: retentionDefault });
    const [applied] = await client.rows<{ count: number }>(
      "SELECT toUInt32(count()) AS count FROM migrations",
      {},
    );
    const files = readMigrations(new URL("migrations/", import.meta.url));
    assert.ok(files.length > 0);
    assert.equal(applied?.count, files.length);
  } finally {
    await client.close();
    await engine.close();
    rmSync(directory, { recursive: true });
  }
});
