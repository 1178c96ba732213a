import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Fault } from "../model/fault.ts";
import { parseMigration, pendingMigrations, readMigrations } from "./migrations.ts";

const sql = (number: string, breaking: string): string =>
  `-- migration: ${number}\n-- about: a test\n-- breaking: ${breaking}\n\nCREATE TABLE a;\n-- only words;\nDROP TABLE a;\n`;
const first = parseMigration("0001_a.sql", sql("0001", "no"));
const second = parseMigration("0002_b.sql", sql("0002", "no"));
const breaking = parseMigration("0002_b.sql", sql("0002", "yes"));
const isRefused =
  (words: string) =>
  (error: unknown): boolean =>
    error instanceof Fault && error.code === "CONFIG_INVALID" && error.message.includes(words);

describe("migrations", () => {
  test("are read with their header and cut into statements", () => {
    assert.deepEqual(
      [first.number, first.about, first.breaking, first.statements.length],
      [1, "a test", false, 2],
    );
    assert.throws(() => parseMigration("0001_a.sql", "CREATE TABLE a;"), /lacks the header/);
    assert.throws(() => parseMigration("0003_a.sql", sql("0001", "no")), /lacks the header/);
  });

  test("of both stores are numbered without a gap", () => {
    for (const folder of ["events/migrations/", "control/migrations/"]) {
      const numbers = readMigrations(new URL(folder, import.meta.url)).map(({ number }) => number);
      assert.ok(numbers.length > 0);
      assert.deepEqual(
        numbers,
        numbers.map((_, index) => index + 1),
      );
    }
  });

  test("are pending until applied", () => {
    assert.deepEqual(pendingMigrations([first, second], []), [first, second]);
    assert.deepEqual(pendingMigrations([first, second], [first]), [second]);
    assert.deepEqual(pendingMigrations([first, second], [first, second]), []);
  });

  test("a newer store, a changed step and a breaking step on a store in use are refused", () => {
    assert.throws(() => pendingMigrations([first], [first, second]), isRefused("newer Midwatch"));
    assert.throws(() => pendingMigrations([first], [{ ...first, sha256: "x" }]), isRefused("another one"));
    assert.throws(() => pendingMigrations([first, breaking], [first]), isRefused("back it up"));
    assert.deepEqual(pendingMigrations([first, breaking], []), [first, breaking]);
  });
});
