/**
 * Slots over ten years of changes of the clock, in twelve zones, held to evaluators of others: the
 * loop of Debian's cron, restated, and the schedule class of Celery that Debian ships.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, test } from "node:test";
import { judgeSlots } from "../../src/detect/judge.ts";
import { graceOfSlotMs, slotsBetween } from "../../src/detect/slots.ts";
import { quietMonitor, type Schedule } from "../../src/model/monitor.ts";

const zones = [
  "Europe/Berlin",
  "Europe/London",
  "America/New_York",
  "America/Los_Angeles",
  "America/St_Johns",
  "America/Santiago",
  "America/Havana",
  "Asia/Beirut",
  "Australia/Sydney",
  "Australia/Lord_Howe",
  "Pacific/Auckland",
  "Pacific/Chatham",
];
const minuteMs = 60_000;

type Reference = {
  readonly zone: string;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly changeMs: number;
  /** Of each expression. */
  readonly due: readonly (readonly number[])[];
};

function ask(
  runtime: "cron" | "celery",
  of: readonly string[],
  expressions: readonly string[],
): readonly Reference[] {
  const input = JSON.stringify({ runtime, zones: of, expressions });
  const script = new URL("reference.py", import.meta.url).pathname;
  const answer = execFileSync("/usr/bin/python3", [script], { input, encoding: "utf8", maxBuffer: 2 ** 28 });
  return JSON.parse(answer) as readonly Reference[];
}

const show = (ms: number): string => new Date(ms).toISOString();

describe("slots around each change of the clock in ten years", () => {
  test("are those of Debian's cron", () => {
    const expressions = [
      "*/15 * * * *",
      "0 * * * *",
      "30 2 * * *",
      "15 1-3 * * *",
      "0 0 * * *",
      "45 23 * * *",
      "10 0 1,15 * 0",
      "59 1 * * *",
    ];
    const references = ask("cron", zones, expressions);
    assert.ok(references.length > 200, `only ${references.length} changes`);
    const differences = references.flatMap(({ zone, fromMs, untilMs, due }) =>
      expressions.flatMap((expression, index) => {
        const schedule: Schedule = { expression, timeZone: zone, runtime: "cron" };
        const slots = slotsBetween(schedule, fromMs - 1, untilMs - minuteMs);
        const wanted = [...new Set(due[index])];
        return slots.join() === wanted.join()
          ? []
          : [
              `${zone} ${expression}: ${slots
                .filter((ms) => !wanted.includes(ms))
                .map(show)
                .join(", ")} and not ${wanted
                .filter((ms) => !slots.includes(ms))
                .map(show)
                .join(", ")}`,
            ];
      }),
    );
    assert.deepEqual(differences.slice(0, 40), [], `${differences.length} differences`);
  });

  test("of Celery are served by what its beat sends, and nothing is missed", () => {
    const expressions = ["0 * * * *", "30 2 * * *", "15 0 * * *"];
    const references = ask(
      "celery",
      ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"],
      expressions,
    );
    assert.ok(references.length > 50, `only ${references.length} changes`);
    let judged = 0;
    const missed = references.flatMap(({ zone, fromMs, untilMs, due }) =>
      expressions.flatMap((expression, index) => {
        const schedule: Schedule = { expression, timeZone: zone, runtime: "celery", entry: "e" };
        const monitor = { ...quietMonitor({ job: "J" }), schedules: [schedule] };
        const signs = (due[index] ?? []).map((ms) => ({
          kind: "job.enqueued" as const,
          job: "J",
          actor: "beat: e",
          atMicros: ms * 1000,
        }));
        const slots = slotsBetween(schedule, fromMs + 3_600_000, untilMs).filter(
          (slotMs) => slotMs + graceOfSlotMs(schedule, slotMs, monitor.graceMs) < untilMs,
        );
        judged += slots.length;
        return judgeSlots({ monitor, schedule }, slots, signs, [])
          .filter(({ sign }) => sign === undefined)
          .map(({ slotMs }) => `${zone} ${expression} ${show(slotMs)}`);
      }),
    );
    assert.ok(judged > 2000, `only ${judged} slots`);
    assert.deepEqual(missed.slice(0, 20), [], `${missed.length} of ${judged} are called missed`);
  });

  test("of a plain interval do not know of any clock on a wall", () => {
    const changeMs = Date.UTC(2027, 2, 28, 1);
    const slots = slotsBetween(
      { everySeconds: 3600, timeZone: "Europe/Berlin" },
      changeMs - 12 * 3_600_000,
      changeMs + 12 * 3_600_000,
    );
    assert.equal(slots.length, 24);
    assert.deepEqual([...new Set(slots.slice(1).map((ms, index) => ms - (slots[index] ?? 0)))], [3_600_000]);
  });
});
