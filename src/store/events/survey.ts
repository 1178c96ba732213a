/** What the watch asks to know what is usual. Each question is bounded by a stretch of the ledger or of time. */
import { sampleMark } from "../../model/event.ts";
import type { EngineClient } from "../engine/client.ts";
import type { TimeRange } from "../store.ts";
import type {
  Extreme,
  HourVolume,
  JobHistory,
  JobHour,
  JobTally,
  MayMatch,
  QueueLoad,
  Stretch,
  SurveyQuestions,
} from "../survey.ts";
import { addTimeRange, type Conditions, conditions } from "./filter.ts";
import { question } from "./question.ts";
import { type EventRow, eventColumns, present, toEvent } from "./rows.ts";

const jobTallies = question("jobTallies");
const rollHours = question("rollHours");
const jobHistory = question("jobHistory");
const jobVolumes = question("jobVolumes");
const jobHours = question("jobHours");
const queueLoads = question("queueLoads");
const webLoads = question("webLoads");
const pumaLoads = question("pumaLoads");
const sourceLoads = question("sourceLoads");
const redactionLoads = question("redactionLoads");
const actionTallies = question("actionTallies");
const candidates = question("candidates");

const historiesMax = 5000;
const loadsMax = 1000;
const minuteMs = 60_000;
const dayMs = 86_400_000;
/** How far back runs that wait are looked for. */
const queueBackMs = 2 * 3_600_000;
const webBackMs = 65 * minuteMs;
const pumaBackMs = 3 * minuteMs;
const redactionBackMs = 7 * dayMs;
/** The engine's multi-search takes so many needles. */
const needlesMax = 255;

type Row = EventRow;

