/** A batch leaves the spool when the engine has it: the engine must have it on the disk by then. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readMigrations } from "../migrations.ts";

test("every table that an insert reaches is synced before the insert is answered", () => {
  const migrations = readMigrations(new URL("migrations/", import.meta.url));
  const tables = migrations
    .flatMap(({ statements }) => statements)
    .filter((statement) => /^\s*(?:--[^\n]*\n\s*)*CREATE TABLE/.test(statement));
  assert.ok(tables.length >= 3, `${tables.length} tables`);
  for (const table of tables) {
    assert.match(table, /MergeTree/);
    for (const setting of ["fsync_after_insert", "fsync_part_directory"])
      assert.match(table, new RegExp(`${setting} = 1`), table.slice(0, 300));
  }
});
