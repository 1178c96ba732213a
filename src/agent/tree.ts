/** What a process and all its descendants use, read from /proc while they run. */
import { readFileSync } from "node:fs";
import { ticksPerSecond } from "./process.ts";

/** Processes that are looked at in one sample; a tree with more is measured in part. */
const processesMax = 1000;

/** Resident bytes of the tree now. Memory that processes share is counted for each of them. */
export function residentBytes(root: number): number {
  let sum = 0;
  const waiting = [root];
  for (let looked = 0; waiting.length > 0 && looked < processesMax; looked++) {
    const pid = waiting.pop() as number;
    sum += Number(/^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
    const children = read(`/proc/${pid}/task/${pid}/children`).trim();
    if (children !== "") waiting.push(...children.split(" ").map(Number));
  }
  return sum;
}

/** The largest that one process has been, which a sample between two looks would miss. */
export function peakBytes(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}

/** Processor time of all descendants of this process that have ended and were waited for. */
export function endedChildrenMs(): number {
  const text = read("/proc/self/stat");
  const rest = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return ((Number(rest[13]) + Number(rest[14])) * 1000) / ticksPerSecond;
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
