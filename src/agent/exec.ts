/**
 * Runs one command and records its start, its output, what it used and how it ended; for the
 * command, its caller and its terminal it is as if it were not there. Works without an agent: the
 * events wait in the spool. The command is started before anything that can wait is loaded: rules
 * of redaction come when there is output to redact, and a silent command never needs them.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { constants as constantsOfSystem, tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { EventRecord } from "../model/event.ts";
import type { Clock } from "../model/time.ts";
import { Output } from "./output.ts";
import type { OwnEvent } from "./own.ts";
import { SpoolWriter } from "./spool-writer.ts";
import { endedChildrenMs, peakBytes, residentBytes } from "./tree.ts";
import { outcomeOf } from "./wrapper.ts";

export type ExecSetup = {
  readonly command: readonly string[];
  readonly job: string;
  readonly runId: string;
  /** What goes into each event besides: service, environment, runtime, actor, parent. */
  readonly fields: Partial<OwnEvent>;
  readonly spool: string;
  readonly host: string;
  readonly pid: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where the command's own output goes; a stream that is left alone is inherited as it is. */
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  readonly clock: Clock;
  /** Milliseconds since whenever, by a clock that nobody sets. */
  readonly steadyClock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Calls back on each signal that is to be handed on to the command. */
  readonly onSignal: (listener: (signal: NodeJS.Signals) => void) => void;
};

export type ExecEnd =
  | { readonly code: number; readonly signal?: undefined }
  | { readonly signal: NodeJS.Signals }
  /** The command could not be started; the code is what a shell would give. */
  | { readonly code: 126 | 127; readonly signal?: undefined; readonly because: string };

const outputLimits = { headBytesMax: 1024 * 1024, tailBytesMax: 64 * 1024, textLengthMax: 16 * 1024 };
const flushEveryMs = 250;
/** The first looks are close together, for most commands are short; later ones cost less. */
const lookFromMs = 20;
const lookMaxMs = 1000;
/** A process that the command left behind may hold its output open for this long; a slow reader, for ever. */
const leftOpenMs = 2000;

export async function exec(setup: ExecSetup): Promise<ExecEnd> {
  const { command, job, runId, spool, host, pid, steadyClock, randomBytes } = setup;
  const clock = neverBack(setup.clock, steadyClock);
  const [startedMs, begunMs] = [clock(), steadyClock()];
  const pipes = makePipes([setup.stdout !== undefined, setup.stderr !== undefined]);
  // Before there is a command: the first signal may come as soon as it runs, and would end us.
  setup.onSignal((signal) => child.kill(signal));
  const { MIDWATCH_IGNORED: ignored, ...environment } = setup.environment;
  const [program, ...words] = ignoring(ignored, command);
  const child = spawn(program as string, words, {
    stdio: ["inherit", pipes[0]?.writing ?? "inherit", pipes[1]?.writing ?? "inherit"],
    env: { ...environment, MIDWATCH_JOB: job, MIDWATCH_RUN_ID: runId },
  });
  for (const pipe of pipes) if (pipe) closeSync(pipe.writing);
  const ended = endOf(child);
  const redaction = new LateRedaction();
  const redact = (event: EventRecord): EventRecord => redaction.redact(event);
  const writer = new SpoolWriter({ spool, kind: "exec", host, pid, clock, randomBytes, redact });
  const add = (event: OwnEvent): void => {
    const attributes = { recorded_by: "midwatch exec", ...event.attributes };
    writer.add({ runtime: "cron", ...setup.fields, job, run_id: runId, attempt: 1, ...event, attributes });
  };
  if (mayHoldSecret(job)) await redaction.load();
  add({ kind: "job.started", time: new Date(startedMs).toISOString().replace("Z", "000Z") });
  const outputs = [
    relay(pipes[0], setup.stdout, "stdout", redaction, add),
    relay(pipes[1], setup.stderr, "stderr", redaction, add),
  ];
  const memory = watchMemory(child.pid);
  const end = await ended;
  memory.stop();
  await lastOf(outputs);
  if (redaction.isWanted) await redaction.load();
  await Promise.all(outputs.map(({ finish }) => finish()));
  add({
    ...endFields(end),
    duration_ms: Math.round((steadyClock() - begunMs) * 1000) / 1000,
    cpu_ms: endedChildrenMs(),
    ...(memory.peak() > 0 && { max_rss_bytes: memory.peak() }),
    attributes: { output_bytes: sum(outputs, "bytes"), output_passed_over: sum(outputs, "passedOver") },
  });
  writer.close();
  return end;
}

