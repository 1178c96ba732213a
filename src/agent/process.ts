/**
 * What /proc says about processes. A process is named by its pid and its start time (field 22 of
 * /proc/PID/stat, in ticks since boot), because a pid alone is soon given to somebody else.
 */
import { readFileSync } from "node:fs";
import { kill } from "node:process";

export type ProcessName = { readonly pid: number; readonly startTicks: number };

/** `host:pid:start-time`, as the field `worker` has it. */
export function parseWorker(worker: string): (ProcessName & { readonly host: string }) | undefined {
  const match = /^(.+):(\d{1,10}):(\d{1,16})$/.exec(worker);
  if (!match) return undefined;
  return { host: match[1] as string, pid: Number(match[2]), startTicks: Number(match[3]) };
}

/**
 * `unseen`: the process exists, but /proc is kept from us (hidepid), so its start time is unknown.
 * A zombie has ended: only its parent has not asked for its exit code yet.
 */
export type Life = "alive" | "gone" | "unseen";

export function lifeOf({ pid, startTicks }: ProcessName): Life {
  const stat = readStat(pid);
  if (stat) return stat.startTicks === startTicks && !"ZXx".includes(stat.state) ? "alive" : "gone";
  try {
    kill(pid, 0);
    return "unseen";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM" ? "unseen" : "gone";
  }
}

/** Start time of a process in ticks since boot; `undefined` where there is no such process. */
export function startTicksOf(pid: number): number | undefined {
  return readStat(pid)?.startTicks;
}

/** Processor time and resident memory of a process; `undefined` where there is no such process. */
export function usageOf(
  pid: number,
): { readonly processorMs: number; readonly residentBytes: number } | undefined {
  const stat = readStat(pid);
  return stat && { processorMs: stat.processorMs, residentBytes: stat.residentBytes };
}

type Stat = {
  readonly state: string;
  readonly startTicks: number;
  readonly processorMs: number;
  readonly residentBytes: number;
};

function readStat(pid: number): Stat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return undefined;
  }
  // The second field is the command's name in parentheses and may hold blanks and parentheses.
  const rest = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return {
    state: rest[0] ?? "",
    startTicks: Number(rest[19]),
    processorMs: ((Number(rest[11]) + Number(rest[12])) * 1000) / ticksPerSecond,
    residentBytes: Number(rest[21]) * pageBytes,
  };
}

/** Changes with every start of the machine. */
export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
}

/** Seconds since the machine started, as the kernel counts for start times. */
export function uptimeSeconds(): number {
  return Number(readFileSync("/proc/uptime", "latin1").split(" ")[0]);
}

/** Linux gives start times to user space in hundredths of a second on every architecture. */
export const ticksPerSecond = 100;
/** Of every kernel that Midwatch's dependencies are built for. */
const pageBytes = 4096;
