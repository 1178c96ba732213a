/**
 * Files that a syslog daemon writes: the traditional form without a year or a zone, the form with
 * an RFC 3339 time that newer rsyslogs write, and RFC 5424.
 */
import { parseTime } from "../../model/time.ts";
import {
  type FormatSettings,
  type LogFormat,
  localMicros,
  monthOf,
  plain,
  severityOfNumber,
  type Told,
} from "./format.ts";

const priority = /^<(\d{1,3})>/;
const traditional = /^([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\S{1,255}) /;
const precise = /^(\d{4}-\d\d-\d\dT\S{8,32}) (\S{1,255}) /;
const numbered =
  /^1 (\S{1,40}) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) (?:-|(?:\[(?:[^\]\\"]|\\.|"(?:[^"\\]|\\.)*")*\])+) ?/;
const tag = /^([^:[\s]{1,48})(?:\[(\d+)\])?: ?/;

export const syslogFormat: LogFormat = {
  name: "syslog",
  begins: (line) => priority.test(line) || traditional.test(line) || precise.test(line),
  read: (record, settings) => {
    const value = Number(priority.exec(record)?.[1] ?? Number.NaN);
    const text = record.replace(priority, "");
    const told = readNumbered(text) ?? readHeaded(text, settings) ?? plain(text);
    if (Number.isNaN(value)) return told;
    return { ...told, fields: { ...told.fields, severity: severityOfNumber(value % 8) } };
  },
};

function readNumbered(text: string): Told | undefined {
  const match = numbered.exec(text);
  if (!match) return undefined;
  const [head, time, host, program, process] = match;
  const micros = parseTime(time ?? "");
  return {
    kind: "log",
    ...(micros !== undefined && { micros }),
    fields: {
      message: text.slice(head.length).replace(/^\uFEFF/, ""),
      ...(host !== "-" && { host: host ?? "" }),
    },
    attributes: { program: program ?? "", ...(process !== "-" && { pid: process ?? "" }) },
  };
}

function readHeaded(text: string, settings: FormatSettings): Told | undefined {
  const old = traditional.exec(text);
  const recent = old ? null : precise.exec(text);
  const head = old ?? recent;
  if (!head) return undefined;
  const micros = old ? withoutYear(old, settings) : parseTime(recent?.[1] ?? "");
  const host = old ? old[6] : recent?.[2];
  const body = text.slice(head[0].length);
  const from = tag.exec(body);
  return {
    kind: "log",
    ...(micros !== undefined && { micros }),
    fields: { message: from ? body.slice(from[0].length) : body, ...(host && { host }) },
    ...(from?.[1] && { attributes: { program: from[1], ...(from[2] && { pid: Number(from[2]) }) } }),
  };
}

/** The year is this one, unless that would lie more than a day ahead: then it was the last. */
function withoutYear(match: RegExpExecArray, settings: FormatSettings): number {
  const [, month, day, hour, minute, second] = match;
  const at = (year: number): number =>
    Date.UTC(year, monthOf(month ?? ""), Number(day), Number(hour), Number(minute), Number(second));
  const year = new Date(settings.nowMs).getUTCFullYear();
  const thisYearMs = at(year);
  return localMicros(thisYearMs > settings.nowMs + 86_400_000 ? at(year - 1) : thisYearMs, 0, settings);
}
