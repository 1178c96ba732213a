import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { causeInMessages, parseMessage } from "./cause.ts";

const read = (text: string, seconds = 500) => ({ sinceBootSeconds: seconds, text });
const worker = { pid: 4711, startTicks: 40_000 };

describe("the kernel's messages", () => {
  test("are read with their time since the start of the machine", () => {
    assert.deepEqual(parseMessage("3,1234,512345678,-;Killed process 1\n SUBSYSTEM=x\n"), {
      sinceBootSeconds: 512.345678,
      text: "Killed process 1",
    });
    assert.equal(parseMessage("nonsense"), undefined);
  });

  test("tell of a kill for want of memory, in every wording of the last ten years", () => {
    for (const text of [
      "Out of memory: Killed process 4711 (ruby) total-vm:100kB, anon-rss:50kB",
      "Memory cgroup out of memory: Killed process 4711 (ruby) total-vm:100kB",
      "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,task=ruby,pid=4711,uid=0",
    ]) {
      const cause = causeInMessages([read("other"), read(text)], worker);
      assert.equal(cause?.errorClass, "WorkerKilledForMemory", text);
      assert.equal(cause.signal, "SIGKILL");
      assert.equal(cause.evidence, text);
    }
  });

  test("tell of a crash", () => {
    for (const text of [
      "ruby[4711]: segfault at 0 ip 000055 sp 00007f error 4 in libruby.so",
      "traps: ruby[4711] general protection fault ip:7f sp:7f error:0 in libruby.so",
    ]) {
      assert.equal(causeInMessages([read(text)], worker)?.errorClass, "WorkerCrashed", text);
    }
  });

  test("of another process, or of an earlier one with the same pid, say nothing", () => {
    for (const message of [
      read("Out of memory: Killed process 47110 (ruby) total-vm:100kB"),
      read("Out of memory: Killed process 471 (ruby) total-vm:100kB"),
      read("Out of memory: Killed process 4711 (ruby) total-vm:100kB", 100),
      read("oom-kill:constraint=NONE,task=ruby,pid=47111,uid=0"),
    ]) {
      assert.equal(causeInMessages([message], worker), undefined, message.text);
    }
  });
});
