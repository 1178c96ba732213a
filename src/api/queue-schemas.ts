/** The shapes of queues, workers and web servers as the page shows them, over time. */
import { type Static, Type } from "typebox";
import { runSchema } from "./schemas.ts";

const time = () => Type.String({ format: "date-time" });
const text = () => Type.String();
const count = () => Type.Integer({ minimum: 0 });
const numbers = (description: string) =>
  Type.Array(Type.Number(), { description: `${description}, by stretch` });
const owned = { service: Type.Optional(text()), environment: Type.Optional(text()) };
const axis = { fromTime: time(), stepSeconds: Type.Number({ description: "length of a stretch" }) };

const queueSchema = Type.Object({
  queue: text(),
  ...owned,
  waiting: count(),
  running: count(),
  retrying: count(),
  oldestTime: Type.Optional(time()),
  came: count(),
  went: count(),
  cameRecently: Type.Integer({ minimum: 0, description: "in the last 15 minutes" }),
  wentRecently: Type.Integer({ minimum: 0, description: "in the last 15 minutes" }),
  drainMs: Type.Optional(
    Type.Number({
      description: "until nothing waits, at the rates of the last 15 minutes; absent: it does not shrink",
    }),
  ),
  depths: numbers("waiting at its end"),
  cameByStretch: numbers("came in"),
  wentByStretch: numbers("ended"),
});
export type QueueRow = Static<typeof queueSchema>;

export const queuesSchema = Type.Object({ ...axis, rows: Type.Array(queueSchema) });
export type QueuesAnswer = Static<typeof queuesSchema>;

const workerStates = ["working", "idle", "silent", "lost", "stopped"] as const;
export type WorkerState = (typeof workerStates)[number];

const workerSchema = Type.Object({
  worker: text(),
  host: Type.Optional(text()),
  ...owned,
  release: Type.Optional(text()),
  runtime: Type.Optional(text()),
  state: Type.Unsafe<WorkerState>(Type.String({ enum: [...workerStates] })),
  lastTime: time(),
  startedTime: Type.Optional(time()),
  heartbeatTime: Type.Optional(time()),
  runs: Type.Integer({ minimum: 0, description: "that it began in this time" }),
  run: Type.Optional(runSchema),
});
export type WorkerRow = Static<typeof workerSchema>;

export const workersSchema = Type.Object({ rows: Type.Array(workerSchema) });
export type WorkersAnswer = Static<typeof workersSchema>;

const optionalNumber = () => Type.Optional(Type.Number());

const pumaWorkerSchema = Type.Object({
  index: optionalNumber(),
  pid: optionalNumber(),
  phase: optionalNumber(),
  busy: optionalNumber(),
  threads: optionalNumber(),
  backlog: optionalNumber(),
  lastCheckinMs: optionalNumber(),
  rssBytes: optionalNumber(),
});

const pumaSchema = Type.Object({
  worker: text(),
  host: Type.Optional(text()),
  ...owned,
  release: Type.Optional(text()),
  lastTime: time(),
  busy: Type.Number(),
  threads: Type.Number(),
  backlog: Type.Number(),
  requests: count(),
  rssBytes: optionalNumber(),
  workers: Type.Array(pumaWorkerSchema, { description: "processes of a cluster; empty: a single process" }),
  busyByStretch: numbers("share of threads that were busy, 0 to 1"),
  backlogByStretch: numbers("most requests that waited"),
});
export type PumaRow = Static<typeof pumaSchema>;

const webSchema = Type.Object({
  ...owned,
  host: Type.Optional(text()),
  requests: count(),
  errors: Type.Integer({ minimum: 0, description: "answered with 5xx" }),
  p95Ms: Type.Number({ description: "of its worst stretch" }),
  requestsByStretch: numbers("requests"),
  errorsByStretch: numbers("5xx"),
  p50ByStretch: numbers("half of the answers were faster, ms"),
  p95ByStretch: numbers("all but a twentieth of the answers were faster, ms"),
});
export type WebRow = Static<typeof webSchema>;

export const pumaListSchema = Type.Object({
  ...axis,
  rows: Type.Array(pumaSchema),
  web: Type.Array(webSchema),
});
export type PumaAnswer = Static<typeof pumaListSchema>;
