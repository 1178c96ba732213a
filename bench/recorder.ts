/** What the recorder adds to a Delayed::Job job, in microseconds, beside the same job without it. */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

export const about = "microseconds a Delayed::Job event and job cost, without and with the recorder";

const root = new URL("..", import.meta.url).pathname;
/** Promise P1, for one event. */
const eventLimitUs = 50;

type Round = {
  readonly ruby: string;
  readonly delayed_job: string;
  readonly median_us: number;
  readonly event_us?: number;
  readonly enqueue_us?: number;
  readonly events?: number;
};

export async function run(options: {
  quick: boolean;
  directory: string;
}): Promise<{ figures: Record<string, number>; lines: readonly string[] }> {
  const jobs = options.quick ? 3000 : 15_000;
  const measure = (mode: "with" | "without"): Round => {
    const spool = join(options.directory, mode);
    mkdirSync(spool, { recursive: true });
    const { stdout, stderr, status } = spawnSync(
      "ruby",
      [`${root}bench/recorder.rb`, spool, String(jobs), mode],
      { encoding: "utf8" },
    );
    if (status !== 0) throw new Error(`bench/recorder.rb: ${stderr}`);
    return JSON.parse(stdout) as Round;
  };
  const without = measure("without");
  const recorded = measure("with");
  const eventUs = recorded.event_us ?? Number.NaN;
  if (!((recorded.events ?? 0) > jobs)) throw new Error(`only ${recorded.events} events were recorded`);
  const addedUs = recorded.median_us - without.median_us;
  return {
    figures: {
      event_us: eventUs,
      event_share_of_limit: eventUs / eventLimitUs,
      enqueue_us: recorded.enqueue_us ?? Number.NaN,
      job_us: without.median_us,
      recorded_job_us: recorded.median_us,
      added_us_per_job: addedUs,
    },
    lines: [
      `Ruby ${without.ruby}, Delayed::Job ${without.delayed_job}, ${jobs} jobs`,
      `one event: ${eventUs.toFixed(1)} µs, ${((100 * eventUs) / eventLimitUs).toFixed(0)} % of the limit of ${eventLimitUs} µs`,
      `asking for a job (ids, arguments, event): ${(recorded.enqueue_us ?? Number.NaN).toFixed(1)} µs`,
      `one job without ${without.median_us.toFixed(1)} µs, with ${recorded.median_us.toFixed(1)} µs (start and end): +${addedUs.toFixed(1)} µs`,
    ],
  };
}
