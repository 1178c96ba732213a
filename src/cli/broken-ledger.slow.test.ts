/** Somebody changes a stored event behind the server's back: the server's own verification makes an incident of it. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { makeKey } from "../access/keyring.ts";
import { startEngine } from "../store/engine/supervisor.ts";
import { engineBytes } from "../store/segment-rows.ts";
import { loadConfig } from "./config.ts";
import { ndjson, recordAgo } from "./server-for-tests.ts";
import { type RunningServer, startServer } from "./server-process.ts";

const waitMs = 60_000;

test("a changed event is an incident soon after the next start, and names the event", async (context) => {
  const directory = mkdtempSync(join(tmpdir(), "midwatch-broken-"));
  const data = join(directory, "data");
  let running: RunningServer | undefined;
  context.after(async () => {
    await running?.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const tools = { clock: Date.now, randomBytes: (count: number) => new Uint8Array(randomBytes(count)) };
  const start = async (): Promise<RunningServer> => {
    running = await startServer({
      ...tools,
      config: loadConfig({ data, listen: "127.0.0.1:0" }, { MIDWATCH_ACCESS: "open" }).values,
      note: () => {},
      pid: process.pid,
      hostname: "test-host",
      pageDirectory: directory,
    });
    return running;
  };

  const first = await start();
  const { key } = await makeKey(first.control, { name: "test", scopes: ["send"] }, tools);
  const event = recordAgo(0, { message: "paid 100" });
  const body = ndjson([event, recordAgo(0, { message: "a neighbour" })]);
  const headers = { authorization: `Bearer ${key}` };
  assert.equal((await fetch(`${first.address}/v1/events`, { method: "POST", headers, body })).status, 200);
  await first.settled();
  await first.close();

  const engine = await startEngine({ directory: join(data, "engine") });
  const ask = engineBytes(engine.socketPath);
  // A column with an index of words cannot be updated as long as it has the index.
  await ask("ALTER TABLE events DROP INDEX message_words SETTINGS mutations_sync = 2", {});
  await ask(
    "ALTER TABLE events UPDATE message = 'paid 900' WHERE message = 'paid 100' SETTINGS mutations_sync = 2",
    {},
  );
  await engine.close();

  const second = await start();
  const endMs = Date.now() + waitMs;
  const incident = async () => {
    const answer = await fetch(`${second.address}/api/v1/incidents`);
    const { rows } = (await answer.json()) as {
      readonly rows: readonly { kind: string; because: string; severity: string }[];
    };
    return rows.find(({ kind }) => kind === "midwatch");
  };
  let found = await incident();
  while (found === undefined && Date.now() < endMs) {
    await sleep(200);
    found = await incident();
  }
  assert.equal(found?.severity, "critical");
  assert.match(
    found?.because ?? "",
    /What is stored is not what was sealed: 1 finding; the first is T1 in segment \d+: .*the event was changed/,
  );
});
