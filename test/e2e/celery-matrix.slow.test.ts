/**
 * What can happen to a Celery task besides its own outcome, played by real workers and brokers: each
 * pool, workers that die, brokers that go away, an agent and a server that are not there, a full
 * disk. Each row says exactly which events of which runs come out.
 */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { eventually, freePort, Processes, root } from "../../playground/processes.ts";
import { rabbitmqIsMissing, startRabbitmq } from "../../playground/rabbitmq.ts";
import type { EventRecord } from "../../src/model/event.ts";
import { foldAttempts, foldState } from "../../src/model/run.ts";
import { rig, startAgent, until, useRig } from "../agent-rig.ts";
import { memoryGroup } from "../memory-group.ts";
import { told } from "./matrix/told.ts";

const python = "/usr/bin/python3";
const has = (program: string, ...words: string[]): boolean => spawnSync(program, words).status === 0;
const missing =
  (!has("redis-server", "--version") && "redis-server is not installed") ||
  (!has(python, "-c", "import celery, redis") && "Celery for Python is not installed");
const isRoot = process.getuid?.() === 0;
const group = memoryGroup("celery", 160 * 1024 * 1024);

const folder = mkdtempSync(join(tmpdir(), "midwatch-celery-matrix-"));
const processes = new Processes();
after(async () => {
  await processes.endAll();
  rmSync(folder, { recursive: true, force: true });
  if ("remove" in group) group.remove();
});

/** One story: a queue of its own at a broker, its workers, and an agent when it is wanted. */
class Stage {
  readonly broker: string;
  readonly queue: string;
  readonly #folder = join(rig.directory, "stage");
  #agent: ReturnType<typeof startAgent> | undefined;

