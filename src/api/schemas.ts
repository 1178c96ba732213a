/**
 * The shape of every answer that the HTTP interface gives. From here come the static types that
 * the page and the command line use, and the schemas of the OpenAPI document; a test holds real
 * answers to them.
 */
import { type Static, Type } from "typebox";
import { scopeNames } from "../access/policy.ts";
import { type Stream, severities, streams } from "../model/event.ts";
import { type Field, fieldNames, fields } from "../model/fields.ts";
import { limits } from "../model/limits.ts";
import { type RunState, runStates } from "../model/run.ts";
import type { KeyScope, StoredEvent } from "../store/store.ts";

const time = () => Type.String({ format: "date-time", description: "RFC 3339, UTC, microseconds" });
const text = () => Type.String();
const count = () => Type.Integer({ minimum: 0 });
const milliseconds = () => Type.Number({ minimum: 0, description: "milliseconds" });

const state = () => Type.Unsafe<RunState>(Type.String({ enum: [...runStates] }));
const attemptStates = runStates.filter((name) => name !== "waiting" && name !== "missed");
type AttemptState = Exclude<RunState, "waiting" | "missed">;

/** How many runs are in each state; a state that no run is in is absent. */
export const runCounts = Type.Unsafe<{ readonly [S in RunState]?: number }>(
  Type.Object(Object.fromEntries(runStates.map((name) => [name, Type.Optional(count())]))),
);

function schemaOfField({ form, about, ...bounds }: Field): object {
  if (form === "integer" || form === "number") {
    return { type: form, description: about, maximum: bounds.max, minimum: bounds.min };
  }
  return { type: "string", description: about, ...(form === "time" && { format: "date-time" }) };
}

/** An event as it is stored: the wire record, in its own field names, and its place in the ledger. */
export const eventSchema = Type.Unsafe<StoredEvent>({
  type: "object",
  description: "An event, and where the ledger holds it. Absent fields are absent, never null.",
  required: ["id", "time", "stream", "kind", "segment", "segment_index"],
  properties: {
    ...Object.fromEntries(fieldNames.map((name) => [name, schemaOfField(fields[name])])),
    stream: { type: "string", enum: [...streams], description: fields.stream.about },
    severity: { type: "string", enum: [...severities], description: fields.severity.about },
    attributes: { type: "object", description: "any other JSON", additionalProperties: true },
    segment: { type: "integer", description: "segment of the ledger" },
    segment_index: { type: "integer", description: "place in that segment" },
  },
});

const next = () =>
  Type.Union([text(), Type.Null()], { description: "pass it as `cursor` for the next page; null: no more" });

export const eventPageSchema = Type.Object({ rows: Type.Array(eventSchema), next: next() });
export type EventPage = Static<typeof eventPageSchema>;

const severityCount = Object.fromEntries([...severities, "none"].map((name) => [name, count()]));

export const histogramSchema = Type.Object({
  buckets: Type.Array(
    Type.Object({
      time: time(),
      counts: Type.Unsafe<{ readonly [S in (typeof severities)[number] | "none"]?: number }>(
        Type.Partial(Type.Object(severityCount)),
      ),
    }),
  ),
  bucketSeconds: Type.Number({ description: "length of each bucket" }),
});
export type Histogram = Static<typeof histogramSchema>;

export const valuesSchema = Type.Object({
  values: Type.Array(Type.Object({ value: text(), count: count() })),
});
export type Values = Static<typeof valuesSchema>;

