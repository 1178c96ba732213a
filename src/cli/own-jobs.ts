/**
 * Midwatch's own scheduled jobs, recorded like anybody's: each run has a slot, a start and an end.
 * The first runs come right after the start, so that a first visit shows something true.
 */
import { Cron } from "croner";
import type { Clock } from "../model/time.ts";
import { uuidv7 } from "../model/uuid.ts";
import type { OwnEvents } from "./own-events.ts";

export type OwnJob = {
  readonly name: string;
  /** Five fields of cron, in UTC. */
  readonly schedule: string;
  /** Resolves to a sentence that says what was done. */
  readonly run: () => Promise<string>;
};

export type OwnJobs = {
  /** Lets running jobs end. */
  readonly close: () => Promise<void>;
};

export type OwnJobsOptions = {
  readonly jobs: readonly OwnJob[];
  readonly events: Pick<OwnEvents, "record">;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly report: (message: string) => void;
};

export function startOwnJobs(options: OwnJobsOptions): OwnJobs {
  const running = new Set<Promise<void>>();
  const begin = (job: OwnJob): Promise<void> => {
    const run = runRecorded(job, options).finally(() => running.delete(run));
    running.add(run);
    return run;
  };
  // `protect`: a run that takes longer than its interval is not joined by a second one.
  const crons = options.jobs.map(
    (job) => new Cron(job.schedule, { timezone: "UTC", protect: true, unref: true }, () => begin(job)),
  );
  for (const job of options.jobs) void begin(job);
  return {
    close: async () => {
      for (const cron of crons) cron.stop();
      await Promise.all(running);
    },
  };
}

async function runRecorded(
  job: OwnJob,
  { events, clock, randomBytes, report }: OwnJobsOptions,
): Promise<void> {
  const startedMs = clock();
  const about = { job: job.name, run_id: uuidv7(startedMs, randomBytes(10)), attempt: 1 };
  events.record("job.started", { ...about, attributes: { schedule: job.schedule } }, startedMs);
  try {
    const message = await job.run();
    const endedMs = clock();
    const took = { duration_ms: endedMs - startedMs, outcome: "succeeded" };
    events.record("job.succeeded", { ...about, ...took, severity: "info", message }, endedMs);
  } catch (error) {
    const endedMs = clock();
    const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
    report(`The job ${job.name} failed: ${message}`);
    events.record(
      "job.failed",
      {
        ...about,
        duration_ms: endedMs - startedMs,
        outcome: "failed",
        severity: "error",
        error_class: name,
        error_message: message,
        ...(stack !== undefined && { error_stack: stack }),
      },
      endedMs,
    );
  }
}
