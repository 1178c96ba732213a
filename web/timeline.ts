/**
 * The life of a run as rows on one axis of time: the request that asked for it, the wait, each
 * attempt with its worker, the waits between attempts, and what it caused. Pure.
 */
import type { Run, RunDetail } from "../src/api/schemas.ts";
import type { RunState } from "../src/model/run.ts";
import type { StoredEvent } from "../src/store/store.ts";
import { age, duration, relative } from "./words.ts";

export type TimelineRow = {
  readonly key: string;
  readonly label: string;
  readonly about: string;
  /** A bar for work, a line for waiting, a dashed line for waiting that is still ahead. */
  readonly shape: "bar" | "wait" | "ahead";
  /** Absent for work that has no state, such as a request. */
  readonly state?: RunState;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly words: string;
  readonly runId?: string;
};

export type Timeline = {
  readonly rows: readonly TimelineRow[];
  readonly fromMs: number;
  readonly untilMs: number;
};

const ms = (time: string): number => Date.parse(time);

export function timelineOf(detail: RunDetail, requests: readonly StoredEvent[], nowMs: number): Timeline {
  const { run } = detail;
  const others = [...detail.trace].sort((a, b) => beganMs(a) - beganMs(b));
  const before = others.filter((other) => other.runId === run.parentRunId);
  const after = others.filter((other) => other.runId !== run.parentRunId);
  const rows = [
    ...requests.map(requestRow),
    ...before.map((other) => otherRow(other, "asked for by", nowMs)),
    ...ownRows(detail, nowMs),
    ...after.map((other) =>
      otherRow(other, other.parentRunId === run.runId ? "asked for" : "same trace", nowMs),
    ),
  ];
  const fromMs = Math.min(...rows.map((row) => row.fromMs));
  const untilMs = Math.max(...rows.map((row) => row.untilMs), fromMs + 1);
  return { rows, fromMs, untilMs };
}

function requestRow(event: StoredEvent): TimelineRow {
  const untilMs = ms(event.time);
  const took = event.duration_ms ?? 0;
  return {
    key: event.id,
    label: event.message ?? "Request",
    about: [event.runtime, event.host].filter((one) => one !== undefined).join(" · "),
    shape: "bar",
    fromMs: untilMs - took,
    untilMs,
    words: duration(took),
  };
}

function ownRows({ run, attempts }: RunDetail, nowMs: number): readonly TimelineRow[] {
  const rows: TimelineRow[] = [];
  const firstStart = attempts.find((attempt) => attempt.startedTime !== undefined)?.startedTime;
  const open = run.state === "waiting" || run.state === "running";
  if (run.enqueuedTime !== undefined) {
    const fromMs = ms(run.enqueuedTime);
    const untilMs =
      firstStart === undefined ? (open ? nowMs : ms(run.lastTime)) : Math.max(fromMs, ms(firstStart));
    rows.push(waitRow("wait-0", "Enqueued", run.queue ?? "", fromMs, untilMs));
  }
  attempts.forEach((attempt, index) => {
    const startTime = attempt.startedTime ?? attempt.endedTime;
    if (startTime === undefined) return;
    const fromMs = ms(startTime);
    const untilMs =
      attempt.endedTime === undefined ? Math.max(nowMs, fromMs) : Math.max(ms(attempt.endedTime), fromMs);
    rows.push({
      key: `attempt-${attempt.number}`,
      label: `Attempt ${attempt.number}`,
      about: workerWords(attempt.worker),
      shape: "bar",
      // An attempt that was retried failed; that it heals is said by the attempt after it.
      state: attempt.state,
      fromMs,
      untilMs,
      words: duration(attempt.durationMs ?? untilMs - fromMs),
    });
    const next = attempts[index + 1]?.startedTime;
    if (next !== undefined && ms(next) > untilMs) {
      const due = attempt.nextTime === undefined ? "" : dueWords(ms(attempt.nextTime) - untilMs);
      rows.push(waitRow(`wait-${attempt.number}`, "Wait", due, untilMs, ms(next)));
    } else if (next === undefined && run.state === "retrying") {
      const dueMs = attempt.nextTime === undefined ? nowMs : ms(attempt.nextTime);
      const about =
        dueMs > nowMs ? `next attempt ${relative(dueMs, nowMs)}` : `was due ${relative(dueMs, nowMs)}`;
      rows.push({
        ...waitRow(`wait-${attempt.number}`, "Wait", about, untilMs, Math.max(dueMs, nowMs)),
        shape: "ahead",
      });
    }
  });
  return rows;
}

function dueWords(inMs: number): string {
  return inMs < 1000 ? "due at once" : `due in ${age(inMs)}`;
}

function waitRow(key: string, label: string, about: string, fromMs: number, untilMs: number): TimelineRow {
  return { key, label, about, shape: "wait", fromMs, untilMs, words: duration(untilMs - fromMs) };
}

function beganMs(run: Run): number {
  return ms(run.startedTime ?? run.enqueuedTime ?? run.lastTime);
}

function otherRow(run: Run, about: string, nowMs: number): TimelineRow {
  const fromMs = beganMs(run);
  const untilMs = run.state === "running" ? nowMs : Math.max(ms(run.endedTime ?? run.lastTime), fromMs);
  return {
    key: run.runId,
    label: run.job ?? run.runId,
    about: [about, run.host].filter((one) => one !== undefined).join(" · "),
    shape: "bar",
    state: run.state,
    fromMs,
    untilMs,
    words: duration(run.durationMs ?? untilMs - fromMs),
    runId: run.runId,
  };
}

/** `web-3:4410:884213` is a name for ever; people look for host and process. */
export function workerWords(worker: string | undefined): string {
  const match = /^(.+):(\d+):\d+$/.exec(worker ?? "");
  return match ? `${match[1]}, process ${match[2]}` : (worker ?? "");
}
