/** What the first sentence of the page needs: how things are, and how the server is. */
import { Type } from "typebox";
import { Fault } from "../../model/fault.ts";
import type { EventStore, Overview, TimeRange } from "../../store/store.ts";
import { overviewAnswer } from "../answers.ts";
import { rangeOf, rangeParameters } from "../ask.ts";
import type { AddRoutes } from "../parts.ts";
import { sampleIsLoaded } from "../sample.ts";
import { overviewSchema } from "../schemas.ts";
import { refusals } from "./refusals.ts";

export const addOverviewRoutes: AddRoutes = (server, { events, control, status, clock }) => {
  server.get(
    "/api/v1/overview",
    {
      schema: {
        operationId: "readOverview",
        tags: ["overview"],
        summary: "Read how things are: runs by state, events, hosts, and the server itself",
        querystring: Type.Object(rangeParameters, { additionalProperties: false }),
        response: { 200: overviewSchema, ...refusals(400, 421, 422, 503) },
      },
    },
    async ({ query }) => {
      const range = rangeOf(query, clock());
      const overview = await overviewOrNothing(events, range);
      // After the answer: asking waits for an engine that is being started again.
      const [server, sample] = await Promise.all([status(), sampleIsLoaded(control)]);
      return {
        overview: overviewAnswer(overview ?? nothing),
        server: overview ? server : { ...server, engine: "down" as const },
        sample,
      };
    },
  );
};

const nothing: Overview = { runs: {}, events: 0, hosts: 0 };

/** While the engine is away, the server itself is the news. */
async function overviewOrNothing(events: EventStore, range: TimeRange): Promise<Overview | undefined> {
  try {
    return await events.overview(range);
  } catch (error) {
    if (error instanceof Fault && error.code === "ENGINE_UNAVAILABLE") return undefined;
    throw error;
  }
}
