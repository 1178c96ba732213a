/** The questions about what is usual, each asked of the real engine over events whose answer is known. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { EventRecord, Kind } from "../../model/event.ts";
import { engineClient } from "../engine/client.ts";
import { type EngineProcess, startEngine } from "../engine/supervisor.ts";
import { madeEvent, noonMicros, writeNativeFile } from "../made.ts";
import { retentionDefault } from "./retention.ts";
import { openEventStore } from "./store.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const noonMs = noonMicros / 1000;
const nowMs = noonMs + 10 * 60_000;

/** Thirty noons, the newest last: each run takes 40 s and some, the newest nine minutes. */
const daily: readonly EventRecord[] = Array.from({ length: 30 }, (_, back) => {
  const atMs = -back * dayMs;
  const release = back < 3 ? "v2" : "v1";
  const about = {
    job: "ReportJob",
    service: "shop",
    environment: "production",
    run_id: `r-${back}`,
    release,
  };
  const took = back === 0 ? 540_000 : 40_000 + back * 100;
  return [
    madeEvent("job.enqueued", atMs, {
      ...about,
      actor: "cron",
      attributes: { arguments: { month: 1, year: 2 } },
    }),
    madeEvent("job.started", atMs + 5, { ...about, host: "h-1", wait_ms: 5 }),
    madeEvent("job.succeeded", atMs + 10, {
      ...about,
      duration_ms: took,
      max_rss_bytes: 1000,
      cpu_ms: 10,
      attributes: { output_bytes: 100 + back, rows: 7 },
    }),
  ];
})
  .flat()
  .concat(
    madeEvent("job.failed", -dayMs, { job: "ReportJob", service: "shop", run_id: "f", duration_ms: 1 }),
  );

const about = { service: "shop", host: "web-1" };
const request = (agoMs: number, status: number, duration: number): EventRecord =>
  madeEvent("http.request", nowMs - noonMs - agoMs, {
    ...about,
    duration_ms: duration,
    attributes: { status, path: "/a/..%2f..%2fetc/passwd", route: "Orders#show" },
  });
const puma = (agoMs: number): EventRecord =>
  madeEvent("puma.stats", nowMs - noonMs - agoMs, {
    ...about,
    worker: "web-1:1:1",
    attributes: { backlog: 3, pool_capacity: 0, max_threads: 5, workers: [{ last_checkin_ms: 45_000 }] },
  });
const queued = (kind: Kind, run: string, agoMs: number, dueAheadMs = 0): EventRecord =>
  madeEvent(kind, nowMs - noonMs - agoMs, {
    service: "shop",
    job: "MailJob",
    queue: "mail",
    run_id: run,
    attributes: { due_time: new Date(nowMs - agoMs + dueAheadMs).toISOString() },
  });
const others: readonly EventRecord[] = [
  ...[1, 2, 3].map((minute) => request(minute * 60_000, 500, 900)),
  ...[10, 20, 30, 40].map((minute) => request(minute * 60_000, 200, 10)),
  ...[10_000, 20_000, 30_000].map(puma),
  queued("job.enqueued", "waits", 12 * 60_000),
  queued("job.enqueued", "later", 12 * 60_000, hourMs),
  queued("job.enqueued", "taken", 11 * 60_000),
  queued("job.started", "taken", 10 * 60_000),
  madeEvent("redaction.summary", 0, { attributes: { rule: "card", count: 50, leaking_job: "ReportJob" } }),
  madeEvent("redaction.summary", -2 * dayMs, {
    attributes: { rule: "card", count: 2, leaking_job: "ReportJob" },
  }),
  madeEvent("redaction.summary", 0, {
    attributes: { rule: "key:password", count: 3, leaking_job: "ReportJob", leaking_service: about.service },
  }),
  madeEvent("audit.action", 0, { ...about, job: "ReportJob", attributes: { action: "user.deleted" } }),
];

