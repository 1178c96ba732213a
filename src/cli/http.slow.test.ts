/** The interface over real HTTP, on the real store and pipeline. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { MadeKey } from "../access/keyring.ts";
import type {
  EventPage,
  Histogram,
  IntakeReply,
  JobList,
  KeyList,
  OverviewAnswer,
  RunDetail,
  RunPage,
  SampleAnswer,
  TailSkipped,
  Values,
} from "../api/schemas.ts";
import type { EventRecord } from "../model/event.ts";
import { ndjson, recordAgo, type ServerForTests, startServerForTests } from "./server-for-tests.ts";
import { type Message, messages } from "./server-sent.ts";

const failed = {
  job: "ChargeCardJob",
  run_id: "dj/4711",
  trace_id: "t-1",
  worker: "web-1:42:99",
  runtime: "delayed_job",
};
const life: readonly EventRecord[] = [
  recordAgo(9000, { stream: "jobs", kind: "job.enqueued", ...failed }),
  recordAgo(8000, {
    stream: "jobs",
    kind: "job.started",
    ...failed,
    attempt: 1,
    attributes: { recorded_by: "midwatch-run" },
  }),
  recordAgo(7000, { ...failed, severity: "info", message: "talking to the bank" }),
  recordAgo(6000, {
    stream: "jobs",
    kind: "job.failed",
    ...failed,
    severity: "error",
    error_class: "Timeout",
    error_message: "no answer from the bank",
    duration_ms: 2000,
  }),
  recordAgo(5900, {
    stream: "jobs",
    kind: "job.retried",
    ...failed,
    attributes: { next_time: "2030-01-01T00:00:00Z" },
  }),
  recordAgo(5000, { stream: "jobs", kind: "job.started", ...failed, attempt: 2 }),
  recordAgo(4000, { stream: "jobs", kind: "job.succeeded", ...failed, duration_ms: 1000 }),
  recordAgo(3000, {
    stream: "jobs",
    kind: "job.enqueued",
    job: "MailJob",
    run_id: "dj/4712",
    trace_id: "t-1",
  }),
];
const lines = Array.from({ length: 25 }, (_, index) =>
  recordAgo(2000 + index * 10, {
    severity: index % 5 === 0 ? "warn" : "info",
    message: `line ${index} of many`,
    attributes: { tenant: index % 2 === 0 ? "acme" : "globex" },
  }),
);

describe("the interface", () => {
  let server: ServerForTests;
  before(async () => {
    server = await startServerForTests({
      sampleDay: life.map((event) => ({ ...event, time: event.time.replace(/^\d{4}/, "2024") })),
    });
    const answer = await server.post(ndjson([...life, ...lines]));
    const { accepted, refused, duplicate } = (await answer.json()) as IntakeReply;
    assert.deepEqual([accepted, refused, duplicate], [life.length + lines.length, 0, false]);
    await server.settled();
  });
  after(async () => await server.close());

  async function get<Answer>(path: string): Promise<Answer> {
    const response = await server.read(path);
    const answer: unknown = await response.json();
    assert.equal(response.status, 200, JSON.stringify(answer));
    return answer as Answer;
  }

  async function change<Answer>(method: string, path: string, body?: object): Promise<Answer> {
    const response = await fetch(server.address + path, {
      method,
      headers: { "midwatch-request": "1", ...(body && { "content-type": "application/json" }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    assert.ok(response.ok, String(response.status));
    return (response.status === 204 ? undefined : await response.json()) as Answer;
  }

  test("pages of a search join without a gap or a repetition, in either order", async () => {
    for (const order of ["newest", "oldest"]) {
      const found: string[] = [];
      let cursor = "";
      for (;;) {
        const page = await get<EventPage>(`/api/v1/events?q=%22of+many%22&order=${order}&limit=10${cursor}`);
        found.push(...page.rows.map((row) => row.id));
        if (page.next === null) break;
        cursor = `&cursor=${encodeURIComponent(page.next)}`;
      }
      const expected = lines.map((line) => line.id);
      assert.deepEqual(found, order === "newest" ? expected : expected.toReversed());
    }
  });

  test("words, fields, attributes and their negation find what they say", async () => {
    const count = async (query: string): Promise<number> =>
      (await get<EventPage>(`/api/v1/events?${new URLSearchParams(query)}`)).rows.length;
    assert.equal(await count("q=tenant:acme"), 13);
    assert.equal(await count("q=many -tenant:acme"), 12);
    assert.equal(await count("q=many&severity=warn"), 5);
    assert.equal(await count("q=bank"), 2);
    assert.equal(await count("q=error:Timeout job:(ChargeCardJob or Other)"), 1);
    assert.equal(await count("run=dj/4711&stream=jobs"), 6);
    assert.equal(await count("kind=job.failed&kind=job.retried&service=shop"), 2);
    assert.equal(await count("q=many&until=-1h"), 0);
  });

  test("one event is read by its id", async () => {
    const [line] = lines;
    const event = await get<EventRecord>(`/api/v1/events/${line?.id}`);
    assert.equal(event.message, line?.message);
    const nothing = await server.read("/api/v1/events/0199f6a2-0000-7000-8000-000000000000");
    assert.equal(nothing.status, 404);
  });

  test("the histogram counts every event once, by severity", async () => {
    const { buckets, bucketSeconds } = await get<Histogram>("/api/v1/histogram?q=many&from=-10m&buckets=10");
    const sum = (severity: "info" | "warn"): number =>
      buckets.reduce((total, { counts }) => total + (counts[severity] ?? 0), 0);
    assert.ok(bucketSeconds > 0);
    assert.deepEqual([sum("info"), sum("warn")], [20, 5]);
  });

  test("values of a field come with their counts", async () => {
    const { values } = await get<Values>("/api/v1/values?field=job&service=shop");
    assert.deepEqual(values, [
      { value: "ChargeCardJob", count: 7 },
      { value: "MailJob", count: 1 },
    ]);
  });

  test("one run comes with its attempts, lines and the other runs of its trace", async () => {
    const detail = await get<RunDetail>(`/api/v1/runs/${encodeURIComponent("dj/4711")}`);
    assert.equal(detail.run.state, "succeeded");
    assert.deepEqual(
      detail.attempts.map(({ state, errorClass }) => [state, errorClass]),
      [
        ["retrying", "Timeout"],
        ["succeeded", undefined],
      ],
    );
    assert.equal(detail.events.length, 6);
    assert.deepEqual(
      detail.lines.map((line) => line.message),
      ["talking to the bank"],
    );
    assert.deepEqual(
      detail.trace.map((run) => run.runId),
      ["dj/4712"],
    );
    assert.equal(detail.recordedBy, "midwatch-run");
    assert.equal((await get<RunDetail>("/api/v1/runs/dj%2F4712")).recordedBy, undefined);
    assert.equal((await server.read("/api/v1/runs/none")).status, 404);
  });

  test("runs and jobs are listed, Midwatch's own among them", async () => {
    const runs = await get<RunPage>("/api/v1/runs?service=shop");
    assert.deepEqual(Object.fromEntries(runs.rows.map((run) => [run.runId, run.state])), {
      "dj/4711": "succeeded",
      "dj/4712": "waiting",
    });
    assert.equal((await get<RunPage>("/api/v1/runs?state=failed&state=lost")).rows.length, 0);
    const jobs = await get<JobList>("/api/v1/jobs");
    const names = new Set(jobs.rows.map((job) => job.job));
    for (const name of ["ChargeCardJob", "MailJob", "midwatch.check_spool"]) assert.ok(names.has(name), name);
  });

  test("a key made here sends at once, and not after it was revoked", async () => {
    const made = await change<MadeKey>("POST", "/api/v1/keys", { name: "ci", scopes: ["send"] });
    const send = async (): Promise<number> =>
      (await server.post(ndjson([]), { authorization: `Bearer ${made.key}` })).status;
    assert.equal(await send(), 200);
    await change("DELETE", `/api/v1/keys/${made.id}`);
    assert.equal(await send(), 401);
    const { rows } = await get<KeyList>("/api/v1/keys");
    const kept = rows.find((key) => key.id === made.id);
    assert.ok(kept?.revokedTime);
    assert.ok(!JSON.stringify(rows).includes(made.key.slice(15, 40)), "the secret is nowhere");
  });

  test("a key that may only read cannot send", async () => {
    const made = await change<MadeKey>("POST", "/api/v1/keys", { name: "reader", scopes: ["read"] });
    assert.equal((await server.post(ndjson([]), { authorization: `Bearer ${made.key}` })).status, 401);
  });

  test("the sample day is loaded up to now, marked, and removed whole", async () => {
    const loaded = await change<SampleAnswer>("POST", "/api/v1/sample");
    assert.equal(loaded.events, life.length);
    assert.equal(
      (await change<SampleAnswer>("POST", "/api/v1/sample")).events,
      0,
      "a second load adds nothing",
    );
    await server.settled();
    assert.equal((await get<OverviewAnswer>("/api/v1/overview")).sample, true);
    const { rows } = await get<RunPage>("/api/v1/runs?service=sample:shop");
    assert.equal(rows.length, 2);
    assert.ok(rows.every((run) => run.sample && run.runId.startsWith("sample:")));
    const events = await get<EventPage>("/api/v1/events?service=sample:shop");
    assert.equal(events.rows.length, life.length);
    assert.ok(events.rows.every((event) => event.attributes?.["sample"] === true));
    assert.ok(Date.now() - Date.parse(events.rows[0]?.time ?? "") < 60_000, "the day ends now");

    await change("DELETE", "/api/v1/sample");
    assert.equal((await get<OverviewAnswer>("/api/v1/overview")).sample, false);
    assert.equal((await get<EventPage>("/api/v1/events?service=sample:shop")).rows.length, 0);
    assert.equal((await get<RunPage>("/api/v1/runs?service=sample:shop")).rows.length, 0);
    assert.equal((await get<RunPage>("/api/v1/runs?service=shop")).rows.length, 2, "real runs stay");
  });

  test("the tail goes on where a listener was, and says how much it left out", async () => {
    const listen = async (from: string | undefined, until: (all: readonly Message[]) => boolean) => {
      const stop = new AbortController();
      const response = await fetch(`${server.address}/api/v1/tail?q=tailed&service=shop`, {
        headers: from === undefined ? {} : { "last-event-id": from },
        signal: stop.signal,
      });
      assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
      assert.match(response.headers.get("content-security-policy") ?? "", /default-src 'none'/);
      assert.ok(response.body);
      const all: Message[] = [];
      for await (const message of messages(response.body)) {
        all.push(message);
        if (until(all)) break;
      }
      stop.abort();
      return all;
    };
    const tailed = (name: string, count: number): string =>
      ndjson(
        Array.from({ length: count }, (_, index) => recordAgo(0, { message: `tailed ${name} ${index}` })),
      );

    const sending = setInterval(() => void server.post(tailed("first", 1)), 300);
    const first = await listen(undefined, (all) => all.length > 0);
    clearInterval(sending);
    await server.settled();
    const place = first.at(-1)?.id;
    assert.match(place ?? "", /^\d+\.\d+$/);

    // All of this arrives while nobody listens, and more than one tick may carry.
    await server.post(tailed("missed", 700));
    await server.settled();
    const second = await listen(place, (all) => all.some((message) => message.event === "event"));
    const rows = second.flatMap(({ event, data }) =>
      event === "event" ? (JSON.parse(data) as EventRecord[]) : [],
    );
    const skipped = second.flatMap(({ event, data }) =>
      event === "skipped" ? [(JSON.parse(data) as TailSkipped).count] : [],
    );
    assert.equal(rows.length, 500);
    assert.equal(rows.at(-1)?.message, "tailed missed 699");
    const [left = 0] = skipped;
    assert.ok(left >= 200 && left <= 210, `${left} were left out`);

    assert.equal(
      (await fetch(`${server.address}/api/v1/tail`, { headers: { "last-event-id": "x" } })).status,
      400,
    );
  });

  test("the page is served to browsers under any address, its assets to be kept", async () => {
    const browser = { headers: { accept: "text/html" } };
    for (const path of ["/", "/runs/dj%2F4711"]) {
      const page = await fetch(server.address + path, browser);
      assert.match(await page.text(), /<title>Midwatch/);
      assert.equal(page.headers.get("cache-control"), "no-cache");
      assert.match(
        page.headers.get("content-security-policy") ?? "",
        /default-src 'none'.*frame-ancestors 'none'/,
      );
    }
    const asset = await server.read("/assets/main-abc123.js");
    assert.match(asset.headers.get("cache-control") ?? "", /immutable/);
    assert.equal(asset.headers.get("x-content-type-options"), "nosniff");
    assert.equal((await fetch(`${server.address}/assets/gone.js`, browser)).status, 404);
    assert.equal((await fetch(`${server.address}/api/v1/gone`, browser)).status, 404);
  });

  test("every answer is what the document says, and is not to be kept", async () => {
    const document = (await (await server.read("/api/v1/openapi.json")).json()) as {
      paths: Record<
        string,
        Record<string, { responses: Record<string, { content?: Record<string, { schema: object }> }> }>
      >;
    };
    const ajv = new Ajv2020({ strict: false, formats: { "date-time": true } });
    const paths: readonly (readonly [string, string])[] = [
      ["/healthz", "/healthz"],
      ["/api/v1/overview", "/api/v1/overview"],
      ["/api/v1/events", "/api/v1/events?limit=1000"],
      ["/api/v1/histogram", "/api/v1/histogram"],
      ["/api/v1/values", "/api/v1/values?field=kind"],
      ["/api/v1/runs", "/api/v1/runs"],
      ["/api/v1/runs/{id}", "/api/v1/runs/dj%2F4711"],
      ["/api/v1/jobs", "/api/v1/jobs"],
      ["/api/v1/keys", "/api/v1/keys"],
      ["/api/v1/sample", "/api/v1/sample"],
      ["/api/v1/events", "/api/v1/events?limit=0"],
    ];
    for (const [name, path] of paths) {
      const response = await server.read(path);
      const answers = document.paths[name]?.["get"]?.responses;
      const schema = answers?.[String(response.status)]?.content?.["application/json"]?.schema;
      assert.ok(schema, `${name} ${response.status} is described`);
      const validate = ajv.compile(schema);
      assert.ok(validate(await response.json()), `${path}: ${JSON.stringify(validate.errors?.slice(0, 2))}`);
      assert.equal(response.headers.get("cache-control"), "no-store");
    }
  });
});
