/**
 * Puts figures and facts into words: durations, sizes, relative times, counts, and the sentences
 * that stand at the top of screens. Pure: time and zone are arguments.
 */
import type { RunState } from "../src/model/run.ts";

const small = [
  "no",
  "one",
  "two",
  "three",
  "four",
  "five",
  "six",
  "seven",
  "eight",
  "nine",
  "ten",
  "eleven",
  "twelve",
];
const ordinals = [
  "",
  "first",
  "second",
  "third",
  "fourth",
  "fifth",
  "sixth",
  "seventh",
  "eighth",
  "ninth",
  "tenth",
];

const grouped = new Intl.NumberFormat("en");

/** 4,212 */
export function number(value: number): string {
  return grouped.format(value);
}

/** Small numbers as words, for sentences: "two", "13". */
export function spelled(value: number): string {
  return small[value] ?? number(value);
}

/** "second", "13th" */
export function ordinal(value: number): string {
  const word = ordinals[value];
  if (word) return word;
  const tens = value % 100;
  const end = tens >= 11 && tens <= 13 ? "th" : (["th", "st", "nd", "rd"][value % 10] ?? "th");
  return `${number(value)}${end}`;
}

/** "1 run", "4,212 runs" */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${number(value)} ${value === 1 ? one : many}`;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Ends as a sentence does, so that another may follow. */
export function asSentence(text: string): string {
  return text === "" || /[.!?…]$/.test(text) ? text : `${text}.`;
}

/** "a", "a and b", "a, b and c" */
export function listed(parts: readonly string[]): string {
  const last = parts.at(-1);
  if (parts.length < 2 || last === undefined) return parts.join("");
  return `${parts.slice(0, -1).join(", ")} and ${last}`;
}

/** A length of time with at most two units: "0.4 ms", "367 ms", "1.06 s", "3 min 10 s", "2 h 5 min". */
export function duration(ms: number): string {
  if (ms < 0) return `−${duration(-ms)}`;
  if (ms === 0) return "0 ms";
  if (ms < 10) return `${trimmed(ms, 1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9_995) return `${(ms / 1000).toFixed(2)} s`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const units = [
    ["d", 86_400],
    ["h", 3600],
    ["min", 60],
    ["s", 1],
  ] as const;
  // Rounded to the smaller unit first, so that 59.6 s after a minute is never "1 min 60 s".
  const seconds = ms < 3_600_000 ? Math.round(ms / 1000) : Math.round(ms / 60_000) * 60;
  const first = units.findIndex(([, size]) => seconds >= size);
  const [name, size] = units[first] ?? ["s", 1];
  const next = units[first + 1];
  const rest = next ? Math.floor((seconds % size) / next[1]) : 0;
  return `${number(Math.floor(seconds / size))} ${name}${next && rest > 0 ? ` ${rest} ${next[0]}` : ""}`;
}

function trimmed(value: number, digits: number): string {
  return value.toFixed(digits).replace(/\.0+$/, "");
}

/** One unit is enough for an age: "3 s", "12 min", "5 h", "2 d". */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${number(Math.floor(seconds / 86_400))} d`;
}

/** "3 s ago", "in 2 min". Clocks differ a little: what lies two seconds ahead is said to be now. */
export function relative(atMs: number, nowMs: number): string {
  const past = nowMs - atMs;
  if (past < -2000) return `in ${age(-past)}`;
  return past < 1000 ? "now" : `${age(past)} ago`;
}

/** "212 MB"; sizes are decimal, as disks and logs count them. */
export function size(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : trimmed(value, 1)} ${units[unit]}`;
}

/** "24 of 100", kept honest at both ends: 99.97 % is not 100 %. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return "–";
  const value = (part / whole) * 100;
  if (value > 99 && value < 100) return `${(Math.floor(value * 10) / 10).toFixed(1)} %`;
  if (value > 0 && value < 1) return value < 0.1 ? "under 0.1 %" : `${value.toFixed(1)} %`;
  return `${Math.round(value)} %`;
}

/** A range of the address, in words: "last 24 hours". */
export function rangeWords(from: string | null, until: string | null): string {
  const match = /^-(\d+)([smhd])$/.exec(from ?? "-24h");
  if (!match || (until !== null && until !== "now")) return "chosen time";
  const value = Number(match[1]);
  const unit = { s: "second", m: "minute", h: "hour", d: "day" }[match[2] ?? "h"] ?? "hour";
  return value === 1 ? `last ${unit}` : `last ${value} ${unit}s`;
}

