/** The sample day: loaded and removed as often as one likes. */
import type { AddRoutes } from "../parts.ts";
import { loadSample, removeSample, sampleIsLoaded } from "../sample.ts";
import { sampleSchema } from "../schemas.ts";
import { refusals } from "./refusals.ts";

export const addSampleRoutes: AddRoutes = (server, parts) => {
  // One at a time: loading and removing at once would leave a part of the day behind.
  let last: Promise<unknown> = Promise.resolve();
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work, work);
    last = turn.catch(() => undefined);
    return turn;
  }

  server.get(
    "/api/v1/sample",
    {
      schema: {
        operationId: "readSample",
        tags: ["sample"],
        summary: "Say whether the sample day is loaded",
        response: { 200: sampleSchema, ...refusals(421) },
      },
    },
    async () => ({ loaded: await sampleIsLoaded(parts.control), events: 0 }),
  );

  server.post(
    "/api/v1/sample",
    {
      schema: {
        operationId: "loadSample",
        tags: ["sample"],
        summary: "Load the sample day: real events of the playground, moved so that the day ends now",
        response: { 200: sampleSchema, ...refusals(403, 404, 421, 503) },
      },
    },
    async () => await inTurn(() => loadSample(parts)),
  );

  server.delete(
    "/api/v1/sample",
    {
      schema: {
        operationId: "removeSample",
        tags: ["sample"],
        summary: "Remove the sample day",
        response: { 200: sampleSchema, ...refusals(403, 421, 503) },
      },
    },
    async () => await inTurn(() => removeSample(parts)),
  );
};
