/** One JSON object a line, whatever its keys are called; the usual names become fields. */
import type { Json } from "../../model/event.ts";
import { parseTime } from "../../model/time.ts";
import { type LogFormat, plain, severityOfNumber, severityOfWord, type Told } from "./format.ts";

const timeKeys = ["time", "timestamp", "@timestamp", "ts"];
const messageKeys = ["message", "msg", "event", "text"];
const severityKeys = ["severity", "level", "lvl", "log.level", "levelname"];
const traceKeys = ["trace_id", "traceId", "trace.id", "request_id", "requestId"];

export const jsonFormat: LogFormat = {
  name: "json",
  begins: () => true,
  read: (record) => {
    let value: Json;
    try {
      value = JSON.parse(record) as Json;
    } catch {
      return plain(record);
    }
    if (value === null || typeof value !== "object" || Array.isArray(value)) return plain(record);
    return fromObject(value as Readonly<Record<string, Json>>);
  },
};

function fromObject(object: Readonly<Record<string, Json>>): Told {
  const rest = new Map(Object.entries(object));
  const take = (keys: readonly string[]): Json | undefined => {
    const key = keys.find((name) => rest.has(name));
    if (key === undefined) return undefined;
    const value = rest.get(key);
    rest.delete(key);
    return value;
  };
  const micros = microsOf(take(timeKeys));
  const message = take(messageKeys);
  const severity = severityOf(take(severityKeys));
  const trace = take(traceKeys);
  const run = take(["run_id", "job_id", "task_id"]);
  return {
    kind: "log",
    ...(micros !== undefined && { micros }),
    fields: {
      ...(message !== undefined && {
        message: typeof message === "string" ? message : JSON.stringify(message),
      }),
      ...(severity && { severity }),
      ...(typeof trace === "string" && trace !== "" && { trace_id: trace }),
      ...(typeof run === "string" && run !== "" && { run_id: run }),
    },
    ...(rest.size > 0 && { attributes: Object.fromEntries(rest) }),
  };
}

/** RFC 3339 text, or a number of seconds, milliseconds, microseconds or nanoseconds since 1970. */
function microsOf(value: Json | undefined): number | undefined {
  if (typeof value === "string") return parseTime(value);
  if (typeof value !== "number" || !(value > 0)) return undefined;
  const factors = [1e6, 1e3, 1, 1e-3];
  // Each unit stands for a moment between 2001 and 2286 in a range of its own.
  const factor = factors[Math.min(3, Math.max(0, Math.floor((Math.log10(value) - 9) / 3)))] ?? 1e6;
  return Math.floor(value * factor);
}

function severityOf(value: Json | undefined): ReturnType<typeof severityOfWord> {
  if (typeof value === "string") return severityOfWord(value);
  if (typeof value !== "number") return undefined;
  // pino and Bunyan count 10 to 60; syslog 0 to 7.
  if (value < 10) return severityOfNumber(value);
  return (["trace", "debug", "info", "warn", "error", "fatal"] as const)[
    Math.min(5, Math.floor(value / 10) - 1)
  ];
}
