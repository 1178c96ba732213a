/**
 * Notices that a worker process is gone and says which runs it took with it. Before the verdict
 * all that the process wrote is read: it may have ended its runs in its last moment.
 */
import type { Clock } from "../model/time.ts";
import { type Cause, causeOf, type MemoryGroup, restartedCause } from "./cause.ts";
import type { OwnEvents } from "./own.ts";
import { bootId, lifeOf, type ProcessName, parseWorker } from "./process.ts";
import type { AgentState, Row } from "./state.ts";
import type { KeptFields, Watcher } from "./watch.ts";

export type WorkersSetup = {
  readonly state: AgentState;
  readonly own: OwnEvents;
  readonly watcher: Watcher;
  readonly clock: Clock;
  readonly log: (line: string) => void;
};

export class Workers {
  readonly #setup: WorkersSetup;
  readonly #boot = bootId();
  #sweeps = 0;

  constructor(setup: WorkersSetup) {
    this.#setup = setup;
  }

  async sweep(): Promise<void> {
    const { state, watcher } = this.#setup;
    const gone = this.#gone();
    // What died while no agent was here is found by its first look.
    const agentWasAway = this.#sweeps === 0;
    this.#sweeps += 1;
    if (gone.length === 0) return;
    await watcher.drain();
    for (const worker of gone) {
      const row = state.get("SELECT * FROM worker WHERE worker = ?", worker);
      if (row) this.#mourn(row, agentWasAway);
    }
  }

  #gone(): readonly string[] {
    return this.#setup.state.all("SELECT worker, boot FROM worker").flatMap((row) => {
      const worker = row["worker"] as string;
      const here = row["boot"] === this.#boot && lifeOf(parseWorker(worker) as ProcessName) !== "gone";
      return here ? [] : [worker];
    });
  }

  #mourn(row: Row, agentWasAway: boolean): void {
    const { state, own, log } = this.#setup;
    const worker = row["worker"] as string;
    const name = parseWorker(worker) as ProcessName;
    const memory = row["memory"] === null ? undefined : (JSON.parse(row["memory"] as string) as MemoryGroup);
    const cause = row["boot"] === this.#boot ? causeOf(name, memory) : restartedCause;
    const last = row["last_time"] as string;
    const attributes = {
      cause: cause.errorClass,
      last_event_time: last,
      ...(cause.evidence !== undefined && { evidence: cause.evidence }),
      ...(agentWasAway && { agent_was_away: true }),
    };
    state.change(() => {
      const runs = state.all("SELECT fields FROM execution WHERE worker = ?", worker).map(fieldsOf);
      for (const run of runs) own.add(lostRun(run, name, cause, attributes, agentWasAway));
      if (row["declared"] === 1) own.add(lostWorker(fieldsOf(row), name, cause, attributes, runs));
      state.run("DELETE FROM execution WHERE worker = ?", worker);
      state.run("DELETE FROM worker WHERE worker = ?", worker);
      log(`worker ${worker} is gone with ${count(runs.length, "unfinished run")}. ${cause.sentence}`);
    });
  }
}

function lostRun(
  { time, ...run }: KeptFields,
  { pid }: ProcessName,
  cause: Cause,
  attributes: Record<string, string | boolean>,
  agentWasAway: boolean,
): Parameters<OwnEvents["add"]>[0] {
  const message = [
    `The worker (pid ${pid} on ${run.host ?? "this host"}) is gone; it had not finished`,
    `${run.job ?? "its run"}, begun at ${time}. ${cause.sentence}`,
    agentWasAway ? "It died while no agent was watching." : "",
    run.runtime === "delayed_job" ? delayedJobNote : "",
  ];
  return {
    ...run,
    kind: "job.lost",
    severity: "error",
    outcome: "lost",
    error_class: cause.errorClass,
    error_message: cause.sentence,
    ...(cause.signal !== undefined && { signal: cause.signal }),
    message: message.filter((part) => part !== "").join(" "),
    attributes: { ...attributes, started_time: time ?? "" },
  };
}

const delayedJobNote =
  "Delayed::Job did not count the attempt: the job stays locked until max_run_time has passed, and then runs again.";

function lostWorker(
  { time: _time, run_id: _run, job: _job, attempt: _attempt, ...worker }: KeptFields,
  { pid }: ProcessName,
  cause: Cause,
  attributes: Record<string, string | boolean>,
  runs: readonly KeptFields[],
): Parameters<OwnEvents["add"]>[0] {
  return {
    ...worker,
    kind: "worker.lost",
    severity: "error",
    error_class: cause.errorClass,
    ...(cause.signal !== undefined && { signal: cause.signal }),
    message: `The worker (pid ${pid} on ${worker.host ?? "this host"}) is gone with ${count(runs.length, "unfinished run")}. ${cause.sentence}`,
    attributes: { ...attributes, lost_runs: runs.slice(0, 100).map((run) => run.run_id ?? "") },
  };
}

function fieldsOf(row: Row): KeptFields {
  return JSON.parse(row["fields"] as string) as KeptFields;
}

function count(number: number, noun: string): string {
  return number === 0 ? `no ${noun}` : number === 1 ? `one ${noun}` : `${number} ${noun}s`;
}
