/** Billing: a Celery worker and beat, on a Redis of their own. */
import { type ChildProcess, spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Room } from "./cron.ts";
import { accepts, eventually, freePort, type Processes, root } from "./processes.ts";

export const billingPackages: readonly string[] = ["redis-server", "python3-celery", "python3-redis"];

/** Debian's Python: a newer one on the path does not see Debian's packages. */
const python = "/usr/bin/python3";
const directory = join(root, "playground/billing");

/** Why Celery cannot run here, if it cannot. */
export function billingIsMissing(): string | undefined {
  const has = (program: string, ...words: string[]): boolean => spawnSync(program, words).status === 0;
  if (!has("redis-server", "--version")) return "redis-server is not installed";
  if (!has(python, "-c", "import celery, redis")) return "Celery for Python is not installed";
  return undefined;
}

export type Billing = {
  readonly worker: ChildProcess;
  /** Environment for whoever wants to publish a task. */
  readonly environment: Readonly<Record<string, string>>;
  /** Asks for a few tasks; returns at once. */
  readonly tell: (beat: number) => void;
};

export type BillingMore = {
  /** The module that the worker runs, in a folder that is given if it is not ours. */
  readonly application?: string;
  readonly path?: string;
  /** Where it runs, if not on this system as it is. */
  readonly room?: Room | undefined;
};

export async function startBilling(
  processes: Processes,
  folder: string,
  spool: string,
  { application = "tasks", path = directory, room }: BillingMore = {},
): Promise<Billing> {
  const port = await freePort();
  const environment = {
    PYTHONPATH: `${join(root, "recorders/python")}:${directory}:${path}`,
    PYTHONDONTWRITEBYTECODE: "1",
    C_FORCE_ROOT: "1",
    MIDWATCH_SPOOL: spool,
    BILLING_BROKER: `redis://127.0.0.1:${port}/0`,
    EXPORT_ASKED: join(folder, "export.asked"),
  };
  const start = (program: string, words: readonly string[], output: string): ChildProcess =>
    processes.start({ program, words, environment, directory, room, output: join(folder, output) });
  start(
    "redis-server",
    ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder],
    "redis.log",
  );
  await eventually("Redis answers", () => accepts(port));
  const worker = start(
    python,
    ["-m", "celery", "-A", application, "worker", "-c", "2", "-l", "INFO", "-n", "billing@%h"],
    "celery.log",
  );
  start(python, ["-m", "celery", "-A", "tasks", "beat", "-s", join(folder, "beat")], "beat.log");
  const tell = (beat: number): void => {
    if (beat % 4 !== 0) return;
    const broken = beat % 20 === 0 ? "; tasks.broken.delay(7)" : "";
    const killed = beat % 48 === 0 ? "; tasks.killed.delay()" : "";
    const script = `import tasks; tasks.charge.delay(${beat}, fails=${beat % 8 === 0 ? 1 : 0})${broken}${killed}`;
    start(python, ["-c", script], "publish.log");
  };
  return { worker, environment, tell };
}
