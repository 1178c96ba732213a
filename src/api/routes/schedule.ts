/** The schedule board: every job with a schedule, what was expected of it and what it did. */
import { Type } from "typebox";
import { Fault } from "../../model/fault.ts";
import { formatTime } from "../../model/time.ts";
import type { TimeRange } from "../../store/store.ts";
import { rangeOf, rangeParameters } from "../ask.ts";
import { boardRows } from "../board.ts";
import { boardSchema } from "../board-schemas.ts";
import type { AddRoutes } from "../parts.ts";
import { refusals } from "./refusals.ts";

/** Stretches of the axis: as many as a wide screen can tell apart, of whole seconds each. */
const stretchesWanted = 480;
/** Rows in one answer; those with a missed slot come first. More: counted, and narrowed by service. */
const rowsMax = 1000;
const rangeMicrosMax = 92 * 86_400_000_000;

export const addScheduleRoutes: AddRoutes = (server, { watch, events, control, clock }) => {
  server.get(
    "/api/v1/schedule",
    {
      schema: {
        operationId: "readSchedule",
        tags: ["monitors"],
        summary: "Read the schedule board: expected slots, runs, and what is ahead, by job",
        querystring: Type.Object(
          {
            ...rangeParameters,
            service: Type.Optional(
              Type.String({ maxLength: 128, description: "jobs of this service alone" }),
            ),
          },
          { additionalProperties: false },
        ),
        response: { 200: boardSchema, ...refusals(400, 421, 422, 503) },
      },
    },
    async ({ query: { service, ...query } }) => {
      const nowMs = clock();
      const range = rangeOf(query, nowMs);
      if (range.untilMicros - range.fromMicros > rangeMicrosMax) {
        throw new Fault("QUERY_INVALID", "The board shows at most 92 days.");
      }
      const stepMicros = stepOf(range);
      const nowMicros = Math.floor(nowMs * 1000);
      const past = { ...range, untilMicros: Math.min(range.untilMicros, nowMicros + 1) };
      const listed = await watch.monitors();
      const all = listed.flatMap(({ monitor, source }) =>
        monitor.schedules.length > 0 && source !== "default" ? [{ monitor, source }] : [],
      );
      const monitors = all.filter(({ monitor }) => service === undefined || monitor.service === service);
      const named = (name: "job" | "service" | "environment"): readonly string[] =>
        [...new Set(monitors.map(({ monitor }) => monitor[name] ?? ""))].filter((value) => value !== "");
      const isPast = past.fromMicros < past.untilMicros;
      const [runs, atWork, releases, declarations] = await Promise.all([
        isPast
          ? events.stretchesOfRuns({
              ...past,
              stepMicros,
              nowMicros,
              jobs: named("job"),
              services: named("service"),
              environments: named("environment"),
            })
          : [],
        isPast ? events.runsAtWork({ ...past, stepMicros, nowMicros }) : [],
        isPast ? events.releases(past) : [],
        control.declarations(),
      ]);
      const rows = boardRows({ ...range, nowMs, stepMicros, monitors, declarations, runs }).toSorted(
        (a, b) => Number(b.missed > 0) - Number(a.missed > 0),
      );
      return {
        fromTime: formatTime(range.fromMicros),
        untilTime: formatTime(range.untilMicros),
        nowTime: formatTime(nowMicros),
        stepSeconds: stepMicros / 1e6,
        rows: rows.slice(0, rowsMax),
        rowsLeftOut: Math.max(0, rows.length - rowsMax),
        services: [...new Set(all.map(({ monitor }) => monitor.service ?? ""))]
          .filter((name) => name !== "")
          .sort(),
        atWork: [...atWork],
        releases: releases.map(({ service, release, firstMicros }) => ({
          time: formatTime(firstMicros),
          service,
          release,
        })),
      };
    },
  );
};

function stepOf({ fromMicros, untilMicros }: TimeRange): number {
  return Math.max(1, Math.ceil((untilMicros - fromMicros) / stretchesWanted / 1e6)) * 1_000_000;
}
