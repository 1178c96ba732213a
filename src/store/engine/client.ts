/**
 * Statements to the engine, through ClickHouse's own client. Each class of statement has its
 * limits; an error is a `Fault` where somebody can act on it, and the engine's error otherwise.
 */
import { Agent } from "node:http";
import { ClickHouseError, type ClickHouseSettings, createClient } from "@clickhouse/client";
import { Fault } from "../../model/fault.ts";
import type { EngineProcess } from "./supervisor.ts";

export type Settings = Readonly<ClickHouseSettings>;
export type Parameters = { readonly [name: string]: unknown };

/** What a statement may cost, by what it is for. Over it: `QUERY_TOO_HEAVY`. */
export const statementClasses = {
  /** A person waits for it. */
  screen: {
    max_execution_time: 20,
    max_memory_usage: "2000000000",
    max_result_bytes: "268435456",
    max_bytes_before_external_group_by: "1000000000",
  },
  /** Adds a batch. */
  insert: { max_execution_time: 120, max_memory_usage: "4000000000" },
  /** Migrations and deletions. */
  maintenance: { max_execution_time: 3600, max_memory_usage: "4000000000" },
} as const satisfies Record<string, Settings>;

export type StatementClass = keyof typeof statementClasses;

export type EngineClient = {
  /** The rows of a question, one object a row. 64-bit integers come as text. */
  rows<Row>(sql: string, parameters: Parameters, settings?: Settings): Promise<readonly Row[]>;
  /** A statement without an answer. */
  run(sql: string, kind: StatementClass, parameters?: Parameters, settings?: Settings): Promise<void>;
  close(): Promise<void>;
};

/** How long a statement waits for an engine that is being started again. */
const readyMsMax = 5000;

export function engineClient(engine: EngineProcess): EngineClient {
  // Node's agent connects to where this says; its type does not know it.
  const place = { socketPath: engine.socketPath };
  const agent = new Agent({ keepAlive: true, ...place });
  const client = createClient({
    url: "http://engine",
    http_agent: agent,
    // The engine keeps the time; this is only for one that hangs.
    request_timeout: 3_600_000,
    set_basic_auth_header: false,
    log: { level: 127 },
  });
  return {
    async rows<Row>(sql: string, parameters: Parameters, settings: Settings = {}) {
      await engine.ready(readyMsMax);
      return guard(async () => {
        const result = await client.query({
          query: sql,
          format: "JSONEachRow",
          query_params: parameters,
          clickhouse_settings: { ...statementClasses.screen, ...settings },
        });
        return result.json<Row>();
      });
    },
    async run(sql, kind, parameters = {}, settings = {}) {
      await engine.ready(readyMsMax);
      await guard(() =>
        client.command({
          query: sql,
          query_params: parameters,
          clickhouse_settings: { ...statementClasses[kind], ...settings },
        }),
      );
    },
    async close() {
      await client.close();
      agent.destroy();
    },
  };
}

/** Codes by which the engine says that a question costs more than it may. */
const tooHeavy = new Set(["158", "159", "160", "241", "307", "396"]);

async function guard<T>(statement: () => Promise<T>): Promise<T> {
  try {
    return await statement();
  } catch (error) {
    if (error instanceof ClickHouseError) {
      if (tooHeavy.has(error.code)) {
        throw new Fault(
          "QUERY_TOO_HEAVY",
          "The question is too heavy: narrow its time range or its filters",
          {
            cause: error,
          },
        );
      }
      if (error.code !== "202") throw error;
    }
    const because = error instanceof Error ? error.message : String(error);
    throw new Fault("ENGINE_UNAVAILABLE", `The store's engine does not answer: ${because}`, {
      cause: error,
      retryAfterSeconds: 2,
    });
  }
}
