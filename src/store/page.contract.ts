/** What every event store must answer to the screens of the page. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { EventRecord, Kind } from "../model/event.ts";
import { madeEvent, noonMicros } from "./made.ts";
import type { OpenedStore } from "./store.contract.ts";
import type { EventStore } from "./store.ts";
import type { Term } from "./terms.ts";

const minute = 60_000_000;
const range = { fromMicros: noonMicros, untilMicros: noonMicros + 60 * minute };
const asked = { ...range, stepMicros: minute, nowMicros: noonMicros + 30 * minute };

function life(kind: Kind, atMinutes: number, run: string, more: Partial<EventRecord> = {}): EventRecord {
  return madeEvent(kind, atMinutes * 60_000, {
    run_id: run,
    job: "export",
    service: "shop",
    environment: "production",
    ...more,
  });
}

function mail(kind: Kind, atMinutes: number, run: string): EventRecord {
  const worker = kind === "job.started" ? { worker: "jobs-1:9:1" } : {};
  return life(kind, atMinutes, run, { job: "mail", queue: "mailers", release: "two", ...worker });
}

function puma(atMinutes: number, attributes: Readonly<Record<string, number>>): EventRecord {
  return madeEvent("puma.stats", atMinutes * 60_000, {
    worker: "web-1:7:1",
    host: "web-1",
    service: "shop",
    attributes,
  });
}

const hour: readonly EventRecord[] = [
  life("job.started", 1, "a", { release: "one" }),
  life("job.succeeded", 3, "a", { duration_ms: 120_000 }),
  life("job.started", 10, "b", { release: "two" }),
  life("job.failed", 10.5, "b", { error_class: "Boom", fingerprint: "print-1", release: "two" }),
  life("job.started", 10.1, "c", { release: "two" }),
  life("job.succeeded", 10.2, "c"),
  life("job.started", 20, "d"),
  life("job.started", 21, "e", { service: "billing" }),
  life("job.succeeded", 22, "e", { service: "billing" }),
  life("job.started", 5, "other", { job: "other" }),
  life("job.succeeded", 6, "other", { job: "other" }),
  ...[44, 45].flatMap((at) => [
    life("job.started", at, "b2", { job: "export", service: "reports" }),
    life("job.failed", at + 0.1, "b2", {
      service: "reports",
      error_class: "Boom",
      fingerprint: "print-1",
      release: "three",
    }),
    life("job.retried", at + 0.2, "b2", { service: "reports" }),
  ]),
  life("job.started", 46, "b2", { service: "reports" }),
  life("job.succeeded", 46.5, "b2", { service: "reports" }),
  mail("job.enqueued", 31, "m1"),
  mail("job.started", 32, "m2"),
  mail("job.failed", 33, "m2"),
  mail("job.retried", 33.1, "m2"),
  mail("job.enqueued", 33, "m3"),
  mail("job.succeeded", 33.5, "m3"),
  mail("job.enqueued", 28, "m4"),
  { ...mail("job.started", 33.6, "m4"), wait_ms: 336_000 },
  mail("job.succeeded", 33.7, "m4"),
  madeEvent("worker.started", 30 * 60_000, { worker: "jobs-1:9:1", service: "shop", release: "two" }),
  madeEvent("worker.heartbeat", 34 * 60_000, { worker: "jobs-1:9:1", service: "shop", release: "two" }),
  puma(40, { busy_threads: 2, max_threads: 5, backlog: 6, requests_count: 10 }),
  puma(41, { busy_threads: 4, max_threads: 5, backlog: 0, requests_count: 40 }),
  madeEvent("http.request", 42 * 60_000, {
    host: "web-1",
    service: "shop",
    duration_ms: 400,
    outcome: "failed",
  }),
  madeEvent("http.request", 43 * 60_000, {
    host: "web-1",
    service: "shop",
    duration_ms: 400,
    outcome: "succeeded",
  }),
];

export function pageContract(engine: string, open: () => Promise<OpenedStore>): void {
  describe(`${engine} event store, asked by screens`, () => {
    let store: EventStore;
    before(async () => {
      const opened = await open();
      store = opened.store;
      await store.insert({ token: "hour", files: [await opened.file(hour, 1)] });
    });
    after(() => store.close());

    test("runs that began close together are one, in the state of the worst", async () => {
      const rows = await store.stretchesOfRuns({
        ...asked,
        jobs: ["export"],
        services: ["shop"],
        environments: ["production"],
      });
      const told = rows.map((row) => [row.service, row.stretch, row.runs, row.state, row.runId]);
      assert.deepEqual(told, [
        [undefined, 44, 1, "succeeded", "b2"],
        [undefined, 21, 1, "succeeded", "e"],
        ["shop", 20, 1, "running", "d"],
        ["shop", 10, 2, "failed", "b"],
        ["shop", 1, 1, "succeeded", "a"],
      ]);
      const [, , running, both, first] = rows;
      assert.equal(running?.endedMicros, asked.nowMicros);
      assert.deepEqual(
        both?.askedMicros,
        [10, 10.1].map((at) => noonMicros + at * minute),
      );
      assert.deepEqual(
        [first?.beganMicros, first?.endedMicros],
        [1, 3].map((at) => noonMicros + at * minute),
      );
      const ofTeam = {
        ...asked,
        jobs: ["export"],
        services: [],
        environments: [],
        team: { services: ["billing"] },
      };
      assert.deepEqual(
        (await store.stretchesOfRuns(ofTeam)).map(({ runId }) => runId),
        ["e"],
      );
      assert.deepEqual(
        await store.stretchesOfRuns({ ...asked, jobs: [], services: [], environments: [] }),
        [],
      );
    });

    test("a run is at work in each stretch that it touches", async () => {
      const atWork = await store.runsAtWork(asked);
      assert.equal(atWork.length, 60);
      assert.deepEqual(atWork.slice(0, 8), [0, 1, 1, 1, 0, 1, 1, 0]);
      assert.deepEqual(atWork.slice(9, 12), [0, 2, 0]);
      assert.deepEqual(atWork.slice(19, 24), [0, 1, 2, 2, 1]);
      const billing = await store.runsAtWork({ ...asked, team: { services: ["billing"] } });
      assert.equal(
        billing.reduce((sum, runs) => sum + runs, 0),
        2,
      );
    });

    test("a release is told where it followed another", async () => {
      assert.deepEqual(await store.releases(range), [
        { service: "shop", release: "two", firstMicros: noonMicros + 10 * minute },
      ]);
      assert.deepEqual(await store.releases({ ...range, team: { services: ["billing"] } }), []);
    });

    test("a queue has what waits in it, and what came and went", async () => {
      const [mailers, ...others] = await store.openByQueue(range);
      assert.deepEqual(others, []);
      assert.deepEqual(mailers, {
        queue: "mailers",
        service: "shop",
        environment: "production",
        waiting: 1,
        running: 0,
        retrying: 1,
        oldestMicros: noonMicros + 31 * minute,
      });
      assert.deepEqual(
        (await store.queueFlow({ ...range, stepMicros: 10 * minute })).map(
          ({ stretch, came, taken, went }) => [stretch, came, taken, went],
        ),
        [
          [2, 1, 0, 0],
          [3, 2, 1, 2],
        ],
      );
      assert.deepEqual(
        await store.queueFlow({ ...range, stepMicros: 10 * minute, team: { services: ["billing"] } }),
        [],
      );
      const ofQueue = await store.runs({ ...range, queues: ["mailers"], limit: 10 });
      assert.deepEqual(ofQueue.rows.map(({ runId }) => runId).sort(), ["m1", "m2", "m3", "m4"]);
    });

    test("a worker is told with what it said last, a web server with how busy it was", async () => {
      const [worker] = await store.workers(range);
      assert.equal(worker?.worker, "jobs-1:9:1");
      assert.deepEqual([worker?.newestKind, worker?.runs, worker?.release], ["worker.heartbeat", 2, "two"]);
      assert.equal(worker?.heardMicros, noonMicros + 34 * minute);
      const [puma] = await store.pumaNewest(range);
      assert.deepEqual(
        [puma?.worker, puma?.requests, puma?.attributes["busy_threads"]],
        ["web-1:7:1", 30, 4],
      );
      assert.deepEqual(await store.pumaStretches({ ...range, stepMicros: 30 * minute }), [
        { worker: "web-1:7:1", stretch: 1, busy: 3, threads: 5, backlog: 6 },
      ]);
      const [web] = await store.webStretches({ ...range, stepMicros: 60 * minute });
      assert.deepEqual([web?.host, web?.requests, web?.errors, web?.p95Ms], ["web-1", 2, 1, 400]);
    });

    test("failures that are the same are one group, with what became of their runs", async () => {
      const groups = await store.failures({ ...range, stepMicros: 10 * minute, limit: 10 });
      const [boom, mailed] = groups.toSorted((a, b) => b.attempts - a.attempts);
      assert.equal(groups.length, 2);
      assert.deepEqual(
        [boom?.key, boom?.attempts, boom?.runs, boom?.errorClass, boom?.newestRunId],
        ["print-1", 3, 2, "Boom", "b2"],
      );
      assert.deepEqual([boom?.firstRelease, boom?.lastRelease, boom?.jobs], ["two", "three", ["export"]]);
      assert.deepEqual(boom?.byStretch, { 1: 1, 4: 2 });
      assert.deepEqual(boom?.outcomes, [
        { state: "succeeded", attempt: 3, runs: 1 },
        { state: "failed", attempt: 1, runs: 1 },
      ]);
      assert.deepEqual([mailed?.key, mailed?.fingerprint], ["mail job.failed", undefined]);
      const others = await store.failures({ ...range, stepMicros: 10 * minute, limit: 10, job: "other" });
      assert.deepEqual(others, []);
    });

    test("a job is told day by day, where days begin in its zone", async () => {
      const back = { fromMicros: noonMicros - 86_400_000_000, untilMicros: range.untilMicros };
      const days = await store.jobDays({ ...back, job: "other", timeZone: "UTC" });
      assert.deepEqual(
        days.map(({ day, runs }) => [day, runs]),
        [[new Date(noonMicros / 1000).toISOString().slice(0, 10), { succeeded: 1 }]],
      );
      const [far] = await store.jobDays({ ...back, job: "other", timeZone: "Pacific/Kiritimati" });
      assert.equal(far?.day, new Date(noonMicros / 1000 + 86_400_000).toISOString().slice(0, 10));
      assert.deepEqual(
        await store.jobDays({ ...back, job: "other", service: "billing", timeZone: "UTC" }),
        [],
      );
    });

    test("terms in brackets, turned round and compared by size hold as they are written", async () => {
      const found = async (...terms: readonly Term[]): Promise<readonly string[]> => {
        const page = await store.events({ ...range, order: "oldest", limit: 100, terms });
        return page.rows.map(({ kind, run_id, worker }) => `${kind} ${run_id ?? worker ?? ""}`.trim());
      };
      const ofKind = (...values: readonly string[]): Term => ({ kind: "field", name: "kind", values });
      const ofRun = (value: string): Term => ({ kind: "field", name: "run_id", values: [value] });
      assert.deepEqual(
        await found({
          kind: "any",
          terms: [ofRun("m1"), { kind: "all", terms: [ofRun("m3"), ofKind("job.succeeded")] }],
        }),
        ["job.enqueued m1", "job.succeeded m3"],
      );
      const notMails = { kind: "not", term: { kind: "any", terms: [ofRun("m1"), ofRun("m2")] } } as const;
      assert.deepEqual(await found(notMails, ofKind("job.enqueued")), ["job.enqueued m4", "job.enqueued m3"]);
      const size = {
        kind: "size",
        name: "duration_ms",
        bounds: { min: 400, max: 120_000, below: true },
      } as const;
      assert.deepEqual(await found(size), ["http.request", "http.request"]);
      const backlog = { kind: "attribute size", key: "backlog", bounds: { min: 0, above: true } } as const;
      assert.deepEqual(await found(backlog), ["puma.stats web-1:7:1"]);
      // What has no number is not smaller than one, and not greater either.
      const all = await found();
      const neither = await found({ kind: "not", term: size });
      assert.equal(neither.length, all.length - 2);
      await assert.rejects(found({ kind: "any", terms: [] }), { code: "QUERY_INVALID" });
      await assert.rejects(found({ kind: "size", name: "job", bounds: { min: 1 } }), {
        code: "QUERY_INVALID",
      });
    });
  });
}
