/**
 * The notes of `midwatch-run`, turned into events. A shell that starts no process cannot tell the
 * time of day, write JSON or make an id; so it notes what it can read (the machine's uptime, the
 * kernel's random ids, its own processor time) and the rest is done here, once for each note.
 */
import type { EventRecord } from "../model/event.ts";
import { formatTime } from "../model/time.ts";
import type { OwnEvent } from "./own.ts";
import type { SpoolName } from "./spool.ts";

export type Notes = {
  readonly notes: readonly (readonly string[])[];
  /** Offset after the last whole note. */
  readonly end: number;
};

/** A note ends with a record separator and a line feed; its parts are parted by unit separators. */
const noteEnd = "\u001e\n";
const partEnd = "\u001f";

export function readNotes(bytes: Uint8Array, start: number): Notes {
  const text = Buffer.from(bytes).toString("latin1");
  const last = text.lastIndexOf(noteEnd);
  if (last < 0) return { notes: [], end: start };
  const whole = Buffer.from(bytes.subarray(0, last)).toString("utf8");
  return {
    notes: whole.split(noteEnd).map((note) => note.split(partEnd)),
    end: start + last + noteEnd.length,
  };
}

/** What tells the time of day of an uptime: the present, or the file where the machine restarted. */
export type NoteClock = {
  readonly bootId: string;
  readonly nowMs: number;
  readonly uptimeSeconds: number;
  readonly fileBeganMs: number;
};

export type RunStart = OwnEvent & { readonly run_id: string; readonly worker: string };

/** The start of a run, from its first note; `undefined` where the note is none. */
export function startOf(
  note: readonly string[],
  name: SpoolName,
  host: string,
  clock: NoteClock,
): RunStart | undefined {
  const [what, run, boot, uptime, runtime, user, service, environment, asked, ...job] = note;
  const [parent = "", trace = ""] = (asked ?? "").split(" ");
  if (what !== "s" || !isId(run) || job.length === 0) return undefined;
  const sameBoot = boot === clock.bootId;
  const atMs = sameBoot ? clock.nowMs - (clock.uptimeSeconds - Number(uptime)) * 1000 : clock.fileBeganMs;
  return {
    kind: "job.started",
    time: formatTime(Math.round(atMs * 1000)),
    runtime: /^[a-z][a-z0-9_]{0,31}$/.test(runtime ?? "") ? (runtime as string) : "cron",
    job: job.join(" ").slice(0, jobLengthMax),
    run_id: run,
    trace_id: isName(trace) ? trace : run,
    attempt: 1,
    worker: `${host}:${name.pid}:${name.startTicks}`,
    ...(user && { actor: `cron: ${user}` }),
    ...(service && { service }),
    ...(environment && { environment }),
    ...(isName(parent) && { parent_run_id: parent }),
    attributes: { recorded_by: "midwatch-run", uptime_seconds: Number(uptime) },
  };
}

const jobLengthMax = 500;

/** The end of the run that `started` began. */
export function endOf(note: readonly string[], started: RunStart, clock: NoteClock): OwnEvent | undefined {
  const [what, run, uptime, code, times] = note;
  const exitCode = Number(code);
  if (what !== "e" || run !== started.run_id || !Number.isInteger(exitCode)) return undefined;
  const { uptime_seconds: began } = started.attributes as { uptime_seconds: number };
  const durationMs = Math.max(Math.round((Number(uptime) - began) * 1000), 0);
  const startedMs = Date.parse(started.time as string);
  const dueMs = startedMs + durationMs;
  // Not in the future, unless the time of day was set back meanwhile: an end follows its start.
  const endedMs = clock.nowMs < startedMs ? dueMs : Math.min(dueMs, clock.nowMs);
  const cpuMs = childProcessorMs(times ?? "");
  const { time: _time, kind: _kind, attributes: _attributes, ...same } = started;
  return {
    ...same,
    ...outcomeOf(exitCode),
    time: formatTime(Math.round(endedMs * 1000)),
    duration_ms: durationMs,
    exit_code: exitCode,
    ...(cpuMs !== undefined && { cpu_ms: cpuMs }),
    attributes: { recorded_by: "midwatch-run" },
  };
}

const signals: { readonly [code: number]: string } = {
  129: "SIGHUP",
  130: "SIGINT",
  131: "SIGQUIT",
  134: "SIGABRT",
  137: "SIGKILL",
  139: "SIGSEGV",
  141: "SIGPIPE",
  143: "SIGTERM",
};

type Outcome = Pick<EventRecord, "kind"> &
  Partial<Pick<EventRecord, "severity" | "outcome" | "signal" | "error_class" | "error_message">>;

export function outcomeOf(exitCode: number): Outcome {
  if (exitCode === 0) return { kind: "job.succeeded", outcome: "succeeded" };
  // A shell gives 128 and the signal's number for a command that a signal ended.
  const signal = signals[exitCode];
  return {
    kind: "job.failed",
    outcome: "failed",
    severity: "error",
    ...(signal !== undefined && { signal }),
    error_class: signal ?? `ExitCode${exitCode}`,
    error_message: `The command ended with exit code ${exitCode}${signal === undefined ? "" : `, which stands for ${signal}`}.`,
  };
}

/** POSIX `times`: a line for the shell, a line for its children, each user and system time. */
function childProcessorMs(text: string): number | undefined {
  const spans = [...(text.split("\n")[1] ?? "").matchAll(/(\d+)m([\d.]+)s/g)];
  if (spans.length !== 2) return undefined;
  return Math.round(
    spans.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0) * 1000,
  );
}

/** What a runtime may call a run or a trace. */
function isName(text: string): boolean {
  return /^[\w.-]{1,128}$/.test(text);
}

function isId(text: string | undefined): text is string {
  return text !== undefined && /^[0-9a-f-]{36}$/.test(text);
}