/** Where the time of day is set back behind the start, it goes on as it would have: an end follows its start. */
function neverBack(clock: Clock, steadyClock: Clock): Clock {
  const [startedMs, begunMs] = [clock(), steadyClock()];
  return () => {
    const nowMs = clock();
    return nowMs < startedMs ? startedMs + steadyClock() - begunMs : nowMs;
  };
}

/**
 * The command as it must be started to ignore what we were started to ignore: Node gives every
 * signal its default in what it starts. `mask` is that of /proc/PID/status, in hexadecimal digits.
 */
function ignoring(mask: string | undefined, command: readonly string[]): readonly string[] {
  const bits = /^[0-9a-f]{1,16}$/.test(mask ?? "") ? BigInt(`0x${mask}`) : 0n;
  const numbers = Object.values(constantsOfSystem.signals).filter(
    (number) => (bits >> BigInt(number - 1)) & 1n,
  );
  if (numbers.length === 0) return command;
  return ["/bin/sh", "-c", `trap '' ${numbers.join(" ")}; exec "$@"`, "midwatch exec", ...command];
}

async function endOf(child: ChildProcess): Promise<ExecEnd> {
  const failed = once(child, "error").then(([error]) => error as NodeJS.ErrnoException);
  const exited = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
  // One of the two never comes.
  const first = await Promise.race([
    failed,
    exited.catch((error: unknown) => error as NodeJS.ErrnoException),
  ]);
  if (Array.isArray(first)) {
    const [code, signal] = first;
    return signal === null ? { code: code ?? 0 } : { signal };
  }
  const missing = first.code === "ENOENT";
  return { code: missing ? 127 : 126, because: missing ? "not found" : first.message };
}

function endFields(end: ExecEnd): OwnEvent {
  if (end.signal !== undefined) {
    return {
      kind: "job.failed",
      outcome: "failed",
      severity: "error",
      signal: end.signal,
      error_class: end.signal,
      error_message: `The command was ended by ${end.signal}.`,
    };
  }
  const because =
    "because" in end ? { error_message: `The command could not be started: ${end.because}.` } : {};
  return { ...outcomeOf(end.code), exit_code: end.code, ...because };
}

