/** A control group with little memory, in which the kernel really kills. Root only. */
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export type MemoryGroup = { readonly path: string; readonly remove: () => void };

/** A group of either hierarchy, or the reason why there is none. */
export function memoryGroup(name: string, bytes: number): MemoryGroup | { readonly because: string } {
  if (process.getuid?.() !== 0) return { because: "only root may make a control group" };
  const older = existsSync("/sys/fs/cgroup/memory/memory.limit_in_bytes");
  const path = join(
    older ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup",
    `midwatch-test-${name}-${process.pid}`,
  );
  try {
    mkdirSync(path);
    writeFileSync(join(path, older ? "memory.limit_in_bytes" : "memory.max"), String(bytes));
    return { path, remove: () => rmdirSync(path) };
  } catch (error) {
    return { because: `no control group with a limit can be made here: ${String(error)}` };
  }
}
