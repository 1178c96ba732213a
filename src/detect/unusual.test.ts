/** What is usual, and each detector of what is not, as tables of small cases. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Declaration, type Monitor, quietMonitor } from "../model/monitor.ts";
import type { RunSummary } from "../store/store.ts";
import type { JobHistory, JobTally } from "../store/survey.ts";
import { amountBand, countBand, shareBounds, weekHourOf } from "./band.ts";
import { baselineOf, showBaseline } from "./baseline.ts";
import { isWorkday } from "./calendar.ts";
import { detect } from "./detectors.ts";
import { driftsOf } from "./drift.ts";
import { classify } from "./error-kind.ts";
import type { Facts } from "./facts.ts";
import { knownSets } from "./known.ts";
import { noSurvey, type Survey } from "./survey.ts";
import { showRange, usualOf } from "./usual.ts";

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
    durations: { week: [], day: around(47_000, 3000), all: around(47_000, 3000), newest: [] },
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
    usualOf: () => of && usualOf(of),
    survey: { ...noSurvey, ...survey },
    agents: [],
    awakeSinceMs: 0,
  };
  return detect(facts, nowMs).map(({ kind, because, severity }) => [kind, because, severity]);
}

const ended = (more: Partial<JobTally>, of: JobHistory = history()): Given => ({
  survey: { ended: [{ tally: tally(more), usual: usualOf(of) }] },
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
    day: [],
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
    { survey: { hour: [{ tally: tally({ failed: 60, succeeded: 40 }), usual: usualOf(history()) }] } },
    [["failing", /^60 of 100 attempts .* more than 4\d\.\d % surely; usually 1 % do\.$/]],
  ],
  [
    "sixty of a hundred, as always",
    {
      survey: {
        hour: [
          {
            tally: tally({ failed: 60, succeeded: 40 }),
            usual: usualOf(history({ succeeded: 400, failed: 600 })),
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

describe("what is usual", () => {
  test("is not moved by samples of which almost half are wild", () => {
    const calm = around(1000, 10, 40);
    const wild = calm.map((value, index) => (index % 5 < 2 ? value * 100 : value));
    const [a, b] = [amountBand(calm, "all"), amountBand(wild, "all")];
    assert.ok(a && b && b.middle < a.middle * 1.1);
  });

  test("is not said of a few samples", () => {
    assert.equal(amountBand(around(10, 1, 11), "all"), undefined);
    assert.equal(countBand([1, 2, 3], "week", 4), undefined);
  });

  test("is a share between bounds that come nearer with every try", () => {
    const few = shareBounds(2, 3, 2);
    const many = shareBounds(200, 300, 2);
    assert.ok(few.low < 0.25 && few.high > 0.9 && many.low > 0.6 && many.high < 0.73);
    assert.deepEqual(shareBounds(0, 0, 2), { low: 0, high: 1 });
  });

  test("is told with its unit once", () => {
    const band = { low: 40_000, high: 55_000 };
    assert.equal(
      showRange(band, (ms) => `${ms / 1000} s`),
      "40 to 55 s",
    );
    assert.equal(
      showRange({ low: 55, high: 120 }, (ms) => (ms < 60 ? `${ms} s` : `${ms / 60} min`)),
      "55 s to 2 min",
    );
  });

  test("is drawn for every hour of a range from the weeks before it", () => {
    const hours = Array.from({ length: 30 * 24 }, (_, back) => ({
      hourMs: nowMs - (30 * 24 - back) * hourMs,
      enqueued: 0,
      started: 4,
      succeeded: 4,
      failed: 0,
      durations: [1000, 1100, 900, 1000],
      releases: [back < 600 ? "v1" : "v2"],
    }));
    const { hours: list, releases } = baselineOf(hours, {
      fromMs: nowMs - 5 * hourMs,
      untilMs: nowMs,
      timeZone: "UTC",
    });
    assert.equal(list.length, 5);
    assert.equal(list[0]?.runs, 4);
    assert.equal(list[0]?.duration?.basis, "week");
    assert.ok(list.every(({ duration }) => duration && duration.low < 1000 && duration.high > 1000));
    assert.deepEqual(
      releases.map(({ release }) => release),
      ["v1", "v2"],
    );
    assert.match(
      showBaseline(list[4] ?? {}),
      /^Usually .* at this hour of the week; .* runs an hour; 0 to .* % of its attempts fail\.$/,
    );
    assert.match(showBaseline({}), /still being learnt/);
  });

  test("knows the hour of the week by the clock on the wall", () => {
    assert.equal(weekHourOf(Date.UTC(2026, 10, 16, 0), "UTC"), 0);
    assert.equal(weekHourOf(Date.UTC(2026, 10, 15, 23), "Europe/Berlin"), 0);
    assert.equal(weekHourOf(Date.UTC(2026, 6, 5, 22), "Europe/Berlin"), 0);
  });
});

describe("what was seen before", () => {
  test("speaks of something new only when it is settled and small", () => {
    const known = knownSets(undefined);
    const news = (values: readonly string[], day: number) =>
      known.meet("hosts", values, day * dayMs).map(({ value }) => value);
    assert.deepEqual(news(["a"], 0), []);
    assert.deepEqual(news(["b"], 6), [], "it is learnt for a week");
    assert.deepEqual(news(["c"], 8), [], "it changed two days ago");
    assert.deepEqual(news(["a", "b"], 12), [], "both are known");
    assert.deepEqual(news(["d"], 12), ["d"]);
    assert.deepEqual(knownSets(known.text()).meet("hosts", ["d"], 30 * dayMs), [], "it is kept over a start");
    for (let number = 0; number < 9; number++) news([`more-${number}`], 20 + 5 * number);
    assert.deepEqual(news(["yet another"], 200), [], "a set of many says nothing");
  });
});

describe("an error", () => {
  const kinds: readonly (readonly [
    name: string,
    message: string,
    kind: string | undefined,
    retryHelps?: boolean,
  ])[] = [
    ["Net::ReadTimeout", "", "timeout", true],
    ["TimeLimitExceeded", "", "timeout", true],
    ["Errno::ECONNREFUSED", "", "connection", true],
    ["requests.exceptions.ConnectionError", "", "connection", true],
    ["ActiveRecord::Deadlocked", "", "database", true],
    ["OperationalError", "server closed the connection", "database", true],
    ["ActiveRecord::RecordInvalid", "Validation failed", "validation", false],
    ["Delayed::DeserializationError", "", "validation", false],
    ["NoMethodError", "undefined method", "programming", false],
    ["KeyError", "'month'", "programming", false],
    ["NoMemoryError", "", "resources", false],
    ["Errno::ENOSPC", "No space left on device", "resources", false],
    ["WorkerLostError", "signal 9 (SIGKILL)", "killed", true],
    ["RuntimeError", "execution expired", "timeout", true],
    ["RuntimeError", "no", undefined],
  ];
  for (const [name, message, kind, retryHelps] of kinds) {
    test(`${name} ${message} is ${kind ?? "not known"}`, () => {
      const event = {
        id: "e",
        time: "",
        stream: "jobs",
        kind: "job.failed",
        error_class: name,
        error_message: message,
      } as const;
      const known = classify(event);
      assert.deepEqual([known?.kind, known?.retryHelps], [kind, retryHelps]);
    });
  }
});

describe("a calendar", () => {
  test("knows weekends and holidays by the clock of the schedule", () => {
    const working = { weekdays: [0, 1, 2, 3, 4], holidays: ["2026-12-25"] };
    assert.equal(isWorkday(working, Date.UTC(2026, 10, 20, 12), "UTC"), true);
    assert.equal(isWorkday(working, Date.UTC(2026, 10, 21, 12), "UTC"), false);
    assert.equal(isWorkday(working, Date.UTC(2026, 11, 25, 12), "UTC"), false);
    assert.equal(isWorkday(working, Date.UTC(2026, 11, 24, 23, 30), "Europe/Berlin"), false);
    assert.equal(isWorkday(undefined, nowMs, "UTC"), true);
  });
});

describe("drift", () => {
  const declared = (name: string, expression: string): Declaration => ({
    origin: "schedule shop",
    reading: "1",
    item: name,
    job: { job: name, service: "shop" },
    schedule: { expression, timeZone: "UTC", runtime: "cron" },
    seenMs: 0,
  });
  const installed = (name: string, expression: string, line = "1"): Declaration => ({
    ...declared(name, expression),
    origin: "crontab h-1 /var/spool/cron/app",
    item: `line ${line}`,
    schedule: { expression, timeZone: "UTC", runtime: "cron", host: "h-1" },
  });
  const whats = (declarations: readonly Declaration[]) =>
    driftsOf(declarations).map(({ what, because }) => [what, because]);

  test("is nothing where both agree, also in other words, or where one side is not known", () => {
    assert.deepEqual(whats([declared("a", "@daily"), installed("a", "0 0 * * *")]), []);
    assert.deepEqual(whats([declared("a", "@daily")]), []);
    assert.deepEqual(whats([installed("a", "0 0 * * *")]), []);
  });

  test("is told in each of its forms", () => {
    const found = whats([
      declared("here", "0 1 * * *"),
      installed("here", "0 1 * * *"),
      declared("gone", "0 1 * * *"),
      installed("left", "0 1 * * *"),
      declared("twice", "0 1 * * *"),
      installed("twice", "0 1 * * *", "1"),
      installed("twice", "0 1 * * *", "2"),
      declared("moved", "0 1 * * *"),
      installed("moved", "0 2 * * *"),
    ]);
    assert.deepEqual(
      found.map(([what]) => what),
      ["not installed", "not declared", "installed twice", "other time"],
    );
    assert.match(
      found[3]?.[1] ?? "",
      /declared for `0 1 \* \* \*` in UTC and installed on h-1 for `0 2 \* \* \*` in UTC/,
    );
  });
});