export const runSchema = Type.Object({
  runId: text(),
  state: state(),
  job: Type.Optional(text()),
  service: Type.Optional(text()),
  environment: Type.Optional(text()),
  runtime: Type.Optional(text()),
  queue: Type.Optional(text()),
  host: Type.Optional(text()),
  worker: Type.Optional(text()),
  actor: Type.Optional(text()),
  release: Type.Optional(text()),
  traceId: Type.Optional(text()),
  parentRunId: Type.Optional(text()),
  attempts: Type.Integer({ minimum: 0, description: "how often an attempt began" }),
  enqueuedTime: Type.Optional(time()),
  startedTime: Type.Optional(time()),
  endedTime: Type.Optional(time()),
  lastTime: time(),
  durationMs: Type.Optional(milliseconds()),
  waitMs: Type.Optional(milliseconds()),
  errorClass: Type.Optional(text()),
  errorMessage: Type.Optional(text()),
  sample: Type.Boolean({ description: "belongs to the sample day" }),
});
export type Run = Static<typeof runSchema>;

export const runPageSchema = Type.Object({ rows: Type.Array(runSchema), next: next() });
export type RunPage = Static<typeof runPageSchema>;

const attemptSchema = Type.Object({
  number: Type.Integer({ minimum: 1 }),
  state: Type.Unsafe<AttemptState>(Type.String({ enum: attemptStates })),
  startedTime: Type.Optional(time()),
  endedTime: Type.Optional(time()),
  worker: Type.Optional(text()),
  durationMs: Type.Optional(milliseconds()),
  nextTime: Type.Optional(Type.String({ description: "when the next attempt is due" })),
  errorClass: Type.Optional(text()),
  errorMessage: Type.Optional(text()),
  errorStack: Type.Optional(text()),
  eventIds: Type.Array(text(), { description: "ids of its events, all of which are in `events`" }),
});
/** One try of a run, oldest first. */
export type RunAttempt = Static<typeof attemptSchema>;

export const runDetailSchema = Type.Object({
  run: runSchema,
  attempts: Type.Array(attemptSchema),
  events: Type.Array(eventSchema, {
    description: `life cycle, output and audit of the run, oldest first, at most ${limits.pageRowsMax}`,
  }),
  lines: Type.Array(eventSchema, {
    description: `log lines with the run's id, oldest first, at most ${limits.pageRowsMax}`,
  }),
  trace: Type.Array(runSchema, { description: "other runs of the same trace" }),
  recordedBy: Type.Optional(
    Type.Unsafe<RecordedBy>(
      Type.String({
        enum: ["midwatch-run", "midwatch exec"],
        description: "of a command: the wrapper, which tells neither output nor memory, or exec, which does",
      }),
    ),
  ),
});
type RecordedBy = "midwatch-run" | "midwatch exec";
export type RunDetail = Static<typeof runDetailSchema>;

const jobSchema = Type.Object({
  job: text(),
  service: Type.Optional(text()),
  environment: Type.Optional(text()),
  runtime: Type.Optional(text()),
  runs: runCounts,
  lastState: state(),
  lastTime: time(),
  durationP50Ms: Type.Optional(milliseconds()),
  durationP95Ms: Type.Optional(milliseconds()),
  waitP95Ms: Type.Optional(milliseconds()),
});
export type Job = Static<typeof jobSchema>;

export const jobListSchema = Type.Object({ rows: Type.Array(jobSchema) });
export type JobList = Static<typeof jobListSchema>;

export const overviewSchema = Type.Object({
  overview: Type.Object({
    runs: runCounts,
    events: count(),
    lastEventTime: Type.Optional(time()),
    hosts: count(),
  }),
  server: Type.Object({
    version: text(),
    startedTime: time(),
    spoolFiles: count(),
    spoolBytes: count(),
    engine: Type.Union([Type.Literal("up"), Type.Literal("down")]),
    sealedEntries: Type.Integer({ minimum: 0, description: "entries under the ledger's newest checkpoint" }),
    verifiedTime: Type.Optional(
      Type.String({
        format: "date-time",
        description:
          "when the server last found what is stored to be what was sealed; absent: not since it was started",
      }),
    ),
    dataDirectory: text(),
    retentionDays: Type.Object(
      Object.fromEntries(streams.map((stream) => [stream, Type.Integer({ minimum: 1 })])) as {
        readonly [S in Stream]: ReturnType<typeof Type.Integer>;
      },
      { description: "for how many days events of each stream are kept" },
    ),
  }),
  sample: Type.Boolean({ description: "the sample day is loaded" }),
});
export type OverviewAnswer = Static<typeof overviewSchema>;

