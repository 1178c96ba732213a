/**
 * What can happen to a job, played by real processes: workers of Delayed::Job and commands under
 * cron's wrapper, with an agent. Each row of the table says exactly which events of which runs come
 * out; nothing more, nothing twice. Stories that are told elsewhere (success, retries, discards,
 * unloadable jobs, redelivery) are in the tests of each runtime.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { clockIsMissing } from "../../playground/cron.ts";
import { Processes } from "../../playground/processes.ts";
import { shopIsMissing } from "../../playground/shop.ts";
import { plainFormat } from "../../src/agent/formats/plain.ts";
import type { EventRecord } from "../../src/model/event.ts";
import { foldState, lifeOrder } from "../../src/model/run.ts";
import { rig, startAgent, until, useRig } from "../agent-rig.ts";
import { memoryGroup } from "../memory-group.ts";
import { prepare, Stage } from "./matrix/stage.ts";

type Row = {
  readonly story: string;
  readonly play: (stage: Stage) => Promise<void>;
  /** Of each run, in any order: its job, its events in the order of its life, and its state. */
  readonly runs: readonly string[];
  readonly besides?: (events: readonly EventRecord[]) => void;
  readonly skip?: string | undefined;
};

const isRoot = process.getuid?.() === 0;
const group = memoryGroup("matrix", 80 * 1024 * 1024);