export function surveyQuestions(client: EngineClient): SurveyQuestions {
  const loads = async (
    ask: (fragments: { readonly range: string }) => string,
    nowMs: number,
    backMs: number,
  ): Promise<readonly Row[]> => {
    const { sql, parameters } = timeCondition({
      fromMicros: Math.floor((nowMs - backMs) * 1000),
      untilMicros: Math.floor((nowMs + minuteMs) * 1000),
    });
    return await client.rows<Row>(ask({ range: sql }), {
      ...parameters,
      now_micros: Math.floor(nowMs * 1000),
      sample: sampleMark,
      limit: loadsMax,
    });
  };

  return {
    async jobTallies(arrived, limit) {
      const { sql, parameters } = stretchCondition(arrived);
      const rows = await client.rows<Row>(jobTallies({ range: sql }), { ...parameters, limit });
      return rows.map(toTally).filter(({ service = "" }) => !service.startsWith(sampleMark));
    },
    async jobTalliesOf(range, limit) {
      const { sql, parameters } = timeCondition(range);
      const rows = await client.rows<Row>(jobTallies({ range: sql }), { ...parameters, limit });
      return rows.map(toTally).filter(({ service = "" }) => !service.startsWith(sampleMark));
    },
    async rollHours(range) {
      const { sql, parameters } = timeCondition(range);
      await client.run(rollHours({ range: sql }), "maintenance", { ...parameters, sample: sampleMark });
    },
    async jobHistories(jobs, { fromMs, hourMs, weekHour, timeZone }) {
      const rows = await client.rows<Row>(jobHistory(), {
        jobs,
        from_seconds: Math.floor(fromMs / 1000),
        until_seconds: Math.floor(hourMs / 1000),
        week_hour: weekHour,
        time_zone: timeZone,
        limit: historiesMax,
      });
      return rows.map(toHistory);
    },
    async jobVolumes({ fromMs, hourMs, weekHour, timeZone }, limit) {
      const rows = await client.rows<Row>(jobVolumes(), {
        from_seconds: Math.floor(fromMs / 1000),
        hour_seconds: Math.floor(hourMs / 1000),
        week_hour: weekHour,
        time_zone: timeZone,
        limit,
      });
      return rows.map((row) => ({
        ...nameOf(row),
        firstHourMs: Number(row["first_hour"]) * 1000,
        runs: Number(row["runs_now"]),
        week: volumesOf(row["week_volumes"]),
      }));
    },
    async jobHours({ job, service = "", environment = "" }, { fromMicros, untilMicros }) {
      const rows = await client.rows<Row>(jobHours(), {
        job,
        service,
        environment,
        from_seconds: Math.floor(fromMicros / 1e6),
        until_seconds: Math.ceil(untilMicros / 1e6),
        limit: 24 * 400,
      });
      return rows.map(toHour);
    },
    async queueLoads(nowMs) {
      return (await loads(queueLoads, nowMs, queueBackMs)).map(toQueueLoad);
    },
    async webLoads(nowMs) {
      return (await loads(webLoads, nowMs, webBackMs)).map((row) => ({
        ...placeOf(row),
        now: figuresOf(row, ""),
        before: figuresOf(row, "_before"),
        ...(row["slowest_route"] !== "" && { slowestRoute: String(row["slowest_route"]) }),
      }));
    },
    async pumaLoads(nowMs) {
      return (await loads(pumaLoads, nowMs, pumaBackMs)).map((row) => ({
        ...placeOf(row),
        host: String(row["host"]),
        worker: String(row["worker"]),
        samples: Number(row["samples"]),
        withBacklog: Number(row["samples_with_backlog"]),
        withoutCapacity: Number(row["samples_without_capacity"]),
        backlogMost: Number(row["backlog_most"]),
        threads: Number(row["threads"]),
        checkinMs: Number(row["checkin_ms"]),
      }));
    },
    async sourceLoads(nowMs) {
      return (await loads(sourceLoads, nowMs, dayMs)).map((row) => ({
        service: String(row["service"]),
        host: String(row["host"]),
        stream: String(row["stream"]),
        stretches: Number(row["stretches"]),
        firstMs: Number(row["first_micros"]) / 1000,
        lastMs: Number(row["last_micros"]) / 1000,
      }));
    },
    async redactionLoads(nowMs) {
      return (await loads(redactionLoads, nowMs, redactionBackMs)).map((row) => ({
        service: String(row["leaking_service"]),
        job: String(row["leaking_job"]),
        rule: String(row["rule"]),
        now: Number(row["hidden_now"]),
        before: Number(row["hidden_before"]),
        firstMs: Number(row["first_micros"]) / 1000,
        ...(Number(row["known_seconds"]) > 0 && { jobKnownMs: Number(row["known_seconds"]) * 1000 }),
        ...(row["release_before"] !== "" && { releaseBefore: String(row["release_before"]) }),
        ...(row["release_now"] !== "" && { release: String(row["release_now"]) }),
      }));
    },
    async actionTallies(arrived) {
      const { sql, parameters } = stretchCondition(arrived);
      const rows = await client.rows<Row>(actionTallies({ range: sql }), {
        ...parameters,
        sample: sampleMark,
        limit: loadsMax,
      });
      return rows.map((row) => ({
        ...placeOf(row),
        service: String(row["service"]),
        action: String(row["action"]),
        ...(row["job"] !== "" && { job: String(row["job"]) }),
        count: Number(row["times"]),
        eventId: String(row["some_event"]),
        lastMs: Number(row["last_micros"]) / 1000,
      }));
    },
    async candidates(arrived, mayMatch, limit) {
      const list = conditions();
      addStretch(list, arrived);
      const may = mayMatchSql(list, mayMatch);
      if (may === "") return [];
      const { sql, parameters } = list.all();
      const text = candidates({ columns: eventColumns, range: sql, may_match: may });
      return (await client.rows<Row>(text, { ...parameters, limit })).map(toEvent);
    },
  };
}

function timeCondition(range: TimeRange) {
  const list = conditions();
  addTimeRange(list, range);
  return list.all();
}

function stretchCondition(arrived: Stretch) {
  const list = conditions();
  addStretch(list, arrived);
  return list.all();
}

/** The first half alone lets whole ranges be passed over. */
function addStretch(list: Conditions, { after, until }: Stretch): void {
  const [from, to] = [list.bind(after.segment, "UInt64"), list.bind(until.segment, "UInt64")];
  const [fromIndex, toIndex] = [list.bind(after.index, "UInt32"), list.bind(until.index, "UInt32")];
  list.add(`segment >= ${from} AND segment <= ${to}`);
  list.add(
    `(segment, segment_index) > (${from}, ${fromIndex}) AND (segment, segment_index) <= (${to}, ${toIndex})`,
  );
}

const searched = ["message", "attributes['path']", "attributes['query']", "attributes['user_agent']"];

function mayMatchSql(list: Conditions, { texts, attributes }: MayMatch): string {
  const parts: string[] = [];
  for (let first = 0; first < texts.length; first += needlesMax) {
    const needles = list.bind(texts.slice(first, first + needlesMax), "Array(String)");
    parts.push(...searched.map((column) => `multiSearchAnyCaseInsensitive(${column}, ${needles})`));
  }
  for (const { key, values } of attributes) {
    const texts = values.flatMap((value) => [value, JSON.stringify(value)]);
    parts.push(`attributes[${list.bind(key, "String")}] IN ${list.bind(texts, "Array(String)")}`);
  }
  return parts.join(" OR ");
}

