/**
 * Why a process is gone, as far as this host can prove it: the kernel's messages, the count of
 * out-of-memory kills of its control group, and whether the machine was restarted. What cannot be
 * proven is not guessed.
 */
import { closeSync, constants, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { type ProcessName, ticksPerSecond } from "./process.ts";

/** The out-of-memory kills of a control group, as counted when the worker was first seen. */
export type MemoryGroup = { readonly path: string; readonly kills: number };

export type Cause = {
  readonly errorClass: string;
  /** A whole sentence, or empty where nothing is known. */
  readonly sentence: string;
  readonly signal?: string;
  /** What the sentence rests on: a line of the kernel, a counter, a boot id. */
  readonly evidence?: string;
};

export function causeOf(name: ProcessName, memory: MemoryGroup | undefined): Cause {
  return causeInMessages(kernelMessages(), name) ?? causeInGroup(memory) ?? unknownCause;
}

export const restartedCause: Cause = {
  errorClass: "HostRestarted",
  sentence: "The machine was restarted.",
};

const unknownCause: Cause = {
  errorClass: "WorkerLost",
  sentence: "What ended it is not known: nothing on this host tells the signal or exit code.",
};

export type KernelMessage = { readonly sinceBootSeconds: number; readonly text: string };

/** The first message that names this very process: the pid, and not before that process began. */
export function causeInMessages(
  messages: readonly KernelMessage[],
  { pid, startTicks }: ProcessName,
): Cause | undefined {
  const memory = new RegExp(`Killed process ${pid}(?: |,|$)|oom-kill:.*,pid=${pid}(?:,|$)`);
  const crash = new RegExp(`(?:^|\\s)\\S+\\[${pid}\\]:? (?:segfault|general protection|trap |bad frame)`);
  for (const { sinceBootSeconds, text } of messages) {
    // Start times are cut to hundredths of a second; the message's clock may run a little behind.
    if (sinceBootSeconds < startTicks / ticksPerSecond - 1) continue;
    if (memory.test(text)) {
      const sentence = "The kernel killed it because memory had run out.";
      return { errorClass: "WorkerKilledForMemory", sentence, signal: "SIGKILL", evidence: text };
    }
    if (crash.test(text)) {
      return { errorClass: "WorkerCrashed", sentence: "It crashed.", signal: "SIGSEGV", evidence: text };
    }
  }
  return undefined;
}

function causeInGroup(memory: MemoryGroup | undefined): Cause | undefined {
  const kills = memory && killsOf(memory.path);
  if (!memory || kills === undefined || kills <= memory.kills) return undefined;
  return {
    errorClass: "WorkerKilledForMemory",
    sentence: "The kernel killed a process of its control group because memory had run out.",
    signal: "SIGKILL",
    evidence: `oom_kill of ${memory.path} rose from ${memory.kills} to ${kills}`,
  };
}

/** Empty where the kernel's messages may not be read. */
function kernelMessages(): readonly KernelMessage[] {
  const messages: KernelMessage[] = [];
  let descriptor: number;
  try {
    descriptor = openSync("/dev/kmsg", constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return messages;
  }
  try {
    const bytes = Buffer.alloc(8192);
    for (;;) {
      try {
        const message = parseMessage(bytes.toString("utf8", 0, readSync(descriptor, bytes)));
        if (message) messages.push(message);
      } catch (error) {
        // A message that was overwritten while we read is skipped; anything else is the end.
        if ((error as NodeJS.ErrnoException).code !== "EPIPE") return messages;
      }
    }
  } finally {
    closeSync(descriptor);
  }
}

/** `priority,number,microseconds,flags;text`, then lines of key and value. */
export function parseMessage(record: string): KernelMessage | undefined {
  const match = /^\d+,\d+,(\d+),[^;]*;([^\n]*)/.exec(record);
  return match ? { sinceBootSeconds: Number(match[1]) / 1e6, text: match[2] as string } : undefined;
}

/** The memory control group of a living process; both hierarchies of control groups are known. */
export function memoryGroupOf(pid: number): MemoryGroup | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/cgroup`, "utf8");
  } catch {
    return undefined;
  }
  for (const line of text.split("\n").sort()) {
    const [number, controllers, path] = line.split(":");
    if (path === undefined || controllers === undefined) continue;
    const file =
      controllers === "memory"
        ? join("/sys/fs/cgroup/memory", path, "memory.oom_control")
        : number === "0" && join("/sys/fs/cgroup", path, "memory.events");
    const kills = file === false ? undefined : killsOf(file);
    if (file !== false && kills !== undefined) return { path: file, kills };
  }
  return undefined;
}

function killsOf(path: string): number | undefined {
  try {
    const match = /^oom_kill (\d+)$/m.exec(readFileSync(path, "utf8"));
    return match ? Number(match[1]) : undefined;
  } catch {
    return undefined;
  }
}
