/** What the recorder adds to a Celery task, in microseconds, beside the same task without it. */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

export const about = "microseconds a Celery task costs, without and with the recorder";

const root = new URL("..", import.meta.url).pathname;
/** What all events of one task may cost together. */
const limitUs = 150;

type Round = {
  readonly python: string;
  readonly celery: string;
  readonly events: number;
  readonly median_us: number;
  readonly least_us: number;
};

export async function run(options: {
  quick: boolean;
  directory: string;
}): Promise<{ figures: Record<string, number>; lines: readonly string[] }> {
  const tasks = options.quick ? 3000 : 15_000;
  const measure = (mode: "with" | "without"): Round => {
    const spool = join(options.directory, mode);
    mkdirSync(spool, { recursive: true });
    const { stdout, stderr, status } = spawnSync(
      "/usr/bin/python3",
      [`${root}bench/celery_task.py`, spool, String(tasks), mode],
      { encoding: "utf8", env: { PYTHONPATH: `${root}recorders/python`, PYTHONDONTWRITEBYTECODE: "1" } },
    );
    if (status !== 0) throw new Error(`bench/celery_task.py: ${stderr}`);
    return JSON.parse(stdout) as Round;
  };
  const without = measure("without");
  const recorded = measure("with");
  if (recorded.events < tasks) throw new Error(`only ${recorded.events} events were recorded`);
  const addedUs = recorded.median_us - without.median_us;
  return {
    figures: {
      task_us: without.median_us,
      recorded_task_us: recorded.median_us,
      added_us_per_task: addedUs,
      share_of_limit: addedUs / limitUs,
    },
    lines: [
      `Python ${without.python}, Celery ${without.celery}, ${tasks} tasks, two events each`,
      `without ${without.median_us.toFixed(1)} µs, with ${recorded.median_us.toFixed(1)} µs a task: +${addedUs.toFixed(1)} µs, ${((100 * addedUs) / limitUs).toFixed(0)} % of the limit of ${limitUs} µs`,
    ],
  };
}
