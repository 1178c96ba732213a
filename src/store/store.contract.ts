/** What every event store must do. `open` gives an empty one; the suite closes it. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type EventRecord, type Kind, sampleMark } from "../model/event.ts";
import { Fault } from "../model/fault.ts";
import { madeEvent, noonMicros } from "./made.ts";
import type { EventFilter, EventQuery, EventStore, Order } from "./store.ts";

export type OpenedStore = {
  readonly store: EventStore;
  /** Writes a spool file and gives its path. */
  readonly file: (events: readonly EventRecord[], segment: number) => Promise<string>;
};

const range = { fromMicros: noonMicros - 60_000_000, untilMicros: noonMicros + 3_600_000_000 };

const life = (kind: Kind, atMs: number, run: string, more: Partial<EventRecord> = {}): EventRecord =>
  madeEvent(kind, atMs, { run_id: run, job: "MailJob", service: "shop", environment: "production", ...more });

const day: readonly EventRecord[] = [
  life("job.enqueued", 0, "healed", { trace_id: "t1", host: "web-1" }),
  life("job.started", 1000, "healed", { worker: "w1", host: "job-1", wait_ms: 1000 }),
  life("job.failed", 2000, "healed", {
    worker: "w1",
    duration_ms: 1000,
    error_class: "Net::ReadTimeout",
    error_message: "Could not reach upstream",
  }),
  life("job.retried", 2000, "healed", { attributes: { next_time: "2037-11-20T12:05:00.000000Z" } }),
  life("job.started", 10_000, "healed", { worker: "w2", host: "job-2", wait_ms: 8000 }),
  life("job.succeeded", 10_500, "healed", { worker: "w2", duration_ms: 500 }),
  life("job.enqueued", 3000, "broken", { job: "ReportJob", service: "billing" }),
  life("job.started", 4000, "broken", { job: "ReportJob", service: "billing" }),
  life("job.failed", 5000, "broken", { job: "ReportJob", service: "billing", error_class: "RuntimeError" }),
  life("job.enqueued", 6000, "sleeping", { environment: "staging" }),
  madeEvent("log", 7000, {
    service: "shop",
    severity: "warn",
    message: "Payment of user_id=42 REFUSED by bank in Zürich",
    trace_id: "t1",
    attributes: { user: "Zoë", count: 3, tags: ["a", "b"], deep: { ok: true }, quote: `it's "\\` },
  }),
  madeEvent("log", 7001, { service: "billing", severity: "info", message: "payment accepted" }),
  madeEvent("http.request", 8000, { service: "shop", duration_ms: 12.5, host: "web-1", outcome: "200" }),
];

