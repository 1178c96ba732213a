/** Times, durations, counts, events and states as people read them in a terminal. */
import type { EventRecord, Severity } from "../model/event.ts";
import type { RunState } from "../model/run.ts";
import { type Color, type Ink, stateSigns } from "./ink.ts";
import { printable } from "./printable.ts";
import type { Cell } from "./table.ts";

/** `2026-11-21 01:44:22.123Z`: sorts, and says its zone. */
export function showTime(time: string | undefined): string {
  return time === undefined ? "-" : `${time.slice(0, 10)} ${time.slice(11, 23)}Z`;
}

export function showDuration(ms: number | undefined): string {
  if (ms === undefined) return "-";
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1000)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `1 run`, `2 runs`. */
export function showCount(count: number, noun: string, plural = `${noun}s`): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? noun : plural}`;
}

export function stateCell(state: RunState): Cell {
  const [sign, color] = stateSigns[state];
  return { text: `${sign} ${state}`, color };
}

const severityColors: Readonly<Partial<Record<Severity, Color>>> = {
  trace: "faint",
  debug: "faint",
  warn: "yellow",
  error: "red",
  fatal: "red",
};

/** One event as one line: when, how bad, where, what. */
export function eventLine(event: EventRecord, ink: Ink): string {
  const severity = event.severity ?? "-";
  const color = event.severity && severityColors[event.severity];
  const word = severity.padEnd(5);
  const place = [event.service, event.host].filter((part) => part !== undefined).join("@");
  return [
    ink("faint", showTime(event.time)),
    color ? ink(color, word) : word,
    printable(event.kind),
    ...(place === "" ? [] : [printable(place)]),
    printable(whatHappened(event)),
  ].join("  ");
}

function whatHappened(event: EventRecord): string {
  const parts: string[] = [];
  if (event.job !== undefined) parts.push(event.job);
  if (event.duration_ms !== undefined) parts.push(`in ${showDuration(event.duration_ms)}`);
  if (event.error_class !== undefined) parts.push(`${event.error_class}: ${event.error_message ?? ""}`);
  if (event.message !== undefined) parts.push(event.message);
  if (event.run_id !== undefined) parts.push(`(run ${event.run_id})`);
  return parts.join(" ");
}

/** A name in a column, cut where it would push the others off the screen. */
export function shortName(name: string | undefined, length = 48): string {
  const text = printable(name ?? "-");
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