function placeOf(row: Row) {
  return {
    ...(row["service"] !== "" && { service: String(row["service"]) }),
    ...(row["environment"] !== "" && { environment: String(row["environment"]) }),
  };
}

function nameOf(row: Row) {
  return { job: String(row["job"]), ...placeOf(row) };
}

function figuresOf(row: Row, suffix: string) {
  const number = (name: string): number => Number(row[`${name}${suffix}`] ?? 0) || 0;
  return {
    requests: number("requests"),
    errors: number("errors"),
    p95Ms: number("p95"),
    p99Ms: number("p99"),
  };
}

function toQueueLoad(row: Row): QueueLoad {
  return {
    ...placeOf(row),
    queue: String(row["queue"]),
    waiting: Number(row["waiting_runs"]),
    oldestMs: Number(row["oldest_micros"]) / 1000,
    asked: Number(row["asked_runs"]),
    taken: Number(row["taken_runs"]),
  };
}

/** `[run, release, value]` as the engine answers a tuple; a value that nothing set is below zero or none. */
function extremeOf(value: unknown): Extreme | undefined {
  const [runId, release, number] = value as readonly [string, string, number | null];
  if (number === null || !Number.isFinite(number) || number < 0 || runId === "") return undefined;
  return { runId, value: number, ...(release !== "" && { release }) };
}

function toTally(row: Row): JobTally {
  return present({
    ...nameOf(row),
    runtime: (row["the_runtime"] as string) || undefined,
    enqueued: Number(row["enqueued_runs"]),
    started: Number(row["started_runs"]),
    succeeded: Number(row["succeeded_runs"]),
    failed: Number(row["failed_attempts"]),
    retried: Number(row["retried_attempts"]),
    lastMicros: Number(row["last_micros"]),
    someRunId: (row["some_run"] as string) || undefined,
    shortest: extremeOf(row["shortest"]),
    longest: extremeOf(row["longest"]),
    leastOutput: extremeOf(row["least_output"]),
    mostOutput: extremeOf(row["most_output"]),
    leastRows: extremeOf(row["least_rows"]),
    mostMemory: extremeOf(row["most_memory"]),
    mostProcessorTime: extremeOf(row["most_processor_time"]),
    hosts: row["hosts"],
    actors: row["actors"],
    queues: row["queues"],
    argumentShapes: row["argument_shapes"],
    releases: row["releases"],
  }) as JobTally;
}

function toHistory(row: Row): JobHistory {
  const numbers = (name: string): readonly number[] => (row[name] as readonly number[]).map(Number);
  const newest = row["newest_durations"] as readonly (readonly [number, string, number])[];
  const releases = Object.entries(row["releases"] as Readonly<Record<string, number>>);
  return {
    ...nameOf(row),
    firstHourMs: Number(row["first_hour"]) * 1000,
    hours: Number(row["hours"]),
    durations: {
      week: numbers("week_durations"),
      near: numbers("near_durations"),
      lastWeek: numbers("last_week_durations"),
      day: numbers("day_durations"),
      all: numbers("all_durations"),
      newest: newest.map(([seconds, release, ms]) => ({
        hourMs: seconds * 1000,
        release,
        ms,
      })),
    },
    outputs: numbers("outputs"),
    rowCounts: numbers("row_count_samples"),
    memories: numbers("memories"),
    processorTimes: numbers("processor_times"),
    waits: numbers("waits"),
    succeeded: Number(row["succeeded_runs"]),
    failed: Number(row["failed_attempts"]),
    daySucceeded: Number(row["day_succeeded_runs"]),
    dayFailed: Number(row["day_failed_attempts"]),
    activeWeekHours: numbers("active_hours"),
    releases: releases.map(([release, seconds]) => ({ release, firstMs: seconds * 1000 })),
  };
}

function volumesOf(value: unknown): readonly HourVolume[] {
  return Object.entries(value as Readonly<Record<string, string>>).map(([seconds, runs]) => ({
    hourMs: Number(seconds) * 1000,
    runs: Number(runs),
  }));
}

function toHour(row: Row): JobHour {
  return {
    hourMs: Number(row["hour_seconds"]) * 1000,
    enqueued: Number(row["enqueued_runs"]),
    started: Number(row["started_runs"]),
    succeeded: Number(row["succeeded_runs"]),
    failed: Number(row["failed_attempts"]),
    durations: (row["durations"] as readonly number[]).map(Number),
    releases: (row["releases"] as readonly string[]).filter((release) => release !== ""),
  };
}
