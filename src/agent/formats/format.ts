/**
 * Log files of programs that know nothing of Midwatch: which lines begin a record, and what the
 * record says. A format never fails: what it does not understand is a plain line.
 */
import type { EventRecord, Severity } from "../../model/event.ts";

/** What a record tells; the tailer adds id, service, host and where it stood. */
export type Told = {
  readonly kind: "log" | "http.request";
  /** Microseconds since 1970; absent where the record has no time of its own. */
  readonly micros?: number;
  readonly fields: Partial<Omit<EventRecord, "id" | "time" | "stream" | "kind" | "attributes">>;
  readonly attributes?: NonNullable<EventRecord["attributes"]>;
};

export type FormatSettings = {
  /** Minutes east of Greenwich of times without a zone, at a moment given in milliseconds. */
  readonly zoneMinutes: (atMs: number) => number;
  /** For formats without a year. */
  readonly nowMs: number;
};

export type LogFormat = {
  readonly name: string;
  /** False where the line goes on with the record before it, such as a frame of a stack. */
  readonly begins: (line: string) => boolean;
  /** `record` is one line or several, without the last line feed. */
  readonly read: (record: string, settings: FormatSettings) => Told;
};

const severityWords: Readonly<Record<string, Severity>> = {
  trace: "trace",
  debug: "debug",
  info: "info",
  notice: "info",
  warn: "warn",
  warning: "warn",
  error: "error",
  err: "error",
  crit: "fatal",
  critical: "fatal",
  alert: "fatal",
  emerg: "fatal",
  fatal: "fatal",
  unknown: "error",
};

export function severityOfWord(word: string | undefined): Severity | undefined {
  return word === undefined ? undefined : severityWords[word.toLowerCase()];
}

/** Severity of syslog, 0 (emergency) to 7 (debug). */
export function severityOfNumber(number: number): Severity {
  if (number <= 2) return "fatal";
  return (["error", "warn", "info", "info", "debug"] as const)[number - 3] ?? "info";
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export function monthOf(name: string): number {
  return months.indexOf(name);
}

/** Microseconds of a wall-clock time in the host's zone, which the log did not write down. */
export function localMicros(utcMs: number, micros: number, { zoneMinutes }: FormatSettings): number {
  // The offset at the moment itself; asked twice because the first answer is for the wrong moment.
  const guessMs = utcMs - zoneMinutes(utcMs) * 60_000;
  return (utcMs - zoneMinutes(guessMs) * 60_000) * 1000 + micros;
}

/** Milliseconds since 1970 as if the clock on the wall showed UTC: year, month from 1, day, hour, minute, second. */
export function wallMs(parts: readonly (string | undefined)[]): number {
  const [year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** `+0130` or `+01:30` to minutes. */
export function zoneToMinutes(zone: string): number {
  const sign = zone.startsWith("-") ? -1 : 1;
  const digits = zone.replaceAll(/[^0-9]/g, "");
  return sign * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2, 4)));
}

export function plain(record: string, severity?: Severity): Told {
  return { kind: "log", fields: { message: record, ...(severity && { severity }) } };
}

/** The path of a request without its query, which is where secrets travel. */
export function pathOf(target: string): string {
  return target.replace(/[?#].*$/s, "");
}

export function outcomeOfStatus(status: number): "succeeded" | "failed" {
  return status >= 500 ? "failed" : "succeeded";
}
