/** One run as people read it: what it is, what happened when, each attempt with its error and lines. */
import type { RunAttempt, RunDetail } from "../api/schemas.ts";
import type { EventRecord } from "../model/event.ts";
import { type Ink, stateSigns } from "./ink.ts";
import { printable, printableLines } from "./printable.ts";
import { eventLine, showCount, showDuration, showTime } from "./show.ts";

/** Frames of a stack that are shown; the page and `--json` have all. */
const framesShown = 8;
const linesShown = 200;

export function timelineLines(
  { run, attempts, events, lines, trace }: RunDetail,
  ink: Ink,
): readonly string[] {
  const [sign, color] = stateSigns[run.state];
  const about: readonly (readonly [string, string | undefined])[] = [
    ["run", run.runId],
    ["service", [run.service, run.environment].filter((part) => part !== undefined).join(", ") || undefined],
    ["runtime", run.runtime],
    ["queue", run.queue],
    ["asked for by", run.actor],
    ["parent run", run.parentRunId],
    ["trace", run.traceId],
    ["waited", run.waitMs === undefined ? undefined : showDuration(run.waitMs)],
  ];
  const enqueued = events.find((event) => event.kind === "job.enqueued");
  return [
    `${ink(color, `${sign} ${run.state}`)}  ${ink("bold", printable(run.job ?? "a job without a name"))}${run.sample ? "  (sample)" : ""}`,
    ...about.flatMap(([name, value]) =>
      value === undefined ? [] : [`  ${name.padEnd(12)} ${printable(value)}`],
    ),
    "",
    ...(enqueued ? [`${showTime(enqueued.time)}  enqueued`] : []),
    ...attempts.flatMap((attempt) => attemptLines(attempt, events, ink)),
    ...(lines.length > 0 ? ["", `${showCount(lines.length, "line")}:`] : []),
    ...lines.slice(0, linesShown).map((line) => `  ${eventLine(line, ink)}`),
    ...(lines.length > linesShown ? [`  … ${lines.length - linesShown} more; --json prints all`] : []),
    ...(trace.length > 0 ? ["", `${showCount(trace.length, "other run")} of the same trace:`] : []),
    ...trace.map(
      (other) =>
        `  ${stateSigns[other.state][0]} ${other.state}  ${printable(other.job ?? "-")}  ${printable(other.runId)}`,
    ),
  ];
}

function attemptLines(attempt: RunAttempt, events: readonly EventRecord[], ink: Ink): readonly string[] {
  const [sign, color] = stateSigns[attempt.state];
  const took = attempt.durationMs === undefined ? "" : ` after ${showDuration(attempt.durationMs)}`;
  const frames = attempt.errorStack === undefined ? [] : printableLines(attempt.errorStack);
  const ofAttempt = events.filter((event) => attempt.eventIds.includes(event.id));
  const said = ofAttempt
    .filter((event) => event.kind !== "job.started")
    .flatMap((event) => event.message ?? []);
  return [
    `${showTime(attempt.startedTime)}  attempt ${attempt.number} began${attempt.worker === undefined ? "" : ` on ${printable(attempt.worker)}`}`,
    ...(attempt.endedTime === undefined
      ? [`${" ".repeat(24)}  ${ink(color, `${sign} ${attempt.state}`)}`]
      : [`${showTime(attempt.endedTime)}  ${ink(color, `${sign} ${attempt.state}`)}${took}`]),
    ...said.map((message) => `      ${printable(message)}`),
    ...(attempt.errorClass === undefined
      ? []
      : [`      ${printable(attempt.errorClass)}: ${printable(attempt.errorMessage ?? "")}`]),
    ...frames.slice(0, framesShown).map((frame) => ink("faint", `        ${frame}`)),
    ...(frames.length > framesShown
      ? [ink("faint", `        … ${frames.length - framesShown} more frames`)]
      : []),
    ...(attempt.nextTime === undefined ? [] : [`      next attempt at ${printable(attempt.nextTime)}`]),
  ];
}
