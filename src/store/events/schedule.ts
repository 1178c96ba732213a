/** What the schedule board asks: runs and releases on one axis of time. */
import type { EngineClient } from "../engine/client.ts";
import type { PageQuestions, StretchOfRuns } from "../page.ts";
import type { Team, TimeRange } from "../store.ts";
import { addTimeRange, type Conditions, conditions, invalid } from "./filter.ts";
import { question } from "./question.ts";
import { present, stateOf } from "./rows.ts";
import { addTeam, heardSince, rowsOfRange } from "./runs.ts";

const stretchesOfRuns = question("stretchesOfRuns");
const runsAtWork = question("runsAtWork");
const releases = question("releases");

const stretchRowsMax = 20_000;
/** Stretches of an axis. More: refused. */
const stretchesMax = 1000;

type StretchRow = {
  readonly job: string;
  readonly service: string;
  readonly environment: string;
  readonly stretch: string;
  readonly runs: string;
  readonly first_began: string;
  readonly last_ended: string;
  readonly worst_state: string | number;
  readonly worst_run: string;
  readonly all_asked: readonly string[];
};

export function scheduleQuestions(
  client: EngineClient,
): Pick<PageQuestions, "stretchesOfRuns" | "runsAtWork" | "releases"> {
  return {
    async stretchesOfRuns(query) {
      if (query.jobs.length === 0) return [];
      checkStep(query, query.stepMicros);
      const list = conditions();
      addTeam(list, query.team ?? {});
      const candidates = heardSince(list, query.fromMicros);
      list.add(
        `began < ${list.bind(query.untilMicros, "Int64")} AND ended >= ${list.bind(query.fromMicros, "Int64")}`,
      );
      const { sql: filter, parameters } = list.all();
      const rows = await client.rows<StretchRow>(stretchesOfRuns({ candidates, filter }), {
        ...parameters,
        jobs: query.jobs,
        services: query.services,
        environments: query.environments,
        from: query.fromMicros,
        step: query.stepMicros,
        now: query.nowMicros,
        limit: stretchRowsMax,
      });
      return rows.map(toStretch);
    },

    async runsAtWork({ fromMicros, untilMicros, stepMicros, nowMicros, team = {} }) {
      checkStep({ fromMicros, untilMicros }, stepMicros);
      const list = conditions();
      addTeam(list, team);
      const rowsFrom = rowsOfRange(list, { fromMicros, untilMicros });
      const { sql: filter, parameters } = list.all();
      const sql = runsAtWork({ rows: rowsFrom, filter });
      const rows = await client.rows<{ stretch: string; runs: string }>(sql, {
        ...parameters,
        from: fromMicros,
        until: untilMicros,
        step: stepMicros,
        now: nowMicros,
      });
      const changes = new Map(rows.map(({ stretch, runs }) => [Number(stretch), Number(runs)]));
      let atWork = 0;
      return Array.from({ length: Math.ceil((untilMicros - fromMicros) / stepMicros) }, (_, stretch) => {
        atWork += changes.get(stretch) ?? 0;
        return atWork;
      });
    },

    async releases(range) {
      const list = conditions();
      addTimeRange(list, range);
      addTeamOfEvents(list, range.team);
      const { sql: filter, parameters } = list.all();
      type Row = { service: string; release: string; first_micros: string };
      const rows = await client.rows<Row>(releases({ filter }), parameters);
      const seen = new Set<string>();
      return rows
        .filter(({ service }) => {
          const isFirst = !seen.has(service);
          seen.add(service);
          return !isFirst;
        })
        .map(({ service, release, first_micros }) => ({
          service,
          release,
          firstMicros: Number(first_micros),
        }));
    },
  };
}

export function addTeamOfEvents(list: Conditions, { services, environments }: Team = {}): void {
  if (services) list.add(`service IN ${list.bind(services, "Array(String)")}`);
  if (environments) list.add(`environment IN ${list.bind(environments, "Array(String)")}`);
}

export function checkStep({ fromMicros, untilMicros }: TimeRange, stepMicros: number): void {
  const stretches = (untilMicros - fromMicros) / stepMicros;
  if (!Number.isInteger(stepMicros) || stepMicros <= 0 || stretches > stretchesMax) {
    throw invalid(`a range has at most ${stretchesMax} stretches`);
  }
}

function toStretch(row: StretchRow): StretchOfRuns {
  return present({
    job: row.job,
    service: row.service || undefined,
    environment: row.environment || undefined,
    // A run that began before the range stands at its beginning.
    stretch: Math.max(0, Number(row.stretch)),
    runs: Number(row.runs),
    beganMicros: Number(row.first_began),
    endedMicros: Number(row.last_ended),
    state: stateOf(row.worst_state),
    runId: row.worst_run,
    askedMicros: row.all_asked.map(Number),
  }) as StretchOfRuns;
}
