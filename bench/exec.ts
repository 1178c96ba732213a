/**
 * What the two ways to record a command add to it, in milliseconds, and what each keeps in memory
 * while the command runs; beside the plain command. Of `midwatch exec` also how long the command
 * waits before it begins, and its memory with and without output. Most of what is resident is
 * Node's own program, which all of them share; `own` is what each has for itself.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";

export const about = "milliseconds and megabytes that recording a command costs, beside the plain command";

const root = new URL("..", import.meta.url).pathname;
/** What the shell wrapper may add to a command. */
const limitMs = 15;
/** The wrapped command has long begun by then, and whatever start-up took is given back or kept. */
const settledMs = 1500;

const prefixes = {
  plain: [],
  wrapper: [`${root}recorders/cron/midwatch-run`, "bench"],
  exec: [`${root}bin/midwatch`, "exec", "--job", "bench", "--"],
} as const;

type Way = keyof typeof prefixes;

export async function run(options: {
  quick: boolean;
  directory: string;
}): Promise<{ figures: Record<string, number>; lines: readonly string[] }> {
  const spool = join(options.directory, "spool");
  mkdirSync(spool);
  const environment = { PATH: "/usr/bin:/bin", MIDWATCH_SPOOL: spool };
  const rounds = options.quick ? 100 : 500;
  const execRounds = options.quick ? 7 : 25;

  const samples: Record<Way, number[]> = { plain: [], wrapper: [], exec: [] };
  const added: number[] = [];
  // They take turns, so that whatever else the machine does hits both.
  for (let round = 0; round < rounds; round++) {
    const plain = timed("plain", environment);
    const wrapped = timed("wrapper", environment);
    samples.plain.push(plain);
    samples.wrapper.push(wrapped);
    added.push(wrapped - plain);
    if (round < execRounds) samples.exec.push(timed("exec", environment));
  }
  const begins = Array.from({ length: execRounds }, () => beginsAfterMs(environment));
  const wrapper = await waitingMb("wrapper", environment, true);
  const silent = await waitingMb("exec", environment, false);
  const talking = await waitingMb("exec", environment, true);
  assertRecorded(spool, rounds + 1, 2 * execRounds + 2);

  const [plainMs, wrapperMs, execMs] = [median(samples.plain), median(samples.wrapper), median(samples.exec)];
  const addedMs = median(added);
  const beginMs = median(begins);
  return {
    figures: {
      plain_ms: plainMs,
      wrapper_ms: wrapperMs,
      added_ms_per_command: addedMs,
      share_of_limit: addedMs / limitMs,
      exec_ms: execMs,
      exec_added_ms_per_command: execMs - plainMs,
      exec_begins_after_ms: beginMs,
      wrapper_mb: wrapper.resident,
      exec_mb: silent.resident,
      exec_own_mb: silent.own,
      exec_with_output_mb: talking.resident,
      exec_with_output_own_mb: talking.own,
    },
    lines: [
      `/bin/true, started ${rounds} times plain and by the wrapper, ${execRounds} times by midwatch exec; medians`,
      `plain ${plainMs.toFixed(1)} ms`,
      `midwatch-run ${wrapperMs.toFixed(1)} ms: +${addedMs.toFixed(1)} ms, ${((100 * addedMs) / limitMs).toFixed(0)} % of the limit of ${limitMs} ms; ${wrapper.resident.toFixed(1)} MB resident while it waits`,
      `midwatch exec ${execMs.toFixed(0)} ms: +${(execMs - plainMs).toFixed(0)} ms, of which the command waits ${beginMs.toFixed(0)} ms to begin (it also records the output and peak memory)`,
      `midwatch exec keeps ${silent.resident.toFixed(0)} MB resident while it waits, ${silent.own.toFixed(0)} MB of them its own; with output ${talking.resident.toFixed(0)} and ${talking.own.toFixed(0)} MB`,
    ],
  };
}

type Environment = Readonly<Record<string, string>>;

function commandOf(way: Way, command: string): readonly [string, ...string[]] {
  const [first = command, ...rest] = [...prefixes[way], command];
  return [first, ...rest];
}

/** Milliseconds from start to end of a command that does nothing. */
function timed(way: Way, environment: Environment): number {
  const [first, ...rest] = commandOf(way, "/bin/true");
  const startedMs = performance.now();
  // Its output goes through a pipe, as under cron: a terminal would be left alone.
  const { status, stderr } = spawnSync(first, rest, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  const tookMs = performance.now() - startedMs;
  if (status !== 0) throw new Error(`${first} ended with ${status}: ${stderr.toString()}`);
  return tookMs;
}

/** Milliseconds until the command has begun; the command itself says when, in nanoseconds. */
function beginsAfterMs(environment: Environment): number {
  const [first, ...rest] = commandOf("exec", "/bin/date");
  const startedMs = Date.now();
  const { stdout, status } = spawnSync(first, [...rest, "+%s%N"], { env: environment, encoding: "utf8" });
  if (status !== 0) throw new Error(`${first} ended with ${status}`);
  return Number(stdout) / 1e6 - startedMs;
}

type Memory = { readonly resident: number; readonly own: number };

/** Megabytes of the recording process alone, while its command waits for input. */
async function waitingMb(way: Way, environment: Environment, talks: boolean): Promise<Memory> {
  const [first, ...rest] = commandOf(way, "/bin/cat");
  const child = spawn(first, rest, { env: environment, stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  if (talks) {
    child.stdin.write("begun\n");
    await once(child.stdout, "data");
  }
  await sleep(settledMs);
  const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
  child.stdin.end();
  const [code] = (await ended) as [number | null];
  if (code !== 0) throw new Error(`${first} ended with ${code}`);
  const megabytes = (name: string): number =>
    (Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? Number.NaN) * 1024) / 1_000_000;
  return { resident: megabytes("VmRSS"), own: megabytes("RssAnon") };
}

/** A recorder that could write nothing would look fast. */
function assertRecorded(spool: string, wrapped: number, executed: number): void {
  const texts = (kind: string): readonly string[] =>
    readdirSync(spool)
      .filter((name) => name.startsWith(`${kind}-`))
      .map((name) => readFileSync(join(spool, name), "utf8"));
  const ends = texts("cron").filter((text) => text.startsWith("s\x1f") && text.includes("\ne\x1f")).length;
  const succeeded = texts("exec").filter((text) => text.includes('"job.succeeded"')).length;
  if (ends !== wrapped) throw new Error(`the wrapper recorded ${ends} of ${wrapped} commands`);
  if (succeeded !== executed) throw new Error(`midwatch exec recorded ${succeeded} of ${executed} commands`);
}

function median(samples: readonly number[]): number {
  return samples.toSorted((one, other) => one - other)[Math.floor(samples.length / 2)] ?? Number.NaN;
}
