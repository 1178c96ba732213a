/**
 * What Puma prints: its access log when `log_requests` is on, lines of its own with the pid in
 * brackets, and errors over several lines, which it prints with the query glued to the path.
 */
import type { Severity } from "../../model/event.ts";
import { accessFormat } from "./access.ts";
import { type LogFormat, plain } from "./format.ts";

const own = /^(?:\[(\d+)\] )?([*!+=-]|-) /;
const failure = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}) (.+)/;
const gluedQuery = /(\("[A-Z]+ [^?&"\s]*?)(?:\?|(?=[\w.-]+=))[^"\s]*(")/;

export const pumaFormat: LogFormat = {
  name: "puma",
  begins: (line) => /^\S/.test(line) && !/^\S+:\d+:in [`']/.test(line),
  read: (record, settings) => {
    const access = accessFormat.read(record, settings);
    if (access.kind === "http.request") return { ...access, fields: { ...access.fields, runtime: "puma" } };
    const match = own.exec(record);
    const base = plain(record.replace(gluedQuery, "$1$2"), severityOf(record, match?.[2]));
    return {
      ...base,
      fields: { ...base.fields, runtime: "puma" },
      ...(match?.[1] && { attributes: { pid: Number(match[1]) } }),
    };
  },
};

function severityOf(record: string, mark: string | undefined): Severity {
  if (mark === "!" || failure.test(record))
    return /timed out|out of memory|error/i.test(record) ? "error" : "warn";
  return "info";
}