const delayedJob: readonly Row[] = [
  {
    story: "a job whose asking was rolled back never existed",
    play: (stage) => stage.jobs(["rolled-back", "Fine", "drain"]),
    runs: ["Fine: enqueued started succeeded = succeeded"],
  },
  {
    story: "a job that fails is tried again",
    play: (stage) => stage.jobs(["Broken", "drain"]),
    runs: ["Broken: enqueued started failed retried started failed = failed"],
  },
  {
    story: "a job that runs over its time limit has failed",
    play: (stage) => stage.jobs(["Sleeps", "drain"], { JOB_SECONDS_MAX: "1" }),
    runs: ["Sleeps: enqueued started failed = failed"],
    besides: (events) => assert.equal(ofKind(events, "job.failed")[0]?.error_class, "Delayed::WorkerTimeout"),
  },
  {
    story: "a job that hangs is running, and its worker is not lost",
    play: async (stage) => {
      stage.start(["Waits", "work"]);
      await stage.reached("waits");
      await until("the start", () => ofKind(rig.receiver.events, "job.started").length === 1);
    },
    runs: ["Waits: enqueued started = running"],
    besides: (events) => assert.deepEqual(ofKind(events, "worker.lost"), []),
  },
  {
    story: "a worker that is told to stop finishes its job",
    play: async (stage) => {
      const worker = stage.start(["Waits", "work"]);
      await stage.reached("waits");
      worker.kill("SIGTERM");
      stage.go();
      await stage.ended(worker);
    },
    runs: ["Waits: enqueued started succeeded = succeeded"],
    besides: (events) => assert.equal(ofKind(events, "worker.stopped").length, 1),
  },
  {
    story: "a worker that is killed loses its job, which another takes up when its lock is old",
    play: async (stage) => {
      const worker = stage.start(["Waits", "work"], { JOB_SECONDS_MAX: "2" });
      await stage.reached("waits");
      worker.kill("SIGKILL");
      await until("the loss", () => ofKind(rig.receiver.events, "job.lost").length === 1);
      stage.go();
      const next = stage.start(["work"], { JOB_SECONDS_MAX: "2" });
      await until("the end", () => ofKind(rig.receiver.events, "job.succeeded").length === 1);
      next.kill("SIGTERM");
      await stage.ended(next);
    },
    runs: ["Waits: enqueued started lost started succeeded = succeeded"],
    besides: (events) => assert.equal(ofKind(events, "worker.lost").length, 1),
  },
  {
    story: "a worker that the kernel kills for want of memory loses its job, and the cause is said",
    skip: "because" in group ? group.because : undefined,
    play: async (stage) => {
      const worker = stage.start(["Hungry", "work"]);
      const pid = await stage.reached("hungry");
      await until("the start", () => ofKind(rig.receiver.events, "job.started").length === 1);
      if ("path" in group) writeFileSync(join(group.path, "cgroup.procs"), String(pid));
      stage.go();
      await stage.ended(worker);
    },
    runs: ["Hungry: enqueued started lost = lost"],
    besides: (events) => assert.equal(ofKind(events, "job.lost")[0]?.error_class, "WorkerKilledForMemory"),
  },
  {
    story: "a job that outlives its lock is worked off twice, each time with an end of its own",
    play: async (stage) => {
      const short = { JOB_SECONDS_MAX: "1" };
      const workers = [stage.start(["Deaf", "work"], short)];
      const first = await stage.reached("deaf");
      workers.push(stage.start(["work"], short));
      await stage.reached("deaf", 2);
      // Its time limit, which it does not hear.
      await sleep(1100);
      stage.go(first);
      await until("the first end", () => ofKind(rig.receiver.events, "job.retried").length === 1);
      stage.go();
      await until("the second end", () => ofKind(rig.receiver.events, "job.retried").length === 2);
      for (const worker of workers) worker.kill("SIGTERM");
      for (const worker of workers) await stage.ended(worker);
    },
    runs: ["Deaf: enqueued started started failed retried failed retried = retrying"],
    besides: (events) => {
      const workers = ofKind(events, "job.started").map(({ worker }) => worker);
      assert.equal(new Set(workers).size, 2, "two workers held the run at one time");
    },
  },
  {
    story: "two runs of one job at one time are two runs",
    play: async (stage) => {
      const workers = [stage.start(["Waits", "Waits", "work"]), stage.start(["work"])];
      await stage.reached("waits", 2);
      stage.go();
      await until("both ends", () => ofKind(rig.receiver.events, "job.succeeded").length === 2);
      for (const worker of workers) worker.kill("SIGTERM");
      for (const worker of workers) await stage.ended(worker);
    },
    runs: ["Waits: enqueued started succeeded = succeeded", "Waits: enqueued started succeeded = succeeded"],
  },
  {
    story: "a clock that is set back by an hour in the middle of a job changes nothing of its life",
    skip: clockIsMissing(),
    play: async (stage) => {
      const worker = stage.start(["Waits", "drain"], stage.clockVariables());
      await stage.reached("waits");
      stage.setClock("-1h");
      stage.go();
      await stage.ended(worker);
    },
    runs: ["Waits: enqueued started succeeded = succeeded"],
    besides: (events) => {
      const took = ofKind(events, "job.succeeded")[0]?.duration_ms ?? -1;
      assert.ok(took > 0 && took < 60_000, `${took} ms`);
    },
  },
  {
    story: "while no agent is there all is kept, and a death is found when it comes back",
    play: async (stage) => {
      await stage.agent.stop();
      await stage.jobs(["Fine", "drain"]);
      const worker = stage.start(["Waits", "work"]);
      await stage.reached("waits");
      worker.kill("SIGKILL");
      await stage.ended(worker);
      stage.agent = startAgent();
    },
    runs: ["Fine: enqueued started succeeded = succeeded", "Waits: enqueued started lost = lost"],
    besides: (events) => assert.equal(ofKind(events, "job.lost")[0]?.attributes?.["agent_was_away"], true),
  },
  {
    story: "while no server answers, or only with errors, nothing is lost and nothing comes twice",
    play: async (stage) => {
      const { receiver } = rig;
      // Down, then taken without an answer, then refused.
      for (const fault of ["down", "silent", "down"] as const) {
        receiver.faults.push((_request, response, take) => {
          if (fault === "silent") take();
          response.destroy();
        });
      }
      await stage.jobs(["Fine", "Fine", "drain"]);
    },
    runs: ["Fine: enqueued started succeeded = succeeded", "Fine: enqueued started succeeded = succeeded"],
  },
  {
    story: "a log that the application itself rotates, and somebody truncates, is followed line by line",
    play: async (stage) => {
      const path = join(rig.directory, "worker.log");
      await stage.agent.stop();
      stage.agent = startAgent({ logs: [{ path, format: plainFormat }] });
      const seen = (): readonly string[] =>
        rig.receiver.events.flatMap(({ message }) => /line \d+/.exec(message ?? "") ?? []);
      // At most one rotation in each round, as there is at most one between two looks of an agent.
      for (let told = 60; told <= 180; told += 60) {
        await stage.logs(path, 60);
        await until(`line ${told}`, () => seen().length >= told);
      }
      truncateSync(path, 0);
      await until("the truncation to be seen", () => rig.logged.join("\n").includes("truncated"));
      await stage.logs(path, 20);
      await until("the lines after it", () => seen().length >= 200);
      assert.equal(seen().length, 200);
      assert.ok(readdirSync(rig.directory).filter((name) => name.startsWith("worker.log")).length > 2);
    },
    runs: [],
  },
  {
    story: "on a full disk the job goes on, and what could not be written is counted",
    skip: isRoot ? undefined : "only root may mount a small disk",
    play: async (stage) => {
      await stage.agent.stop();
      const unmount = stage.smallDisk("256k");
      try {
        stage.agent = startAgent();
        await stage.jobs(["FillsTheDisk", "Fine", "drain"]);
        await until("the count", () => ofKind(rig.receiver.events, "source.gap").length > 0);
        await until("the end", () => ofKind(rig.receiver.events, "job.succeeded").length === 2);
        await stage.agent.stop();
      } finally {
        unmount();
      }
    },
    runs: [
      "FillsTheDisk: enqueued started succeeded = succeeded",
      "Fine: enqueued started succeeded = succeeded",
    ],
    besides: (events) => {
      const dropped = ofKind(events, "source.gap")[0]?.attributes?.["dropped"];
      const written = events.filter(({ message }) => message?.startsWith("line ")).length;
      assert.equal(Number(dropped) + written, 20, `${written} written`);
    },
  },
];

