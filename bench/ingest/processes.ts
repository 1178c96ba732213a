/** What processes cost, as Linux counts it in /proc, and how they are waited for. */
import type { ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** A tick of /proc in microseconds: 100 a second on every Linux we meet. */
const tickMicros = 10_000;

type Stat = { readonly parent: number; readonly ticks: number };

/** Own and awaited children's time; `undefined` once the process is gone. */
function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name in parentheses may hold anything; fields are counted behind it.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const ticks = [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0);
    return { parent: Number(fields[1]), ticks };
  } catch {
    return undefined;
  }
}

/** A process and all its descendants. */
export function processTree(root: number): readonly number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    const stat = pid > 0 ? statOf(pid) : undefined;
    if (stat) children.set(stat.parent, [...(children.get(stat.parent) ?? []), pid]);
  }
  const found: number[] = [];
  const open = [root];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    found.push(pid);
    open.push(...(children.get(pid) ?? []));
  }
  return found;
}

/** Processor time of a process and its descendants since they began. */
export function cpuMicros(root: number): number {
  return processTree(root).reduce((sum, pid) => sum + (statOf(pid)?.ticks ?? 0) * tickMicros, 0);
}

/** Largest resident memory that each of them had, added up. */
export function peakRssBytes(root: number): number {
  return processTree(root).reduce((sum, pid) => {
    try {
      return (
        sum + Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0) * 1024
      );
    } catch {
      return sum;
    }
  }, 0);
}

/** Until `isDone` says so; throws after `timeoutMs` with what was waited for. */
export async function waitUntil(
  what: string,
  timeoutMs: number,
  isDone: () => boolean | Promise<boolean>,
): Promise<void> {
  const untilMs = performance.now() + timeoutMs;
  while (!(await isDone())) {
    if (performance.now() > untilMs) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await sleep(20);
  }
}

/** Asks a process to end, and sees to it. */
export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 20_000);
  await gone;
  clearTimeout(timer);
}

/** What one way of taking in events cost. */
export type Measured = {
  readonly events: number;
  readonly wallMs: number;
  readonly cpuMicros: number;
};

export function eventsPerSecond({ events, wallMs }: Measured): number {
  return Math.round((events / wallMs) * 1000);
}

export function cpuMicrosPerEvent({ events, cpuMicros }: Measured): number {
  return Math.round((cpuMicros / events) * 100) / 100;
}
