/** The limit: the same bytes written to a file and synced after each batch, and nothing else. */
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Measured } from "./processes.ts";

export function writeAndSync(directory: string, batches: readonly Buffer[], events: number): Measured {
  const file = openSync(join(directory, "limit.ndjson"), "w");
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  for (const batch of batches) {
    writeSync(file, batch);
    fsyncSync(file);
  }
  const wallMs = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(cpuBefore);
  closeSync(file);
  return { events, wallMs, cpuMicros: user + system };
}
