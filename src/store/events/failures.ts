/** Failures that are the same, and what became of them; and how a job went day by day. */
import type { Kind } from "../../model/event.ts";
import { limits } from "../../model/limits.ts";
import type { EngineClient } from "../engine/client.ts";
import type { FailureGroup, FailureQuery, JobDay, JobDaysQuery, PageQuestions } from "../page.ts";
import { addTimeRange, conditions, moment } from "./filter.ts";
import { checkLimit } from "./limit.ts";
import { question } from "./question.ts";
import { present, stateOf } from "./rows.ts";
import { addMark, addTeam, rowsOfRange } from "./runs.ts";
import { addTeamOfEvents, checkStep } from "./schedule.ts";

const failureGroups = question("failureGroups");
const failureOutcomes = question("failureOutcomes");
const jobDays = question("jobDays");

type GroupRow = {
  readonly group_key: string;
  readonly the_fingerprint: string;
  readonly attempts: string;
  readonly runs: string;
  readonly first_micros: string;
  readonly last_micros: string;
  readonly newest_kind: Kind;
  readonly newest_class: string;
  readonly newest_message: string;
  readonly newest_stack: string;
  readonly newest_event: string;
  readonly newest_run: string;
  readonly first_release: string;
  readonly last_release: string;
  readonly jobs: readonly string[];
  readonly services: readonly string[];
  readonly by_stretch: Readonly<Record<string, string>>;
};

type OutcomeRow = {
  readonly group_key: string;
  readonly state: string | number;
  readonly attempt: string;
  readonly runs: string;
};

type DayRow = {
  readonly day: string;
  readonly runs: Readonly<Record<string, string>>;
  readonly middle: number | null;
};

export function failureQuestions(client: EngineClient): Pick<PageQuestions, "failures" | "jobDays"> {
  return {
    async failures(query) {
      checkLimit(query.limit, limits.pageRowsMax);
      checkStep(query, query.stepMicros);
      const { filter, parameters } = filterOf(query);
      const [groups, outcomes] = await Promise.all([
        client.rows<GroupRow>(failureGroups({ filter }), {
          ...parameters,
          from: query.fromMicros,
          step: query.stepMicros,
          limit: query.limit,
        }),
        client.rows<OutcomeRow>(failureOutcomes({ filter }), parameters),
      ]);
      const byKey = Map.groupBy(outcomes, ({ group_key }) => group_key);
      return groups.map((row) => toGroup(row, byKey.get(row.group_key) ?? []));
    },

    async jobDays(query: JobDaysQuery) {
      const list = conditions();
      const { job, service, environment } = query;
      addMark(list, "job_mark", [job]);
      addMark(list, "service_mark", service === undefined ? undefined : [service]);
      addMark(list, "environment_mark", environment === undefined ? undefined : [environment]);
      addTeam(list, query.team ?? {});
      const rowsFrom = rowsOfRange(list, query, { jobs: [job] });
      list.add(`began >= ${moment(list, query.fromMicros)} AND began < ${moment(list, query.untilMicros)}`);
      const { sql: filter, parameters } = list.all();
      const rows = await client.rows<DayRow>(jobDays({ rows: rowsFrom, filter }), {
        ...parameters,
        zone: query.timeZone,
      });
      return rows.map(
        ({ day, runs, middle }) =>
          present({
            day,
            runs: Object.fromEntries(
              Object.entries(runs).map(([state, count]) => [stateOf(state), Number(count)]),
            ),
            durationMiddleMs: middle !== null && Number.isFinite(middle) ? middle : undefined,
          }) as JobDay,
      );
    },
  };
}

function filterOf(query: FailureQuery) {
  const list = conditions();
  addTimeRange(list, query);
  addTeamOfEvents(list, query.team);
  for (const name of ["job", "service", "environment"] as const) {
    const value = query[name];
    if (value !== undefined) list.add(`${name} = ${list.bind(value, "String")}`);
  }
  const { sql, parameters } = list.all();
  return { filter: sql, parameters };
}

function toGroup(row: GroupRow, outcomes: readonly OutcomeRow[]): FailureGroup {
  return present({
    key: row.group_key,
    fingerprint: row.the_fingerprint || undefined,
    attempts: Number(row.attempts),
    runs: Number(row.runs),
    firstMicros: Number(row.first_micros),
    lastMicros: Number(row.last_micros),
    newestKind: row.newest_kind,
    errorClass: row.newest_class || undefined,
    errorMessage: row.newest_message || undefined,
    errorStack: row.newest_stack || undefined,
    newestEventId: row.newest_event,
    newestRunId: row.newest_run || undefined,
    firstRelease: row.first_release || undefined,
    lastRelease: row.last_release || undefined,
    jobs: [...row.jobs].sort(),
    services: [...row.services].filter((one) => one !== "").sort(),
    byStretch: Object.fromEntries(Object.entries(row.by_stretch).map(([at, count]) => [at, Number(count)])),
    outcomes: outcomes.map(({ state, attempt, runs }) => ({
      state: stateOf(state),
      attempt: Number(attempt),
      runs: Number(runs),
    })),
  }) as FailureGroup;
}
