/** The watch in the real server: from an event to an incident, to people, and to its end. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createNetServer, type Server as NetServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { eventually } from "../../playground/processes.ts";
import type { IncidentDetailAnswer, IncidentList } from "../api/watch-schemas.ts";
import type { EventRecord } from "../model/event.ts";
import { ndjson, recordAgo, type ServerForTests, startServerForTests } from "./server-for-tests.ts";

const secret = Buffer.alloc(32, 7);

type Heard = { readonly id: string; readonly type: string; readonly answered: number };

/** A receiver of Standard Webhooks that answers 500 to the first request. */
async function startReceiver(): Promise<{ server: Server; url: string; heard: Heard[] }> {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => {
      body += text;
    });
    request.on("end", () => {
      const {
        "webhook-id": id,
        "webhook-timestamp": seconds,
        "webhook-signature": signature,
      } = request.headers;
      const expected = createHmac("sha256", secret)
        .update(`${String(id)}.${String(seconds)}.${body}`)
        .digest("base64");
      assert.equal(signature, `v1,${expected}`);
      const answered = heard.length === 0 ? 500 : 200;
      heard.push({ id: String(id), type: (JSON.parse(body) as { type: string }).type, answered });
      response.writeHead(answered).end();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, heard };
}

/** As much of SMTP (RFC 5321) as a sender without TLS speaks. */
async function startMailbox(): Promise<{ server: NetServer; port: number; mails: string[] }> {
  const mails: string[] = [];
  const server = createNetServer((socket) => {
    let rest = "";
    let inData = false;
    const say = (line: string): void => void socket.write(`${line}\r\n`);
    say("220 mailbox");
    socket.on("error", () => undefined);
    socket.setEncoding("utf8").on("data", (text: string) => {
      rest += text;
      for (;;) {
        const end = inData ? rest.indexOf("\r\n.\r\n") : rest.indexOf("\r\n");
        if (end < 0) return;
        const part = rest.slice(0, end);
        rest = rest.slice(end + (inData ? 5 : 2));
        if (inData) {
          mails.push(part);
          inData = false;
          say("250 kept");
        } else if (/^DATA/i.test(part)) {
          inData = true;
          say("354 go on");
        } else if (/^QUIT/i.test(part)) {
          say("221 bye");
          socket.end();
        } else {
          say("250 fine");
        }
      }
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port, mails };
}

describe("the watch", () => {
  let server: ServerForTests;
  let receiver: Awaited<ReturnType<typeof startReceiver>>;
  let mailbox: Awaited<ReturnType<typeof startMailbox>>;
  before(async () => {
    receiver = await startReceiver();
    mailbox = await startMailbox();
    server = await startServerForTests({
      environment: { HOOK_SECRET: `whsec_${secret.toString("base64")}` },
      alerts: `
channels:
  hook: { kind: webhook, url: "${receiver.url}", secret_env: HOOK_SECRET }
  mail: { kind: email, host: 127.0.0.1, port: ${mailbox.port}, encryption: none, from: watch@example.com, to: [a@example.com] }
`,
    });
  });
  after(async () => {
    await server.close();
    receiver.server.close();
    receiver.server.closeAllConnections();
    mailbox.server.close();
  });

  const events = (run: string, end: Partial<EventRecord>): readonly EventRecord[] => {
    const about = {
      stream: "jobs",
      job: "ReportJob",
      service: "shop",
      environment: "production",
      run_id: run,
    } as const;
    return [
      recordAgo(200, { ...about, kind: "job.started", attempt: 1 }),
      recordAgo(100, { ...about, kind: "job.failed", attempt: 1, ...end }),
    ];
  };
  const midwatch = (...words: readonly string[]) => server.midwatch(...words);
  const incidents = async (): Promise<IncidentList> =>
    (await (await server.read("/api/v1/incidents")).json()) as IncidentList;
  const send = async (path: string, body: object): Promise<Response> =>
    await fetch(server.address + path, {
      method: "POST",
      headers: { "midwatch-request": "1", "content-type": "application/json" },
      body: JSON.stringify(body),
    });

  test("a failing job is an incident, told once, acknowledged, and over with the next success", async () => {
    const failed = {
      error_class: "KeyError",
      error_message: "no such <b>month</b>",
      severity: "error",
    } as const;
    const reports = async () => (await incidents()).rows.filter(({ job }) => job === "ReportJob");
    const postedMs = Date.now();
    await server.post(ndjson(events("r-1", failed)));
    const incident = await eventually("the incident", async () => (await reports())[0]);
    assert.ok(Date.now() - postedMs < 30_000);
    assert.equal(incident.state, "open");
    assert.match(
      incident.because,
      /ReportJob \(shop, production\) failed and will not be tried again: KeyError/,
    );
    assert.deepEqual(incident.runIds, ["r-1"]);

    await server.post(ndjson(events("r-2", failed)));
    await eventually("the second failure", async () =>
      (await reports())[0]?.count === 2 ? true : undefined,
    );
    assert.equal((await reports()).length, 1);

    const path = `/api/v1/incidents/${incident.id}`;
    assert.equal((await send(`${path}/acknowledge`, { by: "ann", reason: "on it" })).status, 200);
    await server.post(ndjson(events("r-3", { kind: "job.succeeded" })));
    await eventually("its end", async () => ((await reports())[0]?.state === "resolved" ? true : undefined));
    assert.equal((await send(`${path}/resolve`, { reason: "again" })).status, 400);

    // Opened: refused with 500 and sent again; acknowledged; resolved. Nothing else.
    await eventually("all tidings", () =>
      receiver.heard.length >= 4 && mailbox.mails.length >= 2 ? true : undefined,
    );
    assert.deepEqual(
      receiver.heard.map(({ type, answered }) => `${type} ${answered}`),
      ["incident.opened 500", "incident.opened 200", "incident.acknowledged 200", "incident.resolved 200"],
    );
    assert.equal(receiver.heard[0]?.id, receiver.heard[1]?.id);
    assert.equal(new Set(receiver.heard.map(({ id }) => id)).size, 3);
    assert.match(mailbox.mails[0] ?? "", /Subject: \[WARNING\] ReportJob/);
    assert.match(mailbox.mails[1] ?? "", /Subject: \[RESOLVED\] ReportJob/);
    const thread = /^References: (.*)$/m.exec(mailbox.mails[0] ?? "")?.[1] ?? "";
    assert.ok(thread !== "" && mailbox.mails[1]?.includes(thread));

    const detail = await eventually("all receipts", async () => {
      const one = (await (await server.read(path)).json()) as IncidentDetailAnswer;
      return one.messages.every(({ state }) => state === "delivered") ? one : undefined;
    });
    const acts = detail.timeline.map(({ act }) => act).toReversed();
    for (const act of [
      "opened",
      "told",
      "undelivered",
      "counted",
      "acknowledged",
      "resolved",
      "delivered",
    ] as const) {
      assert.ok(acts.includes(act), `${act} in ${acts.join()}`);
    }
    assert.equal(detail.timeline.find(({ act }) => act === "acknowledged")?.by, "ann");
    const told = await eventually("the decision as an event", async () => {
      const page = (await (await server.read("/api/v1/events?kind=audit.action")).json()) as {
        rows: EventRecord[];
      };
      return page.rows.find(({ actor }) => actor === "ann");
    });
    assert.match(told.message ?? "", /acknowledge/);
  });

  test("a retry is no incident", async () => {
    const about = { stream: "jobs", job: "MailJob", service: "shop", run_id: "m-1", attempt: 1 } as const;
    await server.post(
      ndjson([
        recordAgo(300, { ...about, kind: "job.failed", error_class: "Timeout" }),
        recordAgo(200, { ...about, kind: "job.retried" }),
      ]),
    );
    await server.post(ndjson(events("r-9", { job: "OtherJob", error_class: "E" })));
    await eventually("the other", async () => (await incidents()).rows.find(({ job }) => job === "OtherJob"));
    assert.ok(!(await incidents()).rows.some(({ job }) => job === "MailJob"));
  });

  test("what is expected by a file and does not happen is missed; the command line says why", async () => {
    const file = join(server.directory, "monitors.yaml");
    writeFileSync(
      file,
      "monitors:\n  - { job: TickJob, service: shop, every: 2s, grace: 1s, severity: error }\n",
    );
    const shown = await midwatch("monitors", "apply", file);
    assert.match(shown.out, /^\+ TickJob \(shop\)\n.*schedules: .*everySeconds/s);
    assert.match(shown.notes, /add --yes/);
    assert.doesNotMatch((await midwatch("monitors", "list")).out, /TickJob/);
    assert.equal((await midwatch("monitors", "apply", file, "--yes")).code, 0);
    assert.match((await midwatch("monitors", "apply", file)).notes, /Nothing to change/);
    assert.match((await midwatch("monitors", "show", "TickJob", "--service", "shop")).out, /set by tester/);

    const missed = await eventually("the missed slot", async () =>
      (await incidents()).rows.find(({ job, kind }) => job === "TickJob" && kind === "missed"),
    );
    assert.match(missed.because, /TickJob \(shop\) was due at .* and had not begun 1 s later/);
    assert.equal(missed.severity, "error");
    const why = await midwatch("why", "TickJob", "--service", "shop");
    assert.match(why.out, /TickJob \(shop\) is due every 2 s\.\nNo run of TickJob \(shop\) is known at /);
    assert.match(why.out, /None is known within 6 h/);

    const listed = await midwatch("incidents");
    assert.match(listed.out, /open +error .*TickJob/);
    const noted = await midwatch("incidents", "note", missed.id, "--reason", "the crontab is being moved");
    assert.equal(noted.code, 0, noted.notes);
    assert.equal(
      (await midwatch("incidents", "snooze", missed.id, "--reason", "moved", "--for", "2")).code,
      0,
    );
    const detail = await midwatch("incidents", missed.id);
    assert.match(
      detail.out,
      /noted by tester: the crontab is being moved\n.*snoozed by tester: Until .*: moved/s,
    );
    assert.equal((await midwatch("incidents", "resolve", missed.id)).code, 2, "a reason is demanded");

    writeFileSync(file, "monitors:\n  - { job: TickJob, gracee: 1s }\n");
    const wrong = await midwatch("monitors", "apply", file);
    assert.deepEqual([wrong.code, /no key `gracee`, did you mean `grace`/.test(wrong.notes)], [2, true]);
    writeFileSync(file, "monitors: []\n");
    assert.match((await midwatch("monitors", "apply", file, "--prune", "--yes")).out, /^- TickJob/);
    assert.equal((await midwatch("incidents", "test", "hook")).out, "hook took it: 200\n");
  });

  test("figures are there for Prometheus, of everything, as its own tool reads them", async (context) => {
    const queued = {
      stream: "jobs",
      job: "QueuedJob",
      service: "shop",
      run_id: "q-1",
      queue: "mailers",
    } as const;
    const puma = { busy_threads: 3, max_threads: 5, backlog: 2, pool_capacity: 2, requests_count: 40 };
    await server.post(
      ndjson([
        ...events("r-20", { job: 'Odd"Job\\', error_class: "E" }),
        recordAgo(5000, { ...queued, kind: "job.enqueued" }),
        recordAgo(100, {
          kind: "puma.stats",
          runtime: "puma",
          worker: "web-1:7:1",
          host: "web-1",
          attributes: puma,
        }),
      ]),
    );
    const text = await eventually("the incident as a figure", async () => {
      const now = await (await server.read("/metrics")).text();
      return now.includes('kind="failed",job_name="Odd\\"Job\\\\"') ? now : undefined;
    });
    const expected = [
      /^midwatch_engine_up 1$/m,
      /^midwatch_incidents\{state="open",severity="warning"\} [1-9]/m,
      /^midwatch_job_runs\{job_name="ReportJob",.*state="failed"\} 2$/m,
      /^midwatch_monitor_state\{job_name="Odd\\"Job\\\\",service="shop",environment="production"\} 2$/m,
      /^midwatch_monitor_state\{job_name="ReportJob",.*\} 0$/m,
      /^midwatch_monitor_last_success_age_seconds\{job_name="ReportJob",.*\} \d/m,
      /^midwatch_queue_runs\{queue="mailers",service="shop",state="waiting"\} 1$/m,
      /^midwatch_queue_oldest_seconds\{queue="mailers",service="shop"\} [5-9]/m,
      /^midwatch_puma_backlog\{worker="web-1:7:1",host="web-1",service="shop"\} 2$/m,
      /^midwatch_puma_busy_threads\{.*\} 3$/m,
      /^midwatch_ingest_seconds_count [1-9]/m,
      /^midwatch_ingest_events_total\{outcome="accepted"\} [1-9]/m,
      /^midwatch_detection_seconds_bucket\{le="\+Inf"\} [1-9]/m,
      /^midwatch_delivery_attempts_total\{channel="hook",outcome="delivered"\} [1-9]/m,
      /^midwatch_figures_left_out\{what="monitors"\} 0$/m,
    ];
    for (const one of expected) assert.match(text, one);
    assert.doesNotMatch(text, /last_success_age_seconds\{job_name="Odd/, "it never succeeded");

    const checked = spawnSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" });
    if (checked.error) context.skip("Debian's prometheus is not installed");
    else assert.equal(checked.status, 0, checked.stdout + checked.stderr);
    const broken = spawnSync("promtool", ["check", "metrics"], {
      input: `${text}midwatch_info{ 1\n`,
      encoding: "utf8",
    });
    assert.notEqual(broken.status, 0);
  });

  test("a channel can be tried out", async () => {
    const answer = await send("/api/v1/channels/mail/test", {});
    assert.deepEqual(await answer.json(), { delivered: true, receipt: "250 kept" });
    assert.match(mailbox.mails.at(-1) ?? "", /\[TEST\] This is a test of the channel mail/);
    assert.equal((await send("/api/v1/channels/none/test", {})).status, 404);
  });
});