  constructor(broker: string, queue: string) {
    this.broker = broker;
    this.queue = queue;
    mkdirSync(this.#folder);
  }

  get environment(): Readonly<Record<string, string>> {
    return {
      HOME: this.#folder,
      PYTHONPATH: `${root}recorders/python:${root}test/e2e/matrix`,
      PYTHONDONTWRITEBYTECODE: "1",
      C_FORCE_ROOT: "1",
      BROKER: this.broker,
      STAGE: this.#folder,
      MIDWATCH_SPOOL: rig.spool,
    };
  }

  worker(name: string, pool = "prefork", queue = this.queue, inGroup?: string): ChildProcess {
    const words = ["-m", "celery", "-A", "tasks", "worker", "-P", pool, "-c", "1", "-Q", queue];
    const all = [python, ...words, "-n", `${name}@%h`, "-l", "INFO", "--without-mingle", "--without-gossip"];
    // A shell that moves itself into the group before it becomes the worker.
    const join =
      inGroup === undefined ? [] : ["/bin/sh", "-c", `echo $$ > ${inGroup}/cgroup.procs; exec "$@"`, "sh"];
    const [program = python, ...rest] = [...join, ...all];
    return processes.start({
      program,
      words: rest,
      environment: this.environment,
      output: `${rig.directory}/${name}.log`,
    });
  }

  /** Asks for tasks; the status of the program that asks. */
  ask(names: readonly string[], queue = this.queue): number | null {
    const words = [`${root}test/e2e/matrix/tasks.py`, queue, ...names];
    const { status } = spawnSync(python, words, { env: { ...process.env, ...this.environment } });
    return status;
  }

  startAgent(): void {
    this.#agent ??= startAgent();
  }

  async reached(place: string, count = 1): Promise<void> {
    const there = () => readdirSync(this.#folder).filter((name) => name.startsWith(`${place}.`)).length;
    await until(`${count} at ${place}`, () => there() >= count);
  }

  go(): void {
    writeFileSync(join(this.#folder, "go"), "");
  }

  async close(): Promise<void> {
    await this.#agent?.stop();
  }
}

/** All that came, when it is what was expected; whatever came, when that takes too long. */
async function come(expected: readonly string[]): Promise<readonly EventRecord[]> {
  const wanted = [...expected].sort();
  await until("all to be told", () => isDeepStrictEqual(told(rig.receiver.events), wanted)).catch(
    () => undefined,
  );
  const { events } = rig.receiver;
  assert.deepEqual(told(events), wanted);
  assert.equal(new Set(events.map(({ id }) => id)).size, events.length, "an event came twice");
  return events;
}

const killed = "enqueued started lost = lost";
const fine = "enqueued started succeeded = succeeded";

describe("Celery, with Redis", { skip: missing }, () => {
  let port: number;
  let redis: ChildProcess;
  let queues = 0;
  const startRedis = async (): Promise<void> => {
    const words = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder];
    redis = processes.start({ program: "redis-server", words, output: join(folder, "redis.log") });
    await eventually("Redis answers", () => has("redis-cli", "-p", String(port), "ping") || undefined);
  };
  const onStage = async (play: (stage: Stage) => Promise<void>): Promise<void> => {
    queues += 1;
    const stage = new Stage(`redis://127.0.0.1:${port}/0`, `queue${queues}`);
    try {
      await play(stage);
    } finally {
      await stage.close();
      await Promise.all(workers.splice(0).map((worker) => processes.end(worker, "SIGKILL")));
    }
  };
  const workers: ChildProcess[] = [];
  const kept = (worker: ChildProcess): ChildProcess => {
    workers.push(worker);
    return worker;
  };

  before(async () => {
    port = await freePort();
    await startRedis();
  });
  useRig();

  test("threads, gevent and solo tell the same, with an agent that comes late and a server that comes later", async () => {
    const pools = ["threads", "solo", ...(has(python, "-c", "import gevent") ? ["gevent"] : [])];
    await onStage(async (stage) => {
      for (const pool of pools) kept(stage.worker(pool, pool, pool));
      assert.equal(stage.ask(["quick", "heals", "broken", "skipped", "asks"], pools.join(",")), 0);
      // The server is away three times before it takes anything.
      for (let times = 0; times < 3; times++)
        rig.receiver.faults.push((_request, response) => void response.writeHead(503).end());
      stage.startAgent();
      const events = await come(
        pools.flatMap(() => [
          `quick: ${fine}`,
          `quick: ${fine}`,
          `asks: ${fine}`,
          "heals: enqueued started failed retried started succeeded = succeeded",
          "broken: enqueued started failed = failed",
          "skipped: enqueued started discarded = discarded",
        ]),
      );
      const named = events.flatMap(({ kind, attributes }) =>
        kind === "worker.started" && attributes?.["pool"] ? [JSON.stringify(attributes["pool"])] : [],
      );
      assert.deepEqual(
        named.sort(),
        pools.map((pool) => (pool === "threads" ? `"thread"` : `"${pool}"`)).sort(),
      );
      const parents = new Set(events.filter(({ job }) => job === "asks").map(({ run_id: id }) => id));
      const children = events.filter((event) => event.kind === "job.started" && event.parent_run_id);
      assert.deepEqual(
        [children.length, children.every((one) => parents.has(one.parent_run_id))],
        [pools.length, true],
      );
    });
  });

  test("a worker that is killed as a whole loses its run, of which nothing is left at the broker", async () => {
    await onStage(async (stage) => {
      stage.startAgent();
      const worker = kept(stage.worker("early"));
      assert.equal(stage.ask(["waits"]), 0);
      await stage.reached("waits");
      worker.kill("SIGKILL");
      const events = await come([`waits: ${killed}`]);
      assert.equal(events.find(({ kind }) => kind === "job.lost")?.runtime, "celery");
    });
  });

  const cannot = ("because" in group && group.because) || false;
  test("a child that the kernel kills for want of memory loses its run, and the worker goes on", {
    skip: cannot,
  }, async () => {
    await onStage(async (stage) => {
      stage.startAgent();
      kept(stage.worker("hungry", "prefork", stage.queue, "path" in group ? group.path : undefined));
      assert.equal(stage.ask(["eats", "quick"]), 0);
      const eaten = (): readonly EventRecord[] =>
        rig.receiver.events.filter(({ job, run_id: id }) => job === "eats" && id !== undefined);
      // The worker's parent and the agent both see it; whoever is second adds to the one attempt.
      await until("the loss", () => foldState(eaten()) === "lost");
      await until("the next task", () => rig.receiver.ofKind("job.succeeded").length === 1);
      assert.deepEqual(
        foldAttempts(eaten()).map(({ state }) => state),
        ["lost"],
      );
      const lost = rig.receiver.ofKind("job.lost");
      assert.ok(
        lost.some(({ signal }) => signal === "SIGKILL"),
        JSON.stringify(lost),
      );
    });
  });

  test("while the broker is away nothing is said to be asked for, and a run that goes on ends", async () => {
    await onStage(async (stage) => {
      stage.startAgent();
      kept(stage.worker("patient"));
      assert.equal(stage.ask(["waits"]), 0);
      await stage.reached("waits");
      await processes.end(redis, "SIGKILL");
      stage.go();
      assert.notEqual(stage.ask(["quick"]), 0, "the one who asks is told");
      await come([`waits: ${fine}`]);
      await startRedis();
      await eventually("the worker is back", () => (stage.ask(["quick"]) === 0 ? true : undefined));
      await come([`waits: ${fine}`, `quick: ${fine}`]);
    });
  });

  const notRoot = !isRoot && "only root may mount a small disk";
  test("on a full disk tasks go on, and what could not be written is counted", {
    skip: notRoot,
  }, async () => {
    await onStage(async (stage) => {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", rig.spool]);
      try {
        kept(stage.worker("cramped"));
        assert.equal(stage.ask(Array.from({ length: 60 }, () => "quick")), 0);
        assert.equal(stage.ask(["waits"]), 0);
        await stage.reached("waits");
        stage.startAgent();
        await until("the agent to make room", () => rig.receiver.events.length > 20);
        stage.go();
        await until("the loss to be told", () => dropped(rig.receiver.events) > 0);
        const ends = rig.receiver.ofKind("job.succeeded").length;
        assert.ok(ends > 5 && ends <= 61, String(ends));
      } finally {
        await stage.close();
        await Promise.all(workers.splice(0).map((worker) => processes.end(worker, "SIGKILL")));
        execFileSync("umount", ["-l", rig.spool]);
      }
    });
  });
});

function dropped(events: readonly EventRecord[]): number {
  return events.reduce((sum, { attributes }) => sum + Number(attributes?.["dropped"] ?? 0), 0);
}

const noRabbit = missing || (rabbitmqIsMissing() ?? false);

describe("Celery, with RabbitMQ", { skip: noRabbit }, () => {
  useRig();

  test("what a killed worker had not acknowledged is delivered again, and is one run that was lost once", async (context) => {
    let broker: string;
    try {
      broker = await startRabbitmq(processes, folder);
    } catch (error) {
      context.skip(`RabbitMQ cannot run here: ${String(error)}`);
      return;
    }
    const stage = new Stage(broker, "late");
    try {
      stage.startAgent();
      const first = stage.worker("first");
      assert.equal(stage.ask(["waits_late", "quick"]), 0);
      await stage.reached("waits_late");
      first.kill("SIGKILL");
      await until("the loss", () => rig.receiver.ofKind("job.lost").length === 1);
      const second = stage.worker("second");
      await stage.reached("waits_late", 2);
      stage.go();
      const events = await come([
        `waits_late: enqueued started lost started succeeded = succeeded`,
        `quick: ${fine}`,
      ]);
      const started = events.filter(({ kind, job }) => kind === "job.started" && job === "waits_late");
      assert.deepEqual(
        started.map(({ attributes }) => JSON.stringify(attributes?.["redelivered"] ?? false)).sort(),
        ["false", "true"],
      );
      await processes.end(second);
    } finally {
      await stage.close();
    }
  });
});
