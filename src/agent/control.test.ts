import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { DebugOrder } from "../model/debug.ts";
import { ControlFile } from "./control.ts";

const order: DebugOrder = { service: "shop", job: null, logger: null, until: "2026-11-21T09:30:00.000Z" };

test("orders are written for everybody to read, whole, and only when they change", () => {
  const spool = mkdtempSync(join(tmpdir(), "midwatch-control-"));
  const path = join(spool, "control.json");
  const control = new ControlFile(spool);
  control.write([]);
  assert.throws(() => statSync(path), /ENOENT/, "no wish, no file");
  control.write([order]);
  assert.deepEqual(JSON.parse(readFileSync(path, "utf8")), { debug: [order] });
  assert.equal(statSync(path).mode & 0o777, 0o644);
  const { ino } = statSync(path);
  control.write([order]);
  new ControlFile(spool).write([order]);
  assert.equal(statSync(path).ino, ino, "the same again is not written again");
  control.write([]);
  assert.deepEqual(JSON.parse(readFileSync(path, "utf8")), { debug: [] });
  rmSync(spool, { recursive: true });
});

test("a link that somebody left there is not followed, and a spool that is gone stops nothing", () => {
  const spool = mkdtempSync(join(tmpdir(), "midwatch-control-"));
  const precious = join(spool, "precious");
  writeFileSync(precious, "kept");
  symlinkSync(precious, join(spool, "control.json.new"));
  const control = new ControlFile(spool);
  control.write([order]);
  assert.equal(readFileSync(precious, "utf8"), "kept");
  assert.deepEqual(JSON.parse(readFileSync(join(spool, "control.json"), "utf8")), { debug: [order] });
  rmSync(spool, { recursive: true });
  control.write([]);
});
