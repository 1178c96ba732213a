/**
 * The engine's own process: opens chdb on a data directory and answers ClickHouse's HTTP interface
 * on a Unix socket, so that the server speaks to it as it would to a cluster.
 *
 * Life: the parent sends an `EngineStart`. `{ ready: true }` goes back once statements are answered,
 * `{ failed: why }` where the directory cannot be opened. The message "close" ends it in order. When
 * the parent is gone, it dies at once, whatever it is doing: everything acknowledged is on disk by
 * then.
 */
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { Session } from "chdb";
import { type EngineKeys, fileDecipher } from "../encryption/ciphers.ts";
import { openDecryptedFiles } from "./decrypted.ts";
import { diskKeyVariable, writeDiskSettings } from "./disk.ts";
import { serveEngine } from "./http.ts";
import { sessionPool } from "./sessions.ts";

/** Keys come by message: arguments and first variables can be read from outside of the process. */
export type EngineStart = { readonly keys?: EngineKeys | undefined };

const [dataDirectory = "", socketPath = ""] = process.argv.slice(2);
const directory = dirname(dataDirectory);

process.on("disconnect", dieAtOnce);

/** Not an orderly exit: that would wait for statements nobody reads any more. */
function dieAtOnce(): void {
  rmSync(socketPath, { force: true });
  process.kill(process.pid, "SIGKILL");
}

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

function open(keys: EngineKeys | undefined): Session {
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  chmodSync(dataDirectory, 0o700);
  if (keys === undefined) return new Session(dataDirectory, { connectionArgs: engineArguments });
  const settings = `--config-file=${writeDiskSettings(directory, keys.disk)}`;
  process.env[diskKeyVariable] = keys.disk;
  try {
    return new Session(dataDirectory, { connectionArgs: [...engineArguments, settings] });
  } finally {
    delete process.env[diskKeyVariable];
  }
}

// Ctrl-C and a service manager signal the whole group. The server ends us when it has finished.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);

process.once("message", (message) => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the supervisor sends nothing else first
  const { keys } = message as EngineStart;
  try {
    serve(open(keys), keys);
  } catch (error) {
    process.send?.({ failed: error instanceof Error ? error.message : String(error) });
    process.removeAllListeners("disconnect");
    process.disconnect?.();
  }
});

function serve(first: Session, keys: EngineKeys | undefined): void {
  const pool = sessionPool(() => new Session(dataDirectory), first);
  const encrypted = keys && openDecryptedFiles(join(directory, "rows.pipe"), fileDecipher(keys.spool));
  rmSync(socketPath, { force: true });
  const server = serveEngine(pool, encrypted, socketPath, () => process.send?.({ ready: true }));
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
}
