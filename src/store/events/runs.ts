/** Questions about runs and jobs, answered from `runs` alone, and the counts of the first sentence. */

import { sampleMark } from "../../model/event.ts";
import { limits } from "../../model/limits.ts";
import { type RunState, runStates } from "../../model/run.ts";
import type { EngineClient } from "../engine/client.ts";
import type {
  EventStore,
  JobSummary,
  Overview,
  Page,
  RunQuery,
  RunSummary,
  Team,
  TimeRange,
} from "../store.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import { addTimeRange, type Conditions, conditions, invalid, moment, timeIn } from "./filter.ts";
import { checkLimit } from "./limit.ts";
import { question } from "./question.ts";
import { present, type RunRow, runColumns, stateNumbers, stateOf, toRunSummary } from "./rows.ts";

const run = question("run");
const runs = question("runs");
const jobs = question("jobs");
const overviewRuns = question("overviewRuns");
const overviewEvents = question("overviewEvents");
const deleteSampleEvents = question("deleteSampleEvents");
const deleteSampleRuns = question("deleteSampleRuns");

type RunQuestions = Pick<EventStore, "runs" | "run" | "jobs" | "overview" | "deleteSample">;

export function runQuestions(client: EngineClient): RunQuestions {
  return {
    runs: (query) => findRuns(client, query),
    async run(runId) {
      const rows = await client.rows<RunRow>(run({ columns: runColumns }), { run_id: runId });
      return rows[0] && toRunSummary(rows[0]);
    },
    jobs: (range, limit, team) => summarizeJobs(client, range, limit, team),
    overview: (range, team) => overview(client, range, team),
    async deleteSample() {
      await client.run(deleteSampleEvents(), "maintenance", { mark: sampleMark });
      await client.run(deleteSampleRuns(), "maintenance");
    },
  };
}

/** The time of a run's newest change of state in microseconds, 0 where only signs of life are known. */
const change = changeOf("max(changed)");

/** Without the state, the rank, and the bit that puts everything after an enqueue. */
function changeOf(changed: string): string {
  return `bitShiftRight(bitAnd(${changed}, ${String(2n ** 62n - 1n)}), 7)`;
}

/** Runs that lived in the range: they had begun before its end and were heard of after its start. */
function addRunRange(list: Conditions, range: TimeRange): void {
  list.add(`max(last_time) >= ${moment(list, range.fromMicros)}`);
  list.add(`min(first_time) < ${moment(list, range.untilMicros)}`);
}

/** Rows in which something was heard of a run since a moment. */
export function heardSince(list: Conditions, sinceMicros: number): string {
  const since = moment(list, sinceMicros);
  return `day >= toDate(${since}) AND last_time >= ${since}`;
}

type Among = {
  /** Most rows of other jobs are left out. */
  readonly jobs?: readonly string[] | undefined;
  /** What holds for every row. */
  readonly more?: readonly string[];
};

/**
 * In place of the table: the rows that say how the runs are that lived in a range. A run has a row
 * for each day, and one in each part that is not merged yet. Those from the range on are enough where
 * they hold a start, and a job that not only an enqueue has told (the upper bit of its mark): whatever
 * is newer stands in them too. Of a run that may have begun earlier, or that is only heard of after
 * the range, all rows are taken. A row may come twice; that changes no value of its run.
 */
export function rowsOfRange(list: Conditions, range: TimeRange, { jobs, more = [] }: Among = {}): string {
  const heard = heardSince(list, range.fromMicros);
  const until = moment(list, range.untilMicros);
  const ofRuns = (conditions: string): string =>
    `run_hash IN (SELECT run_hash FROM runs WHERE ${conditions})`;
  // Few rows lack something, and few of their runs lack it in every row.
  const lacking = ofRuns(`${heard}
    AND (started_time IS NULL OR bitShiftRight(job_mark, 122) = 0 OR first_time >= ${until})`);
  const others = ofRuns(`${heard} AND ${lacking} GROUP BY run_hash
    HAVING max(started_time) IS NULL OR bitShiftRight(max(job_mark), 122) = 0 OR min(first_time) >= ${until}`);
  const ofJobs = jobs && ofRuns(`${heard} AND toUInt64(job_mark) IN ${hashesOf(list, jobs)}`);
  const rows = (...conditions: readonly string[]): string =>
    `SELECT * FROM runs WHERE ${[...conditions, ...more].join(" AND ")}`;
  return ofJobs === undefined
    ? `(${rows(heard)} UNION ALL ${rows(`NOT (${heard})`, others)})`
    : `(${rows(heard, ofJobs)} UNION ALL ${rows(others)})`;
}