/** Whether a job's name is more than a few words, so that it must be read by the rules first. */
function mayHoldSecret(name: string): boolean {
  return !/^[\w ./:#-]{1,80}$/.test(name) || /: |[\w-]{20}|(?:\d[ -]?){9}/.test(name);
}

/** The rules of redaction, loaded when the first text comes that they are for. */
class LateRedaction {
  #loading: Promise<void> | undefined;
  #redact: ((event: EventRecord) => EventRecord) | undefined;

  get isWanted(): boolean {
    return this.#loading !== undefined;
  }

  get isReady(): boolean {
    return this.#redact !== undefined;
  }

  load(): Promise<void> {
    this.#loading ??= this.#load();
    return this.#loading;
  }

  /**
   * Before the rules are there, only the job's name, if it cannot hold a secret, and the exit code
   * are recorded. A text that a command wrote is never handed here without them.
   */
  redact(event: EventRecord): EventRecord {
    if (this.#redact) return this.#redact(event);
    if (event.kind === "job.output") throw new Error("output before the rules of redaction");
    return event;
  }

  async #load(): Promise<void> {
    const [{ redactEvent }, { compileRules }] = await Promise.all([
      import("../redact/redact.ts"),
      import("../redact/rules.ts"),
    ]);
    const rules = compileRules();
    this.#redact = (event) => redactEvent(event, rules).event;
  }
}

type Pipe = { readonly reading: number; readonly writing: number };

/**
 * Node would give the command a socket, which cannot be opened as /dev/stderr and does not end its
 * writer with SIGPIPE. A named pipe whose name is removed at once is what a shell gives.
 */
function makePipes(wanted: readonly [boolean, boolean]): readonly [Pipe | undefined, Pipe | undefined] {
  if (!wanted.includes(true)) return [undefined, undefined];
  const directory = mkdtempSync(join(tmpdir(), "midwatch-exec-"));
  const paths = ["stdout", "stderr"].map((name) => join(directory, name)) as [string, string];
  try {
    execFileSync("/usr/bin/mkfifo", ["-m", "600", ...paths], { stdio: "ignore" });
    return [wanted[0] ? openPipe(paths[0]) : undefined, wanted[1] ? openPipe(paths[1]) : undefined];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function openPipe(path: string): Pipe {
  // The reader first, and without waiting for a writer: neither end could be opened otherwise.
  const reading = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { reading, writing: openSync(path, constants.O_WRONLY) };
}

type Relay = {
  readonly closed: Promise<void>;
  /** Whether what was written waits for whoever reads our own output. */
  readonly isHeldUp: () => boolean;
  /** Records what is left, and ends when all of it was handed on. */
  readonly finish: () => Promise<void>;
  readonly output: Output | undefined;
};

/** Hands on what the command writes as it comes, and records it by and by. */
function relay(
  pipe: Pipe | undefined,
  to: Writable | undefined,
  name: "stdout" | "stderr",
  redaction: LateRedaction,
  add: (event: OwnEvent) => void,
): Relay {
  if (!pipe || !to) {
    return {
      closed: Promise.resolve(),
      isHeldUp: () => false,
      finish: () => Promise.resolve(),
      output: undefined,
    };
  }
  const output = new Output(outputLimits, (text, part) =>
    add({
      kind: "job.output",
      message: text,
      attributes: { stream: name, ...(part === "tail" && { after_a_gap: true }) },
    }),
  );
  const from = new Socket({ fd: pipe.reading, readable: true, writable: false });
  /** What came before the rules were there. */
  let early: Buffer[] = [];
  const take = (): void => {
    for (const chunk of early) output.take(chunk);
    early = [];
  };
  const timer = setInterval(() => output.flush(), flushEveryMs);
  from.on("data", (chunk: Buffer) => {
    early.push(chunk);
    if (redaction.isReady) take();
    else void redaction.load().then(take);
    if (!to.write(chunk)) {
      from.pause();
      to.once("drain", () => from.resume());
    }
  });
  // Nobody reads us any more: the command shall learn it as it would without us.
  to.on("error", () => from.destroy());
  return {
    closed: new Promise((resolve) => from.once("close", resolve)),
    isHeldUp: () => to.writableNeedDrain,
    finish: async () => {
      clearInterval(timer);
      from.destroy();
      take();
      output.end();
      // What was written may still be ours to hand on: a pipe takes only as much as its reader has room for.
      await new Promise<void>((resolve) => to.write("", () => resolve()));
    },
    output,
  };
}

/** Waits for the last that an ended command wrote. */
async function lastOf(outputs: readonly Relay[]): Promise<void> {
  const closed = Promise.all(outputs.map((output) => output.closed)).then(() => true);
  const isAllThere = (): Promise<boolean> => Promise.race([closed, sleep(leftOpenMs, false)]);
  while (!(await isAllThere()) && outputs.some(({ isHeldUp }) => isHeldUp())) {
    // Without us, too, it would be in the pipe until it is read.
  }
}

function sum(relays: readonly Relay[], field: "bytes" | "passedOver"): number {
  return relays.reduce((total, { output }) => total + (output?.[field] ?? 0), 0);
}

function watchMemory(pid: number | undefined): { stop: () => void; peak: () => number } {
  let peak = 0;
  let waitMs = lookFromMs;
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    if (pid === undefined) return;
    peak = Math.max(peak, residentBytes(pid), peakBytes(pid));
    waitMs = Math.min(waitMs * 1.5, lookMaxMs);
    timer = setTimeout(look, waitMs);
  };
  look();
  return { stop: () => clearTimeout(timer), peak: () => peak };
}
