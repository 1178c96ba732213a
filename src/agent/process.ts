/**
 * What /proc says about processes. A process is named by its pid and its start time (field 22 of
 * /proc/PID/stat, in ticks since boot), because a pid alone is soon given to somebody else.
 */
import { readdirSync, readFileSync } from "node:fs";
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

export function lifeOf(name: ProcessName): Life {
  const stat = readStat(name.pid);
  if (stat?.startTicks === name.startTicks) return isOver(stat) ? "gone" : "alive";
  if (!stat && isHidden(name.pid)) return "unseen";
  return containedPid(name) === undefined ? "gone" : "alive";
}

/** The pid by which a process is known here, if it lives; in a container it has another. */
export function pidHere(name: ProcessName): number | undefined {
  return readStat(name.pid)?.startTicks === name.startTicks ? name.pid : containedPid(name);
}

function isOver({ state }: Stat): boolean {
  return "ZXx".includes(state);
}

function isHidden(pid: number): boolean {
  try {
    kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * Processes of containers on this machine by the pid that they have there, which means another
 * process here, or none. Looking at all processes is dear, so it is done anew only after a while, or
 * where a process may have begun since.
 */
let contained: { readonly pids: ReadonlyMap<string, number>; readonly lookedTicks: number } | undefined;
const containedLookTicks = 500;

export function containedPid({ pid, startTicks }: ProcessName): number | undefined {
  const nowTicks = uptimeSeconds() * ticksPerSecond;
  const isOld =
    !contained ||
    nowTicks - contained.lookedTicks > containedLookTicks ||
    startTicks >= contained.lookedTicks - 1;
  if (isOld) contained = { pids: pidsInContainers(), lookedTicks: nowTicks };
  return contained?.pids.get(`${pid}:${startTicks}`);
}

function pidsInContainers(): ReadonlyMap<string, number> {
  const pids = new Map<string, number>();
  for (const outer of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const inner = innerPid(outer);
    const stat = inner === undefined ? undefined : readStat(Number(outer));
    if (stat && !isOver(stat)) pids.set(`${inner}:${stat.startTicks}`, Number(outer));
  }
  return pids;
}

/** Its pid in the innermost of its namespaces; `undefined` where that is ours. */
function innerPid(outer: string): string | undefined {
  try {
    const all =
      /^NSpid:\s+(.+)$/m.exec(readFileSync(`/proc/${outer}/status`, "latin1"))?.[1]?.split("\t") ?? [];
    return all.length > 1 ? all.at(-1) : undefined;
  } catch {
    return undefined;
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
