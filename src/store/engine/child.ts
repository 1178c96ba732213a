/**
 * The engine's own process: opens chdb on a data directory and answers ClickHouse's HTTP interface
 * on a Unix socket, so that the server speaks to it as it would to a cluster.
 *
 * Life: `{ ready: true }` goes to the parent once statements are answered, `{ failed: why }` where
 * the directory cannot be opened. The message "close" ends it in order. When the parent is gone,
 * it dies at once, whatever it is doing: everything acknowledged is on disk by then.
 */
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { Session } from "chdb";
import { serveEngine } from "./http.ts";
import { sessionPool } from "./sessions.ts";

const [dataDirectory = "", socketPath = ""] = process.argv.slice(2);

process.on("disconnect", () => {
  rmSync(socketPath, { force: true });
  // Not an orderly exit: that would wait for statements nobody reads any more.
  process.kill(process.pid, "SIGKILL");
});

/** Two cores are the machine we promise to be fast on: merges must leave one of them free. */
const engineArguments = [
  "--background_pool_size=2",
  "--mark_cache_size=268435456",
  "--index_mark_cache_size=134217728",
  "--primary_index_cache_size=268435456",
  "--text_index_tokens_cache_size=67108864",
  "--text_index_header_cache_size=67108864",
  "--text_index_postings_cache_size=134217728",
];

function open(): Session | undefined {
  try {
    mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
    chmodSync(dataDirectory, 0o700);
    return new Session(dataDirectory, { connectionArgs: engineArguments });
  } catch (error) {
    process.send?.({ failed: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

// Ctrl-C and a service manager signal the whole group. The server ends us when it has finished.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);

const first = open();
if (first) {
  const pool = sessionPool(() => new Session(dataDirectory), first);
  rmSync(socketPath, { force: true });
  const server = serveEngine(pool, socketPath, () => process.send?.({ ready: true }));
  const closeAll = async (): Promise<void> => {
    await pool.close();
    process.removeAllListeners("disconnect");
    rmSync(socketPath, { force: true });
    process.disconnect?.();
  };
  process.on("message", (message) => {
    if (message !== "close") return;
    server.close(() => void closeAll());
    server.closeIdleConnections();
  });
} else {
  process.removeAllListeners("disconnect");
  process.disconnect?.();
}
