/** Failures that are the same, told together: how often, since when, and how many heal. */
import { Type } from "typebox";
import { formatTime } from "../../model/time.ts";
import { rangeOf, rangeParameters } from "../ask.ts";
import { failuresSchema } from "../failure-schemas.ts";
import { failureRows } from "../failures.ts";
import type { AddRoutes } from "../parts.ts";
import { refusals } from "./refusals.ts";

const groupsMax = 200;
const stretches = 60;
const one = (description: string) => Type.Optional(Type.String({ maxLength: 512, description }));

export const addFailureRoutes: AddRoutes = (server, { events, clock }) => {
  server.get(
    "/api/v1/failures",
    {
      schema: {
        operationId: "listFailures",
        tags: ["runs"],
        summary: "List failures that are the same together, with what became of their runs",
        querystring: Type.Object(
          {
            ...rangeParameters,
            job: one("of this job"),
            service: one("of this service"),
            environment: one("in this environment"),
          },
          { additionalProperties: false },
        ),
        response: { 200: failuresSchema, ...refusals(400, 421, 422, 503) },
      },
    },
    async ({ query: { from, until, ...name } }) => {
      const range = rangeOf(
        { ...(from !== undefined && { from }), ...(until !== undefined && { until }) },
        clock(),
      );
      const stepMicros = Math.ceil((range.untilMicros - range.fromMicros) / stretches);
      const groups = await events.failures({ ...range, ...name, stepMicros, limit: groupsMax });
      return {
        fromTime: formatTime(range.fromMicros),
        stepSeconds: stepMicros / 1e6,
        rows: [...failureRows(groups, stretches)],
      };
    },
  );
};