const cron: readonly Row[] = [
  {
    story: "a line that ends well and one that does not",
    play: async (stage) => {
      await stage.ended(stage.line("good", "true"));
      await stage.ended(stage.line("bad", "exit 3"));
    },
    runs: ["good: started succeeded = succeeded", "bad: started failed = failed"],
    besides: (events) => assert.equal(ofKind(events, "job.failed")[0]?.exit_code, 3),
  },
  {
    story: "a line whose job is killed, or told to stop, has failed by that signal",
    play: async (stage) => {
      await stage.ended(stage.line("killed", "kill -KILL $$"));
      await stage.ended(stage.line("stopped", "kill -TERM $$"));
    },
    runs: ["killed: started failed = failed", "stopped: started failed = failed"],
    besides: (events) =>
      assert.deepEqual(
        ofKind(events, "job.failed").map(({ signal }) => signal),
        ["SIGKILL", "SIGTERM"],
      ),
  },
  {
    story: "a line whose wrapper is killed is lost",
    play: async (stage) => {
      const line = stage.line("nightly", holding("nightly"));
      await stage.reached("nightly");
      await until("the start", () => ofKind(rig.receiver.events, "job.started").length === 1);
      line.kill("SIGKILL");
      await stage.ended(line);
      await until("the loss", () => ofKind(rig.receiver.events, "job.lost").length === 1);
      stage.go();
    },
    runs: ["nightly: started lost = lost"],
  },
  {
    story: "a line that the kernel kills for want of memory has failed by SIGKILL",
    skip: "because" in group ? group.because : undefined,
    play: async (stage) => {
      const into = "path" in group ? join(group.path, "cgroup.procs") : "/dev/null";
      await stage.ended(stage.line("hungry", `echo $$ > ${into}; exec tail /dev/zero`));
    },
    runs: ["hungry: started failed = failed"],
    besides: (events) => assert.equal(ofKind(events, "job.failed")[0]?.signal, "SIGKILL"),
  },
  {
    story: "a line that hangs is running; one that overlaps it is a run of its own",
    play: async (stage) => {
      const first = stage.line("sync", holding("first"));
      await stage.reached("first");
      await stage.ended(stage.line("sync", "true"));
      await until("the second's end", () => ofKind(rig.receiver.events, "job.succeeded").length === 1);
      assert.equal(states(rig.receiver.events).filter((state) => state === "running").length, 1);
      stage.go();
      await stage.ended(first);
    },
    runs: ["sync: started succeeded = succeeded", "sync: started succeeded = succeeded"],
  },
  {
    story: "a clock that is set back in the middle of a line leaves its end behind its start",
    play: async (stage) => {
      const line = stage.line("slow", holding("slow"));
      await stage.reached("slow");
      await until("the start", () => ofKind(rig.receiver.events, "job.started").length === 1);
      await stage.agent.stop();
      stage.agent = startAgent({ clock: () => Date.now() - 3_600_000 });
      stage.go();
      await stage.ended(line);
    },
    runs: ["slow: started succeeded = succeeded"],
    besides: (events) => {
      const took = ofKind(events, "job.succeeded")[0]?.duration_ms ?? -1;
      assert.ok(took >= 0 && took < 60_000, `${took} ms`);
    },
  },
  {
    story: "while no agent is there all is kept, and a death is found when it comes back",
    play: async (stage) => {
      await stage.agent.stop();
      await stage.ended(stage.line("quick", "true"));
      const line = stage.line("killed", holding("killed"));
      await stage.reached("killed");
      line.kill("SIGKILL");
      await stage.ended(line);
      stage.go();
      stage.agent = startAgent();
    },
    runs: ["quick: started succeeded = succeeded", "killed: started lost = lost"],
  },
  {
    story: "while no server answers nothing is lost and nothing comes twice",
    play: async (stage) => {
      rig.receiver.faults.push(
        (_request, response) => response.destroy(),
        (_request, response, take) => {
          take();
          response.destroy();
        },
      );
      await stage.ended(stage.line("quick", "true"));
    },
    runs: ["quick: started succeeded = succeeded"],
  },
  {
    story: "on a full disk the command runs all the same, and what found room is told",
    skip: isRoot ? undefined : "only root may mount a small disk",
    play: async (stage) => {
      const unmount = stage.smallDisk("16k");
      try {
        await stage.ended(
          stage.line("full", `cat /dev/zero > "$MIDWATCH_SPOOL/filler" 2>/dev/null; touch "$STAGE/ran.0"`),
        );
        await stage.ended(stage.line("unseen", `touch "$STAGE/ran.1"`));
        await stage.reached("ran", 2);
        await stage.agent.stop();
      } finally {
        unmount();
      }
    },
    runs: ["full: started succeeded = succeeded"],
  },
];

