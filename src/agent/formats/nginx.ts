/** nginx: its access log in the combined form, and its error log. */
import { accessFormat } from "./access.ts";
import { type LogFormat, localMicros, plain, severityOfWord, wallMs } from "./format.ts";

const error = /^(\d{4})\/(\d\d)\/(\d\d) (\d\d):(\d\d):(\d\d) \[([a-z]+)\] (\d+)#\d+: (?:\*\d+ )?/;
const request = /(request: "[A-Z]+ )([^"?\s]*)\?[^"\s]*/;
const referrer = /(referrer: "[^"?]*)\?[^"]*/;

export const nginxFormat: LogFormat = {
  name: "nginx",
  begins: () => true,
  read: (record, settings) => {
    const match = error.exec(record);
    if (!match) {
      const access = accessFormat.read(record, settings);
      return { ...access, fields: { ...access.fields, runtime: "nginx" } };
    }
    const [head, , , , , , , level, pid] = match;
    const utcMs = wallMs(match.slice(1, 7));
    const text = record.slice(head.length).replace(request, "$1$2").replace(referrer, "$1");
    const base = plain(text, severityOfWord(level));
    return {
      ...base,
      micros: localMicros(utcMs, 0, settings),
      fields: { ...base.fields, runtime: "nginx" },
      attributes: { pid: Number(pid) },
    };
  },
};
