/**
 * The event store in ClickHouse's dialect, for the embedded engine. Every question is a `.sql`
 * file of this folder.
 */

import { ClickHouseError } from "@clickhouse/client";
import { severities } from "../../model/event.ts";
import { Fault } from "../../model/fault.ts";
import type { FieldName } from "../../model/fields.ts";
import { limits } from "../../model/limits.ts";
import type { EngineClient, Settings } from "../engine/client.ts";
import { encryptedFilesName } from "../engine/http.ts";
import type {
  EventFilter,
  EventQuery,
  EventStore,
  FieldValue,
  HistogramBucket,
  InsertGroup,
  Page,
  StoredEvent,
  TimeRange,
} from "../store.ts";
import type { SurveyQuestions } from "../survey.ts";
import { findArrivals } from "./arrivals.ts";
import { afterEvent, cursorOf, decodeCursor } from "./cursor.ts";
import { failureQuestions } from "./failures.ts";
import { addEventFilter, conditions } from "./filter.ts";
import { emptyBuckets, stepMicros } from "./histogram.ts";
import { checkLimit } from "./limit.ts";
import { migrateEvents } from "./migrate.ts";
import { nativeColumnNames, nativeStructure } from "./nativeColumns.ts";
import { question } from "./question.ts";
import { queueQuestions } from "./queues.ts";
import { checkRetention, type Retention } from "./retention.ts";
import { type EventRow, eventColumns, toEvent } from "./rows.ts";
import { runQuestions } from "./runs.ts";
import { scheduleQuestions } from "./schedule.ts";
import { surveyQuestions } from "./survey.ts";
import { watchQuestions } from "./watch.ts";

const insert = question("insert");
const events = question("events");
const event = question("event");
const histogram = question("histogram");
const fieldValues = question("fieldValues");

/** One insert is one block: these are above every group the inserter makes. */
const oneBlock = {
  min_insert_block_size_rows: "100000000",
  min_insert_block_size_bytes: "4000000000",
  max_insert_block_size: "100000000",
  max_insert_threads: "1",
} as const;

/** Said in full: left to itself, the engine guesses whether a SELECT would give the same again. */
const deduplicated = { insert_deduplicate: 1, deduplicate_insert_select: "force_enable" } as Settings;

/** Codes by which the engine says that a file's content is wrong: the same tomorrow. */
const unreadableCodes: ReadonlySet<string> = new Set(
  [
    6, 9, 10, 16, 20, 26, 27, 32, 33, 34, 38, 40, 41, 43, 50, 53, 70, 72, 108, 117, 128, 130, 131, 261, 271,
    349,
  ].map(String),
);

/** Answers in which times are RFC 3339, and 64-bit integers are text because numbers cannot hold them. */
const answerSettings = {
  date_time_output_format: "iso",
  output_format_json_quote_64bit_integers: 1,
} as const;

export type EventStoreOptions = {
  readonly client: EngineClient;
  readonly retention: Retention;
  /** The files of the spool are; the engine has their key. */
  readonly isEncrypted?: boolean;
};

/** With the questions that only the watch asks. */
export type SurveyedStore = EventStore & SurveyQuestions;

/** Brings the schema up to date first. */
export async function openEventStore({
  client,
  retention,
  isEncrypted = false,
}: EventStoreOptions): Promise<SurveyedStore> {
  checkRetention(retention);
  await migrateEvents(client);
  let closed = false;

  const open: EngineClient = {
    rows: (sql, parameters, settings) => {
      if (closed) return Promise.reject(new Fault("STORE_CLOSED", "The store is closed"));
      return client.rows(sql, parameters, { ...answerSettings, ...settings });
    },
    run: (sql, kind, parameters, settings) => {
      if (closed) return Promise.reject(new Fault("STORE_CLOSED", "The store is closed"));
      return client.run(sql, kind, parameters, settings);
    },
    close: () => client.close(),
  };

  return {
    insert: (group) => insertGroup(open, { retention, isEncrypted }, group),
    events: (query) => findEvents(open, query),
    async event(id) {
      if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return undefined;
      const rows = await open.rows<EventRow>(event({ columns: eventColumns }), { id });
      return rows[0] && toEvent(rows[0]);
    },
    histogram: (filter, bucketsMax) => countByTime(open, filter, bucketsMax),
    fieldValues: (filter, field, limit) => countByValue(open, filter, field, limit),
    ...runQuestions(open),
    ...watchQuestions(open),
    ...surveyQuestions(open),
    ...scheduleQuestions(open),
    ...queueQuestions(open),
    ...failureQuestions(open),
    arrivals: (query) => findArrivals(open, query),
    async close() {
      if (closed) return;
      closed = true;
      await client.close();
    },
  };
}

