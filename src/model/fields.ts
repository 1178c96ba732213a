/**
 * The fields of an event: one table from which the type, the checks on receipt, the columns of
 * the store, the JSON Schema and the reference page are all derived. A field added here is known
 * everywhere; a field that is not here goes into `attributes`.
 */

/**
 * How a field travels and is kept.
 * - `id`: lower-case UUID text.
 * - `time`: RFC 3339 text in UTC on the wire; microseconds since 1970 inside.
 * - `symbol`: a string with few distinct values.
 * - `string`: any other string.
 * - `integer`, `number`: a JSON number; absent is different from 0.
 */
export type FieldForm = "id" | "time" | "symbol" | "string" | "integer" | "number";

export type Field = {
  readonly form: FieldForm;
  /** Longest value in bytes of UTF-8 (strings), or largest value (numbers). */
  readonly max: number;
  /** Smallest value of a number. */
  readonly min?: number;
  readonly required?: true;
  readonly about: string;
};

export const fields = {
  id: { form: "id", max: 36, required: true, about: "UUIDv7, made where the event happened" },
  time: { form: "time", max: 40, required: true, about: "when it happened, UTC, microseconds" },
  received_time: { form: "time", max: 40, about: "when the server got it; set by the server" },
  stream: { form: "symbol", max: 16, required: true, about: "jobs, logs, http or audit" },
  kind: { form: "symbol", max: 64, required: true, about: "one of the closed list of kinds" },
  service: { form: "symbol", max: 128, about: "the application it belongs to" },
  environment: { form: "symbol", max: 64, about: "production, staging, …" },
  host: { form: "symbol", max: 255, about: "the machine it happened on" },
  release: { form: "symbol", max: 128, about: "version or commit of the application" },
  runtime: { form: "symbol", max: 32, about: "delayed_job, celery, whenever, cron, puma, rails, …" },
  job: { form: "symbol", max: 512, about: "class, task name or cron line" },
  run_id: { form: "string", max: 128, about: "one intended execution, over all its attempts" },
  attempt: { form: "integer", max: 2_147_483_647, min: 0, about: "which try, counted from 1" },
  parent_run_id: { form: "string", max: 128, about: "the run that asked for this one" },
  trace_id: { form: "string", max: 128, about: "ties request, enqueue, run, children and lines" },
  queue: { form: "symbol", max: 255, about: "the queue it waits in" },
  priority: {
    form: "integer",
    max: 2_147_483_647,
    min: -2_147_483_648,
    about: "as the runtime counts it",
  },
  worker: { form: "symbol", max: 384, about: "host:pid:start-time of the process that ran it" },
  actor: { form: "symbol", max: 255, about: "who or what asked for it" },
  outcome: { form: "symbol", max: 32, about: "how an attempt or request ended" },
  duration_ms: { form: "number", max: 1e13, min: 0, about: "from start to end" },
  wait_ms: { form: "number", max: 1e13, min: 0, about: "from due to start" },
  cpu_ms: { form: "number", max: 1e13, min: 0, about: "processor time used" },
  max_rss_bytes: { form: "integer", max: 2 ** 53 - 1, min: 0, about: "largest resident memory" },
  exit_code: { form: "integer", max: 2_147_483_647, min: -2_147_483_648, about: "of a process" },
  signal: { form: "symbol", max: 32, about: "the signal that ended a process, such as SIGKILL" },
  error_class: { form: "symbol", max: 512, about: "class of the error" },
  error_message: { form: "string", max: 16_384, about: "message of the error" },
  error_stack: { form: "string", max: 65_536, about: "its stack, one frame a line" },
  fingerprint: { form: "string", max: 128, about: "groups failures that are the same" },
  severity: { form: "symbol", max: 8, about: "trace, debug, info, warn, error or fatal" },
  message: { form: "string", max: 65_536, about: "text for people" },
  source: { form: "symbol", max: 384, about: "the recorder that sent it" },
  source_seq: { form: "integer", max: 2 ** 53 - 1, min: 0, about: "its gapless number there" },
} as const satisfies Record<string, Field>;

export type FieldName = keyof typeof fields;

export const fieldNames = Object.keys(fields) as readonly FieldName[];
