/** An erasure on a running server: two persons, a statement for ever, and nothing of the content left. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { makeKey } from "../access/keyring.ts";
import { runProgram } from "./program.ts";
import { ndjson, recordAgo, type ServerForTests, startServerForTests } from "./server-for-tests.ts";
import { plainTerminal } from "./terminal.ts";

const secret = "hunter2-is-the-password";
let server: ServerForTests;
const keys: Record<string, string> = {};

before(async () => {
  server = await startServerForTests({ access: "people" });
  for (const name of ["alice", "bob", "carol"]) {
    const scopes = name === "carol" ? (["read"] as const) : (["admin"] as const);
    const tools = { clock: Date.now, randomBytes: (count: number) => new Uint8Array(randomBytes(count)) };
    keys[name] = join(server.directory, `${name}.key`);
    writeFileSync(keys[name], (await makeKey(server.control, { name, scopes: [...scopes] }, tools)).key);
  }
});
after(() => server.close());

async function midwatch(
  ...words: readonly string[]
): Promise<{ readonly code: number; readonly out: string }> {
  let out = "";
  const terminal = {
    ...plainTerminal,
    clock: Date.now,
    write: async (text: string) => {
      out += text;
    },
    note: (line: string) => {
      out += `${line}\n`;
    },
  };
  return { code: await runProgram(words, terminal), out };
}

const as = (name: string): readonly string[] => ["--server", server.address, "--key-file", keys[name] ?? ""];

test("what one asks for and another agrees to is gone from events and runs, and stays proven", async () => {
  const run = { run_id: "run-1", job: "ReportJob", stream: "jobs", runtime: "delayed_job" } as const;
  const failure = recordAgo(1000, {
    ...run,
    kind: "job.failed",
    error_class: "PG::Error",
    error_message: `could not connect with ${secret}`,
  });
  const others = [
    recordAgo(2000, { ...run, kind: "job.started" }),
    recordAgo(500, { message: "a neighbour" }),
  ];
  assert.equal((await server.post(ndjson([failure, ...others]))).status, 200);
  await server.settled();

  const reason = "it holds a password, ticket 4711";
  assert.equal(
    (await midwatch("erase", "ask", failure.id, "--reason", reason, ...as("carol"))).code !== 0,
    true,
  );
  const asked = await midwatch("erase", "ask", failure.id, "--reason", reason, ...as("alice"));
  assert.equal(asked.code, 0, asked.out);
  const id = asked.out.trim().split("\n").at(-1) ?? "";
  const alone = await midwatch("erase", "approve", id, ...as("alice"));
  assert.match(alone.out, /Another person than the one who asked must agree/);
  assert.notEqual(await server.events.event(failure.id), undefined);

  const agreed = await midwatch("erase", "approve", id, ...as("bob"));
  assert.equal(agreed.code, 0, agreed.out);
  assert.match(agreed.out, /Not reached: backups and bundles/);
  assert.equal(await server.events.event(failure.id), undefined);
  const row = (await server.events.run("run-1")) ?? assert.fail("the run is gone");
  assert.equal(row.errorClass, "PG::Error");
  assert.equal(row.errorMessage, "(erased)");
  assert.match((await midwatch("erase", "list", ...as("bob"))).out, /done .*alice +bob +it holds a password/);
  assert.match((await midwatch("erase", "approve", id, ...as("bob"))).out, /is done already/);

  const data = join(server.directory, "data");
  const key = join(data, "ledger/key.public");
  const verified = await midwatch("verify", "--data", data, "--key", key);
  assert.equal(verified.code, 0, verified.out);
  assert.match(verified.out, /1 erased/);
  // Parts that were written anew stay in the engine's folder for some minutes, where nothing asks them.
  const { stdout, status } = spawnSync("grep", ["-rlF", secret, join(data, "spool"), join(data, "ledger")], {
    encoding: "utf8",
  });
  assert.deepEqual([stdout, status], ["", 1]);
});
