/** More and stranger than anybody has: thousands of jobs, names that fill a screen, and lines without end. */
import { randomBytes } from "node:crypto";
import type { EventRecord } from "../../src/model/event.ts";
import { formatTime } from "../../src/model/time.ts";
import { uuidv7 } from "../../src/model/uuid.ts";

/** One run of each; two hundred of them are due daily, so that each of these has a row on the board. */
export function manyJobs(nowMs: number, count: number): readonly EventRecord[] {
  const due = 200;
  return Array.from({ length: count + due }, (_, number): EventRecord => {
    // Twice the first ones, then one by one.
    const index = number < 2 * due ? number : 2 * (number - due);
    const atMs = nowMs - 7_200_000 - index;
    return {
      id: uuidv7(atMs, randomBytes(10)),
      time: formatTime(Math.round(atMs * 1000)),
      stream: "jobs",
      kind: index % 2 === 0 ? "job.succeeded" : "schedule.declared",
      service: "many",
      environment: "production",
      host: "many-1",
      job: `Job${Math.floor(index / 2)}`,
      ...(index % 2 === 0
        ? { run_id: `many-${index}`, runtime: "celery", duration_ms: 5 }
        : {
            runtime: "celery",
            worker: "many-1:1:1",
            attributes: {
              entry: `entry-${index}`,
              schedule: { type: "crontab", expression: `${Math.floor(index / 2) % 60} 3 * * *` },
              time_zone: "UTC",
            },
          }),
    };
  });
}

export const strange = {
  longName: `Namespace::${"Segment::".repeat(55)}Job`.slice(0, 500),
  rightToLeft: "تقرير المبيعات اليومي \u202Eevil\u202C",
  longLine: `BEGIN ${"0123456789abcdef ".repeat(65_536)}END`,
} as const;

export function strangeEvents(nowMs: number): readonly EventRecord[] {
  const at = (agoMs: number, more: Partial<EventRecord>): EventRecord => ({
    id: uuidv7(nowMs - agoMs, randomBytes(10)),
    time: formatTime(Math.round((nowMs - agoMs) * 1000)),
    stream: "jobs",
    kind: "job.failed",
    service: strange.rightToLeft,
    environment: "production",
    host: "strange-1",
    severity: "error",
    ...more,
  });
  return [
    at(9000, {
      job: strange.longName,
      run_id: "long-name",
      error_class: strange.longName,
      queue: strange.longName.slice(0, 255),
    }),
    at(8000, { job: strange.rightToLeft, run_id: "right-to-left", error_message: strange.rightToLeft }),
  ];
}

/** A line of one megabyte. */
export function longLine(nowMs: number): EventRecord {
  return {
    id: uuidv7(nowMs, randomBytes(10)),
    time: formatTime(Math.round(nowMs * 1000)),
    stream: "logs",
    kind: "log",
    service: "many",
    severity: "warn",
    message: strange.longLine,
  };
}
