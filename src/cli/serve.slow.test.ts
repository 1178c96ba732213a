/** The server as a process: started, told to stop, started again. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { EventPage, OverviewAnswer } from "../api/schemas.ts";

const main = fileURLToPath(new URL("main.ts", import.meta.url));
let directory = "";
before(() => {
  directory = mkdtempSync(join(tmpdir(), "midwatch-serve-"));
});
after(() => rmSync(directory, { recursive: true, force: true }));

type Serving = { readonly child: ChildProcess; readonly address: string; readonly notes: () => string };

async function serve(): Promise<Serving> {
  const data = join(directory, "data");
  const child = spawn(process.execPath, [main, "serve", "--data", data, "--listen", "127.0.0.1:0"], {
    env: { MIDWATCH_ACCESS: "open", MIDWATCH_LOG_FORMAT: "json", HOME: directory },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let notes = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    notes += text;
  });
  let out = "";
  for await (const text of child.stdout.setEncoding("utf8")) {
    out += text as string;
    if (/on watch: http\S+\/\n[^]*\n$/.test(out)) break;
  }
  const address = /on watch: (http:\/\/\S+)\//.exec(out)?.[1] ?? "";
  assert.notEqual(address, "", `${out}${notes}`);
  if (!/keys add/.test(out)) notes += "no welcome";
  return { child, address, notes: () => notes };
}

test("a first visit shows Midwatch's own jobs; SIGTERM ends in order, and the next start has them still", async () => {
  const first = await serve();
  assert.equal(statSync(join(directory, "data")).mode & 0o777, 0o700);
  assert.doesNotMatch(first.notes(), /no welcome/, "a first start says how to make a key");
  const read = async <Answer>(address: string, path: string): Promise<Answer> =>
    (await (await fetch(address + path)).json()) as Answer;
  const own = "/api/v1/events?service=midwatch&kind=job.succeeded&job=midwatch.check_spool";
  let seen: EventPage = { rows: [], next: null };
  while (seen.rows.length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    seen = await read<EventPage>(first.address, own);
  }
  assert.equal(seen.rows[0]?.runtime, "midwatch");

  // A listener of the tail does not keep the server from ending.
  const tail = await fetch(`${first.address}/api/v1/tail`);
  first.child.kill("SIGTERM");
  const [code] = (await once(first.child, "exit")) as [number];
  await tail.text().catch(() => "");
  assert.equal(code, 0, first.notes());
  assert.ok(!existsSync(join(directory, "data", "server.pid")));
  const lines = first
    .notes()
    .trim()
    .split("\n")
    .filter((line) => line.startsWith("{"));
  assert.ok(lines.length > 0);
  for (const line of lines) assert.ok((JSON.parse(line) as { severity: string }).severity !== "error", line);

  const second = await serve();
  const kept = await read<EventPage>(second.address, own);
  assert.ok(kept.rows.some((row) => row.id === seen.rows[0]?.id));
  assert.equal((await read<OverviewAnswer>(second.address, "/api/v1/overview")).server.engine, "up");
  second.child.kill("SIGINT");
  assert.equal(((await once(second.child, "exit")) as [number])[0], 0, second.notes());
});
