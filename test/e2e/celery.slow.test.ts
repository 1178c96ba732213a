import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { eventually, freePort, Processes, root } from "../../playground/processes.ts";
import { taskStories as expected } from "../../playground/stories.ts";
import type { EventRecord } from "../../src/model/event.ts";
import { foldAttempts, foldState } from "../../src/model/run.ts";

const python = "/usr/bin/python3";
const has = (command: string, ...words: string[]): boolean => spawnSync(command, words).status === 0;
const missing =
  (!has("redis-server", "--version") && "redis-server is not installed") ||
  (!has(python, "-c", "import celery, redis") && "Celery for Python is not installed");

describe("Celery, with a real worker and Redis", { skip: missing }, () => {
  const folder = mkdtempSync(join(tmpdir(), "midwatch-celery-"));
  const spool = join(folder, "spool");
  const processes = new Processes();
  let environment: Readonly<Record<string, string>> = {};
  const stories = new Map<string, string>();

  const start = (program: string, words: readonly string[], log: string): ChildProcess =>
    processes.start({
      program,
      words,
      environment,
      directory: join(root, "playground/billing"),
      output: join(folder, log),
    });

  const events = (): readonly EventRecord[] =>
    readdirSync(spool).flatMap((name) =>
      readFileSync(join(spool, name), "utf8")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as EventRecord),
    );

  before(async () => {
    const port = await freePort();
    environment = {
      HOME: folder,
      PYTHONPATH: `${root}recorders/python:${root}playground/billing`,
      PYTHONDONTWRITEBYTECODE: "1",
      C_FORCE_ROOT: "1",
      MIDWATCH_SPOOL: spool,
      BILLING_BROKER: `redis://127.0.0.1:${port}/0`,
    };
    execFileSync("mkdir", ["-p", spool]);
    const redis = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder];
    start("redis-server", redis, "redis.log");
    const worker = start(
      python,
      ["-m", "celery", "-A", "tasks", "worker", "-c", "2", "-l", "INFO", "-n", "w@%h"],
      "worker.log",
    );
    await eventually("the worker is ready", () =>
      events().find((event) => event.kind === "worker.started" && event.attributes?.["pool"]),
    );
    const told = execFileSync(python, ["stories.py"], {
      cwd: join(root, "playground/billing"),
      env: { ...process.env, ...environment },
      encoding: "utf8",
      timeout: 120_000,
    });
    for (const line of told.trim().split("\n")) {
      const [story, id] = line.split("\t");
      if (story && id) stories.set(story, id);
    }
    await processes.end(worker);
  });

  after(async () => {
    await processes.endAll();
    rmSync(folder, { recursive: true, force: true });
  });

  test("every story ends in its state, attempt by attempt", () => {
    assert.equal(
      stories.size,
      expected.length + 1,
      readFileSync(join(folder, "worker.log"), "utf8").slice(-4000),
    );
    const all = events();
    for (const [story, state, attempts] of expected) {
      const own = all.filter((event) => event.run_id === stories.get(story));
      assert.deepEqual(
        [foldState(own), foldAttempts(own).map((attempt) => attempt.state)],
        [state, attempts],
        story,
      );
    }
  });

  test("a task that is killed twice and delivered again shows three starts and one end", () => {
    const own = events().filter((event) => event.run_id === stories.get("killed then heals"));
    const count = (kind: string): number => own.filter((event) => event.kind === kind).length;
    assert.deepEqual([count("job.started"), count("job.succeeded"), foldState(own)], [3, 1, "succeeded"]);
  });

  test("children know their parent, and all of a family share its trace", () => {
    const parent = stories.get("asks for others") ?? "";
    const children = events().filter(
      (event) => event.kind === "job.started" && event.parent_run_id === parent,
    );
    assert.equal(children.length, 2);
    assert.deepEqual([...new Set(children.map((child) => child.trace_id))], [parent]);
    assert.equal(children[0]?.actor, "billing.invoice_all");
  });

  test("numbers are gapless for each process, and every line is an event", () => {
    const bySource = Map.groupBy(events(), (event) => event.source ?? "");
    assert.ok(bySource.size >= 4, `only ${bySource.size} processes wrote`);
    for (const [source, own] of bySource) {
      assert.deepEqual(
        own.map((event) => event.source_seq).sort((a, b) => (a ?? 0) - (b ?? 0)),
        own.map((_, index) => index + 1),
        source,
      );
    }
  });

  test("what was planted is in no spool file and in no log of the worker", () => {
    const written = [...readdirSync(spool).map((name) => join(spool, name)), join(folder, "worker.log")]
      .map((path) => readFileSync(path, "utf8"))
      .join("\n");
    assert.match(written, /billing\.invoice/, "the search must see something");
    for (const secret of ["hunter2-planted", "4111111111111111", "tok_of_the_result_5e3f"]) {
      assert.ok(!written.includes(secret), `${secret} was written`);
    }
  });

  test("an audited block is written before and after", () => {
    const own = events().filter(
      (event) => event.kind === "audit.action" && event.run_id === stories.get("succeeds"),
    );
    assert.deepEqual(
      own.map((event) => [
        event.outcome,
        event.attributes?.["action"],
        event.attributes?.["subject"],
        event.attempt,
      ]),
      [
        ["intended", "invoice.sent", "order:7", 1],
        ["done", "invoice.sent", "order:7", 1],
      ],
    );
  });

  test("log lines of a task carry its run", () => {
    const own = events().filter((event) => event.kind === "log" && event.run_id === stories.get("fails"));
    assert.ok(own.length > 0);
  });

  test("beat declares its schedule, and its runs say which entry asked for them", async () => {
    const beat = start(
      python,
      ["-m", "celery", "-A", "tasks", "beat", "-s", join(folder, "schedule")],
      "beat.log",
    );
    const rollup = (): EventRecord | undefined =>
      events().find((event) => event.kind === "job.enqueued" && event.job === "billing.rollup");
    await eventually("beat asks for a run", rollup);
    await processes.end(beat);
    assert.equal(rollup()?.actor, "beat: rollup");
    const declared = events().filter((event) => event.kind === "schedule.declared");
    assert.deepEqual(
      declared
        .map(
          (event) =>
            [event.job ?? "", event.attributes?.["schedule"], event.attributes?.["time_zone"]] as const,
        )
        .sort(([a], [b]) => (a < b ? -1 : 1)),
      [
        ["billing.invoice_all", { type: "crontab", expression: "30 3 * * *" }, "Europe/Zurich"],
        ["billing.rollup", { type: "interval", every_seconds: 5 }, "Europe/Zurich"],
      ],
    );
  });
});
