/** What the watch asks again and again: each question is one cheap statement. */
import type { EngineClient } from "../engine/client.ts";
import type { EventStore, JobSign, JobSuccess } from "../store.ts";
import { addEventFilter, conditions, moment } from "./filter.ts";
import { checkLimit } from "./limit.ts";
import { question } from "./question.ts";
import { type EventRow, present, type RunRow, runColumns, stateNumbers, toRunSummary } from "./rows.ts";

const openRuns = question("openRuns");
const jobSigns = question("jobSigns");
const successes = question("successes");

const rowsMax = 20_000;
const openStates = ["waiting", "running", "retrying"] as const;

export function watchQuestions(
  client: EngineClient,
): Pick<EventStore, "openRuns" | "jobSigns" | "successes"> {
  return {
    async openRuns(range, limit) {
      checkLimit(limit, rowsMax);
      const list = conditions();
      list.add(
        `last_time >= ${moment(list, range.fromMicros)} AND last_time < ${moment(list, range.untilMicros)}`,
      );
      const { sql, parameters } = list.all();
      const rows = await client.rows<RunRow>(openRuns({ columns: runColumns, range: sql }), {
        ...parameters,
        states: openStates.map((state) => stateNumbers.indexOf(state)),
        limit,
      });
      return rows.map(toRunSummary);
    },

    async jobSigns(range, jobs, limit) {
      checkLimit(limit, rowsMax);
      const list = conditions();
      const kinds = ["job.started", "job.enqueued", "job.scheduled"] as const;
      addEventFilter(list, { ...range, streams: ["jobs"], kinds, fields: [{ name: "job", values: jobs }] });
      const { sql, parameters } = list.all();
      const rows = await client.rows<EventRow>(jobSigns({ filter: sql }), { ...parameters, limit });
      return rows.map(
        (row) =>
          present({
            ...placeOf(row),
            kind: row["kind"],
            host: row["host"] || undefined,
            actor: row["actor"] || undefined,
            runId: row["run_id"] || undefined,
          }) as JobSign,
      );
    },

    async successes({ after, until }, jobs) {
      const rows = await client.rows<EventRow>(successes(), {
        after_segment: after.segment,
        after_index: after.index,
        until_segment: until.segment,
        until_index: until.index,
        jobs,
      });
      return rows.map(
        (row) => present({ ...placeOf(row), runId: row["newest_run"] || undefined }) as JobSuccess,
      );
    },
  };
}

function placeOf(row: EventRow) {
  return {
    job: row["job"],
    service: row["service"] || undefined,
    environment: row["environment"] || undefined,
    atMicros: Number(row["at_micros"]),
  };
}