/** A script that waits at a place. */
function holding(place: string): string {
  return `touch "$STAGE/${place}.$$"; until [ -e "$STAGE/go" ]; do sleep 0.05; done`;
}

function ofKind(events: readonly EventRecord[], kind: string): readonly EventRecord[] {
  return events.filter((event) => event.kind === kind).sort(lifeOrder);
}

const runsOf = (events: readonly EventRecord[]): readonly (readonly EventRecord[])[] => [
  ...Map.groupBy(
    events.filter((event) => event.kind.startsWith("job.") && event.run_id !== undefined),
    (event) => event.run_id,
  ).values(),
];

const states = (events: readonly EventRecord[]): readonly string[] => runsOf(events).map(foldState);

/** `Job: enqueued started succeeded = succeeded` */
function told(events: readonly EventRecord[]): readonly string[] {
  return runsOf(events)
    .map((own) => {
      const kinds = [...own].sort(lifeOrder).map((event) => event.kind.slice("job.".length));
      return `${own[0]?.job}: ${kinds.join(" ")} = ${foldState(own)}`;
    })
    .sort();
}

const folder = mkdtempSync(join(tmpdir(), "midwatch-matrix-"));
const processes = new Processes();

after(async () => {
  await processes.endAll();
  rmSync(folder, { recursive: true, force: true });
  if ("remove" in group) group.remove();
});

for (const [runtime, rows, missing] of [
  ["Delayed::Job", delayedJob, shopIsMissing()],
  ["cron", cron, undefined],
] as const) {
  describe(runtime, { skip: missing ?? false }, () => {
    const database = join(folder, "empty.sqlite3");
    before(() => {
      if (runtime === "Delayed::Job") prepare(database);
      else writeFileSync(database, "");
    });
    useRig();

    for (const { story, play, runs, besides, skip } of rows) {
      test(story, { skip: skip ?? false }, async () => {
        const stage = new Stage(processes, database);
        try {
          await play(stage);
          const expected = [...runs].sort();
          const arrived = (): boolean => isDeepStrictEqual(told(rig.receiver.events), expected);
          // What did not come is said by the comparison below.
          await until("all to be told", arrived).catch(() => undefined);
          await stage.agent.stop();
          assert.deepEqual(told(rig.receiver.events), expected);
          assert.equal(
            new Set(rig.receiver.events.map(({ id }) => id)).size,
            rig.receiver.events.length,
            "an event came twice",
          );
          besides?.(rig.receiver.events);
        } finally {
          stage.go();
          await stage.agent.stop();
        }
      });
    }
  });
}
