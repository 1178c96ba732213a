/**
 * Rails' log: either Ruby's `Logger::Formatter` (`I, [2026-11-21T01:26:44.000123 #99]  INFO -- : …`,
 * the default in production) or bare lines. Tags in brackets at the start may hold a request id.
 */
import type { Severity } from "../../model/event.ts";
import { type LogFormat, localMicros, pathOf, plain, severityOfWord, type Told, wallMs } from "./format.ts";

const formatted =
  /^[DIWEFA], \[(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{6}) #(\d+)\]\s+([A-Z]+) -- ([^:]*): ?/;
const requestTag = /^\[([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\] ?/;
const started = /^(Started [A-Z]+ ")([^"]*)(")/;

export const railsFormat: LogFormat = {
  name: "rails",
  begins: (line) =>
    formatted.test(line) || (/^\S/.test(line) && !/^(app|lib|config|vendor|\/)\S*:\d+:in /.test(line)),
  read: (record, settings) => {
    const match = formatted.exec(record);
    if (!match) return told(record, undefined);
    const [head, , , , , , , micros, process, level, program] = match;
    const utcMs = wallMs(match.slice(1, 7));
    const name = (program ?? "").trim();
    return {
      ...told(record.slice(head.length), severityOfWord(level)),
      micros: localMicros(utcMs, Number(micros), settings),
      attributes: { pid: Number(process), ...(name !== "" && { program: name }) },
    };
  },
};

function told(text: string, severity: Severity | undefined): Told {
  const tag = requestTag.exec(text);
  const message = (tag ? text.slice(tag[0].length) : text).replace(
    started,
    (_, before: string, target: string, after: string) => `${before}${pathOf(target)}${after}`,
  );
  const base = plain(message, severity);
  return { ...base, fields: { ...base.fields, runtime: "rails", ...(tag?.[1] && { trace_id: tag[1] }) } };
}
