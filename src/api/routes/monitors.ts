/** Monitors: what is expected of jobs; and why a job did or did not run. */
import { Type } from "typebox";
import { isSchedule } from "../../detect/slots.ts";
import { Fault } from "../../model/fault.ts";
import { type JobName, jobNameOf, type Monitor, showJob } from "../../model/monitor.ts";
import { formatTime, parseTime } from "../../model/time.ts";
import { rangeOf, rangeParameters } from "../ask.ts";
import { baselineSchema } from "../baseline-schemas.ts";
import type { AddRoutes } from "../parts.ts";
import { baselineAnswer, listedAnswer, monitorAnswer } from "../watch-answers.ts";
import {
  driftListSchema,
  monitorDetailSchema,
  monitorListSchema,
  putMonitorsSchema,
  whySchema,
} from "../watch-schemas.ts";
import { refusals } from "./refusals.ts";

/** A thousand monitors. */
const bodyBytesMax = 2 * 1024 * 1024;
/** Jobs that are listed with a quiet monitor, and how far back they were seen. */
const quietMax = 1000;
const quietBackMicros = 7 * 86_400_000_000;

/** Every hour of the range is compared with those of eight weeks. */
const baselineMicrosMax = 35 * 86_400_000_000;

const jobQuestion = {
  job: Type.String({ minLength: 1, maxLength: 512 }),
  service: Type.Optional(Type.String({ maxLength: 128 })),
  environment: Type.Optional(Type.String({ maxLength: 64 })),
};

export const addMonitorRoutes: AddRoutes = (server, { watch, events, clock }) => {
  server.get(
    "/api/v1/monitors",
    {
      schema: {
        operationId: "listMonitors",
        tags: ["monitors"],
        summary: "List what is expected of each job: set, declared, or nothing but that it goes well",
        response: { 200: monitorListSchema, ...refusals(421, 503) },
      },
    },
    async () => {
      const said = await watch.monitors();
      const untilMicros = Math.floor(clock() * 1000);
      const jobs = await events.jobs({ fromMicros: untilMicros - quietBackMicros, untilMicros }, quietMax);
      const named = await watch.monitorsOf(jobs.map(jobNameOf));
      const quiet = named.filter(({ source }) => source === "default");
      return { rows: [...said, ...quiet].map(listedAnswer) };
    },
  );

  server.get(
    "/api/v1/monitor",
    {
      schema: {
        operationId: "readMonitor",
        tags: ["monitors"],
        summary: "Read what is expected of one job, and who changed it",
        querystring: Type.Object(jobQuestion, { additionalProperties: false }),
        response: { 200: monitorDetailSchema, ...refusals(400, 421) },
      },
    },
    async ({ query }) => {
      const listed = await watch.monitorOf(query);
      const changes = await watch.monitorChanges(listed.monitor);
      return {
        ...listedAnswer(listed),
        changes: changes.map(({ before, after, changedMs, changedBy }) => ({
          time: formatTime(changedMs * 1000),
          by: changedBy,
          ...(before && { before: monitorAnswer(before) }),
          ...(after && { after: monitorAnswer(after) }),
        })),
      };
    },
  );

  server.put(
    "/api/v1/monitors",
    {
      bodyLimit: bodyBytesMax,
      schema: {
        operationId: "putMonitors",
        tags: ["monitors"],
        summary: "Set monitors, and remove what was set; all of it or nothing",
        body: putMonitorsSchema,
        response: { 204: Type.Null(), ...refusals(400, 403, 413, 421) },
      },
    },
    async ({ body }, reply) => {
      const monitors: readonly Monitor[] = body.monitors;
      const removed: readonly JobName[] = body.remove ?? [];
      for (const monitor of monitors) checkSchedules(monitor);
      await watch.changeMonitors(
        [
          ...monitors.map((monitor) => ({ name: jobNameOf(monitor), monitor })),
          ...removed.map((name) => ({ name: jobNameOf(name), monitor: undefined })),
        ],
        body.by ?? "somebody at this server",
      );
      return await reply.code(204).send(null);
    },
  );

  server.get(
    "/api/v1/drift",
    {
      schema: {
        operationId: "listDrift",
        tags: ["monitors"],
        summary: "List where what is declared, what is installed and what runs differ",
        response: { 200: driftListSchema, ...refusals(421, 503) },
      },
    },
    async () => {
      const untilMicros = Math.floor(clock() * 1000);
      const jobs = await events.jobs({ fromMicros: untilMicros - quietBackMicros, untilMicros }, quietMax);
      const drifts = await watch.drifts();
      return {
        rows: drifts.map(({ what, job, because, declared, installed, seenMs }) => {
          const last = jobs.find(
            (one) => one.job === job.job && (job.service ?? one.service) === one.service,
          );
          return {
            what,
            ...job,
            because,
            declared: [...declared],
            installed: [...installed],
            seenTime: formatTime(Math.floor(seenMs * 1000)),
            ...(last && { lastRunTime: formatTime(last.lastMicros) }),
          };
        }),
      };
    },
  );

  server.get(
    "/api/v1/jobs/baseline",
    {
      schema: {
        operationId: "readBaseline",
        tags: ["jobs"],
        summary: "Read what is usual of a job in each hour of a range, and what happened",
        querystring: Type.Object({ ...jobQuestion, ...rangeParameters }, { additionalProperties: false }),
        response: { 200: baselineSchema, ...refusals(400, 404, 421, 422, 503) },
      },
    },
    async ({ query }) => {
      const { from, until, ...name } = query;
      const range = rangeOf(
        { ...(from !== undefined && { from }), ...(until !== undefined && { until }) },
        clock(),
      );
      if (range.untilMicros - range.fromMicros > baselineMicrosMax) {
        throw new Fault("QUERY_INVALID", "The range may be at most 35 days.");
      }
      return baselineAnswer(await watch.baseline(name, range));
    },
  );

  server.get(
    "/api/v1/why",
    {
      schema: {
        operationId: "explainJob",
        tags: ["monitors"],
        summary: "Say why a job did or did not run at a time",
        querystring: Type.Object(
          { ...jobQuestion, at: Type.Optional(Type.String({ description: "RFC 3339; default: now" })) },
          { additionalProperties: false },
        ),
        response: { 200: whySchema, ...refusals(400, 421, 503) },
      },
    },
    async ({ query }) => {
      const { at, ...name } = query;
      const micros = at === undefined ? clock() * 1000 : parseTime(at);
      if (micros === undefined) {
        throw new Fault("QUERY_INVALID", "`at` must be a time with its zone, such as 2026-11-21T02:00:00Z.");
      }
      const { sentences, runIds } = await watch.explain(name, micros / 1000);
      return { sentences: [...sentences], runIds: [...runIds] };
    },
  );
};

function checkSchedules(monitor: Monitor): void {
  for (const schedule of monitor.schedules) {
    if ((schedule.expression === undefined) === (schedule.everySeconds === undefined)) {
      throw new Fault(
        "BAD_REQUEST",
        `${showJob(monitor)}: a schedule is an expression or an interval, and not both.`,
      );
    }
    if (!isSchedule(schedule)) {
      const said = `\`${schedule.expression}\` in ${schedule.timeZone}`;
      throw new Fault(
        "BAD_REQUEST",
        `${showJob(monitor)}: ${said} is no schedule: five fields of cron and a time zone such as Europe/Berlin are expected.`,
      );
    }
  }
}
