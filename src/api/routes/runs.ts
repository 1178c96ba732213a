/** Runs: pages of them, and one with its attempts, events, lines, and the other runs of its trace. */
import { Type } from "typebox";
import { Fault } from "../../model/fault.ts";
import { limits } from "../../model/limits.ts";
import { foldAttempts, type RunState, runStates } from "../../model/run.ts";
import type { EventStore, RunSummary, StoredEvent, TimeRange } from "../../store/store.ts";
import { attemptAnswer, runAnswer } from "../answers.ts";
import { cursorOf, pageParameters, rangeOf, rangeParameters } from "../ask.ts";
import type { AddRoutes } from "../parts.ts";
import { type RunDetail, runDetailSchema, runPageSchema } from "../schemas.ts";
import { refusals } from "./refusals.ts";

const several = (description: string) =>
  Type.Optional(Type.Array(Type.String(), { maxItems: 50, description }));

const runsQuestion = Type.Object(
  {
    ...rangeParameters,
    state: Type.Optional(
      Type.Unsafe<RunState[]>(
        Type.Array(Type.String({ enum: [...runStates] }), {
          maxItems: 20,
          description: "in any of these states",
        }),
      ),
    ),
    job: several("of any of these jobs"),
    service: several("of any of these services"),
    environment: several("in any of these environments"),
    queue: several("that waited in any of these queues"),
    run: several("any of these runs"),
    trace: Type.Optional(Type.String({ description: "of this trace" })),
    ...pageParameters,
  },
  { additionalProperties: false },
);

export const addRunRoutes: AddRoutes = (server, { events, clock }) => {
  server.get(
    "/api/v1/runs",
    {
      schema: {
        operationId: "listRuns",
        tags: ["runs"],
        summary: "List runs that had an event in a range of time, newest first",
        querystring: runsQuestion,
        response: { 200: runPageSchema, ...refusals(400, 421, 422, 503) },
      },
    },
    async ({ query }) => {
      const page = await events.runs({
        ...rangeOf(query, clock()),
        limit: query.limit ?? 100,
        ...cursorOf(query.cursor),
        ...(query.state && { states: query.state }),
        ...(query.job && { jobs: query.job }),
        ...(query.service && { services: query.service }),
        ...(query.environment && { environments: query.environment }),
        ...(query.queue && { queues: query.queue }),
        ...(query.run && { runIds: query.run }),
        ...(query.trace !== undefined && { traceId: query.trace }),
      });
      return { rows: page.rows.map(runAnswer), next: page.next };
    },
  );

  server.get(
    "/api/v1/runs/:id",
    {
      schema: {
        operationId: "readRun",
        tags: ["runs"],
        summary: "Read one run with all that is known of it",
        params: Type.Object({ id: Type.String({ description: "the run's id" }) }),
        response: { 200: runDetailSchema, ...refusals(404, 421, 503) },
      },
    },
    async ({ params }) => {
      const run = await events.run(params.id);
      if (!run) throw new Fault("NOT_FOUND", "There is no run with this id.");
      return await runDetail(events, run);
    },
  );
};

/** Other runs of a trace that are listed with a run. More: the newest are. */
const traceRunsMax = 100;
const dayMicros = 86_400_000_000;

async function runDetail(events: EventStore, run: RunSummary): Promise<RunDetail> {
  // A day on either side: lines may come before the first event that we have, or after the end.
  const range: TimeRange = {
    fromMicros:
      Math.min(run.enqueuedMicros ?? run.lastMicros, run.startedMicros ?? run.lastMicros) - dayMicros,
    untilMicros: run.lastMicros + dayMicros,
  };
  const ofRun = {
    ...range,
    fields: [{ name: "run_id", values: [run.runId] }],
    order: "oldest",
    limit: limits.pageRowsMax,
  } as const;
  const [life, lines, trace] = await Promise.all([
    events.events({ ...ofRun, streams: ["jobs", "audit"] }),
    events.events({ ...ofRun, streams: ["logs", "http"] }),
    run.traceId === undefined
      ? undefined
      : events.runs({ ...range, traceId: run.traceId, limit: traceRunsMax }),
  ]);
  return {
    run: runAnswer(run),
    attempts: foldAttempts(life.rows).map(attemptAnswer),
    events: [...life.rows],
    lines: [...lines.rows],
    trace: (trace?.rows ?? []).filter((other) => other.runId !== run.runId).map(runAnswer),
    ...recordedBy(life.rows),
  };
}

/** Which of the two ways a command was recorded in; absent for jobs, and where attributes are hidden. */
function recordedBy(events: readonly StoredEvent[]): Pick<RunDetail, "recordedBy"> {
  for (const { attributes } of events) {
    const way = attributes?.["recorded_by"];
    if (way === "midwatch-run" || way === "midwatch exec") return { recordedBy: way };
  }
  return {};
}
