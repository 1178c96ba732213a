/** Jobs, with what their runs in a range of time came to. */
import { Type } from "typebox";
import { limits } from "../../model/limits.ts";
import { jobAnswer } from "../answers.ts";
import { rangeOf, rangeParameters } from "../ask.ts";
import type { AddRoutes } from "../parts.ts";
import { jobListSchema } from "../schemas.ts";
import { refusals } from "./refusals.ts";

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
};
