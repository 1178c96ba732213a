/** Rows of the engine as the records and summaries of the store's interface. */
import type { EventRecord, Json } from "../../model/event.ts";
import { fieldNames, fields } from "../../model/fields.ts";
import type { RunState } from "../../model/run.ts";
import type { RunSummary, StoredEvent } from "../store.ts";

/** Columns of a stored event, as `events.sql` and its like select them. */
export const eventColumns = [...fieldNames, "attributes", "segment", "segment_index"].join(", ");

export type EventRow = { readonly [column: string]: unknown };

export function toEvent(row: EventRow): StoredEvent {
  const record: Record<string, Json> = {};
  for (const name of fieldNames) {
    const value = row[name];
    if (value === "" || value === null || value === undefined) continue;
    const { form } = fields[name];
    record[name] = form === "integer" || form === "number" ? Number(value) : (value as string);
  }
  const attributes = Object.entries(row["attributes"] as Readonly<Record<string, string>>);
  if (attributes.length > 0) {
    record["attributes"] = Object.fromEntries(
      attributes.map(([key, text]) => [key, JSON.parse(text) as Json]),
    );
  }
  record["segment"] = Number(row["segment"]);
  record["segment_index"] = Number(row["segment_index"]);
  return record as EventRecord & { segment: number; segment_index: number };
}

const summaryStrings = {
  job: "job",
  service: "service",
  environment: "environment",
  runtime: "runtime",
  queue: "queue",
  host: "host",
  worker: "worker",
  actor: "actor",
  release: "release",
  traceId: "trace_id",
  parentRunId: "parent_run_id",
} as const;

/**
 * Numbers of states in the column `life`, from 1: the order in which 0002_runs.sql names them. 0 is
 * a run of which nothing but signs of life was heard.
 */
export const stateNumbers = [
  "unknown",
  "waiting",
  "running",
  "retrying",
  "succeeded",
  "failed",
  "discarded",
  "cancelled",
  "lost",
] as const satisfies readonly RunState[];

export function stateOf(number: string | number): RunState {
  return stateNumbers[Number(number)] ?? "unknown";
}

/** Columns of a run's summary over its rows in `runs`, grouped by run. */
export const runColumns = [
  "run_id",
  "run_hash",
  "toUnixTimestamp64Micro(max(last_time)) AS last_micros",
  "max(life) AS newest_life",
  "bitAnd(toUInt64(newest_life), 15) AS state",
  "length(groupUniqArrayArray(starts)) AS attempts",
  "toUnixTimestamp64Micro(min(enqueued_time)) AS enqueued_micros",
  "toUnixTimestamp64Micro(max(started_time)) AS started_micros",
  "toUnixTimestamp64Micro(max(ended_time)) AS ended_micros",
  ...Object.values(summaryStrings).map((column) => `argMaxMerge(${column}) AS newest_${column}`),
  "argMaxMerge(error_class) AS newest_error_class",
  "argMaxMerge(error_message) AS newest_error_message",
  "if(max(duration_ms) = 0, NULL, reinterpretAsFloat64(toUInt64(max(duration_ms)))) AS newest_duration_ms",
  "if(max(wait_ms) = 0, NULL, reinterpretAsFloat64(toUInt64(max(wait_ms)))) AS newest_wait_ms",
  "max(sample) AS is_sample",
].join(",\n    ");

export type RunRow = { readonly [column: string]: unknown };

const endStates: ReadonlySet<RunState> = new Set(["succeeded", "failed", "discarded", "cancelled", "lost"]);

export function toRunSummary(row: RunRow): RunSummary {
  const state = stateOf(row["state"] as string);
  const micros = (column: string): number | undefined =>
    row[column] === null ? undefined : Number(row[column]);
  const text = (column: string): string | undefined => (row[column] as string) || undefined;
  const number = (column: string): number | undefined => (row[column] as number | null) ?? undefined;
  const strings = Object.entries(summaryStrings).map(([name, column]) => [name, text(`newest_${column}`)]);
  return present({
    ...(Object.fromEntries(strings) as { readonly [name: string]: string | undefined }),
    runId: row["run_id"] as string,
    state,
    attempts: Number(row["attempts"]),
    enqueuedMicros: micros("enqueued_micros"),
    startedMicros: micros("started_micros"),
    endedMicros: endStates.has(state) ? micros("ended_micros") : undefined,
    lastMicros: Number(row["last_micros"]),
    durationMs: number("newest_duration_ms"),
    waitMs: number("newest_wait_ms"),
    errorClass: text("newest_error_class"),
    errorMessage: text("newest_error_message"),
    sample: row["is_sample"] === 1,
  }) as RunSummary;
}

/** Without what is absent. */
export function present<T extends object>(record: T): { [Name in keyof T]: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as {
    [Name in keyof T]: Exclude<T[Name], undefined>;
  };
}
