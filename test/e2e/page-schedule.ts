/**
 * A day of schedules, as agents and recorders would write it down: a crontab that was changed by a
 * release, beat entries, and runs at their slots; the export of the night has none.
 */
import type { EventRecord } from "../../src/model/event.ts";
import { eventMaker } from "./page-event.ts";

const at = eventMaker({ host: "batch-1" });
const hourMs = 3_600_000;
const minuteMs = 60_000;

type Line = {
  readonly job: string;
  readonly expression: string;
  readonly everyMs: number;
  readonly offsetMs: number;
  readonly tookMs: number;
};

const crontab: readonly Line[] = [
  { job: "purge:sessions", expression: "*/30 * * * *", everyMs: 30 * minuteMs, offsetMs: 0, tookMs: 95_000 },
  {
    job: "inventory:sync",
    expression: "15 */12 * * *",
    everyMs: 12 * hourMs,
    offsetMs: 15 * minuteMs,
    tookMs: 47 * minuteMs,
  },
  {
    job: "search:reindex",
    expression: "0 */4 * * *",
    everyMs: 4 * hourMs,
    offsetMs: 0,
    tookMs: 14 * minuteMs,
  },
  { job: "ledger:export", expression: "0 */8 * * *", everyMs: 8 * hourMs, offsetMs: 0, tookMs: 6 * minuteMs },
];

/** Everything in the last 25 hours; the two newest slots of `ledger:export` were missed. */
export function schedules(nowMs: number): readonly EventRecord[] {
  const fromMs = nowMs - 25 * hourMs;
  const events: EventRecord[] = [];
  crontab.forEach(({ job, expression }, index) => {
    const attributes = {
      schedule: expression,
      crontab: "/etc/cron.d/shop",
      line: index + 1,
      reading: "reading-1",
      recorded: true,
      time_zone: "UTC",
    };
    events.push(at(fromMs, "schedule.installed", { job, runtime: "cron", attributes }));
  });
  const declared = (job: string, schedules: readonly string[]): EventRecord =>
    at(fromMs, "schedule.declared", {
      job,
      runtime: "whenever",
      attributes: { wrapped: true, schedules: [...schedules], time_zone: "UTC", file: "config/schedule.rb" },
    });
  events.push(declared("ledger:export", ["0 */8 * * *"]), declared("search:reindex", ["30 */4 * * *"]));
  events.push(
    at(fromMs, "schedule.declared", {
      job: "reports.tasks.rollup",
      runtime: "celery",
      host: "beat-1",
      worker: "beat-1:71:9",
      attributes: {
        entry: "hourly-rollup",
        schedule: { type: "crontab", expression: "10 * * * *" },
        time_zone: "Europe/Zurich",
      },
    }),
  );
  for (const line of crontab) events.push(...runsOf(line, fromMs, nowMs));
  events.push(
    ...runsOf(
      {
        job: "reports.tasks.rollup",
        expression: "",
        everyMs: hourMs,
        offsetMs: 10 * minuteMs,
        tookMs: 41_000,
      },
      fromMs,
      nowMs,
      "celery",
    ),
  );
  return events;
}

function runsOf(line: Line, fromMs: number, nowMs: number, runtime = "cron"): readonly EventRecord[] {
  const { job, everyMs, offsetMs, tookMs } = line;
  const first = Math.ceil((fromMs - offsetMs) / everyMs) * everyMs + offsetMs;
  const slots: number[] = [];
  for (let slot = first; slot + 1500 < nowMs; slot += everyMs) slots.push(slot);
  return slots.flatMap((slot, index) => {
    if (job === "ledger:export" && index >= slots.length - 2) return [];
    const release = slot < nowMs - 9 * hourMs ? "4f2c1a" : "77d0e1";
    const about = {
      job,
      run_id: `${job}-${slot}`,
      runtime,
      release,
      attempt: 1,
      worker: runtime === "celery" ? "batch-1:310:7" : `batch-1:${index}:1`,
    };
    const start = at(slot + 1000, "job.started", about);
    const end = slot + 1000 + tookMs;
    if (end > nowMs) return [start];
    const fails = job === "search:reindex" && index === 3;
    const error = {
      severity: "error",
      error_class: "ExitStatus",
      error_message: "exit 1",
      exit_code: 1,
      fingerprint: "exit0001",
    } as const;
    return [
      start,
      fails
        ? at(end, "job.failed", { ...about, duration_ms: tookMs, ...error })
        : at(end, "job.succeeded", { ...about, duration_ms: tookMs, exit_code: 0 }),
    ];
  });
}
