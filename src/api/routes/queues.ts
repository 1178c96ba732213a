/** Queues, the workers that serve them, and the web servers that fill them: now, and over time. */
import { Type } from "typebox";
import { formatTime } from "../../model/time.ts";
import type { TimeRange } from "../../store/store.ts";
import { rangeOf, rangeParameters } from "../ask.ts";
import type { AddRoutes } from "../parts.ts";
import { pumaListSchema, queuesSchema, workersSchema } from "../queue-schemas.ts";
import { pumaRows, queueRows, recentMs, webRows, workerRows } from "../queues.ts";
import { refusals } from "./refusals.ts";

const stretches = 60;
/** What has not ended is looked for so far back, however short the range. */
const openBackMicros = 31 * 86_400_000_000;
const runningMax = 1000;

const schemaOf = <Answer>(operationId: string, summary: string, answer: Answer) => ({
  operationId,
  tags: ["queues"],
  summary,
  querystring: Type.Object(rangeParameters, { additionalProperties: false }),
  response: { 200: answer, ...refusals(400, 421, 422, 503) },
});

export const addQueueRoutes: AddRoutes = (server, { events, clock }) => {
  server.get(
    "/api/v1/queues",
    {
      schema: schemaOf(
        "listQueues",
        "List queues: what waits, for how long, and how fast it comes and goes",
        queuesSchema,
      ),
    },
    async ({ query }) => {
      const range = rangeOf(query, clock());
      const { untilMicros } = range;
      const recent = { fromMicros: untilMicros - recentMs * 1000, untilMicros, stepMicros: recentMs * 1000 };
      const [open, flow, recentFlow] = await Promise.all([
        events.openByQueue({ fromMicros: untilMicros - openBackMicros, untilMicros: untilMicros + 1 }),
        events.queueFlow(cut(range)),
        events.queueFlow(recent),
      ]);
      return { ...axisOf(range), rows: [...queueRows({ open, flow, recent: recentFlow, stretches })] };
    },
  );

  server.get(
    "/api/v1/workers",
    {
      schema: schemaOf(
        "listWorkers",
        "List the processes that run jobs, and what they are doing",
        workersSchema,
      ),
    },
    async ({ query }) => {
      const nowMs = clock();
      const range = rangeOf(query, nowMs);
      const back = { ...range, fromMicros: range.untilMicros - openBackMicros };
      const [seen, running] = await Promise.all([
        events.workers(range),
        events.runs({ ...back, states: ["running"], limit: runningMax }),
      ]);
      return { rows: [...workerRows(seen, running.rows, Math.min(nowMs, range.untilMicros / 1000))] };
    },
  );

  server.get(
    "/api/v1/puma",
    {
      schema: schemaOf(
        "listPuma",
        "List web servers: threads, backlog, answers and errors, by host and process",
        pumaListSchema,
      ),
    },
    async ({ query }) => {
      const range = rangeOf(query, clock());
      const [seen, busy, web] = await Promise.all([
        events.pumaNewest(range),
        events.pumaStretches(cut(range)),
        events.webStretches(cut(range)),
      ]);
      return {
        ...axisOf(range),
        rows: [...pumaRows(seen, busy, stretches)],
        web: [...webRows(web, stretches)],
      };
    },
  );
};

function cut(range: TimeRange) {
  return { ...range, stepMicros: Math.ceil((range.untilMicros - range.fromMicros) / stretches) };
}

function axisOf(range: TimeRange) {
  return { fromTime: formatTime(range.fromMicros), stepSeconds: cut(range).stepMicros / 1e6 };
}