/** What a state means, for a sentence about several runs. */
export const stateWords: { readonly [S in RunState]: string } = {
  waiting: "Waiting",
  running: "Running",
  retrying: "Retrying",
  succeeded: "Succeeded",
  failed: "Failed",
  discarded: "Discarded",
  cancelled: "Cancelled",
  lost: "Lost",
  missed: "Missed",
  unknown: "Unknown",
};

/** One line of an error: its first sentence or line, cut where it would fill the screen. */
export function firstLine(text: string, lengthMax = 160): string {
  const line = text.split("\n", 1)[0] ?? "";
  return line.length > lengthMax ? `${line.slice(0, lengthMax - 1)}…` : line;
}

export type RunFacts = {
  readonly state: RunState;
  readonly job: string;
  readonly attempts: number;
  readonly queue?: string | undefined;
  readonly host?: string | undefined;
  readonly enqueuedMs?: number | undefined;
  readonly startedMs?: number | undefined;
  readonly endedMs?: number | undefined;
  readonly nextMs?: number | undefined;
  readonly cause?: string | undefined;
};

/** The sentence at the top of a run: how it stands, after how much trying, and why. */
export function runSentence(run: RunFacts, nowMs: number): string {
  const cause = run.cause ? `: ${run.cause.replace(/[.\s]+$/, "")}` : "";
  const on = run.host ? ` on ${run.host}` : "";
  const tries = run.attempts <= 1 ? "on its only attempt" : `after ${spelled(run.attempts)} attempts`;
  switch (run.state) {
    case "succeeded":
      return `${run.job} succeeded${successHow(run)}.`;
    case "failed":
      return `${run.job} failed for good ${tries}${cause}.`;
    case "lost":
      return `${run.job} died with its worker${on}, ${run.attempts <= 1 ? "on its first attempt" : `on its ${ordinal(run.attempts)} attempt`}${cause}.`;
    case "retrying": {
      const times =
        run.attempts === 1 ? "once" : run.attempts === 2 ? "twice" : `${spelled(run.attempts)} times`;
      const next =
        run.nextMs === undefined
          ? ""
          : run.nextMs > nowMs
            ? ` ${relative(run.nextMs, nowMs)}`
            : " any moment";
      return `${run.job} failed ${times} and will be tried again${next}${cause}.`;
    }
    case "running": {
      const since = run.startedMs === undefined ? "" : ` for ${age(nowMs - run.startedMs)}`;
      return `${run.job} has been running${since}${on}${run.attempts > 1 ? `, on its ${ordinal(run.attempts)} attempt` : ""}.`;
    }
    case "waiting": {
      const since = run.enqueuedMs === undefined ? "" : ` for ${age(nowMs - run.enqueuedMs)}`;
      return `${run.job} has been waiting${since}${run.queue ? ` in queue ${run.queue}` : ""}.`;
    }
    case "discarded":
      return `${run.job} was given up on purpose${run.attempts > 0 ? ` ${tries}` : ""}${cause}.`;
    case "cancelled":
      return `${run.job} was cancelled${run.attempts === 0 ? " before it began" : ""}.`;
    case "missed":
      return `${run.job} did not start when it was due.`;
    case "unknown":
      return `Nothing recorded says how ${run.job} stands.`;
    default:
      return run.state satisfies never;
  }
}

function successHow(run: RunFacts): string {
  const start = run.enqueuedMs ?? run.startedMs;
  const took = start === undefined || run.endedMs === undefined ? undefined : run.endedMs - start;
  const after =
    took === undefined || took < 0
      ? ""
      : `${duration(took)} after it ${run.enqueuedMs === undefined ? "began" : "was asked for"}`;
  if (run.attempts > 1) return ` on its ${ordinal(run.attempts)} attempt${after && `, ${after}`}`;
  return after && ` ${after}`;
}
