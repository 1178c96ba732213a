/** A process that the kernel really kills for want of memory, and what is made of it. Root only. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { memoryGroup } from "../../test/memory-group.ts";
import { causeOf, memoryGroupOf } from "./cause.ts";
import { startTicksOf } from "./process.ts";

test("a worker that the kernel killed for want of memory is told from one that was killed", async (context) => {
  const group = memoryGroup("cause", 32 * 1024 * 1024);
  if ("because" in group) return context.skip(group.because);
  try {
    const script = 'echo $$ > "$0/cgroup.procs"; echo ready; read -r _; exec tail /dev/zero';
    const child = spawn("/bin/sh", ["-c", script, group.path], { stdio: ["pipe", "pipe", "ignore"] });
    await once(child.stdout, "data");
    const name = { pid: child.pid as number, startTicks: startTicksOf(child.pid as number) as number };
    const memory = memoryGroupOf(name.pid);
    assert.ok(memory?.path.includes(group.path), JSON.stringify(memory));
    assert.equal(causeOf(name, memory).errorClass, "WorkerLost", "it lives");
    const ended = once(child, "exit");
    child.stdin.end("grow\n");
    const [, signal] = (await ended) as [number, string];
    assert.equal(signal, "SIGKILL");
    await sleep(200);

    const cause = causeOf(name, memory);
    assert.equal(cause.errorClass, "WorkerKilledForMemory");
    assert.match(cause.evidence ?? "", new RegExp(`\\b${name.pid}\\b`), "the kernel's own words");
    // Where the kernel's messages cannot be read, the group's counter still tells.
    const unnamed = causeOf({ pid: name.pid, startTicks: 2 ** 40 }, memory);
    assert.equal(unnamed.errorClass, "WorkerKilledForMemory");
    assert.match(unnamed.evidence ?? "", /oom_kill of .* rose from \d+ to \d+/);
  } finally {
    group.remove();
  }
});
