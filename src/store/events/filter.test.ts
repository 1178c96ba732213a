import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { engineClient } from "../engine/client.ts";
import { startEngine } from "../engine/supervisor.ts";
import { addEventFilter, conditions } from "./filter.ts";
import { migrateEvents } from "./migrate.ts";

test("for an hour of a month, rows of that hour are read and not the month's", async () => {
  const directory = mkdtempSync(join(tmpdir(), "midwatch-filter-"));
  const engine = await startEngine({ directory: join(directory, "engine") });
  const client = engineClient(engine);
  try {
    await migrateEvents(client);
    const fromMicros = Date.UTC(2037, 10, 1) * 1000;
    const [rows, minuteMicros] = [30 * 1440 * 5, 60_000_000];
    // Every twelve seconds one, of three services.
    await client.run(
      `INSERT INTO events (id, time, stream, kind, service, expires)
       SELECT generateUUIDv4(), fromUnixTimestamp64Micro({from:Int64} + toInt64(number) * 12000000, 'UTC'), 'logs', 'log',
         concat('service-', toString(number % 3)), '2100-01-01'
       FROM numbers({rows:UInt64})`,
      "insert",
      { from: fromMicros, rows },
    );
    const readFor = async (from: number, until: number): Promise<number> => {
      const list = conditions();
      addEventFilter(list, {
        fromMicros: fromMicros + from * minuteMicros,
        untilMicros: fromMicros + until * minuteMicros,
      });
      const { sql, parameters } = list.all();
      const estimates = await client.rows<{ rows: string }>(
        `EXPLAIN ESTIMATE SELECT count() FROM events WHERE ${sql}`,
        parameters,
      );
      return estimates.reduce((sum, estimate) => sum + Number(estimate.rows), 0);
    };
    assert.equal(await readFor(0, 30 * 1440), rows);
    const ofOneHour = await readFor(10 * 1440, 10 * 1440 + 60);
    assert.ok(ofOneHour >= 300, `${ofOneHour} rows`);
    // The engine reads stretches of 8,192 rows, here one or two.
    assert.ok(ofOneHour <= 3 * 8192, `${ofOneHour} rows`);
  } finally {
    await client.close();
    await engine.close();
    rmSync(directory, { recursive: true });
  }
});