const hourMicros = 3_600_000_000;
/** How far back rows are looked at for a page, before all of them are. */
const lookBacks = [24 * hourMicros, Number.POSITIVE_INFINITY];

/**
 * A page of runs. Its runs are most often among the rows changed last, so these are tried first;
 * the row that holds a run's newest change also holds its state, so none newer can be missed. Rows
 * heard of lately are enough where the page's last run changed lately as well. Only if nothing of
 * this fills the page, every run of the range is looked at.
 */
async function findRuns(client: EngineClient, query: RunQuery): Promise<Page<RunSummary>> {
  checkLimit(query.limit, limits.pageRowsMax);
  if (query.traceId === undefined && query.runIds === undefined) {
    const { fromMicros, untilMicros, after } = query;
    const endMicros = after === undefined ? untilMicros : Math.min(untilMicros, decodeCursor(after).micros);
    for (const lookBack of lookBacks) {
      const sinceMicros = Math.max(fromMicros, endMicros - lookBack);
      const page = await askRuns(client, query, { rows: query.limit * 8 + 1000, sinceMicros });
      if (page.isFull && page.changeMicros >= sinceMicros) return pageOf(page);
      if (sinceMicros === fromMicros) break;
    }
  }
  return pageOf(await askRuns(client, query));
}

/** Only runs are looked at that are among so many rows, those that changed last of those heard of since. */
type Tried = { readonly rows: number; readonly sinceMicros: number };

/** `changeMicros`: when the last run of the page changed. */
type TriedPage = Page<RunSummary> & { readonly isFull: boolean; readonly changeMicros: number };

const pageOf = ({ rows, next }: TriedPage): Page<RunSummary> => ({ rows, next });

async function askRuns(client: EngineClient, query: RunQuery, tried?: Tried): Promise<TriedPage> {
  const list = conditions();
  addRunRange(list, query);
  const { states, jobs, traceId, runIds, after } = query;
  /** Holds for the row with the newest change of every run that is wanted. */
  const newestRow: string[] = [];
  if (states) {
    const numbers = list.bind(
      states.map(stateNumber).filter((number) => number >= 0),
      "Array(UInt8)",
    );
    list.add(`bitAnd(toUInt64(max(life)), 15) IN ${numbers}`);
    const near = states.flatMap((state) => (endsAtOnce.includes(state) ? endsAtOnce : [state]));
    newestRow.push(`bitAnd(changed, 15) IN ${list.bind(near.map(stateNumber), "Array(Int8)")}`);
  }
  addMark(list, "job_mark", jobs);
  if (jobs) newestRow.push(`(toUInt64(job_mark) IN ${hashesOf(list, jobs)} OR job_mark = 0)`);
  addTeam(list, query);
  const ofQueues = addQueues(list, query);
  if (after !== undefined) {
    const { micros, name } = decodeCursor(after);
    if (!/^\d{1,20}$/.test(name)) throw invalid("the cursor is not one of a run");
    const at = list.bind(micros, "UInt64");
    const hash = list.bind(name, "UInt64");
    list.add(`${change} < ${at} OR (${change} = ${at} AND run_hash < ${hash})`);
    newestRow.push(`${changeOf("changed")} <= ${at}`);
  }
  let among: string;
  if (runIds) among = `(SELECT * FROM runs WHERE ${oneOfRuns(list, runIds)})`;
  else if (traceId !== undefined) among = `(SELECT * FROM runs WHERE ${ofTrace(list, traceId)})`;
  else if (tried) {
    const newest = `run_hash IN (SELECT run_hash FROM runs
      WHERE ${[...newestRow, heardSince(list, tried.sinceMicros)].join(" AND ")}
      ORDER BY ${changeOf("changed")} DESC LIMIT ${list.bind(tried.rows, "UInt32")} WITH TIES)`;
    among = rowsOfRange(list, { ...query, fromMicros: tried.sinceMicros }, { more: [newest] });
  } else among = rowsOfRange(list, query, { jobs, more: ofQueues });
  const { sql: filter, parameters } = list.all();
  const rows = await client.rows<RunRow>(runs({ columns: runColumns, rows: among, filter, change }), {
    ...parameters,
    limit: query.limit,
  });
  const last = rows.at(-1);
  const isFull = rows.length === query.limit;
  const next = last && isFull ? encodeCursor(Number(last["change"]), String(last["run_hash"])) : null;
  return { rows: rows.map(toRunSummary), next, isFull, changeMicros: Number(last?.["change"] ?? 0) };
}

function ofTrace(list: Conditions, traceId: string): string {
  addMark(list, "trace_mark", [traceId]);
  return `run_hash IN (SELECT run_hash FROM runs WHERE toUInt64(trace_mark) IN ${hashesOf(list, [traceId])})`;
}