describe("questions about what is usual", () => {
  let directory: string;
  let engine: EngineProcess;
  let store: Awaited<ReturnType<typeof openEventStore>>;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "midwatch-survey-"));
    engine = await startEngine({ directory: join(directory, "engine") });
    const client = engineClient(engine);
    store = await openEventStore({ client, retention: retentionDefault });
    mkdirSync(join(directory, "spool"));
    for (const [index, events] of [daily, others].entries()) {
      const file = join(directory, "spool", `${index}.native`);
      await writeNativeFile(client, file, events, index + 1);
      await store.insert({ token: String(index), files: [file] });
    }
  });
  after(async () => {
    await store.close();
    await engine.close();
    rmSync(directory, { recursive: true });
  });

  const all = { after: { segment: 0, index: 0 }, until: { segment: 1, index: 1000 } };
  const name = { job: "ReportJob", service: "shop", environment: "production" };

  test("a stretch is one row a job, with its extremes", async () => {
    const [tally, ...more] = await store.jobTallies(all, 100);
    assert.deepEqual(
      more.map(({ failed }) => failed),
      [1],
    );
    assert.partialDeepStrictEqual(tally, {
      ...name,
      enqueued: 30,
      started: 30,
      succeeded: 30,
      failed: 0,
      shortest: { runId: "r-1", release: "v2", value: 40_100 },
      longest: { runId: "r-0", release: "v2", value: 540_000 },
      leastOutput: { runId: "r-0", release: "v2", value: 100 },
      hosts: ["h-1"],
      actors: ["cron"],
      argumentShapes: ["{month, year}"],
    });
    assert.deepEqual(await store.jobTallies({ after: all.until, until: all.until }, 100), []);
    const range = { fromMicros: noonMicros - 1, untilMicros: noonMicros + 1_000_000 };
    assert.equal((await store.jobTalliesOf(range, 100))[0]?.succeeded, 1);
  });

  test("hours that are folded tell what was usual at an hour, also when folded twice", async () => {
    const range = { fromMicros: noonMicros - 31 * dayMs * 1000, untilMicros: noonMicros + hourMs * 1000 };
    await store.rollHours(range);
    await store.rollHours(range);
    const question = { fromMs: noonMs - 56 * dayMs, hourMs: noonMs, weekHour: 4 * 24 + 12, timeZone: "UTC" };
    const histories = await store.jobHistories(["ReportJob"], question);
    const history = histories.find(({ environment }) => environment === "production");
    assert.equal(history?.durations.all.length, 29, "the hour itself does not count");
    assert.deepEqual(
      history.durations.week.toSorted((a, b) => a - b),
      [40_700, 41_400, 42_100, 42_800],
    );
    assert.equal(history.durations.day.length, 29);
    assert.deepEqual(history.durations.newest[0], { hourMs: noonMs - dayMs, release: "v2", ms: 40_100 });
    assert.deepEqual(
      history.releases
        .toSorted((a, b) => a.firstMs - b.firstMs)
        .map(({ release, firstMs }) => [release, (noonMs - firstMs) / dayMs]),
      [
        ["v1", 29],
        ["v2", 2],
      ],
    );
    assert.equal(history.activeWeekHours.length, 7);
    assert.equal(histories.find(({ environment }) => environment === undefined)?.failed, 1);
    const volumes = await store.jobVolumes(question, 100);
    const volume = volumes.find(({ environment }) => environment === "production");
    assert.deepEqual([volume?.runs, volume?.week.length], [1, 4]);
    const hours = await store.jobHours(name, range);
    assert.equal(hours.length, 30);
    assert.partialDeepStrictEqual(hours.at(-1), { hourMs: noonMs, succeeded: 1, durations: [540_000] });
  });

  test("queues, web servers, senders, redactions and actions are counted", async () => {
    const [queue] = await store.queueLoads(nowMs);
    assert.deepEqual(queue, {
      queue: "mail",
      service: "shop",
      waiting: 1,
      oldestMs: nowMs - 12 * 60_000,
      asked: 2,
      taken: 1,
    });
    const [web] = await store.webLoads(nowMs);
    assert.partialDeepStrictEqual(web, {
      now: { requests: 3, errors: 3 },
      before: { requests: 4, errors: 0 },
    });
    assert.equal(web?.slowestRoute, "Orders#show");
    const [one] = await store.pumaLoads(nowMs);
    assert.partialDeepStrictEqual(one, { samples: 3, withBacklog: 3, withoutCapacity: 3, checkinMs: 45_000 });
    const sources = await store.sourceLoads(nowMs);
    assert.ok(
      sources.some(({ host, stream, stretches }) => host === "web-1" && stream === "http" && stretches === 4),
    );
    const [redactions, begun] = await store.redactionLoads(nowMs);
    assert.partialDeepStrictEqual(redactions, { job: "ReportJob", rule: "card", now: 50, before: 2 });
    // The job is known longer than this hour; that rule never found anything in it before.
    assert.partialDeepStrictEqual(begun, { service: about.service, rule: "key:password", now: 3, before: 0 });
    assert.ok((begun?.jobKnownMs ?? nowMs) < nowMs, JSON.stringify(begun));
    const [action] = await store.actionTallies({ after: all.until, until: { segment: 2, index: 1000 } });
    assert.partialDeepStrictEqual(action, { action: "user.deleted", job: "ReportJob", count: 1 });
  });

  test("rules get the events that may match them", async () => {
    const stretch = { after: all.until, until: { segment: 2, index: 1000 } };
    const byText = await store.candidates(stretch, { texts: ["etc/passwd"], attributes: [] }, 100);
    assert.equal(byText.length, 7);
    const byValue = await store.candidates(
      stretch,
      { texts: [], attributes: [{ key: "status", values: ["500"] }] },
      100,
    );
    assert.equal(byValue.length, 3);
    assert.deepEqual(await store.candidates(stretch, { texts: ["nowhere"], attributes: [] }, 100), []);
  });
});
