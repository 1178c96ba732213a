import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { lifeOf, pidHere, startTicksOf } from "./process.ts";

const cannotContain =
  spawnSync("unshare", ["--pid", "--fork", "true"]).status !== 0 && "namespaces of pids cannot be made here";

test("a process is alive under its own start time, and gone under another's or when it has ended", async () => {
  const child = spawn("sleep", ["600"]);
  await once(child, "spawn");
  const name = { pid: child.pid ?? 0, startTicks: startTicksOf(child.pid ?? 0) ?? 0 };
  assert.equal(lifeOf(name), "alive");
  assert.equal(lifeOf({ ...name, startTicks: name.startTicks - 1 }), "gone");
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.equal(lifeOf(name), "gone");
});

test("a process of a container lives under the pid that it has there", { skip: cannotContain }, async () => {
  const script = "read -r stat < /proc/self/stat; echo $$ ${stat##*) }; exec sleep 600";
  const words = ["--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", script];
  const container = spawn("unshare", words, { stdio: ["ignore", "pipe", "inherit"] });
  const [said] = (await once(container.stdout, "data")) as [Buffer];
  const [pid, ...rest] = said.toString().trim().split(" ").map(Number);
  // The start time is the 22nd field; those from the third on were told.
  const name = { pid: pid ?? 0, startTicks: rest[19] ?? 0 };
  assert.equal(name.pid, 1);
  assert.notEqual(startTicksOf(1), name.startTicks);
  assert.equal(lifeOf(name), "alive");
  assert.equal(lifeOf({ ...name, pid: 2 }), "gone");
  assert.equal(startTicksOf(pidHere(name) ?? 0), name.startTicks);
  container.kill("SIGKILL");
  const deadline = Date.now() + 60_000;
  while (lifeOf(name) !== "gone" && Date.now() < deadline) await sleep(200);
  assert.equal(lifeOf(name), "gone");
});
