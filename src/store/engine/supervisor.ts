/**
 * Keeps the engine's process alive: starts it, says when it answers, starts it again with growing
 * pauses when it dies, and ends it in order. The process dies with us: it holds the other end of
 * our channel.
 */
import { type ChildProcess, fork } from "node:child_process";
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../model/fault.ts";
import type { EngineKeys } from "../encryption/ciphers.ts";
import type { EngineStart } from "./child.ts";
import { plainFolder } from "./disk.ts";

/** Pauses between restarts: from the first, doubled up to the last. */
const restartMsMin = 100;
const restartMsMax = 5000;
/** Another process may be letting go of the directory: so often is the first opening tried. */
const firstFailuresMax = 4;
/** A large store takes its time to open; one that takes longer than this hangs. */
const firstStartMsMax = 300_000;
/** Longer than the engine needs to finish what it holds; then it is killed. */
const closeMsMax = 30_000;
/** A Unix socket's address has 108 bytes on Linux and 104 on macOS. */
const socketPathBytesMax = 103;

export type EngineNotice =
  | { readonly kind: "started"; readonly pid: number }
  | { readonly kind: "died"; readonly because: string; readonly restartMs: number };

export type EngineOptions = {
  /** Holds the data and the socket; made with mode 0700. */
  readonly directory: string;
  readonly onNotice?: (notice: EngineNotice) => void;
  /** Absent: nothing that it writes is encrypted. A directory is opened as it was made. */
  readonly keys?: EngineKeys | undefined;
};

export type EngineProcess = {
  readonly socketPath: string;
  /** Resolves when the engine answers; rejects with `ENGINE_UNAVAILABLE` after the time given. */
  ready(timeoutMs: number): Promise<void>;
  /** Of the process that runs now. */
  pid(): number | undefined;
  /** Lets running statements end. Safe to call twice. */
  close(): Promise<void>;
};

/** Resolves when the engine answers. Rejects when the directory cannot be opened. */
export async function startEngine(options: EngineOptions): Promise<EngineProcess> {
  const { directory } = options;
  const socketPath = join(directory, "engine.sock");
  if (Buffer.byteLength(socketPath) > socketPathBytesMax) {
    throw new Fault(
      "CONFIG_INVALID",
      `The data directory's path is too long for a socket: ${socketPath} has more than ${socketPathBytesMax} bytes`,
    );
  }
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  chmodSync(directory, 0o700);

  let child: ChildProcess | undefined;
  let isReady = false;
  let closing = false;
  let restartMs = restartMsMin;
  let restartTimer: NodeJS.Timeout | undefined;
  let lastFailure = "it did not start";
  /** Failures before the first success; none after it. */
  let firstFailures = 0;
  let wasReady = false;
  const waiting = new Set<() => void>();
  const ended = new Set<() => void>();

  function start(): void {
    restartTimer = undefined;
    const started = fork(new URL("child.ts", import.meta.url), [join(directory, plainFolder), socketPath], {
      execArgv: [],
      env: { TZ: "UTC", UV_THREADPOOL_SIZE: "12" },
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    child = started;
    const message: EngineStart = { keys: options.keys };
    started.send(message, () => {
      // One that is gone already says why when it closes.
    });
    let lastWords = "";
    let failed: string | undefined;
    started.stderr?.setEncoding("utf8").on("data", (text: string) => {
      lastWords = (lastWords + text).slice(-2000);
    });
    started.on("message", (message: { ready?: true; failed?: string }) => {
      failed = message.failed;
      if (message.ready !== true) return;
      isReady = true;
      wasReady = true;
      restartMs = restartMsMin;
      options.onNotice?.({ kind: "started", pid: started.pid ?? 0 });
      for (const wake of waiting) wake();
    });
    started.on("error", (error) => {
      failed = error.message;
    });
    started.on("close", (code, signal) => {
      isReady = false;
      child = undefined;
      lastFailure = `${failed ?? `it ended with ${signal ?? `code ${code}`}`}. ${lastWords}`.trim();
      for (const wake of ended) wake();
      if (closing) return;
      if (!wasReady && ++firstFailures >= firstFailuresMax) {
        for (const wake of waiting) wake();
        return;
      }
      options.onNotice?.({ kind: "died", because: lastFailure, restartMs });
      restartTimer = setTimeout(start, restartMs);
      restartMs = Math.min(restartMs * 2, restartMsMax);
    });
  }

  function ready(timeoutMs: number): Promise<void> {
    if (isReady) return Promise.resolve();
    if (closing) return Promise.reject(new Fault("STORE_CLOSED", "The store is closed"));
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        clearTimeout(timer);
        waiting.delete(finish);
        if (isReady) resolve();
        else if (closing) reject(new Fault("STORE_CLOSED", "The store is closed"));
        else reject(unavailable(lastFailure));
      };
      const timer = setTimeout(finish, timeoutMs);
      waiting.add(finish);
    });
  }

  async function close(): Promise<void> {
    closing = true;
    clearTimeout(restartTimer);
    for (const wake of waiting) wake();
    const running = child;
    if (!running) return;
    const gone = new Promise<void>((resolve) => ended.add(resolve));
    if (running.connected) running.send("close");
    const timer = setTimeout(() => running.kill("SIGKILL"), closeMsMax);
    await gone;
    clearTimeout(timer);
  }

  start();
  try {
    await ready(firstStartMsMax);
  } catch (error) {
    await close();
    throw error;
  }
  return { socketPath, ready, pid: () => child?.pid, close };
}

function unavailable(because: string): Fault {
  return new Fault("ENGINE_UNAVAILABLE", `The store's engine does not answer: ${because}`, {
    retryAfterSeconds: 2,
  });
}
