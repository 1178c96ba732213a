/**
 * Where the stories of the matrix are played: a database, a spool, an agent, and processes that wait
 * at a named place until the story goes on.
 */
import { type ChildProcess, execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Processes, root } from "../../../playground/processes.ts";
import { rig, startAgent, until } from "../../agent-rig.ts";

export type Variables = Readonly<Record<string, string>>;

const program = join(root, "test/e2e/matrix/jobs.rb");
const wrapper = join(root, "recorders/cron/midwatch-run");

/** An empty database, to be copied for each story. */
export function prepare(database: string): void {
  execFileSync("ruby", [program, database, "prepare"]);
}

export class Stage {
  readonly #processes: Processes;
  readonly #folder = join(rig.directory, "stage");
  readonly #clock = join(rig.directory, "clock");
  agent = startAgent();

  constructor(processes: Processes, database: string) {
    this.#processes = processes;
    mkdirSync(this.#folder);
    copyFileSync(database, join(rig.directory, "jobs.sqlite3"));
  }

  /** Delayed::Job, doing these words in turn. */
  start(words: readonly string[], variables: Variables = {}): ChildProcess {
    return this.#run("ruby", [program, join(rig.directory, "jobs.sqlite3"), ...words], variables);
  }

  /** The same, to its end. */
  async jobs(words: readonly string[], variables: Variables = {}): Promise<void> {
    await this.ended(this.start(words, variables));
  }

  /** A program whose own logger rotates the file each few lines. */
  async logs(path: string, lines: number): Promise<void> {
    const script = `log = Logger.new(ARGV[0], 50, 3000); ${lines}.times { |number| log.info("line #{number}"); sleep 0.002 }`;
    await this.ended(this.#run("ruby", ["-r", "logger", "-e", script, path], {}));
  }

  /** A line of a crontab, as cron starts it. */
  line(job: string, script: string, variables: Variables = {}): ChildProcess {
    return this.#run(wrapper, ["-s", "matrix", job, "/bin/sh", "-c", script], variables);
  }

  #run(command: string, words: readonly string[], variables: Variables): ChildProcess {
    const environment = { MIDWATCH_SPOOL: rig.spool, STAGE: this.#folder, ...variables };
    const output = join(rig.directory, "output");
    return this.#processes.start({ program: command, words, environment, output });
  }

  async ended(child: ChildProcess): Promise<void> {
    await until("the process to end", () => child.exitCode !== null || child.signalCode !== null);
  }

  /** Waits until so many processes have come to a place; answers the pid of one. */
  async reached(place: string, count = 1): Promise<number> {
    const pids = (): readonly number[] =>
      readdirSync(this.#folder)
        .filter((name) => name.startsWith(`${place}.`))
        .map((name) => Number(name.slice(place.length + 1)));
    await until(`${count} at ${place}`, () => pids().length >= count);
    return pids()[0] as number;
  }

  /** Lets one go on, or all. */
  go(pid?: number): void {
    writeFileSync(join(this.#folder, pid === undefined ? "go" : `go.${pid}`), "");
  }

  /** For a process whose clock is this one's to set. Its monotonic clock stays true, as the kernel's does. */
  clockVariables(): Variables {
    this.setClock("+0");
    return {
      LD_PRELOAD: "/usr/$LIB/faketime/libfaketime.so.1",
      FAKETIME_TIMESTAMP_FILE: this.#clock,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      DONT_FAKE_MONOTONIC: "1",
    };
  }

  setClock(shift: string): void {
    writeFileSync(this.#clock, shift);
  }

  /** Puts a disk of this size under the spool; answers what takes it away. */
  smallDisk(size: string): () => void {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", rig.spool]);
    return () => execFileSync("umount", [rig.spool]);
  }
}
