import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import type { EventRecord } from "../model/event.ts";
import { Fault } from "../model/fault.ts";
import type { Intake } from "../model/intake.ts";
import { foldState } from "../model/run.ts";
import { startOwnEvents } from "./own-events.ts";
import { startOwnJobs } from "./own-jobs.ts";
import { makeOwnLog } from "./own-log.ts";

const sources = { clock: Date.now, randomBytes: (count: number): Uint8Array => randomBytes(count) };

/** An intake that keeps what it is given, and refuses so many batches first. */
function keeper(refusals = 0): { readonly intake: Intake; readonly kept: EventRecord[] } {
  const kept: EventRecord[] = [];
  let left = refusals;
  return {
    kept,
    intake: async ({ body }) => {
      if (left > 0) {
        left -= 1;
        throw new Fault("SPOOL_FULL", "full");
      }
      const lines = new TextDecoder().decode(body).trimEnd().split("\n");
      kept.push(...lines.map((line) => JSON.parse(line) as EventRecord));
      return { accepted: lines.length, refused: 0, refusals: [], duplicate: false };
    },
  };
}

test("each job runs at once, and its end is recorded whichever it was", async () => {
  const { intake, kept } = keeper();
  const events = startOwnEvents({ intake, ...sources, base: { service: "midwatch" } });
  const told: string[] = [];
  const jobs = startOwnJobs({
    jobs: [
      { name: "good", schedule: "0 0 1 1 *", run: async () => "did it" },
      {
        name: "bad",
        schedule: "0 0 1 1 *",
        run: async () => {
          throw new RangeError("too much");
        },
      },
    ],
    events,
    ...sources,
    report: (message) => told.push(message),
  });
  await jobs.close();
  await events.close();

  assert.equal(kept.length, 4);
  assert.ok(kept.every((event) => event.service === "midwatch" && event.stream === "jobs"));
  const ofJob = (job: string): EventRecord[] => kept.filter((event) => event.job === job);
  assert.equal(foldState(ofJob("good")), "succeeded");
  assert.equal(ofJob("good").at(-1)?.message, "did it");
  assert.equal(foldState(ofJob("bad")), "failed");
  assert.equal(ofJob("bad").at(-1)?.error_class, "RangeError");
  assert.deepEqual(told, ["The job bad failed: too much"]);
});

test("own events wait while they are not taken, the oldest are dropped, and that is said", async () => {
  const { intake, kept } = keeper(1);
  const events = startOwnEvents({ intake, ...sources, base: {} });
  for (let number = 0; number < 1500; number++) events.record("log", { message: `line ${number}` });
  await new Promise((resolve) => setTimeout(resolve, 400));
  assert.equal(kept.length, 0, "the first try was refused");
  await events.close();
  const messages = kept.map((event) => event.message);
  assert.equal(messages.at(-1), "500 of Midwatch's own events were dropped");
  assert.equal(messages.at(-2), "line 1499");
  assert.equal(kept.length, 1000);
});

test("the server's lines are text or JSON, printable, by level, and from warn on events too", () => {
  const notes: string[] = [];
  const recorded: string[] = [];
  const options = {
    clock: () => 0,
    note: (line: string) => notes.push(line),
    record: (severity: string, message: string) => recorded.push(`${severity} ${message}`),
  };
  const text = makeOwnLog({ format: "text", level: "error", ...options });
  text("info", "quiet");
  text("warn", "only recorded");
  text("error", "bad\u001b[2J\nthing");
  makeOwnLog({ format: "json", level: "info", ...options })("info", "hello");
  assert.deepEqual(notes, [
    "1970-01-01T00:00:00.000Z error bad\\x1b[2J\\nthing",
    '{"time":"1970-01-01T00:00:00.000Z","severity":"info","message":"hello"}',
  ]);
  assert.deepEqual(recorded, ["warn only recorded", "error bad\u001b[2J\nthing"]);
});
