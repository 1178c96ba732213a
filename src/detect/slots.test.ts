/** When runs are due, around changes of daylight saving above all, and which runs serve them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Monitor, quietMonitor, type Schedule } from "../model/monitor.ts";
import type { JobSign } from "../store/store.ts";
import { declarationsOf } from "./declared.ts";
import { expectedOf } from "./expected.ts";
import { judgeSlots } from "./judge.ts";
import { graceOfSlotMs, isSchedule, slotsBetween } from "./slots.ts";

const at = (text: string): number => Date.parse(text);
const berlin = { timeZone: "Europe/Berlin" };
const times = (schedule: Schedule, from: string, until: string): readonly string[] =>
  slotsBetween(schedule, at(from), at(until)).map((ms) => new Date(ms).toISOString().slice(5, 16));

describe("slots", () => {
  const cases: readonly (readonly [string, Schedule, string, string, readonly string[]])[] = [
    [
      "a fixed time that the clock skips is due right after the gap",
      { ...berlin, expression: "30 2 * * *" },
      "2026-03-28T12:00Z",
      "2026-03-30T12:00Z",
      ["03-29T01:00", "03-30T00:30"],
    ],
    [
      "a fixed time that comes twice is due once",
      { ...berlin, expression: "30 2 * * *" },
      "2026-10-24T12:00Z",
      "2026-10-26T12:00Z",
      ["10-25T00:30", "10-26T01:30"],
    ],
    [
      "every hour goes on through both",
      { ...berlin, expression: "30 * * * *" },
      "2026-10-24T23:00Z",
      "2026-10-25T02:00Z",
      ["10-24T23:30", "10-25T00:30", "10-25T01:30"],
    ],
    [
      "day of month or day of week, as cron has it",
      { timeZone: "UTC", expression: "0 0 1 * 1" },
      "2026-10-31T00:00Z",
      "2026-11-03T00:00Z",
      ["11-01T00:00", "11-02T00:00"],
    ],
    [
      "day of month and day of week, as Celery has it",
      { timeZone: "UTC", expression: "0 0 1 * 1", runtime: "celery" },
      "2026-10-31T00:00Z",
      "2027-02-02T00:00Z",
      ["02-01T00:00"],
    ],
    [
      "a nickname",
      { timeZone: "UTC", expression: "@daily" },
      "2026-10-31T00:00Z",
      "2026-11-01T00:00Z",
      ["11-01T00:00"],
    ],
  ];
  for (const [about, schedule, from, until, expected] of cases) {
    test(about, () => assert.deepEqual(times(schedule, from, until), expected));
  }

  test("what is no schedule is known as none", () => {
    for (const expression of ["@reboot", "61 * * * *", "nonsense"])
      assert.equal(isSchedule({ timeZone: "UTC", expression }), false);
    assert.equal(isSchedule({ timeZone: "Mars/Olympus", expression: "0 0 * * *" }), false);
    assert.equal(isSchedule({ timeZone: "UTC", everySeconds: 30 }), true);
  });

  test("Celery's beat is given more time around a change of the clock, and only then", () => {
    const schedule = { ...berlin, expression: "0 5 * * *", runtime: "celery" };
    assert.equal(graceOfSlotMs(schedule, at("2026-10-25T04:00Z"), 1000), 1000 + 3 * 3_600_000);
    assert.equal(graceOfSlotMs(schedule, at("2026-11-25T04:00Z"), 1000), 1000);
    assert.equal(graceOfSlotMs({ ...schedule, runtime: "cron" }, at("2026-10-25T04:00Z"), 1000), 1000);
  });
});

describe("judging", () => {
  const hourly: Schedule = { timeZone: "UTC", expression: "0 * * * *", runtime: "cron" };
  const monitor = (schedules: readonly Schedule[]): Monitor => ({
    ...quietMonitor({ job: "J", service: "s" }),
    schedules,
  });
  const sign = (text: string, more: Partial<JobSign> = {}): JobSign => ({
    kind: "job.started",
    job: "J",
    service: "s",
    atMicros: at(text) * 1000,
    ...more,
  });
  const slots = ["2026-11-21T01:00Z", "2026-11-21T02:00Z", "2026-11-21T03:00Z"].map(at);
  const served = (
    schedule: Schedule,
    signs: readonly JobSign[],
    all: readonly Schedule[] = [schedule],
  ): readonly boolean[] =>
    judgeSlots({ monitor: monitor(all), schedule }, slots, signs, []).map((one) => one.sign !== undefined);

  test("each slot is served by a run of its own, a little early or late", () => {
    assert.deepEqual(
      served(hourly, [sign("2026-11-21T00:59:50Z"), sign("2026-11-21T02:04Z"), sign("2026-11-21T03:00Z")]),
      [true, true, true],
    );
    assert.deepEqual(
      served(hourly, [sign("2026-11-21T01:00Z"), sign("2026-11-21T01:01Z"), sign("2026-11-21T03:00Z")]),
      [true, false, true],
    );
    assert.deepEqual(served(hourly, []), [false, false, false]);
  });
  test("runs of another job, service or kind serve nothing", () => {
    const others = [
      sign("2026-11-21T01:00Z", { job: "K" }),
      sign("2026-11-21T01:00Z", { service: "t" }),
      sign("2026-11-21T01:00Z", { kind: "job.enqueued" }),
    ];
    assert.deepEqual(served(hourly, others), [false, false, false]);
  });
  test("an entry of beat is served by what beat sent for it", () => {
    const entry = { ...hourly, runtime: "celery", entry: "nightly" };
    const sent = { kind: "job.enqueued", actor: "beat: nightly" } as const;
    assert.deepEqual(served(entry, [sign("2026-11-21T01:00Z"), sign("2026-11-21T02:00Z", sent)]), [
      false,
      true,
      false,
    ]);
  });
  test("where two hosts have the job, each must run it", () => {
    const [one, two] = ["a", "b"].map((host) => ({ ...hourly, host })) as [Schedule, Schedule];
    const signs = [sign("2026-11-21T01:00Z", { host: "a" })];
    assert.deepEqual(served(one, signs, [one, two]), [true, false, false]);
    assert.deepEqual(served(two, signs, [one, two]), [false, false, false]);
  });
});

describe("declarations", () => {
  const base = {
    id: "e",
    time: "2026-11-21T00:00:00.000000Z",
    stream: "jobs",
    job: "tasks.report",
    service: "shop",
  } as const;
  test("come from beat, schedule.rb and crontabs", () => {
    const beat = declarationsOf(
      {
        ...base,
        kind: "schedule.declared",
        runtime: "celery",
        attributes: {
          entry: "nightly",
          schedule: { type: "crontab", expression: "0 2 * * *" },
          time_zone: "Europe/Berlin",
        },
      },
      "UTC",
    );
    assert.deepEqual(beat[0]?.schedule, {
      timeZone: "Europe/Berlin",
      runtime: "celery",
      entry: "nightly",
      expression: "0 2 * * *",
    });
    const every = declarationsOf(
      {
        ...base,
        kind: "schedule.declared",
        runtime: "celery",
        attributes: { entry: "tick", schedule: { type: "interval", every_seconds: 30 }, time_zone: "UTC" },
      },
      "UTC",
    );
    assert.equal(every[0]?.schedule.everySeconds, 30);
    const whenever = declarationsOf(
      {
        ...base,
        kind: "schedule.declared",
        runtime: "whenever",
        attributes: { schedules: ["0 1 * * *", "0 2 * * *"], wrapped: true, file: "schedule.rb" },
      },
      "Asia/Tokyo",
    );
    assert.deepEqual(
      whenever.map(({ schedule }) => schedule.timeZone),
      ["Asia/Tokyo", "Asia/Tokyo"],
    );
    const attributes = {
      schedule: "5 4 * * *",
      crontab: "/etc/cron.d/shop",
      reading: "ab",
      line: 3,
      recorded: true,
    };
    const installed = declarationsOf(
      { ...base, kind: "schedule.installed", host: "cron-1", attributes },
      "UTC",
    );
    assert.equal(installed[0]?.schedule.host, "cron-1");
    assert.deepEqual(
      declarationsOf(
        {
          ...base,
          kind: "schedule.installed",
          host: "cron-1",
          attributes: { ...attributes, recorded: false },
        },
        "UTC",
      ),
      [],
    );
    assert.deepEqual(
      declarationsOf(
        { ...base, kind: "schedule.declared", attributes: { schedule: { type: "solar" } } },
        "UTC",
      ),
      [],
    );

    const expected = expectedOf([], [...whenever, ...installed]);
    assert.equal(
      expected.of({ job: "tasks.report", service: "shop" }).schedules.length,
      1,
      "what is installed counts",
    );
  });
  test("what somebody set holds, and takes its schedule from what is declared", () => {
    const declared = declarationsOf(
      {
        ...base,
        kind: "schedule.declared",
        attributes: { entry: "n", schedule: { expression: "0 2 * * *" } },
      },
      "UTC",
    );
    const set = { ...quietMonitor({ job: "tasks.report" }), severity: "critical" as const };
    const { of, all } = expectedOf([set], declared);
    const found = of({ job: "tasks.report", service: "shop" });
    assert.deepEqual([found.severity, found.schedules.length, all.length], ["critical", 1, 1]);
    assert.equal(of({ job: "other" }).schedules.length, 0);
  });
});