export function storeContract(engine: string, open: () => Promise<OpenedStore>): void {
  describe(`${engine} event store`, () => {
    let opened: OpenedStore;
    let store: EventStore;
    before(async () => {
      opened = await open();
      store = opened.store;
      await store.insert({ token: "day", files: [await opened.file(day, 1)] });
    });
    after(() => store.close());

    const found = async (filter: Partial<EventFilter>): Promise<readonly number[]> => {
      const { rows } = await store.events({ ...range, order: "oldest", limit: 100, ...filter });
      return rows.map((row) => day.findIndex(({ id }) => id === row.id)).sort((a, b) => a - b);
    };
    const all = day.map((_, index) => index);

    test("an event comes back as it was sent, and with its place in the ledger", async () => {
      const sent = day[10] as EventRecord;
      assert.deepEqual(await store.event(sent.id), { ...sent, segment: 1, segment_index: 10 });
      assert.equal(await store.event("01a1f8d3-ea1e-7000-8000-ffffffffffff"), undefined);
      assert.equal(await store.event("no id"), undefined);
    });

    test("a group inserted again under its token adds nothing", async () => {
      await store.insert({ token: "day", files: [await opened.file(day, 1)] });
      assert.deepEqual(await found({}), all);
    });

    /** Ids page by page; `between` runs after the first page. */
    async function paged(order: Order, between = async (): Promise<void> => {}): Promise<readonly string[]> {
      const query: EventQuery = { ...range, order, limit: 4 };
      let page = await store.events(query);
      const seen = page.rows.map(({ id }) => id);
      await between();
      while (page.next !== null) {
        page = await store.events({ ...query, after: page.next });
        seen.push(...page.rows.map(({ id }) => id));
      }
      return seen;
    }

    test("pages in both orders hold every event once", async () => {
      const times = new Map(day.map(({ id, time }) => [id, time]));
      const oldest = await paged("oldest");
      assert.deepEqual(oldest.toSorted(), day.map(({ id }) => id).toSorted());
      assert.deepEqual(
        oldest.map((id) => times.get(id)),
        [...times.values()].sort(),
      );
      assert.deepEqual(await paged("newest"), oldest.toReversed());
    });

    test("events from before 1970 stand before all others, and are found by their time", async () => {
      const early = [
        "1969-12-31T23:00:00.500000Z",
        "1915-03-01T10:00:00.000000Z",
        "1970-01-01T00:00:00.500000Z",
      ];
      const events = early.map((time) => madeEvent("log", 0, { time, service: "attic" }));
      await store.insert({ token: "early", files: [await opened.file(events, 0)] });
      const fromMicros = Date.UTC(1901, 0, 1) * 1000;
      const times = async (order: Order, fromMicros: number, untilMicros: number) => {
        const { rows } = await store.events({ fromMicros, untilMicros, order, limit: 3 });
        return rows.map(({ time }) => time.slice(0, 4));
      };
      assert.deepEqual(await times("oldest", fromMicros, range.untilMicros), ["1915", "1969", "1970"]);
      assert.deepEqual(await times("newest", fromMicros, range.fromMicros), ["1970", "1969", "1915"]);
      assert.deepEqual(await times("newest", -3_600_000_000, 0), ["1969"]);
      assert.deepEqual(await times("newest", 0, range.fromMicros), ["1970"]);
      const buckets = await store.histogram({ fromMicros, untilMicros: 0 }, 10);
      assert.equal(
        buckets.reduce((sum, { counts }) => sum + (counts.none ?? 0), 0),
        2,
      );
    });

    test("filters by stream, kind, severity and field", async () => {
      assert.deepEqual(await found({ streams: ["logs", "http"] }), [10, 11, 12]);
      assert.deepEqual(await found({ kinds: ["job.started"] }), [1, 4, 7]);
      assert.deepEqual(await found({ severityMin: "warn" }), [10]);
      assert.deepEqual(await found({ fields: [{ name: "service", values: ["billing"] }] }), [6, 7, 8, 11]);
      assert.deepEqual(
        await found({ fields: [{ name: "run_id", values: ["broken", "sleeping"] }] }),
        [6, 7, 8, 9],
      );
      assert.deepEqual(await found({ fields: [{ name: "trace_id", values: ["t1"] }] }), [0, 10]);
      assert.deepEqual(await found({ fields: [{ name: "duration_ms", values: ["12.5"] }] }), [12]);
      assert.deepEqual(
        await found({
          fields: [{ name: "duration_ms", values: ["12.5"], not: true }],
          streams: ["http", "logs"],
        }),
        [10, 11],
      );
      assert.deepEqual(
        await found({ fields: [{ name: "id", values: [String(day[3]?.id), "nonsense"] }] }),
        [],
      );
      assert.deepEqual(await found({ fields: [{ name: "id", values: [String(day[3]?.id)] }] }), [3]);
    });

    test("filters by attribute, as a string or as JSON", async () => {
      const attribute = (key: string, value: string, not = false): Promise<readonly number[]> =>
        found({ attributes: [{ key, value, not }] });
      assert.deepEqual(await attribute("user", "Zoë"), [10]);
      assert.deepEqual(await attribute("count", "3"), [10]);
      assert.deepEqual(await attribute("tags", '["a","b"]'), [10]);
      assert.deepEqual(await attribute("quote", `it's "\\`), [10]);
      assert.deepEqual(await attribute("next_time", "2037-11-20T12:05:00.000000Z"), [3]);
      assert.deepEqual(await attribute("user", "Zo"), []);
      assert.deepEqual(await attribute("user", "x".repeat(300)), []);
      assert.deepEqual(
        await attribute("user", "Zoë", true),
        all.filter((index) => index !== 10),
      );
    });

    test("finds phrases in messages and error messages, whole words in any case", async () => {
      const phrase = (text: string, not = false): Promise<readonly number[]> =>
        found({ words: [{ text, not }] });
      assert.deepEqual(await phrase("payment"), [10, 11]);
      assert.deepEqual(await phrase("USER_ID=42 refused"), [10]);
      assert.deepEqual(await phrase("refused payment"), []);
      assert.deepEqual(await phrase("pay"), []);
      assert.deepEqual(await phrase("zürich"), [10]);
      assert.deepEqual(await phrase("reach upstream"), [2]);
      assert.deepEqual(await phrase("user_id="), [10]);
      assert.deepEqual(await found({ words: [{ text: "payment" }, { text: "refused", not: true }] }), [11]);
    });

    test("nothing a caller sends is taken for SQL", async () => {
      const text = "'; DROP TABLE events; -- \\' {p0:String} \n\t";
      assert.deepEqual(await found({ words: [{ text }] }), []);
      assert.deepEqual(await found({ attributes: [{ key: text, value: text }] }), []);
      assert.deepEqual(await found({ fields: [{ name: "service", values: [text] }] }), []);
      assert.equal(await store.run(text), undefined);
      assert.deepEqual(await found({}), all);
    });

    test("refuses what is no question, with a sentence", async () => {
      const refused = (query: Partial<EventQuery>): Promise<void> =>
        assert.rejects(
          store.events({ ...range, order: "newest", limit: 10, ...query }),
          (error) => error instanceof Fault && error.code === "QUERY_INVALID",
        );
      await refused({ limit: 0 });
      await refused({ limit: 1001 });
      await refused({ after: "rubbish" as NonNullable<EventQuery["after"]> });
      await refused({ words: [{ text: "  " }] });
      await refused({ fields: [{ name: "duration_ms", values: ["slow"] }] });
    });

    test("a histogram covers the range with equal buckets and counts by severity", async () => {
      const buckets = await store.histogram(range, 70);
      assert.equal(buckets.length, 61);
      assert.deepEqual(buckets[1], { fromMicros: noonMicros, counts: { none: 11, info: 1, warn: 1 } });
      assert.ok(
        buckets.every(({ fromMicros }, index) => fromMicros === range.fromMicros + index * 60_000_000),
      );
      assert.equal((await store.histogram(range, 1)).length, 1);
    });

    test("names the values of a field, most frequent first", async () => {
      assert.deepEqual(await store.fieldValues(range, "job", 10), [
        { value: "MailJob", count: 7 },
        { value: "ReportJob", count: 3 },
      ]);
      assert.deepEqual(await store.fieldValues(range, "wait_ms", 1), [{ value: "1000", count: 1 }]);
    });

    test("a run is told from all its events", async () => {
      assert.deepEqual(await store.run("healed"), {
        runId: "healed",
        state: "succeeded",
        job: "MailJob",
        service: "shop",
        environment: "production",
        host: "job-2",
        worker: "w2",
        traceId: "t1",
        attempts: 2,
        enqueuedMicros: noonMicros,
        startedMicros: noonMicros + 10_000_000,
        endedMicros: noonMicros + 10_500_000,
        lastMicros: noonMicros + 10_500_000,
        durationMs: 500,
        waitMs: 8000,
        errorClass: "Net::ReadTimeout",
        errorMessage: "Could not reach upstream",
        sample: false,
      });
    });

    test("lists runs newest first, by state, job, service, environment and trace", async () => {
      const list = async (more: object): Promise<readonly string[]> =>
        (await store.runs({ ...range, limit: 10, ...more })).rows.map(({ runId }) => runId);
      assert.deepEqual(await list({}), ["healed", "sleeping", "broken"]);
      assert.deepEqual(await list({ states: ["failed", "waiting"] }), ["sleeping", "broken"]);
      assert.deepEqual(await list({ jobs: ["MailJob"] }), ["healed", "sleeping"]);
      assert.deepEqual(await list({ services: ["billing"] }), ["broken"]);
      assert.deepEqual(await list({ environments: ["staging"] }), ["sleeping"]);
      assert.deepEqual(await list({ traceId: "t1" }), ["healed"]);
      assert.deepEqual(await list({ runIds: ["broken", "healed", "unknown"] }), ["healed", "broken"]);
      assert.deepEqual(await list({ runIds: [] }), []);
      assert.deepEqual(await list({ untilMicros: noonMicros + 1_000_000 }), ["healed"]);
      assert.deepEqual(await list({ fromMicros: noonMicros + 10_000_000 }), ["healed"]);
      const first = await store.runs({ ...range, limit: 2 });
      const second = await store.runs({ ...range, limit: 2, ...(first.next && { after: first.next }) });
      assert.deepEqual(
        [...first.rows, ...second.rows].map(({ runId }) => runId),
        ["healed", "sleeping", "broken"],
      );
      assert.equal(second.next, null);
    });

    test("summarizes jobs and the whole", async () => {
      const jobs = await store.jobs(range, 10);
      assert.deepEqual(jobs[0], {
        job: "MailJob",
        service: "shop",
        environment: "production",
        runs: { succeeded: 1, waiting: 1 },
        lastState: "succeeded",
        lastMicros: noonMicros + 10_500_000,
        durationP50Ms: 500,
        durationP95Ms: 500,
        waitP95Ms: 8000,
      });
      assert.deepEqual(jobs[1]?.runs, { failed: 1 });
      assert.deepEqual(await store.overview(range), {
        runs: { succeeded: 1, failed: 1, waiting: 1 },
        events: 13,
        lastEventMicros: noonMicros + 10_500_000,
        hosts: 3,
      });
      assert.deepEqual(await store.overview({ fromMicros: 0, untilMicros: 1 }), {
        runs: {},
        events: 0,
        hosts: 0,
      });
    });

    test("tells what arrived after a place in the ledger", async () => {
      const { head, rows } = await store.arrivals({ ...range, limit: 10 });
      assert.deepEqual([head, rows], [{ segment: 1, index: 12 }, []]);
      const last = await store.arrivals({ ...range, limit: 2, after: { segment: 1, index: 5 } });
      assert.deepEqual(
        [last.rows.map((row) => row.segment_index), last.skipped, last.head],
        [[11, 12], 5, { segment: 1, index: 12 }],
      );
      const oldest = await store.arrivals({
        ...range,
        limit: 2,
        keep: "oldest",
        after: { segment: 1, index: 5 },
      });
      assert.deepEqual(
        [oldest.rows.map((row) => row.segment_index), oldest.skipped, oldest.head],
        [[6, 7], 0, { segment: 1, index: 7 }],
      );
      const none = await store.arrivals({ ...range, limit: 2, after: { segment: 1, index: 12 } });
      assert.deepEqual(none, { rows: [], skipped: 0, head: { segment: 1, index: 12 } });
    });

    test("looks at Midwatch itself can be left out, and what was done in it cannot", async () => {
      const before = noonMicros - 7_200_000_000;
      const looks = [
        madeEvent("access.sensitive_read", -7_200_000, { message: "mara: searchEvents" }),
        madeEvent("access.sensitive_update", -7_199_000, { message: "mara: addSilence" }),
      ];
      await store.insert({ token: "looks", files: [await opened.file(looks, 9)] });
      const kindsOf = async (more: Partial<EventFilter>): Promise<readonly string[]> => {
        const long = { fromMicros: before, untilMicros: before + 60_000_000 };
        const { rows } = await store.events({ ...long, order: "oldest", limit: 10, ...more });
        return rows.map(({ kind }) => kind);
      };
      assert.deepEqual(await kindsOf({}), ["access.sensitive_read", "access.sensitive_update"]);
      assert.deepEqual(await kindsOf({ withoutLooks: true }), ["access.sensitive_update"]);
    });

    test("tells which runs are open, what began, and what ended well", async () => {
      const open = await store.openRuns(range, 10);
      assert.deepEqual(
        open.map(({ runId, state }) => [runId, state]),
        [["sleeping", "waiting"]],
      );
      const began = await store.jobSigns(range, ["ReportJob", "NoJob"], 10);
      assert.deepEqual(
        began.map(({ kind, job, service, runId, atMicros }) => [
          kind,
          job,
          service,
          runId,
          atMicros - noonMicros,
        ]),
        [
          ["job.enqueued", "ReportJob", "billing", "broken", 3_000_000],
          ["job.started", "ReportJob", "billing", "broken", 4_000_000],
        ],
      );
      const place = (index: number) => ({ segment: 1, index });
      const ended = await store.successes({ after: place(0), until: place(12) }, ["MailJob", "ReportJob"]);
      assert.deepEqual(ended, [
        {
          job: "MailJob",
          service: "shop",
          environment: "production",
          runId: "healed",
          atMicros: noonMicros + 10_500_000,
        },
      ]);
      assert.deepEqual(await store.successes({ after: place(5), until: place(12) }, ["MailJob"]), []);
    });

    test("the sample day goes whole and alone", async () => {
      const service = `${sampleMark}shop`;
      const sample = [
        life("job.started", 100, "sample-run", { service }),
        madeEvent("log", 200, { service }),
      ];
      await store.insert({ token: "sample", files: [await opened.file(sample, 2)] });
      assert.equal((await store.run("sample-run"))?.sample, true);
      await store.deleteSample();
      assert.equal(await store.run("sample-run"), undefined);
      assert.deepEqual(await found({}), all);
    });

    test("a file that is no batch is refused for good, and nothing of its group is added", async () => {
      const { writeFileSync } = await import("node:fs");
      const good = await opened.file([madeEvent("log", 1, {})], 3);
      const bad = good.replace(/[^/]+$/, "rubbish.native");
      writeFileSync(bad, "this is no columnar file");
      await assert.rejects(
        store.insert({ token: "rubbish", files: [good, bad] }),
        (error) => error instanceof Fault && error.code === "BATCH_UNREADABLE",
      );
      assert.deepEqual(await found({}), all);
    });

    test("what is added while somebody turns pages neither repeats nor hides an event", async () => {
      for (const [order, atMs] of [
        ["newest", 3_599_000],
        ["oldest", -59_000],
      ] as const) {
        const all = await paged(order);
        const added = madeEvent("log", atMs);
        const seen = await paged(order, async () =>
          store.insert({ token: `added-${order}`, files: [await opened.file([added], 4)] }),
        );
        assert.deepEqual(seen, all);
        assert.equal((await paged(order))[0], added.id);
      }
    });
  });
}