export const sampleSchema = Type.Object({
  loaded: Type.Boolean(),
  events: Type.Integer({ minimum: 0, description: "events of the sample day that were just loaded" }),
  fromTime: Type.Optional(time()),
  untilTime: Type.Optional(time()),
});
export type SampleAnswer = Static<typeof sampleSchema>;

const scopes = () =>
  Type.Array(Type.Unsafe<KeyScope>(Type.String({ enum: [...scopeNames] })), {
    minItems: 1,
    maxItems: scopeNames.length,
  });

const keySchema = Type.Object({
  id: text(),
  name: text(),
  scopes: scopes(),
  createdTime: time(),
  expiresTime: Type.Optional(time()),
  lastUsedTime: Type.Optional(time()),
  revokedTime: Type.Optional(time()),
  source: Type.Optional(Type.String({ description: "the only name it sends under" })),
  addresses: Type.Optional(Type.Array(text(), { description: "addresses and networks it is good from" })),
});
/** A machine's key without its secret. */
export type Key = Static<typeof keySchema>;

export const keyListSchema = Type.Object({ rows: Type.Array(keySchema) });
export type KeyList = Static<typeof keyListSchema>;

export const newKeySchema = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 100 }),
    scopes: scopes(),
    expiresInDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 3650 })),
    source: Type.Optional(
      Type.String({
        pattern: "^[\\x21-\\x7e]+$",
        maxLength: limits.batchIdLengthMax,
        description: "the only name it may send under",
      }),
    ),
    addresses: Type.Optional(
      Type.Array(Type.String({ maxLength: 50 }), {
        minItems: 1,
        maxItems: 50,
        description: "the only addresses and networks it is good from, such as 10.1.0.0/16",
      }),
    ),
  },
  { additionalProperties: false },
);

export const rotateKeySchema = Type.Object(
  { days: Type.Optional(Type.Integer({ minimum: 0, maximum: 90, default: 7 })) },
  { additionalProperties: false },
);

export const madeKeySchema = Type.Object({
  id: text(),
  key: Type.String({ description: "the key itself; it is shown this once" }),
});

export const intakeSchema = Type.Object({
  accepted: count(),
  refused: count(),
  refusals: Type.Array(Type.Object({ line: Type.Integer({ minimum: 1 }), reason: text() }), {
    description: `the first ${limits.refusalsListedMax} of the refused lines`,
  }),
  duplicate: Type.Boolean({ description: "the batch had been taken before" }),
  debug: Type.Optional(
    Type.Array(
      Type.Object({
        service: Type.Union([text(), Type.Null()]),
        job: Type.Union([text(), Type.Null()]),
        logger: Type.Union([text(), Type.Null()]),
        until: Type.String({ format: "date-time" }),
      }),
      { description: "for an agent: whose log lines below the level are wanted, for its recorders" },
    ),
  ),
  checkpoint: Type.Optional(
    Type.Object(
      {
        note: Type.String({ description: "signed note (c2sp.org/tlog-checkpoint)" }),
        consistency: Type.Optional(
          Type.Array(text(), { description: "proof that it begins with what the sender keeps, in base64" }),
        ),
      },
      { description: "the newest signed head of the ledger, for the sender to keep" },
    ),
  ),
});
/** What a sender is answered for a batch. */
export type IntakeReply = Static<typeof intakeSchema>;

export const healthSchema = Type.Object({ status: Type.Literal("ok") });

export const errorSchema = Type.Object({
  code: Type.String({ description: "one of the catalogue of codes" }),
  message: Type.String({ description: "names what was wrong and what was expected" }),
});
/** Every answer with a status of 400 and more. */
export type ErrorAnswer = Static<typeof errorSchema>;

/** Data of the tail's `skipped` event: so many events were not sent, because there were too many. */
export type TailSkipped = { readonly count: number };
