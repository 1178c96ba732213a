/** Jobs, with what their runs in a range of time came to, and one job day by day. */
import { Type } from "typebox";
import { Fault } from "../../model/fault.ts";
import { limits } from "../../model/limits.ts";
import { jobAnswer } from "../answers.ts";
import { rangeOf, rangeParameters } from "../ask.ts";
import { jobDaysSchema } from "../failure-schemas.ts";
import type { AddRoutes } from "../parts.ts";
import { jobListSchema } from "../schemas.ts";
import { refusals } from "./refusals.ts";

const dayMicros = 86_400_000_000;
const jobQuestion = {
  job: Type.String({ minLength: 1, maxLength: 512 }),
  service: Type.Optional(Type.String({ maxLength: 128 })),
  environment: Type.Optional(Type.String({ maxLength: 64 })),
};

function knownZone(name: string): string {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    throw new Fault("QUERY_INVALID", "`zone` must be the name of a time zone, such as Europe/Berlin.");
  }
}

export const addJobRoutes: AddRoutes = (server, { events, clock }) => {
  server.get(
    "/api/v1/jobs",
    {
      schema: {
        operationId: "listJobs",
        tags: ["jobs"],
        summary: "List jobs with the counts, last state and durations of their runs",
        querystring: Type.Object(rangeParameters, { additionalProperties: false }),
        response: { 200: jobListSchema, ...refusals(400, 421, 422, 503) },
      },
    },
    async ({ query }) => {
      const jobs = await events.jobs(rangeOf(query, clock()), limits.pageRowsMax);
      return { rows: jobs.map(jobAnswer) };
    },
  );

  server.get(
    "/api/v1/jobs/days",
    {
      schema: {
        operationId: "listJobDays",
        tags: ["jobs"],
        summary: "List the days on which a job ran, and how its runs went",
        querystring: Type.Object(
          {
            ...jobQuestion,
            zone: Type.Optional(
              Type.String({ maxLength: 64, description: "where days begin; default: UTC" }),
            ),
            days: Type.Optional(Type.Integer({ minimum: 1, maximum: 366, default: 90 })),
          },
          { additionalProperties: false },
        ),
        response: { 200: jobDaysSchema, ...refusals(400, 421, 422, 503) },
      },
    },
    async ({ query: { zone = "UTC", days = 90, ...name } }) => {
      const untilMicros = Math.floor(clock() * 1000);
      const range = { fromMicros: untilMicros - days * dayMicros, untilMicros };
      const rows = await events.jobDays({ ...name, ...range, timeZone: knownZone(zone) });
      return { rows: rows.map((row) => ({ ...row })) };
    },
  );
};
