/** What retention takes away on a real server: whole segments, after a sealed statement, and nothing else. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { makeKey } from "../access/keyring.ts";
import { folderSource } from "../seal/head.ts";
import { parseVerifier } from "../seal/note.ts";
import { verifyLedger } from "../seal/verify.ts";
import { syncDeduplication } from "../store/engine/deduplication.ts";
import { type AskBytes, engineBytes, storedOrWaiting } from "../store/segment-rows.ts";
import { loadConfig } from "./config.ts";
import { ndjson, recordAgo } from "./server-for-tests.ts";
import { type RunningServer, startServer } from "./server-process.ts";

const dayMs = 86_400_000;
const waitMs = 60_000;

test("logs of forty days ago go as whole segments, and what stays is proven", async (context) => {
  const directory = mkdtempSync(join(tmpdir(), "midwatch-retention-"));
  const running: RunningServer[] = [];
  context.after(async () => {
    for (const server of running) await server.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const data = join(directory, "data");
  const start = async (agoMs: number): Promise<RunningServer> => {
    const clock = (): number => Date.now() - agoMs;
    const server = await startServer({
      config: loadConfig({ data, listen: "127.0.0.1:0" }, { MIDWATCH_ACCESS: "open" }).values,
      clock,
      randomBytes: (count) => new Uint8Array(randomBytes(count)),
      note: () => {},
      pid: process.pid,
      hostname: "test-host",
      pageDirectory: directory,
    });
    running.push(server);
    return server;
  };
  const send = async (server: RunningServer, agoMs: number, messages: readonly string[]): Promise<void> => {
    const tools = { clock: Date.now, randomBytes: (count: number) => new Uint8Array(randomBytes(count)) };
    const { key } = await makeKey(server.control, { name: "test", scopes: ["send"] }, tools);
    const body = ndjson([
      ...messages.map((message) => recordAgo(agoMs, { message })),
      recordAgo(agoMs, { stream: "jobs", kind: "job.started", job: "Report", run_id: "r-1" }),
    ]);
    const headers = { authorization: `Bearer ${key}` };
    const { status } = await fetch(`${server.address}/v1/events`, { method: "POST", headers, body });
    assert.equal(status, 200);
    await server.settled();
  };

  const before = await start(40 * dayMs);
  await send(before, 40 * dayMs, ["old one", "old two"]);
  await before.close();

  const now = await start(0);
  await send(now, 0, ["new"]);
  const ask = engineBytes(join(data, "engine", "engine.sock"));
  assert.ok(
    (await syncDeduplication(join(data, "engine"))) >= 2,
    "the engine keeps its memory of tokens elsewhere",
  );
  const endMs = Date.now() + waitMs;
  while ((await countOf(ask, "old %")) > 0) {
    assert.ok(Date.now() < endMs, "the engine did not drop the day");
    await ask("OPTIMIZE TABLE events FINAL", {});
    await sleep(200);
  }
  assert.equal(await countOf(ask, "new"), 1);

  const key = parseVerifier(readFileSync(join(data, "ledger", "key.public"), "utf8")) ?? assert.fail();
  const source = folderSource(join(data, "ledger"));
  const events = storedOrWaiting(ask, { directory: join(data, "spool") });
  const judge = () => verifyLedger({ source, events, verifier: key });
  // The server states it in a job of its own, right after its start.
  let verdict = await judge();
  while ((verdict.counts.retain ?? 0) === 0 && Date.now() < endMs) {
    await sleep(200);
    verdict = await judge();
  }
  assert.deepEqual(
    verdict.findings.filter(({ threat }) => threat !== "T7"),
    [],
    "what waits for the next signature may be a stranger to it",
  );
  assert.ok(verdict.goneSegments >= 1, `${verdict.goneSegments} segments are gone`);
  // Jobs are kept longer: the run of that day is still there, and still proven.
  assert.ok(verdict.segments >= 2);

  // The same loss without a statement is not believed.
  await ask("ALTER TABLE events DELETE WHERE run_id = 'r-1' SETTINGS mutations_sync = 2", {});
  const finding = (await judge()).findings.find(({ threat }) => threat === "T1");
  assert.match(finding?.because ?? "", /deleted|are gone/);
});

async function countOf(ask: AskBytes, pattern: string): Promise<number> {
  const answer = await ask("SELECT count() FROM events WHERE message LIKE {pattern:String} FORMAT TSV", {
    pattern,
  });
  return Number(Buffer.from(answer).toString());
}
