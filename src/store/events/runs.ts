/** Questions about runs and jobs, answered from `runs` alone, and the counts of the first sentence. */

import { sampleMark } from "../../model/event.ts";
import { limits } from "../../model/limits.ts";
import { type RunState, runStates } from "../../model/run.ts";
import type { EngineClient } from "../engine/client.ts";
import type { EventStore, JobSummary, Overview, Page, RunQuery, RunSummary, TimeRange } from "../store.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import { addTimeRange, type Conditions, conditions, invalid, moment } from "./filter.ts";
import { checkLimit } from "./limit.ts";
import { question } from "./question.ts";
import { present, type RunRow, runColumns, toRunSummary } from "./rows.ts";

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
    jobs: (range, limit) => summarizeJobs(client, range, limit),
    overview: (range) => overview(client, range),
    async deleteSample() {
      await client.run(deleteSampleEvents(), "maintenance", { mark: sampleMark });
      await client.run(deleteSampleRuns(), "maintenance");
    },
  };
}

/** Runs that lived in the range: they had begun before its end and were heard of after its start. */
function addRunRange(list: Conditions, range: TimeRange): void {
  list.add(`max(last_time) >= ${moment(list, range.fromMicros)}`);
  list.add(`min(first_time) < ${moment(list, range.untilMicros)}`);
}

async function findRuns(client: EngineClient, query: RunQuery): Promise<Page<RunSummary>> {
  checkLimit(query.limit, limits.pageRowsMax);
  const list = conditions();
  addRunRange(list, query);
  const { states, traceId, after } = query;
  if (states) {
    if (!states.every((state) => runStates.includes(state))) throw invalid("no such state of a run");
    const wanted = states.map((state) => (state === "unknown" ? "" : state));
    list.add(`max(life).state IN ${list.bind(wanted, "Array(String)")}`);
  }
  for (const [column, values] of [
    ["job", query.jobs],
    ["service", query.services],
    ["environment", query.environments],
  ] as const) {
    if (values) list.add(`max(${column}).value IN ${list.bind(values, "Array(String)")}`);
  }
  if (traceId !== undefined) list.add(`max(trace_id).value = ${list.bind(traceId, "String")}`);
  if (after !== undefined) {
    const { micros, name } = decodeCursor(after);
    if (!/^\d{1,20}$/.test(name)) throw invalid("the cursor is not one of a run");
    const time = moment(list, micros);
    const hash = list.bind(name, "UInt64");
    list.add(`max(last_time) < ${time} OR (max(last_time) = ${time} AND run_hash < ${hash})`);
  }
  const { sql: filter, parameters } = list.all();
  const rows = await client.rows<RunRow>(runs({ columns: runColumns, filter }), {
    ...parameters,
    limit: query.limit,
  });
  const last = rows.at(-1);
  return {
    rows: rows.map(toRunSummary),
    next:
      last && rows.length === query.limit
        ? encodeCursor(Number(last["last_micros"]), String(last["run_hash"]))
        : null,
  };
}

type JobRow = {
  readonly job: string;
  readonly service: string;
  readonly environment: string;
  readonly runtime: string;
  readonly runs: Readonly<Record<string, string>>;
  readonly last_state: string;
  readonly last_micros: string;
  readonly durations: readonly [number | null, number | null];
  readonly wait_p95: number | null;
};

async function summarizeJobs(
  client: EngineClient,
  range: TimeRange,
  limit: number,
): Promise<readonly JobSummary[]> {
  checkLimit(limit, limits.pageRowsMax);
  const list = conditions();
  addRunRange(list, range);
  const { sql: filter, parameters } = list.all();
  const rows = await client.rows<JobRow>(jobs({ filter }), { ...parameters, limit });
  return rows.map((row) =>
    present({
      job: row.job,
      service: row.service || undefined,
      environment: row.environment || undefined,
      runtime: row.runtime || undefined,
      runs: byState(row.runs),
      lastState: (row.last_state || "unknown") as RunState,
      lastMicros: Number(row.last_micros),
      durationP50Ms: row.durations[0] ?? undefined,
      durationP95Ms: row.durations[1] ?? undefined,
      waitP95Ms: row.wait_p95 ?? undefined,
    }),
  ) as readonly JobSummary[];
}

function byState(counts: Readonly<Record<string, string>>): { [S in RunState]?: number } {
  return Object.fromEntries(
    Object.entries(counts).map(([state, count]) => [state || "unknown", Number(count)]),
  );
}

async function overview(client: EngineClient, range: TimeRange): Promise<Overview> {
  const list = conditions();
  addRunRange(list, range);
  const ofRuns = list.all();
  const inRange = conditions();
  addTimeRange(inRange, range);
  const ofEvents = inRange.all();
  const [states, counted] = await Promise.all([
    client.rows<{ state: string; count: string }>(overviewRuns({ filter: ofRuns.sql }), ofRuns.parameters),
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
