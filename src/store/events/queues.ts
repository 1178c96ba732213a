/** What the screen of queues asks: what waits, who works, and how busy web servers are. */
import type { Json, Kind } from "../../model/event.ts";
import type { EngineClient, Parameters } from "../engine/client.ts";
import type {
  OpenInQueue,
  PageQuestions,
  PumaSeen,
  Stretches,
  TeamRange,
  WebStretch,
  WorkerSeen,
} from "../page.ts";
import { addTimeRange, conditions, moment } from "./filter.ts";
import { question } from "./question.ts";
import { present } from "./rows.ts";
import { addTeam, heardSince } from "./runs.ts";
import { addTeamOfEvents, checkStep } from "./schedule.ts";

const openByQueue = question("openByQueue");
const queueFlow = question("queueFlow");
const workers = question("workers");
const pumaStretches = question("pumaStretches");
const pumaNewest = question("pumaNewest");
const webStretches = question("webStretches");

type Row = { readonly [column: string]: string | number };

type QueueQuestions = Pick<
  PageQuestions,
  "openByQueue" | "queueFlow" | "workers" | "pumaStretches" | "pumaNewest" | "webStretches"
>;

export function queueQuestions(client: EngineClient): QueueQuestions {
  const ask = async (
    sql: (fragments: { filter: string }) => string,
    range: TeamRange & { readonly stepMicros?: number },
  ): Promise<readonly Row[]> => {
    const { filter, parameters } = ofEvents(range);
    return await client.rows<Row>(sql({ filter }), parameters);
  };
  const stretched = async (
    sql: (fragments: { filter: string }) => string,
    query: Stretches,
  ): Promise<readonly Row[]> => {
    checkStep(query, query.stepMicros);
    return await ask(sql, query);
  };
  return {
    async openByQueue(range) {
      const list = conditions();
      addTeam(list, range.team ?? {});
      const candidates = [
        heardSince(list, range.fromMicros),
        `last_time < ${moment(list, range.untilMicros)}`,
      ];
      const { sql: filter, parameters } = list.all();
      const sql = openByQueue({ candidates: candidates.join(" AND "), filter });
      return (await client.rows<Row>(sql, parameters)).map(
        (row) =>
          present({
            ...nameOf(row),
            waiting: Number(row["waiting"]),
            running: Number(row["running"]),
            retrying: Number(row["retrying"]),
            oldestMicros: Number(row["waiting"]) > 0 ? Number(row["oldest_micros"]) : undefined,
          }) as OpenInQueue,
      );
    },
    queueFlow: async (query) =>
      (await stretched(queueFlow, query)).map((row) => ({
        ...nameOf(row),
        stretch: Number(row["stretch"]),
        came: Number(row["came"]),
        taken: Number(row["taken"]),
        went: Number(row["went"]),
      })),
    workers: async (range) => (await ask(workers, range)).map(toWorker),
    pumaStretches: async (query) =>
      (await stretched(pumaStretches, query)).map((row) => ({
        worker: String(row["worker"]),
        stretch: Number(row["stretch"]),
        busy: Number(row["busy"]),
        threads: Number(row["threads"]),
        backlog: Number(row["backlog"]),
      })),
    pumaNewest: async (range) => (await ask(pumaNewest, range)).map(toPuma),
    webStretches: async (query) => (await stretched(webStretches, query)).map(toWebStretch),
  };
}

function ofEvents(range: TeamRange & { readonly stepMicros?: number }): {
  readonly filter: string;
  readonly parameters: Parameters;
} {
  const list = conditions();
  addTimeRange(list, range);
  addTeamOfEvents(list, range.team);
  const { sql: filter, parameters } = list.all();
  const { stepMicros } = range;
  return {
    filter,
    parameters: {
      ...parameters,
      ...(stepMicros !== undefined && { from: range.fromMicros, step: stepMicros }),
    },
  };
}

function textOf(row: Row, column: string): string | undefined {
  return row[column] === "" || row[column] === undefined ? undefined : String(row[column]);
}

function nameOf(row: Row) {
  return present({
    queue: String(row["queue"]),
    service: textOf(row, "service"),
    environment: textOf(row, "environment"),
  }) as { queue: string; service?: string; environment?: string };
}

/** The newest of the names, which are grouped under another name than their column's. */
function newestOf(row: Row) {
  return {
    worker: String(row["worker"]),
    host: textOf(row, "newest_host"),
    service: textOf(row, "newest_service"),
    environment: textOf(row, "newest_environment"),
    release: textOf(row, "newest_release"),
    lastMicros: Number(row["last_micros"]),
  };
}

function toWorker(row: Row): WorkerSeen {
  const started = Number(row["started_micros"]);
  const heard = Number(row["heard_micros"]);
  return present({
    ...newestOf(row),
    runtime: textOf(row, "newest_runtime"),
    startedMicros: started > 0 ? started : undefined,
    heardMicros: heard > 0 ? heard : undefined,
    newestKind: row["newest_kind"] as Kind,
    runs: Number(row["runs"]),
  }) as WorkerSeen;
}

function toPuma(row: Row): PumaSeen {
  const attributes = row["newest_attributes"] as unknown as Readonly<Record<string, string>>;
  return present({
    ...newestOf(row),
    attributes: Object.fromEntries(
      Object.entries(attributes).map(([key, text]) => [key, JSON.parse(text) as Json]),
    ),
    requests: Number(row["requests"]),
  }) as PumaSeen;
}

function toWebStretch(row: Row): WebStretch {
  const [p50Ms = 0, p95Ms = 0] = row["durations"] as unknown as readonly number[];
  return present({
    service: textOf(row, "service"),
    environment: textOf(row, "environment"),
    host: textOf(row, "host"),
    stretch: Number(row["stretch"]),
    requests: Number(row["requests"]),
    errors: Number(row["errors"]),
    p50Ms,
    p95Ms,
  }) as WebStretch;
}