async function insertGroup(
  client: EngineClient,
  { retention, isEncrypted }: Required<Omit<EventStoreOptions, "client">>,
  group: InsertGroup,
): Promise<void> {
  const [first] = group.files;
  if (first === undefined) return;
  const slash = first.lastIndexOf("/") + 1;
  const directory = first.slice(0, slash);
  if (!group.files.every((file) => file.startsWith(directory) && /^[\w.-]+$/.test(file.slice(slash)))) {
    throw new Error("The files of a group lie in one folder, under plain names");
  }
  const names = group.files.map((file) => file.slice(slash)).join(",");
  const path = group.files.length === 1 ? first : `${directory}{${names}}`;
  const files = (isEncrypted ? { [encryptedFilesName]: JSON.stringify(group.files) } : {}) as Settings;
  try {
    await client.run(
      insert({ columns: nativeColumnNames }),
      "insert",
      {
        path,
        structure: nativeStructure,
        jobs_days: retention.jobs,
        logs_days: retention.logs,
        http_days: retention.http,
        audit_days: retention.audit,
      },
      { ...oneBlock, ...deduplicated, ...files, insert_deduplication_token: group.token },
    );
  } catch (error) {
    if (!(error instanceof ClickHouseError) || !unreadableCodes.has(error.code)) throw error;
    throw new Fault("BATCH_UNREADABLE", "The engine cannot read the batch", { cause: error });
  }
}

const minuteMicros = 60_000_000;

/**
 * Lengths of the stretches of time that are read for a page, one after the other, from the end it
 * begins at; the last takes the rest. So the newest hundred of a year cost what those of an hour
 * do. A filter that an index answers needs fewer: each stretch costs the engine some milliseconds.
 */
function stretchLengths({ fields = [], words = [], attributes = [] }: EventFilter): readonly number[] {
  const indexed: ReadonlySet<FieldName> = new Set(["id", "run_id", "trace_id"]);
  if (fields.some(({ name, not }) => indexed.has(name) && !not)) return [];
  if ([...words, ...attributes].some(({ not }) => !not)) return [360 * minuteMicros];
  return [5, 120, 1440, 7 * 1440].map((minutes) => minutes * minuteMicros);
}

async function findEvents(client: EngineClient, query: EventQuery): Promise<Page<StoredEvent>> {
  checkLimit(query.limit, limits.pageRowsMax);
  const found: StoredEvent[] = [];
  for (const range of stretches(query)) {
    const limit = query.limit - found.length;
    found.push(...(await findInStretch(client, { ...query, ...range, limit })));
    if (found.length === query.limit) break;
  }
  const last = found.at(-1);
  return { rows: found, next: last && found.length === query.limit ? cursorOf(last) : null };
}

function* stretches(query: EventQuery): Generator<TimeRange> {
  const { fromMicros, untilMicros, order, after } = query;
  const at = after === undefined ? undefined : decodeCursor(after).micros;
  let from = order === "newest" ? fromMicros : Math.max(fromMicros, at ?? fromMicros);
  let until = order === "newest" ? Math.min(untilMicros, (at ?? untilMicros) + 1) : untilMicros;
  for (const length of [...stretchLengths(query), Number.POSITIVE_INFINITY]) {
    if (from >= until) return;
    if (order === "newest") {
      const start = Math.max(from, until - length);
      yield* sidesOf1970({ fromMicros: start, untilMicros: until }).toReversed();
      until = start;
    } else {
      const end = Math.min(until, from + length);
      yield* sidesOf1970({ fromMicros: from, untilMicros: end });
      from = end;
    }
  }
}

/** In the key, times before 1970 lie behind all others: they are read by themselves. */
function sidesOf1970(range: TimeRange): readonly TimeRange[] {
  if (range.fromMicros >= 0 || range.untilMicros <= 0) return [range];
  return [
    { ...range, untilMicros: 0 },
    { ...range, fromMicros: 0 },
  ];
}

/** Read no more than the page needs: buffers ahead of it took in ten times as much. */
const pageSettings = { read_in_order_use_buffering: 0 } as Settings;

async function findInStretch(client: EngineClient, query: EventQuery): Promise<readonly StoredEvent[]> {
  const list = conditions();
  addEventFilter(list, query);
  if (query.after !== undefined) list.add(afterEvent(list, query.after, query.order));
  const { sql: filter, parameters } = list.all();
  const direction = query.order === "newest" ? "DESC" : "ASC";
  const rows = await client.rows<EventRow>(
    events({ columns: eventColumns, filter, direction }),
    { ...parameters, limit: query.limit },
    pageSettings,
  );
  return rows.map(toEvent);
}

async function countByTime(
  client: EngineClient,
  filter: EventFilter,
  bucketsMax: number,
): Promise<readonly HistogramBucket[]> {
  checkLimit(bucketsMax, 500);
  const step = stepMicros(filter, bucketsMax);
  const list = conditions();
  addEventFilter(list, filter);
  const { sql, parameters } = list.all();
  const rows = await client.rows<{ place: number; count: string }>(histogram({ filter: sql }), {
    ...parameters,
    from: filter.fromMicros,
    step,
    places: severities.length + 1,
    severities,
    numbers: severities.map((_, index) => index + 1),
  });
  const buckets = emptyBuckets(filter, step);
  for (const { place, count } of rows) {
    const counts = buckets[Math.floor(place / (severities.length + 1))]?.counts;
    if (counts) counts[severities[(place % (severities.length + 1)) - 1] ?? "none"] = Number(count);
  }
  return buckets;
}

async function countByValue(
  client: EngineClient,
  filter: EventFilter,
  field: FieldName,
  limit: number,
): Promise<readonly FieldValue[]> {
  checkLimit(limit, limits.pageRowsMax);
  const list = conditions();
  addEventFilter(list, filter);
  const { sql, parameters } = list.all();
  const rows = await client.rows<{ value: string; count: string }>(fieldValues({ filter: sql, field }), {
    ...parameters,
    limit,
  });
  return rows.map(({ value, count }) => ({ value, count: Number(count) }));
}
