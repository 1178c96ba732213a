import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { after, test } from "node:test";
import type { OwnEvent } from "./own.ts";
import { startTicksOf } from "./process.ts";
import { PumaProcesses } from "./puma-processes.ts";

const children: ChildProcess[] = [];
after(() => {
  for (const child of children) child.kill("SIGKILL");
});

async function begun(): Promise<number> {
  const child = spawn("/bin/sleep", ["600"], { stdio: "ignore" });
  children.push(child);
  await once(child, "spawn");
  return child.pid as number;
}

async function kill(pid: number): Promise<void> {
  const child = children.find((one) => one.pid === pid) as ChildProcess;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

type Worker = { readonly index: number; readonly pid: number; readonly phase: number };

function answer(main: number, workers: readonly Worker[] = []): OwnEvent {
  return { kind: "puma.stats", worker: `app-1:${main}:${startTicksOf(main)}`, attributes: { workers } };
}

function told(events: readonly OwnEvent[]): readonly string[] {
  return events.map(({ kind, worker }) => `${kind} ${worker?.split(":")[1]}`);
}

test("a worker that Puma replaced within a phase is lost; one that a new phase replaced has stopped", async () => {
  const processes = new PumaProcesses();
  const [main, first, second] = [await begun(), await begun(), await begun()];
  const one = (pid: number, phase: number): Worker => ({ index: 0, pid, phase });
  assert.deepEqual(told(processes.follow("shop", answer(main, [one(first, 0)]))), [
    `worker.heartbeat ${first}`,
  ]);
  assert.deepEqual(told(processes.follow("shop", answer(main, [one(first, 0)]))), []);
  await kill(first);
  const [lost, next] = processes.follow("shop", answer(main, [one(second, 0)]));
  assert.deepEqual(told([lost ?? {}, next ?? {}] as OwnEvent[]), [
    `worker.lost ${first}`,
    `worker.started ${second}`,
  ]);
  assert.deepEqual([lost?.runtime, lost?.service, lost?.error_class], ["puma", "shop", "WorkerLost"]);
  const third = await begun();
  await kill(second);
  assert.deepEqual(told(processes.follow("shop", answer(main, [one(third, 1)]))), [
    `worker.stopped ${second}`,
    `worker.started ${third}`,
  ]);
  await kill(third);
  assert.deepEqual(told(processes.follow("shop", answer(main))), [`worker.started ${main}`], "waits a look");
});

test("a Puma whose place another takes has stopped; one that leaves nobody behind is lost", async () => {
  const processes = new PumaProcesses();
  const [first, second] = [await begun(), await begun()];
  assert.deepEqual(told(processes.follow("shop", answer(first))), [`worker.heartbeat ${first}`]);
  assert.deepEqual(processes.follow("shop", undefined), [], "it lives and does not answer");
  await kill(first);
  assert.deepEqual(told(processes.follow("shop", answer(second))), [
    `worker.stopped ${first}`,
    `worker.started ${second}`,
  ]);
  await kill(second);
  assert.deepEqual(processes.follow("shop", undefined), [], "another may be about to begin");
  const events = processes.follow("shop", undefined);
  assert.deepEqual(told(events), [`worker.lost ${second}`]);
  assert.match(events[0]?.message ?? "", /Puma \(pid \d+\) is gone\. What ended it is not known/);
  assert.deepEqual(processes.follow("shop", undefined), [], "told once");
});
