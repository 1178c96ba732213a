/** Each detector as a table of small cases: what it sees, and what it must say, or not say. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Monitor, quietMonitor } from "../model/monitor.ts";
import type { RunSummary, StoredEvent } from "../store/store.ts";
import { detect } from "./detectors.ts";
import type { Facts } from "./facts.ts";
import { noSurvey } from "./survey.ts";

const nowMs = Date.UTC(2026, 10, 21, 3);
const minuteMs = 60_000;

const job = { job: "ReportJob", service: "shop" };
const monitor = (more: Partial<Monitor> = {}): Monitor => ({ ...quietMonitor(job), ...more });

function facts(more: Partial<Facts> & { readonly monitor?: Monitor } = {}): Facts {
  const { monitor: one = monitor(), ...rest } = more;
  return {
    monitorOf: () => one,
    failures: [],
    losses: [],
    gaps: [],
    slots: [],
    openRuns: [],
    drifts: [],
    usualOf: () => undefined,
    survey: noSurvey,
    agents: [],
    awakeSinceMs: 0,
    ...rest,
  };
}

function event(more: Partial<StoredEvent>): StoredEvent {
  return {
    id: "e-1",
    time: "2026-11-21T02:59:00.000000Z",
    stream: "jobs",
    kind: "job.failed",
    segment: 1,
    segment_index: 1,
    ...job,
    ...more,
  };
}

function run(more: Partial<RunSummary>): RunSummary {
  return {
    runId: "r-1",
    state: "running",
    attempts: 1,
    lastMicros: nowMs * 1000,
    sample: false,
    ...job,
    ...more,
  };
}

const beganAgo = (ms: number): number => (nowMs - ms) * 1000;
const error = { error_class: "KeyError", error_message: "no month\nsecond line", run_id: "r-1" };
const schedule = { expression: "0 2 * * *", timeZone: "UTC", host: "cron-1" };
const slotMs = Date.UTC(2026, 10, 21, 2);
const slot = {
  monitor: monitor({ schedules: [schedule] }),
  schedule,
  slotMs,
  deadlineMs: slotMs + 5 * minuteMs,
};
const sign = (ms: number) => ({
  kind: "job.started" as const,
  job: "ReportJob",
  atMicros: (slotMs + ms) * 1000,
  runId: "r-2",
});

type Case = readonly [
  about: string,
  facts: Facts,
  said: readonly (readonly [kind: string, because: RegExp])[],
];

const cases: readonly Case[] = [
  ["nothing at all", facts(), []],
  [
    "a final failure",
    facts({ failures: [{ event: event(error), final: true, isNew: false }] }),
    [
      [
        "failed",
        /^ReportJob \(shop\) failed and will not be tried again: KeyError: no month\. It is a fault of the program: a retry will fail/,
      ],
    ],
  ],
  [
    "a final failure of a new kind, at its third attempt",
    facts({ failures: [{ event: event({ ...error, attempt: 3 }), final: true, isNew: true }] }),
    [["failed", /failed at attempt 3 .*It never failed in this way before\. It is a fault/]],
  ],
  [
    "an attempt that is tried again",
    facts({ failures: [{ event: event(error), final: false, isNew: false }] }),
    [],
  ],
  [
    "an attempt that is tried again, with a new error",
    facts({ failures: [{ event: event(error), final: false, isNew: true }] }),
    [["new_error", /failed with KeyError, as it never did before/]],
  ],
  [
    "a lost run",
    facts({
      losses: [
        event({ kind: "job.lost", worker: "web:1:2", message: "Killed by the kernel for want of memory" }),
      ],
    }),
    [["lost", /was lost: its worker web:1:2 died\. Killed by the kernel/]],
  ],
  [
    "a missed slot",
    facts({ slots: [slot] }),
    [["missed", /was due at 2026-11-21 02:00 UTC and had not begun 5 min later\.$/]],
  ],
  [
    "two missed slots of one job are one finding",
    facts({ slots: [{ ...slot, slotMs: slotMs - 86_400_000 }, slot] }),
    [["missed", /was due 2 times from 2026-11-20 02:00 UTC to 2026-11-21 02:00 UTC/]],
  ],
  [
    "a slot in a time when nobody watched",
    facts({ slots: [{ ...slot, away: { fromMs: slotMs - minuteMs, untilMs: slotMs + 60 * minuteMs } }] }),
    [["missed", /Midwatch was down from .* whether it ran is unknown\.$/]],
  ],
  [
    "a slot on a host whose agent is silent",
    facts({ slots: [slot], agents: [{ host: "cron-1", lastMs: slotMs - minuteMs }], awakeSinceMs: nowMs }),
    [["missed", /The agent of cron-1 has not been heard .* may have run unseen/]],
  ],
  ["a slot that was served", facts({ slots: [{ ...slot, sign: sign(1000) }] }), []],
  ["a slot that was served just in grace", facts({ slots: [{ ...slot, sign: sign(5 * minuteMs) }] }), []],
  [
    "a slot that was served late",
    facts({ slots: [{ ...slot, monitor: monitor({ lateAfterMs: minuteMs }), sign: sign(2 * minuteMs) }] }),
    [["late", /began 2 min late; 60 s are allowed/]],
  ],
  [
    "a run over its limit",
    facts({
      monitor: monitor({ durationMaxMs: minuteMs }),
      openRuns: [run({ startedMicros: beganAgo(minuteMs + 1) })],
    }),
    [["too_long", /runs for more than 60 s, which is its limit/]],
  ],
  [
    "a run at its limit, and a waiting one",
    facts({
      monitor: monitor({ durationMaxMs: minuteMs }),
      openRuns: [
        run({ startedMicros: beganAgo(minuteMs) }),
        run({ state: "waiting", enqueuedMicros: beganAgo(minuteMs * 9) }),
      ],
    }),
    [],
  ],
  ["a long run without a limit", facts({ openRuns: [run({ startedMicros: 0 })] }), []],
  [
    "two runs at once where one is allowed",
    facts({ monitor: monitor({ overlapAllowed: false }), openRuns: [run({}), run({ runId: "r-2" })] }),
    [["overlap", /^2 runs of ReportJob \(shop\) are open at once; one is allowed\.$/]],
  ],
  ["two runs at once where that is allowed", facts({ openRuns: [run({}), run({ runId: "r-2" })] }), []],
  [
    "one run, and one of another service",
    facts({
      monitor: monitor({ overlapAllowed: false }),
      openRuns: [run({}), run({ runId: "r-2", service: "billing" })],
    }),
    [],
  ],
  [
    "runs that wait too long",
    facts({
      monitor: monitor({ waitMaxMs: minuteMs }),
      openRuns: ["a", "b"].map((runId) =>
        run({ runId, state: "waiting", queue: "mail", enqueuedMicros: beganAgo(minuteMs * 2) }),
      ),
    }),
    [["waiting", /^2 runs of ReportJob \(shop\) wait in the queue mail for more than 60 s/]],
  ],
  [
    "a run that waits within its limit",
    facts({
      monitor: monitor({ waitMaxMs: minuteMs }),
      openRuns: [run({ state: "waiting", enqueuedMicros: beganAgo(minuteMs) })],
    }),
    [],
  ],
  [
    "a gap",
    facts({
      gaps: [
        event({
          kind: "source.gap",
          severity: "error",
          message: "3 events of dj-1 never reached this agent",
        }),
      ],
    }),
    [["source_gap", /^Events are missing: 3 events of dj-1 never reached this agent\.$/]],
  ],
  [
    "an agent that is silent",
    facts({ agents: [{ host: "web-1", lastMs: nowMs - 90_001 }] }),
    [["agent_silent", /^The agent of web-1 has not been heard since 2026-11-21 02:58:29 UTC/]],
  ],
  ["an agent that was heard", facts({ agents: [{ host: "web-1", lastMs: nowMs - 90_000 }] }), []],
  [
    "an agent that could not be heard, because we were away",
    facts({ agents: [{ host: "web-1", lastMs: nowMs - 999_999 }], awakeSinceMs: nowMs - 30_000 }),
    [],
  ],
];

describe("detectors", () => {
  for (const [about, given, said] of cases) {
    test(about, () => {
      const findings = detect(given, nowMs);
      assert.deepEqual(
        findings.map(({ kind }) => kind),
        said.map(([kind]) => kind),
      );
      for (const [index, [, because]] of said.entries())
        assert.match(findings[index]?.because ?? "", because);
    });
  }

  test("what one worker lost is one cause, what two lost are two", () => {
    const causes = ["w1", "w1", "w2"].map((worker, index) =>
      event({ kind: "job.lost", worker, run_id: `r-${index}` }),
    );
    const findings = detect(facts({ losses: causes }), nowMs);
    assert.equal(findings.length, 3);
    assert.equal(new Set(findings.map(({ cause }) => cause)).size, 2);
  });

  test("failures of one job are one cause only if they are alike", () => {
    const failures = [
      error,
      error,
      { ...error, error_class: "Timeout" },
      { ...error, service: "billing" },
    ].map((more) => ({
      event: event(more),
      final: true,
      isNew: false,
    }));
    const causes = detect(facts({ failures }), nowMs).map(({ cause }) => cause);
    assert.equal(new Set(causes).size, 3);
  });
});

test("many jobs of one scheduler, none of which began, have one cause; where one began, each has its own", () => {
  const slots = Array.from({ length: 10 }, (_, number) => ({
    ...slot,
    monitor: { ...slot.monitor, job: `Job${number}` },
  }));
  const causes = (given: Facts["slots"]) =>
    detect(facts({ slots: given }), nowMs)
      .filter(({ kind }) => kind === "missed")
      .map(({ sharedCause }) => sharedCause);
  const [cause, ...others] = causes(slots);
  assert.ok(cause !== undefined);
  assert.deepEqual(
    others,
    Array.from({ length: 9 }, () => cause),
  );
  const [first, ...rest] = slots;
  assert.ok(first);
  const began = causes([{ ...first, sign: sign(slotMs) }, ...rest]);
  assert.deepEqual(
    began,
    Array.from({ length: 9 }, () => undefined),
    "the scheduler is at work",
  );
  assert.deepEqual(
    causes(rest),
    Array.from({ length: 9 }, () => undefined),
    "a few may each have a reason of their own",
  );
});
