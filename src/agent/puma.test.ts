import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startTicksOf } from "./process.ts";
import { PumaPoller } from "./puma.ts";

const folder = mkdtempSync(join(tmpdir(), "midwatch-puma-"));
const socket = join(folder, "control.sock");
const about = { host: hostname(), nowMs: Date.parse("2026-11-21T09:00:10Z") };
/** As Puma 5.6 answers in cluster mode. */
const cluster = {
  started_at: "2026-11-21T08:00:00Z",
  workers: 1,
  phase: 2,
  booted_workers: 1,
  worker_status: [
    {
      pid: process.pid,
      index: 0,
      phase: 2,
      booted: true,
      last_checkin: "2026-11-21T09:00:08Z",
      last_status: { backlog: 1, running: 3, pool_capacity: 1, max_threads: 3, requests_count: 40 },
    },
  ],
};
let server: Server;

before(async () => {
  server = createServer((request, response) => {
    response.statusCode = request.url === "/stats?token=of%20the%20state" ? 200 : 403;
    response.end(response.statusCode === 200 ? JSON.stringify(cluster) : "Invalid auth token");
  }).listen(socket);
  await once(server, "listening");
});
after(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

function stateFile(token: string): string {
  const path = join(folder, "puma.state");
  const lines = [
    "---",
    `pid: ${process.pid}`,
    `control_url: unix://${socket}`,
    `control_auth_token: ${token}`,
  ];
  writeFileSync(path, `${lines.join("\n")}\nrunning_from: "/srv/shop"\n`);
  return path;
}

test("a Puma that the state file names is asked, worker by worker, as its plugin would tell", async () => {
  const poller = new PumaPoller([{ service: "shop", place: stateFile("of the state") }]);
  const [event, ...others] = await poller.ask(about);
  assert.deepEqual(
    others.map(({ kind, worker, attributes }) => [kind, worker, attributes?.["index"]]),
    [["worker.heartbeat", `${hostname()}:${process.pid}:${startTicksOf(process.pid)}`, 0]],
  );
  assert.equal(event?.kind, "puma.stats");
  assert.equal(event.service, "shop");
  assert.equal(event.worker, `${hostname()}:${process.pid}:${startTicksOf(process.pid)}`);
  const { workers, ...sums } = event.attributes as Record<string, unknown> & {
    workers: Record<string, number>[];
  };
  assert.deepEqual(sums, {
    backlog: 1,
    running: 3,
    pool_capacity: 1,
    busy_threads: 2,
    max_threads: 3,
    requests_count: 40,
    phase: 2,
    recorded_by: "midwatch agent",
  });
  assert.deepEqual(
    [workers[0]?.["index"], workers[0]?.["last_checkin_ms"], workers[0]?.["busy_threads"]],
    [0, 2000, 2],
  );
  assert.ok((workers[0]?.["rss_bytes"] ?? 0) > 1e6 && (workers[0]?.["cpu_ms"] ?? 0) > 0);
});

test("one that does not answer is said once, and once when it answers again; the token is said never", async () => {
  const poller = new PumaPoller([{ service: "shop", place: stateFile("wrong-hunter2") }]);
  const first = await poller.ask(about);
  assert.deepEqual(await poller.ask(about), []);
  stateFile("of the state");
  const again = await poller.ask(about);
  assert.deepEqual(
    [...first, ...again].map(({ kind, severity }) => [kind, severity]),
    [
      ["log", "warn"],
      ["log", "info"],
      ["puma.stats", "info"],
      ["worker.heartbeat", undefined],
    ],
  );
  assert.match(first[0]?.message ?? "", /the token is refused/);
  assert.ok(!JSON.stringify(first).includes("hunter2"));
});
