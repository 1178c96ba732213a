/** What is usual of a job, as HTTP answers it. */
import { type Static, Type } from "typebox";

const time = () => Type.String({ format: "date-time", description: "RFC 3339, UTC, microseconds" });
const amount = (description: string) => Type.Number({ minimum: 0, description });

const bandSchema = (of: string) =>
  Type.Object(
    {
      low: amount("nine of ten are not below"),
      middle: amount("the median"),
      high: amount("nine of ten are not above"),
      lowLimit: amount("below this a finding is made"),
      highLimit: amount("above this a finding is made"),
      samples: Type.Integer({ minimum: 0 }),
      basis: Type.Unsafe<"week" | "near" | "day" | "all">(
        Type.String({
          enum: ["week", "near", "day", "all"],
          description: "samples of the same hour of the week, of the same hour of any day, or of any hour",
        }),
      ),
    },
    { description: `${of}; absent: still being learnt` },
  );

const hourSchema = Type.Object({
  from: time(),
  runs: Type.Integer({ minimum: 0, description: "asked for or begun in this hour" }),
  failedAttempts: Type.Integer({ minimum: 0 }),
  durationMs: Type.Optional(amount("the median of its runs that succeeded")),
  usualDurationMs: Type.Optional(bandSchema("how long its runs usually take at this hour")),
  usualRuns: Type.Optional(bandSchema("how many runs there usually are in this hour")),
  usualFailures: Type.Optional(
    Type.Object(
      { low: Type.Number(), middle: Type.Number(), high: Type.Number() },
      { description: "the share of attempts that usually fails, from 0 to 1, with its bounds" },
    ),
  ),
});

export const baselineSchema = Type.Object({
  timeZone: Type.String({ description: "in which hours of the week are told apart" }),
  sentence: Type.String({ description: "what is usual at the last hour of the range, for people" }),
  hours: Type.Array(hourSchema, { description: "every hour of the range, oldest first" }),
  releases: Type.Array(Type.Object({ release: Type.String(), firstTime: time() }), {
    description:
      "and the hour in which each was first seen, oldest first; from eight weeks before the range on",
  }),
});
export type BaselineAnswer = Static<typeof baselineSchema>;
