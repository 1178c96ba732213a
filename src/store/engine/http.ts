/**
 * ClickHouse's HTTP interface, as far as its client uses it: a statement in the body or in
 * `query`, `param_…` and settings in the address, answers in any output format, and typed errors.
 * https://clickhouse.com/docs/interfaces/http
 */
import { chmodSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { DecryptedFiles } from "./decrypted.ts";
import { inMemoryAlone } from "./disk.ts";
import type { SessionPool, Statement, StatementRun } from "./sessions.ts";

/**
 * Names encrypted files, as a JSON list, which the statement reads as one by its parameter `path`.
 * The one thing here that ClickHouse's interface does not have.
 */
export const encryptedFilesName = "encrypted_files";

/** A statement's text. Longer: refused. Rows travel as files, never in statements. */
const statementBytesMax = 4 * 1024 * 1024;
/** Parameters travel in the address: a list of a thousand run ids must fit. */
const addressBytesMax = 1024 * 1024;

/** Not settings: parts of the interface, or of a real server only. */
const notSettings = new Set([
  "query",
  "query_id",
  "database",
  "default_format",
  "session_id",
  "role",
  "wait_end_of_query",
  "send_progress_in_http_headers",
  "http_headers_progress_interval_ms",
  "enable_http_compression",
  encryptedFilesName,
]);

/** `encrypted` is absent where nothing is encrypted. */
export function serveEngine(
  pool: SessionPool,
  encrypted: DecryptedFiles | undefined,
  socketPath: string,
  onReady: () => void,
): Server {
  const server = createServer({ maxHeaderSize: addressBytesMax }, (request, response) => {
    void answer(pool, encrypted, request, response).catch((error: unknown) => {
      answerError(response, error instanceof Error ? error.message : String(error));
    });
  });
  server.requestTimeout = 0;
  server.keepAliveTimeout = 60_000;
  server.listen(socketPath, () => {
    chmodSync(socketPath, 0o600);
    onReady();
  });
  return server;
}

async function answer(
  pool: SessionPool,
  encrypted: DecryptedFiles | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://engine");
  if (pathname === "/ping") {
    response.end("Ok.\n");
    return;
  }
  const body = await readBody(request);
  if (body === undefined) {
    answerError(response, "Code: 62. DB::Exception: The statement is too long. (SYNTAX_ERROR)");
    return;
  }
  const sql = [searchParams.get("query") ?? "", body].filter((part) => part !== "").join("\n");
  // Gone while its statement was still being read.
  if (request.socket.destroyed) return;
  let isGone = false;
  let running: StatementRun | undefined;
  response.on("close", () => {
    isGone = !response.writableFinished;
    if (isGone) running?.cancel();
  });
  const start = (statement: Statement): Promise<Uint8Array> => {
    running = pool.run(statement);
    if (isGone) running.cancel();
    return running.answer;
  };
  const statement = statementOf(sql, searchParams, encrypted === undefined ? [] : inMemoryAlone);
  const bytes = await onFiles(encrypted, statement, searchParams, start);
  response.writeHead(200, {
    "Content-Length": bytes.byteLength,
    "X-ClickHouse-Query-Id": searchParams.get("query_id") ?? "",
  });
  response.end(bytes);
}

/** Runs a statement, through the pipe where it names encrypted files. */
function onFiles(
  encrypted: DecryptedFiles | undefined,
  statement: Statement,
  address: URLSearchParams,
  start: (statement: Statement) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const named = address.get(encryptedFilesName);
  if (named === null) return start(statement);
  if (encrypted === undefined) throw new Error("the engine was given no key for encrypted files");
  return encrypted.feed(JSON.parse(named) as readonly string[], (path) =>
    start({ ...statement, parameters: new Map([...statement.parameters, ["path", path]]) }),
  );
}

function statementOf(
  sql: string,
  address: URLSearchParams,
  held: readonly (readonly [name: string, value: string])[],
): Statement {
  const settings = new Map<string, string>();
  const parameters = new Map<string, string>();
  for (const [name, value] of address) {
    if (name.startsWith("param_")) parameters.set(nameOf(name.slice("param_".length)), value);
    else if (!notSettings.has(name)) settings.set(nameOf(name), value);
  }
  for (const [name, value] of held) settings.set(name, value);
  return { sql, format: address.get("default_format") ?? "TabSeparated", settings, parameters };
}

/** Names go into the statement as they are, so nothing but a name may pass. */
function nameOf(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name)) return name;
  throw new Error(`Code: 115. DB::Exception: No such setting: ${JSON.stringify(name)}. (UNKNOWN_SETTING)`);
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > statementBytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function answerError(response: ServerResponse, message: string): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const code = /Code: (\d+)/.exec(message)?.[1] ?? "1002";
  response.writeHead(code === "202" ? 503 : 500, {
    "Content-Type": "text/plain; charset=UTF-8",
    "X-ClickHouse-Exception-Code": code,
  });
  response.end(message);
}
