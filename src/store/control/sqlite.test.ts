import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { makeEncryption } from "../encryption/ciphers.ts";
import { makeDataKey } from "../encryption/data-key.ts";
import { controlContract } from "./control.contract.ts";
import { openSqliteControl } from "./sqlite.ts";

controlContract("SQLite", () => {
  const directory = mkdtempSync(join(tmpdir(), "midwatch-control-"));
  return {
    open: () => openSqliteControl(join(directory, "control.sqlite")),
    remove: () => rmSync(directory, { recursive: true }),
  };
});

controlContract("encrypted SQLite", () => {
  const directory = mkdtempSync(join(tmpdir(), "midwatch-control-"));
  const { control } = makeEncryption(makeDataKey(randomBytes), randomBytes);
  return {
    open: () => openSqliteControl(join(directory, "control.sqlite"), control),
    remove: () => rmSync(directory, { recursive: true }),
  };
});

test("all its files can be read by their owner only", async () => {
  const directory = mkdtempSync(join(tmpdir(), "midwatch-control-"));
  const control = openSqliteControl(join(directory, "control.sqlite"));
  await control.setSetting("a", "1");
  const files = readdirSync(directory);
  assert.ok(files.includes("control.sqlite-wal"), files.join());
  for (const file of files) assert.equal(statSync(join(directory, file)).mode & 0o777, 0o600, file);
  await control.close();
  rmSync(directory, { recursive: true });
});
