/** What is usual, what was seen before, kinds of errors, calendars and drift. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Declaration } from "../model/monitor.ts";
import { amountBand, countBand, shareBounds, weekHourOf } from "./band.ts";
import { baselineOf, showBaseline } from "./baseline.ts";
import { isWorkday } from "./calendar.ts";
import { driftsOf } from "./drift.ts";
import { classify } from "./error-kind.ts";
import { knownSets } from "./known.ts";
import { showRange } from "./usual.ts";

const nowMs = Date.UTC(2026, 10, 21, 3);
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

const around = (middle: number, step: number, count = 30): readonly number[] =>
  Array.from({ length: count }, (_, index) => middle + ((index % 7) - 3) * step);

describe("what is usual", () => {
  test("is not moved by samples of which almost half are wild", () => {
    const calm = around(1000, 10, 40);
    const wild = calm.map((value, index) => (index % 5 < 2 ? value * 100 : value));
    const [a, b] = [amountBand(calm, "all", 168), amountBand(wild, "all", 168)];
    assert.ok(a && b && b.middle < a.middle * 1.1);
  });

  test("is not said of a few samples", () => {
    assert.equal(amountBand(around(10, 1, 11), "all", 168), undefined);
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
      durations: [1000, 1100, 900, 1000].map(
        (ms) => ms * (new Date(nowMs - (30 * 24 - back) * hourMs).getUTCDay() === 6 ? 9 : 1),
      ),
      releases: [back < 600 ? "v1" : "v2"],
    }));
    const { hours: list, releases } = baselineOf(hours, {
      fromMs: nowMs - 5 * hourMs,
      untilMs: nowMs,
      timeZone: "UTC",
    });
    assert.equal(list.length, 5);
    assert.equal(list[0]?.runs, 4);
    assert.equal(list[4]?.duration?.basis, "near");
    assert.ok(list.slice(3).every(({ duration }) => duration && duration.low < 9000 && duration.high > 9000));
    assert.deepEqual(
      releases.map(({ release }) => release),
      ["v1", "v2"],
    );
    assert.match(
      showBaseline(list[4] ?? {}),
      /^Usually .* around this hour of the week; .* runs an hour; 0 to .* % of its attempts fail\.$/,
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
