import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { EventRecord, Kind } from "./event.ts";
import { foldAttempts, foldState } from "./run.ts";

let made = 0;

/** An event of a run, `atSeconds` after midnight. */
function life(kind: Kind, atSeconds: number, more: Partial<EventRecord> = {}): EventRecord {
  made += 1;
  return {
    id: `0199aaaa-0000-7000-8000-${String(made).padStart(12, "0")}`,
    time: new Date(Date.UTC(2026, 0, 1, 0, 0, atSeconds)).toISOString().replace("Z", "000Z"),
    stream: "jobs",
    kind,
    run_id: "r1",
    ...more,
  };
}

const failure = { error_class: "Net::ReadTimeout", error_message: "timed out" };

describe("the state of a run", () => {
  const cases: readonly [string, readonly EventRecord[]][] = [
    ["waiting", [life("job.enqueued", 1)]],
    ["running", [life("job.enqueued", 1), life("job.started", 2)]],
    ["running", [life("job.started", 2), life("job.heartbeat", 9)]],
    [
      "succeeded",
      [life("job.enqueued", 1), life("job.started", 2), life("job.succeeded", 3), life("job.output", 4)],
    ],
    ["retrying", [life("job.started", 2), life("job.failed", 3, failure), life("job.retried", 3)]],
    ["failed", [life("job.started", 2), life("job.failed", 3, failure)]],
    ["discarded", [life("job.started", 2), life("job.failed", 3, failure), life("job.discarded", 3)]],
    ["lost", [life("job.started", 2), life("job.lost", 9)]],
    ["running", [life("job.started", 2), life("job.lost", 9), life("job.started", 20)]],
    ["unknown", [life("job.output", 2)]],
  ];
  for (const [state, events] of cases) {
    const told = events.map((event) => event.kind.slice(4)).join(", ");
    test(`${told}: ${state}, in whatever order the events come`, () => {
      assert.equal(foldState(events), state);
      assert.equal(foldState([...events].reverse()), state);
    });
  }

  test("an enqueue whose host's clock is ahead does not undo the end", () => {
    assert.equal(
      foldState([life("job.started", 2), life("job.succeeded", 3), life("job.enqueued", 60)]),
      "succeeded",
    );
  });
});

describe("the attempts of a run", () => {
  test("a retried job that heals has two attempts, the first with its error and next time", () => {
    const attempts = foldAttempts([
      life("job.enqueued", 1),
      life("job.started", 2, { worker: "a" }),
      life("job.failed", 3, { ...failure, worker: "a", duration_ms: 1000 }),
      life("job.retried", 3, { worker: "a", attributes: { next_time: "2026-01-01T00:05:00.000000Z" } }),
      life("job.started", 300, { worker: "b" }),
      life("job.succeeded", 301, { worker: "b" }),
    ]);
    assert.deepEqual(
      attempts.map(({ number, state, worker, errorClass, nextTime }) => ({
        number,
        state,
        worker,
        errorClass,
        nextTime,
      })),
      [
        {
          number: 1,
          state: "retrying",
          worker: "a",
          errorClass: "Net::ReadTimeout",
          nextTime: "2026-01-01T00:05:00.000000Z",
        },
        { number: 2, state: "succeeded", worker: "b", errorClass: undefined, nextTime: undefined },
      ],
    );
  });

  test("two workers with the same job at once each keep their own end", () => {
    const attempts = foldAttempts([
      life("job.started", 2, { worker: "a" }),
      life("job.started", 3, { worker: "b" }),
      life("job.lost", 4, { worker: "a" }),
      life("job.succeeded", 5, { worker: "b" }),
    ]);
    assert.deepEqual(
      attempts.map((attempt) => [attempt.worker, attempt.state]),
      [
        ["a", "lost"],
        ["b", "succeeded"],
      ],
    );
  });

  test("two witnesses of one death make one attempt, a second attempt's end stands alone", () => {
    const events = [
      life("job.started", 2, { worker: "child", attempt: 1 }),
      life("job.lost", 3, { worker: "parent", attempt: 1, error_class: "WorkerLostError" }),
      life("job.lost", 4, { worker: "child", attempt: 1 }),
    ];
    assert.deepEqual(
      foldAttempts(events).map((attempt) => [attempt.state, attempt.errorClass]),
      [["lost", "WorkerLostError"]],
    );
    const second = life("job.failed", 9, { ...failure, attempt: 2 });
    assert.deepEqual(
      foldAttempts([...events, second]).map((attempt) => attempt.state),
      ["lost", "failed"],
    );
  });

  test("an end without a start still stands", () => {
    assert.deepEqual(
      foldAttempts([life("job.failed", 2, failure)]).map((attempt) => attempt.state),
      ["failed"],
    );
  });
});
