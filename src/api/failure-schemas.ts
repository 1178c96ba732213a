/** The shapes of failures that are the same, and of a job day by day. */
import { type Static, Type } from "typebox";
import { runCounts } from "./schemas.ts";

const time = () => Type.String({ format: "date-time" });
const text = () => Type.String();
const count = () => Type.Integer({ minimum: 0 });

const groupSchema = Type.Object({
  key: Type.String({ description: "the fingerprint; where no recorder made one, job and class" }),
  fingerprint: Type.Optional(text()),
  attempts: count(),
  runs: count(),
  firstTime: time(),
  lastTime: time(),
  lost: Type.Boolean({ description: "the newest ended with its worker" }),
  errorClass: Type.Optional(text()),
  errorMessage: Type.Optional(Type.String({ description: "of the newest, its first 1,000 characters" })),
  errorStack: Type.Optional(Type.String({ description: "of the newest, its first 8,000 characters" })),
  newestEventId: text(),
  newestRunId: Type.Optional(text()),
  firstRelease: Type.Optional(Type.String({ description: "in which it was first seen in this time" })),
  lastRelease: Type.Optional(text()),
  jobs: Type.Array(text(), { description: "at most 20" }),
  services: Type.Array(text()),
  byStretch: Type.Array(count(), { description: "failed attempts, by stretch" }),
  states: runCounts,
  heals: Type.Array(Type.Object({ attempt: Type.Integer({ minimum: 1 }), runs: count() }), {
    description: "runs that succeeded in the end, by the attempt on which they did",
  }),
});
export type FailureRow = Static<typeof groupSchema>;

export const failuresSchema = Type.Object({
  fromTime: time(),
  stepSeconds: Type.Number(),
  rows: Type.Array(groupSchema, {
    description: "those that still need somebody first, then the newest; at most 200",
  }),
});
export type FailuresAnswer = Static<typeof failuresSchema>;

export const jobDaysSchema = Type.Object({
  rows: Type.Array(
    Type.Object({
      day: Type.String({ format: "date" }),
      runs: runCounts,
      durationMiddleMs: Type.Optional(Type.Number({ minimum: 0 })),
    }),
    { description: "days on which it ran, oldest first" },
  ),
});
export type JobDaysAnswer = Static<typeof jobDaysSchema>;
