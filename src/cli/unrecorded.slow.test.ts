/** A disk on which nothing can be written: nothing is shown, nothing is lost, and an incident says so. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { makeKey } from "../access/keyring.ts";
import type { ErrorAnswer, EventPage, IntakeReply } from "../api/schemas.ts";
import type { IncidentList } from "../api/watch-schemas.ts";
import { loadConfig } from "./config.ts";
import { ndjson, recordAgo } from "./server-for-tests.ts";
import { startServer } from "./server-process.ts";

const mount = (...words: readonly string[]): boolean => spawnSync("/usr/bin/mount", words).status === 0;

/** Until its disk has no room for another byte. */
function fill(path: string): void {
  const file = openSync(path, "a");
  try {
    for (let bytes = 1024 * 1024; bytes >= 1; bytes = Math.floor(bytes / 4)) {
      for (;;) {
        try {
          if (writeSync(file, new Uint8Array(bytes)) < bytes) break;
        } catch (error) {
          assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC");
          break;
        }
      }
    }
  } finally {
    closeSync(file);
  }
}

test("while the audit of access cannot be written, reading is refused, and receiving goes on after it", async (context) => {
  const directory = mkdtempSync(join(tmpdir(), "midwatch-unrecorded-"));
  const spool = join(directory, "data", "spool");
  mkdirSync(spool, { recursive: true, mode: 0o700 });
  if (process.getuid?.() !== 0 || !mount("-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", spool)) {
    rmSync(directory, { recursive: true });
    context.skip("only root may mount a disk here");
    return;
  }
  const page = join(directory, "page");
  mkdirSync(join(page, "assets"), { recursive: true });
  writeFileSync(join(page, "index.html"), "<!doctype html><title>Midwatch</title>");
  const { values: config } = loadConfig({ data: join(directory, "data"), listen: "127.0.0.1:0" }, {});
  const random = (count: number): Uint8Array => randomBytes(count);
  const server = await startServer({
    config,
    clock: Date.now,
    randomBytes: random,
    note: () => undefined,
    pid: process.pid,
    hostname: "test-host",
    pageDirectory: page,
  });
  let filling: NodeJS.Timeout | undefined;
  try {
    const { key } = await makeKey(
      server.control,
      { name: "test", scopes: ["send"] },
      { clock: Date.now, randomBytes: random },
    );
    const owner = readFileSync(join(directory, "data", "owner.key"), "utf8").trim();
    const read = async (path: string): Promise<Response> =>
      await fetch(server.address + path, { headers: { authorization: `Bearer ${owner}` } });
    const send = async (message: string): Promise<Response> =>
      await fetch(`${server.address}/v1/events`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "midwatch-batch": message },
        body: ndjson([recordAgo(10, { message, service: "shop" })]),
      });
    assert.equal((await send("before")).status, 200);
    await server.settled();
    assert.equal((await read("/api/v1/events?q=before")).status, 200);

    // Again and again: what is inserted meanwhile leaves the spool, and makes room.
    fill(join(spool, "filler"));
    filling = setInterval(() => fill(join(spool, "filler")), 10);
    const refused = await read("/api/v1/events?q=now");
    assert.deepEqual(
      [refused.status, ((await refused.json()) as ErrorAnswer).code],
      [503, "ACCESS_UNRECORDED"],
    );
    assert.ok(Number(refused.headers.get("retry-after")) >= 1);
    assert.equal((await read("/api/v1/events?q=before")).status, 503, "what was asked before too");
    assert.notEqual((await send("during")).status, 200, "what cannot be kept is not acknowledged");
    assert.equal((await fetch(`${server.address}/healthz`)).status, 200);
    // The watch looks each second, and what it keeps lies on another disk.
    await new Promise((resolve) => setTimeout(resolve, 2500));

    clearInterval(filling);
    rmSync(join(spool, "filler"));
    const again = (await (await send("during")).json()) as IntakeReply;
    assert.equal(again.accepted, 1);
    const deadlineMs = Date.now() + 30_000;
    let shown: EventPage | undefined;
    while (!shown?.rows.length && Date.now() < deadlineMs) {
      await server.settled();
      const response = await read("/api/v1/events?service=shop&q=during");
      if (response.ok) shown = (await response.json()) as EventPage;
    }
    assert.equal(shown?.rows.length, 1);
    const { rows } = (await (await read("/api/v1/incidents")).json()) as IncidentList;
    assert.ok(
      rows.some(({ because }) => /Access cannot be recorded|Access is recorded again/.test(because)),
      JSON.stringify(rows),
    );
  } finally {
    clearInterval(filling);
    rmSync(join(spool, "filler"), { force: true });
    await server.close();
    spawnSync("/usr/bin/umount", [spool]);
    rmSync(directory, { recursive: true, force: true });
  }
});
