/** Each detector of what is unlike the usual, as a table of small cases. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Monitor, quietMonitor } from "../model/monitor.ts";
import type { RunSummary } from "../store/store.ts";
import type { JobHistory, JobTally } from "../store/survey.ts";
import { detect } from "./detectors.ts";
import type { Facts } from "./facts.ts";
import { noSurvey, type Survey } from "./survey.ts";
import { usualOf } from "./usual.ts";

const nowMs = Date.UTC(2026, 10, 21, 3);
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const job = { job: "ReportJob", service: "shop" };

const around = (middle: number, step: number, count = 30): readonly number[] =>
  Array.from({ length: count }, (_, index) => middle + ((index % 7) - 3) * step);

function history(more: Partial<JobHistory> = {}): JobHistory {
  return {
    ...job,
    firstHourMs: nowMs - 40 * dayMs,
    hours: 40,
    durations: {
      week: [],
      near: [],
      lastWeek: [],
      day: around(47_000, 3000),
      all: around(90_000, 3000, 400),
      newest: [],
    },
    outputs: around(50_000, 1000),
    rowCounts: around(900, 10),
    memories: around(100e6, 1e6),
    processorTimes: around(9000, 100),
    waits: [],
    succeeded: 990,
    failed: 10,
    daySucceeded: 30,
    dayFailed: 0,
    activeWeekHours: [3],
    releases: [],
    ...more,
  };
}

function tally(more: Partial<JobTally> = {}): JobTally {
  return {
    ...job,
    enqueued: 0,
    started: 1,
    succeeded: 1,
    failed: 0,
    retried: 0,
    lastMicros: nowMs * 1000,
    hosts: [],
    actors: [],
    queues: [],
    argumentShapes: [],
    releases: [],
    ...more,
  };
}

type Given = {
  readonly survey?: Partial<Survey>;
  readonly monitor?: Partial<Monitor>;
  readonly of?: JobHistory;
  readonly openRuns?: readonly RunSummary[];
};

function found({
  survey,
  monitor,
  of,
  openRuns = [],
}: Given): readonly (readonly [string, string, string | undefined])[] {
  const facts: Facts = {
    monitorOf: () => ({ ...quietMonitor(job), ...monitor }),
    failures: [],
    losses: [],
    gaps: [],
    slots: [],
    openRuns,
    drifts: [],
    usualOf: () => of && usualOf(of, nowMs),
    survey: { ...noSurvey, ...survey },
    agents: [],
    awakeSinceMs: 0,
  };
  return detect(facts, nowMs).map(({ kind, because, severity }) => [kind, because, severity]);
}

const ended = (more: Partial<JobTally>, of: JobHistory = history()): Given => ({
  survey: { ended: [{ tally: tally(more), usual: usualOf(of, nowMs) }] },
});
const run = (value: number, release?: string) => ({
  runId: "r",
  value,
  ...(release !== undefined && { release }),
});
const newRelease = (middleMs: number): Partial<JobHistory> => ({
  releases: [
    { release: "v1", firstMs: nowMs - 40 * dayMs },
    { release: "v2", firstMs: nowMs - 6 * hourMs },
  ],
  durations: {
    ...history().durations,
    newest: Array.from({ length: 6 }, (_, back) => ({
      hourMs: nowMs - back * hourMs,
      release: "v2",
      ms: middleMs,
    })),
  },
});
const web = (now: object, before: object) => {
  const usual = { requests: 1000, errors: 1, p95Ms: 100, p99Ms: 200 };
  return { service: "shop", now: { ...usual, ...now }, before: { ...usual, ...before } };
};
const puma = (more: object) => ({
  host: "web-1",
  worker: "w",
  samples: 30,
  withBacklog: 0,
  withoutCapacity: 0,
  backlogMost: 0,
  threads: 5,
  checkinMs: 0,
  ...more,
});
const queue = (more: object) => ({
  queue: "mail",
  waiting: 200,
  oldestMs: nowMs - 40 * 60_000,
  asked: 150,
  taken: 450,
  ...more,
});
const volumes = (runs: number) => ({
  hourMs: nowMs - hourMs,
  volume: {
    ...job,
    firstHourMs: nowMs - 40 * dayMs,
    runs,
    week: [1, 2, 3, 4, 5].map((week) => ({ hourMs: nowMs - week * 7 * dayMs, runs: 100 + week })),
  },
});
const openRun = (ranMs: number): RunSummary => ({
  ...job,
  runId: "r",
  state: "running",
  attempts: 1,
  lastMicros: 0,
  sample: false,
  startedMicros: (nowMs - ranMs) * 1000,
});

type Case = readonly [
  about: string,
  given: Given,
  said: readonly (readonly [kind: string, because: RegExp])[],
];

const cases: readonly Case[] = [
  [
    "a run as usual",
    ended({ shortest: run(44_000), longest: run(52_000), leastOutput: run(49_000), mostMemory: run(101e6) }),
    [],
  ],
  [
    "a run that took nine minutes",
    ended({ longest: run(540_000) }),
    [["unlike_before", /usually 35 to 63 s at this hour; this took 9 min\.$/]],
  ],
  ["the same while it is being learnt", ended({ longest: run(540_000) }, history({ hours: 3 })), []],
  [
    "the same of a release that is new",
    ended({ longest: run(540_000, "v2") }, history(newRelease(47_000))),
    [["unlike_before", /Release v2 is new: it was first seen 6 h ago\.$/]],
  ],
  [
    "the same where the release made it so",
    ended({ longest: run(540_000, "v2") }, history(newRelease(500_000))),
    [],
  ],
  [
    "a run that ended at once",
    ended({ shortest: run(30) }),
    [["too_short", /usually 35 to 63 s at this hour; this took 30 ms\.$/]],
  ],
  [
    "a run shorter than its monitor allows",
    { ...ended({ shortest: run(900) }), monitor: { durationMinMs: 1000 } },
    [["too_short", /took 900 ms; at least 1 s are expected\.$/]],
  ],
  [
    "a run that wrote nothing",
    ended({ leastOutput: run(0) }),
    [["unlike_before", /usually .* kB; this wrote 0 B of output\.$/]],
  ],
  [
    "a run that wrote less than its monitor demands",
    { ...ended({ leastOutput: run(500) }, history({ outputs: [] })), monitor: { outputMinBytes: 1000 } },
    [["unlike_before", /wrote 500 B of output; at least 1 kB are expected/]],
  ],
  ["a run that counted no rows", ended({ leastRows: run(0) }), [["unlike_before", /this counted 0 rows\.$/]]],
  [
    "a run that took all memory",
    ended({ mostMemory: run(4e9) }),
    [["unlike_before", /this used 4 GB of memory\.$/]],
  ],
  [
    "a run that is open for long",
    { of: history(), openRuns: [openRun(20 * 60_000)] },
    [["too_long", /usually 35 to 63 s at this hour; this runs for more than/]],
  ],
  ["a run that is open as usual", { of: history(), openRuns: [openRun(50_000)] }, []],
  ["an hour with runs as usual", { survey: { volumes: [volumes(110)] } }, []],
  [
    "an hour with far more runs",
    { survey: { volumes: [volumes(2000)] } },
    [
      [
        "volume",
        /usually .* runs at this hour of the week; in the hour from 2026-11-21 02:00 UTC there were 2,000\.$/,
      ],
    ],
  ],
  ["an hour without runs", { survey: { volumes: [volumes(0)] } }, [["volume", /there were 0\.$/]]],
  [
    "two of three attempts failing",
    { survey: { hour: [{ tally: tally({ failed: 2, succeeded: 1 }) }] } },
    [],
  ],
  [
    "sixty of a hundred attempts failing",
    { survey: { hour: [{ tally: tally({ failed: 60, succeeded: 40 }), usual: usualOf(history(), nowMs) }] } },
    [["failing", /^60 of 100 attempts .* At least 4\d\.\d % fail, chance allowed for; usually 1 % do\.$/]],
  ],
  [
    "sixty of a hundred, as always",
    {
      survey: {
        hour: [
          {
            tally: tally({ failed: 60, succeeded: 40 }),
            usual: usualOf(history({ succeeded: 400, failed: 600 }), nowMs),
          },
        ],
      },
    },
    [],
  ],
  [
    "a storm of retries",
    { survey: { hour: [{ tally: tally({ retried: 500, succeeded: 3 }) }] } },
    [["retry_storm", /tried again 500 times in the last hour, and succeeded 3 times/]],
  ],
  ["a queue that is worked off", { survey: { queues: [queue({ taken: 1500 })] } }, []],
  [
    "a queue that is worked off slowly",
    { survey: { queues: [queue({})] } },
    [
      [
        "backlog",
        /200 runs wait in the queue mail, the oldest for 40 min\. 30 begin a minute and 10 come: at this rate it is empty in 10 min\.$/,
      ],
    ],
  ],
  [
    "a queue that nobody works on",
    { survey: { queues: [queue({ taken: 0 })] } },
    [["backlog", /None begin a minute and 10 come: it does not get shorter at this rate\.$/]],
  ],
  [
    "a sender that is silent",
    {
      survey: {
        sources: [
          {
            service: "shop",
            host: "web-1",
            stream: "logs",
            stretches: 140,
            firstMs: nowMs - dayMs,
            lastMs: nowMs - hourMs,
          },
        ],
      },
    },
    [["source_silent", /Nothing was heard of log lines of shop on web-1 since 2026-11-21 02:00 UTC/]],
  ],
  [
    "a sender that speaks now and then",
    {
      survey: {
        sources: [
          {
            service: "shop",
            host: "web-1",
            stream: "logs",
            stretches: 60,
            firstMs: nowMs - dayMs,
            lastMs: nowMs - hourMs,
          },
        ],
      },
    },
    [],
  ],
  ["a service as usual", { survey: { webs: [web({ p95Ms: 150 }, {})] } }, []],
  [
    "a service with errors",
    { survey: { webs: [web({ errors: 100 }, {})] } },
    [["web", /answered 100 of 1,000 requests of the last 5 min with an error .* in the hour before 0\.1 %/]],
  ],
  [
    "a service that is slow",
    { survey: { webs: [web({ p95Ms: 4000 }, {})] } },
    [["web", /One request in 20 to shop took longer than 4 s in the last 5 min; in the hour before 100 ms/]],
  ],
  [
    "one slow request in a hundred",
    { survey: { webs: [web({ p99Ms: 4000 }, {})] } },
    [["web", /One request in 100 to shop took longer than 4 s/]],
  ],
  [
    "Puma without a free thread",
    { survey: { pumas: [puma({ withoutCapacity: 30, withBacklog: 30, backlogMost: 9 })] } },
    [["web", /All 5 threads of Puma on web-1 were busy in the last 3 min, and up to 9 requests waited/]],
  ],
  [
    "a worker of Puma that does not answer",
    { survey: { pumas: [puma({ checkinMs: 45_000 })] } },
    [["web", /has not answered for 45 s/]],
  ],
  [
    "values that had to be hidden",
    {
      survey: {
        redactions: [
          {
            service: "shop",
            job: "SignInJob",
            rule: "token",
            now: 400,
            before: 30,
            firstMs: nowMs - 3 * dayMs,
          },
        ],
      },
    },
    [
      [
        "redactions",
        /400 values were hidden by the rule token in SignInJob of shop in the last hour; before, less than 1 an hour/,
      ],
    ],
  ],
  [
    "a job that begins to leak with a deploy",
    {
      survey: {
        redactions: [
          {
            service: "shop",
            job: "SignInJob",
            rule: "key:password",
            now: 3,
            before: 0,
            firstMs: nowMs - 60_000,
            jobKnownMs: nowMs - 3 * dayMs,
            releaseBefore: "v8",
            release: "v9",
          },
          {
            service: "shop",
            job: "NewJob",
            rule: "key:password",
            now: 3,
            before: 0,
            firstMs: nowMs - 60_000,
          },
          {
            service: "shop",
            job: "MailJob",
            rule: "email",
            now: 3,
            before: 0,
            firstMs: nowMs - 60_000,
            jobKnownMs: nowMs - 3 * dayMs,
          },
        ],
      },
    },
    [
      [
        "redactions",
        /^SignInJob of shop began to log what must be hidden: 3 by the rule key:password in the last hour, none in the week before\. It runs as release v9 now, and as v8 before\.$/,
      ],
    ],
  ],
  [
    "a job that was never seen",
    { survey: { news: [{ what: "job", job, value: "ReportJob", before: [], atMs: nowMs, release: "v9" }] } },
    [["unfamiliar", /never seen before\. It came with release v9, which is new\.$/]],
  ],
  [
    "a job that somebody enqueued by hand",
    { survey: { news: [{ what: "enqueuer", job, value: "console: ann", before: ["cron"], atMs: nowMs }] } },
    [["unfamiliar", /enqueued by console: ann for the first time; until now by cron/]],
  ],
];

describe("detectors of what is unlike before", () => {
  for (const [about, given, said] of cases) {
    test(about, () => {
      const all = found(given);
      assert.deepEqual(
        all.map(([kind]) => kind),
        said.map(([kind]) => kind),
        JSON.stringify(all),
      );
      for (const [index, [, because]] of said.entries()) assert.match(all[index]?.[1] ?? "", because);
    });
  }

  test("call nobody for what is only unusual", () => {
    const quiet = new Set(["unlike_before", "too_short", "volume"]);
    const severities = cases
      .flatMap(([, given]) => found(given))
      .filter(([kind, because]) => quiet.has(kind) && !because.includes("expected"));
    assert.ok(severities.length > 5);
    assert.deepEqual([...new Set(severities.map(([, , severity]) => severity))], ["info"]);
  });
});
