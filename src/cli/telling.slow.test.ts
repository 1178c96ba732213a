/** Who is told, in the real server: by link, by silence, by step; and peers that watch over it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { eventually } from "../../playground/processes.ts";
import { readAlertSetup } from "../alert/setup.ts";
import type {
  IncidentAnswer,
  IncidentDetailAnswer,
  IncidentList,
  LinkAnswer,
  MonitorList,
} from "../api/watch-schemas.ts";
import type { EventRecord } from "../model/event.ts";
import { ndjson, recordAgo, type ServerForTests, startServerForTests } from "./server-for-tests.ts";

const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
type Told = {
  readonly type: string;
  readonly data: {
    readonly acknowledge?: string;
    readonly evidence: readonly string[];
    readonly lastGood?: string;
    readonly incident: { readonly job?: { readonly job: string } };
  };
};

describe("telling people", () => {
  let server: ServerForTests;
  let receiver: Server;
  const heard: Told[] = [];
  const pings: string[] = [];
  before(async () => {
    receiver = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      request.on("end", () => {
        if (request.url === "/hook") heard.push(JSON.parse(body) as Told);
        else pings.push(`${request.url} ${body}`);
        response.end();
      });
    }).listen(0, "127.0.0.1");
    await once(receiver, "listening");
    const address = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
    server = await startServerForTests({
      environment: { SECRET: secret, PING: `${address}/ping` },
      alerts: `
page: https://midwatch.example.com/
channels: { hook: { kind: webhook, url: "${address}/hook", secret_env: SECRET } }
rotations: { ops: { starts: 2026-01-05T09:00, turns: [hook] } }
escalations: { all: { steps: [{ tell: hook }, { after: 2s, tell: hook }] } }
watched_by: { outside: { ping_env: PING, every: 1 } }
`,
    });
  });
  after(async () => {
    await server.close();
    receiver.close();
    receiver.closeAllConnections();
  });

  const midwatch = (...words: readonly string[]) => server.midwatch(...words);
  const ask = async <T>(path: string): Promise<T> => (await (await server.read(path)).json()) as T;
  const incidentOf = (job: string): Promise<IncidentAnswer> =>
    eventually(`the incident of ${job}`, async () =>
      (await ask<IncidentList>("/api/v1/incidents")).rows.find((one) => one.job === job),
    );
  const post = (path: string, body: object): Promise<Response> =>
    fetch(server.address + path, {
      method: "POST",
      headers: { "midwatch-request": "1", "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const fail = (job: string, run: string, ago = 100): readonly EventRecord[] => {
    const about = { stream: "jobs", job, service: "shop", run_id: run, attempt: 1 } as const;
    return [
      recordAgo(ago + 100, { ...about, kind: "job.started" }),
      recordAgo(ago, {
        ...about,
        kind: "job.failed",
        severity: "error",
        error_class: "KeyError",
        error_message: "no such month, password=hunter2-Tr0ub4dor",
      }),
    ];
  };

  test("a message says what was recorded and the last good run; nobody answers: the next step", async () => {
    const good = { stream: "jobs", job: "ReportJob", service: "shop", run_id: "r-0" } as const;
    await server.post(ndjson([recordAgo(60_000, { ...good, kind: "job.succeeded", duration_ms: 42_000 })]));
    await server.settled();
    await server.post(ndjson(fail("ReportJob", "r-1")));
    const first = await eventually("the first message", () => heard[0]);
    assert.equal(first.type, "incident.opened");
    assert.match(first.data.evidence.join("\n"), /job\.failed KeyError: no such month/);
    assert.doesNotMatch(
      JSON.stringify(heard),
      /hunter2/,
      "what was stored is redacted, and nothing else is sent",
    );
    assert.match(first.data.lastGood ?? "", /took 42 s, run r-0/);
    const second = await eventually("the second step", () =>
      heard.find(({ type }) => type === "incident.escalated"),
    );
    assert.equal(second.data.incident.job?.job, "ReportJob");
  });

  test("the link of a message asks first, acknowledges one incident, and nothing else", async () => {
    const link = heard[0]?.data.acknowledge ?? "";
    assert.match(link, /^https:\/\/midwatch\.example\.com\/acknowledge#\S+$/);
    const token = link.split("#")[1] ?? "";
    const incident = await incidentOf("ReportJob");
    const page = await fetch(`${server.address}/acknowledge`, { headers: { accept: "text/html" } });
    assert.match(page.headers.get("content-type") ?? "", /text\/html/);
    const linked = (await (await post("/api/v1/links/read", { token })).json()) as LinkAnswer;
    assert.deepEqual([linked.incidentId, linked.state, linked.current], [incident.id, "open", true]);
    assert.equal((await incidentOf("ReportJob")).state, "open", "reading changed nothing");

    const [text = "", signature = ""] = token.split(".");
    const forged = Buffer.from(text, "base64url")
      .toString()
      .replace(
        incident.id,
        incident.id.replace(/.$/, (last) => (last === "0" ? "1" : "0")),
      );
    for (const bad of [
      `${Buffer.from(forged).toString("base64url")}.${signature}`,
      `${text}.`,
      "x",
      `${token}x`,
    ]) {
      assert.equal((await post("/api/v1/links/acknowledge", { token: bad })).status, 404, bad);
    }
    const done = await post("/api/v1/links/acknowledge", { token, by: "ann" });
    assert.equal(done.status, 200);
    const { state, decidedBy } = (await done.json()) as IncidentAnswer;
    assert.deepEqual([state, decidedBy], ["acknowledged", "ann, by the link sent to hook"]);

    assert.equal((await post(`/api/v1/incidents/${incident.id}/resolve`, { reason: "done" })).status, 200);
    assert.equal((await post("/api/v1/links/acknowledge", { token })).status, 404, "it is over");
  });

  test("what is silenced is recorded, held with the reason, and told when the silence is ended", async () => {
    const added = await midwatch(
      "silences",
      "add",
      "--job",
      "NoisyJob",
      "--for",
      "2",
      "--reason",
      "being moved",
    );
    assert.equal(added.code, 0, added.notes);
    const id = added.out.trim();
    assert.match((await midwatch("silences")).out, /in force +silence .*tester .*job NoisyJob +being moved/);
    await server.post(ndjson(fail("NoisyJob", "n-1")));
    const incident = await incidentOf("NoisyJob");
    const detail = await ask<IncidentDetailAnswer>(`/api/v1/incidents/${incident.id}`);
    assert.match(
      detail.timeline.find(({ act }) => act === "held")?.because ?? "",
      /^Silenced until .* by tester: being moved$/,
    );
    assert.ok(!heard.some(({ data }) => data.incident.job?.job === "NoisyJob"));
    const ended = await midwatch("silences", "end", id);
    assert.match(ended.notes, /^Ended: being moved/);
    await eventually("the message", () => heard.find(({ data }) => data.incident.job?.job === "NoisyJob"));
    assert.equal((await midwatch("silences")).code, 1, "none is in force");
    assert.match((await midwatch("silences", "--all")).out, /over +silence/);

    const from = new Date(Date.now() + 3_600_000).toISOString();
    const planned = ["--maintenance", "--host", "db-1", "--from", from, "--for", "3", "--reason", "disks"];
    assert.equal((await midwatch("silences", "add", ...planned)).code, 0);
    assert.match((await midwatch("silences")).out, /to come +maintenance/);
    assert.equal((await midwatch("silences", "add", "--reason", "for ever")).code, 2);
    assert.match((await midwatch("incidents", "--resolved")).out, /resolved +warning .*ReportJob/);
  });

  test("whose turn it is can be asked", async () => {
    const { out } = await midwatch("incidents", "test");
    assert.equal(out, "hook  webhook, warning and more\nops  a rotation; now it is the turn of hook\n");
  });

  test("a peer that waits for pings gets them while the watch looks", async () => {
    await eventually("two pings", () => (pings.length >= 2 ? true : undefined));
    assert.deepEqual(new Set(pings), new Set(["/ping Midwatch watches."]));
  });

  test("another Midwatch takes up how often it is to hear of us, and misses us", async () => {
    const setup = readAlertSetup(
      `watched_by: { peer: { midwatch: "${server.address}", key_env: KEY, as: midwatch-berlin, every: 2 } }`,
      {
        clock: Date.now,
        randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
        readSecret: () => "",
        variable: () => server.key,
      },
    );
    const [beacon] = setup.beacons;
    assert.equal((await beacon?.tell(undefined))?.outcome, "delivered");
    const monitor = await eventually("the monitor", async () =>
      (await ask<MonitorList>("/api/v1/monitors")).rows.find(
        (one) => one.monitor.job === "midwatch.watch" && one.source === "declared",
      ),
    );
    assert.deepEqual([monitor.source, monitor.monitor.schedules[0]?.everySeconds], ["declared", 2]);
    const { schedules, ...rest } = monitor.monitor;
    const body = JSON.stringify({ monitors: [{ ...rest, schedules: [], graceMs: 1000 }] });
    const headers = { "midwatch-request": "1", "content-type": "application/json" };
    assert.equal(
      (await fetch(`${server.address}/api/v1/monitors`, { method: "PUT", headers, body })).status,
      204,
    );
    assert.ok(schedules.length > 0);
    const missed = await incidentOf("midwatch.watch");
    assert.match(missed.because, /midwatch\.watch \(midwatch-berlin\) was due/);
    await beacon?.tell("The watch has not looked for 40 s.");
    const failed = await eventually("the trouble", async () =>
      (await ask<IncidentList>("/api/v1/incidents")).rows.find(
        (one) => one.job === "midwatch.watch" && one.kind === "failed",
      ),
    );
    assert.match(failed.because, /WatchTrouble/);
  });
});
