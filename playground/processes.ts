/** Starts the playground's processes and ends exactly those. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { Room } from "./cron.ts";

export const root = new URL("..", import.meta.url).pathname;
export const nodeProgram = `${root}node_modules/.bin/node`;
export const midwatchProgram = `${root}src/cli/main.ts`;

export type Start = {
  readonly program: string;
  readonly words: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly directory?: string;
  /** Where it runs, if not on this system as it is. */
  readonly room?: Room | undefined;
  /** File that gets what it prints. */
  readonly output: string;
};

/** What was started, so that it can be ended: the newest first, so that nothing loses what it needs. */
export class Processes {
  readonly #running: ChildProcess[] = [];
  readonly #last: (() => Promise<void>)[] = [];
  #isEnding = false;

  /** Nothing may be started again. */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  start({ program, words, environment = {}, directory = root, room, output }: Start): ChildProcess {
    const file = openSync(output, "a");
    const [first = program, ...rest] = [...(room?.enter(directory) ?? []), program, ...words];
    const child = spawn(first, rest, {
      cwd: directory,
      env: { ...process.env, ...environment },
      stdio: ["ignore", file, file],
    });
    this.#running.push(child);
    return child;
  }

  async end(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM", patienceMs = 20_000): Promise<void> {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), patienceMs);
    await exit;
    clearTimeout(timer);
  }

  /** What is to be done when all have ended. */
  afterwards(action: () => Promise<void>): void {
    this.#last.push(action);
  }

  async endAll(): Promise<void> {
    this.#isEnding = true;
    for (const child of this.#running.toReversed()) await this.end(child);
    for (const action of this.#last.splice(0)) await action();
  }
}

/** A port of the loopback address that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("the system gave no port");
  return address.port;
}

/** Asks again until the answer is not undefined; throws with `what` after the deadline. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined> | T | undefined,
  deadlineMs = 60_000,
): Promise<T> {
  const endMs = Date.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > endMs) throw new Error(`waited ${deadlineMs / 1000} s in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Whether somebody listens on a port of the loopback address. */
export function accepts(port: number): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => socket.end(() => resolve(true)));
    socket.once("error", () => resolve(undefined));
  });
}

export async function answers(url: string): Promise<true | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
    await response.body?.cancel();
    return response.status < 500 ? true : undefined;
  } catch {
    return undefined;
  }
}