function oneOfRuns(list: Conditions, runIds: readonly string[]): string {
  return `run_hash IN arrayMap(value -> cityHash64(value), ${list.bind(runIds, "Array(String)")})`;
}

function stateNumber(state: RunState): number {
  if (!runStates.includes(state)) throw invalid(`no state of a run is called ${JSON.stringify(state)}`);
  return (stateNumbers as readonly RunState[]).indexOf(state);
}

/** Of one rank: at the same microsecond `changed` may name another of them than `life` does. */
const endsAtOnce: readonly RunState[] = ["succeeded", "discarded", "cancelled"];

/** The run's newest value is one of these. */
export function addMark(list: Conditions, column: string, values: readonly string[] | undefined): void {
  if (values) list.add(`toUInt64(max(${column})) IN ${hashesOf(list, values)}`);
}

function hashesOf(list: Conditions, values: readonly string[]): string {
  return `arrayMap(value -> cityHash64(value), ${list.bind(values, "Array(String)")})`;
}

/** Queues have no mark: which runs were heard of in one is asked of events, whose queues are cheap to read. */
function addQueues(list: Conditions, { queues, fromMicros, untilMicros }: RunQuery): readonly string[] {
  if (!queues) return [];
  const names = list.bind(queues, "Array(String)");
  list.add(`argMaxMerge(queue) IN ${names}`);
  const heard = timeIn(list, { fromMicros, untilMicros });
  return [
    `run_hash IN (SELECT cityHash64(run_id) FROM events WHERE stream = 'jobs' AND queue IN ${names} AND ${heard})`,
  ];
}

export function addTeam(list: Conditions, { services, environments }: Team): void {
  addMark(list, "service_mark", services);
  addMark(list, "environment_mark", environments);
}

type JobRow = {
  readonly job: string;
  readonly service: string;
  readonly environment: string;
  readonly runtime: string;
  readonly runs: Readonly<Record<string, string>>;
  readonly last_state: string | number;
  readonly last_micros: string;
  readonly durations: readonly [number | null, number | null];
  readonly wait_p95: number | null;
};

async function summarizeJobs(
  client: EngineClient,
  range: TimeRange,
  limit: number,
  team: Team = {},
): Promise<readonly JobSummary[]> {
  checkLimit(limit, limits.pageRowsMax);
  const list = conditions();
  addRunRange(list, range);
  addTeam(list, team);
  const rowsFrom = rowsOfRange(list, range);
  const { sql: filter, parameters } = list.all();
  const rows = await client.rows<JobRow>(jobs({ rows: rowsFrom, filter }), { ...parameters, limit });
  return rows.map((row) =>
    present({
      job: row.job,
      service: row.service || undefined,
      environment: row.environment || undefined,
      runtime: row.runtime || undefined,
      runs: byState(row.runs),
      lastState: stateOf(row.last_state),
      lastMicros: Number(row.last_micros),
      durationP50Ms: row.durations[0] ?? undefined,
      durationP95Ms: row.durations[1] ?? undefined,
      waitP95Ms: row.wait_p95 ?? undefined,
    }),
  ) as readonly JobSummary[];
}

function byState(counts: Readonly<Record<string, string>>): { [S in RunState]?: number } {
  return Object.fromEntries(Object.entries(counts).map(([state, count]) => [stateOf(state), Number(count)]));
}

async function overview(client: EngineClient, range: TimeRange, team: Team = {}): Promise<Overview> {
  const list = conditions();
  addRunRange(list, range);
  addTeam(list, team);
  const rows = rowsOfRange(list, range);
  const ofRuns = list.all();
  const inRange = conditions();
  addTimeRange(inRange, range);
  if (team.services) inRange.add(`service IN ${inRange.bind(team.services, "Array(String)")}`);
  if (team.environments) inRange.add(`environment IN ${inRange.bind(team.environments, "Array(String)")}`);
  const ofEvents = inRange.all();
  const [states, counted] = await Promise.all([
    client.rows<{ state: string; count: string }>(
      overviewRuns({ rows, filter: ofRuns.sql }),
      ofRuns.parameters,
    ),
    client.rows<{ events: string; last_micros: string; hosts: string }>(
      overviewEvents({ filter: ofEvents.sql }),
      ofEvents.parameters,
    ),
  ]);
  const events = Number(counted[0]?.events ?? 0);
  return present({
    runs: byState(Object.fromEntries(states.map(({ state, count }) => [state, count]))),
    events,
    lastEventMicros: events > 0 ? Number(counted[0]?.last_micros) : undefined,
    hosts: Number(counted[0]?.hosts ?? 0),
  }) as Overview;
}
