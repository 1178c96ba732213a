import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { EventRecord } from "../model/event.ts";
import { exec } from "./exec.ts";

const setup = {
  command: ["/bin/true"],
  job: "nightly",
  runId: "run-1",
  fields: {},
  host: "app-1",
  pid: process.pid,
  environment: {},
  stdout: undefined,
  stderr: undefined,
  clock: () => Date.now(),
  steadyClock: () => performance.now(),
  randomBytes,
  onSignal: () => {},
};

test("signals are heard before there is a command, which may be sent one at once", async (context) => {
  const spool = mkdtempSync(join(tmpdir(), "midwatch-exec-signal-"));
  context.after(() => rmSync(spool, { recursive: true, force: true }));
  const marker = join(spool, "begun");
  const heard: ((signal: NodeJS.Signals) => void)[] = [];
  const running = exec({
    ...setup,
    spool,
    command: ["/bin/sh", "-c", `touch "${marker}"; exec sleep 60`],
    // Waits: whatever runs by now has time to show itself.
    onSignal: (listener) => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
      assert.ok(!existsSync(marker));
      heard.push(listener);
    },
  });
  heard[0]?.("SIGTERM");
  assert.deepEqual(await running, { signal: "SIGTERM" });
});

test("a command's end stays behind its start when the clock is set back meanwhile", async (context) => {
  const spool = mkdtempSync(join(tmpdir(), "midwatch-exec-clock-"));
  context.after(() => rmSync(spool, { recursive: true, force: true }));
  const startedMs = Date.parse("2026-11-21T02:30:00Z");
  let nowMs = startedMs;
  const running = exec({
    ...setup,
    spool,
    clock: () => nowMs,
  });
  nowMs -= 3_600_000;
  assert.deepEqual(await running, { code: 0 });
  const text = readdirSync(spool).map((name) => readFileSync(join(spool, name), "utf8"));
  const [start, end] = text
    .join("")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as EventRecord);
  assert.deepEqual([start?.kind, end?.kind], ["job.started", "job.succeeded"]);
  assert.equal(Date.parse(start?.time ?? ""), startedMs);
  const tookMs = end?.duration_ms ?? -1;
  assert.ok(tookMs > 0 && tookMs < 60_000, `${tookMs} ms`);
  const afterMs = Date.parse(end?.time ?? "") - startedMs;
  assert.ok(afterMs >= 0 && afterMs < 60_000, `${afterMs} ms after the start`);
});
