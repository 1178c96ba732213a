/** The shape of the schedule board: rows of jobs with a schedule, all on one axis of time. */
import { type Static, Type } from "typebox";
import { type RunState, runStates } from "../model/run.ts";
import { scheduleSchema } from "./watch-schemas.ts";

const time = () => Type.String({ format: "date-time" });
const text = () => Type.String();
const count = () => Type.Integer({ minimum: 0 });
const state = () => Type.Unsafe<RunState>(Type.String({ enum: [...runStates] }));

const slotStates = ["served", "missed", "due", "unknown", "ahead"] as const;
export type SlotState = (typeof slotStates)[number];

const slotSchema = Type.Object({
  time: time(),
  state: Type.Unsafe<SlotState>(
    Type.String({
      enum: [...slotStates],
      description:
        "served: a run was asked for or began; missed: none within its grace; due: its grace is not over; unknown: nothing was recorded of the job yet; ahead: it has not come",
    }),
  ),
});

const barSchema = Type.Object(
  {
    time: time(),
    endTime: time(),
    state: state(),
    runs: Type.Integer({
      minimum: 1,
      description: "runs that began so close together that they are one bar",
    }),
    runId: Type.String({ description: "of the one that is worst off" }),
  },
  { description: "runs; the state is that of the one that is worst off" },
);

const rowSchema = Type.Object({
  job: text(),
  service: Type.Optional(text()),
  environment: Type.Optional(text()),
  owner: Type.Optional(text()),
  source: Type.Unsafe<"declared" | "set">(Type.String({ enum: ["declared", "set"] })),
  schedules: Type.Array(scheduleSchema),
  nextTime: Type.Optional(time()),
  slots: Type.Array(slotSchema, {
    description: "expected ones, oldest first; empty where they stand too close to be told apart",
  }),
  dense: Type.Boolean({ description: "its slots stand too close to be told apart" }),
  missed: count(),
  firstMissedTime: Type.Optional(time()),
  lastMissedTime: Type.Optional(time()),
  bars: Type.Array(barSchema),
  drift: Type.Array(text(), { description: "where declared, installed and observed do not agree" }),
});
export type BoardRow = Static<typeof rowSchema>;

export const boardSchema = Type.Object({
  fromTime: time(),
  untilTime: time(),
  nowTime: time(),
  stepSeconds: Type.Number({ description: "length of a stretch of the axis" }),
  rows: Type.Array(rowSchema, { description: "those with a missed slot first, at most 1,000" }),
  rowsLeftOut: Type.Integer({ minimum: 0 }),
  services: Type.Array(text(), { description: "of all jobs with a schedule" }),
  atWork: Type.Array(count(), { description: "all runs at work, by stretch; up to now" }),
  releases: Type.Array(Type.Object({ time: time(), service: text(), release: text() })),
});
export type Board = Static<typeof boardSchema>;
