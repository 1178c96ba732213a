/** Channels against receivers as people run them: Debian's Alertmanager, and a mail server with and without TLS. */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { eventually, freePort } from "../../playground/processes.ts";
import type { Incident, Message } from "../model/incident.ts";
import type { Delivery } from "./channel.ts";
import { madeIncident, madeMessage } from "./made.ts";
import { readAlertSetup } from "./setup.ts";
import { letterOf } from "./text.ts";

const python = "/usr/bin/python3";
const has = (program: string, ...words: string[]): boolean => spawnSync(program, words).status === 0;

const incident = madeIncident({
  id: "01a2b3c4-0000-7000-8000-000000000001",
  severity: "critical",
  because: "ReportJob failed: KeyError: no such month",
  job: { job: "ReportJob", service: "shop", environment: "production" },
  host: "web-1",
  runbook: "https://wiki.example.com/reports",
  openedMs: Date.now() - 60_000,
  lastMs: Date.now() - 1000,
  count: 2,
  evidence: { eventIds: [], runIds: ["r-1"] },
});
const messageOf = (more: Partial<Message> = {}): Message =>
  madeMessage(incident, {
    id: "01a2b3c4-0000-7000-8000-0000000000aa",
    madeMs: Date.now(),
    attempts: 1,
    state: "sending",
    ...more,
  });

function channelOf(settings: string) {
  const { channels } = readAlertSetup(`channels: { c: ${settings} }`, {
    clock: Date.now,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    readSecret: () => assert.fail("no secret is in a file"),
    variable: (name) => ({ PASSWORD: "open sesame", WRONG: "close" })[name],
  });
  return channels[0] ?? assert.fail("no channel");
}
const background = {
  evidence: ["02:00:01 job.failed KeyError: no such month"],
  lastGood: "yesterday, run r-0",
};
const send = (settings: string, message: Message): Promise<Delivery> =>
  channelOf(settings).send(
    message,
    letterOf(message, {
      page: "https://mid.example",
      background,
      acknowledge: "https://mid.example/acknowledge#t",
    }),
  );

async function end(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

type Alert = {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly status: string;
};

describe("Alertmanager", {
  skip: has("prometheus-alertmanager", "--version")
    ? false
    : "Debian's prometheus-alertmanager is not installed",
}, () => {
  let directory: string;
  let manager: ChildProcess;
  let hook: Server;
  let address: string;
  const heard: Alert[] = [];
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "midwatch-alertmanager-"));
    hook = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      request.on("end", () => {
        heard.push(...(JSON.parse(body) as { alerts: Alert[] }).alerts);
        response.end();
      });
    }).listen(0, "127.0.0.1");
    await once(hook, "listening");
    const url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`;
    const config = `
route: { receiver: hook, group_by: ["..."], group_wait: 100ms, group_interval: 100ms, repeat_interval: 1h }
receivers: [{ name: hook, webhook_configs: [{ url: "${url}", send_resolved: true }] }]
`;
    writeFileSync(join(directory, "alertmanager.yml"), config);
    const port = await freePort();
    address = `http://127.0.0.1:${port}`;
    manager = spawn(
      "prometheus-alertmanager",
      [
        `--config.file=${join(directory, "alertmanager.yml")}`,
        `--storage.path=${join(directory, "data")}`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--cluster.listen-address=",
      ],
      { stdio: "ignore" },
    );
    await eventually("Alertmanager answers", async () => {
      const ready = await fetch(`${address}/-/ready`).catch(() => undefined);
      return ready?.ok ? true : undefined;
    });
  });
  after(async () => {
    await end(manager);
    hook.close();
    hook.closeAllConnections();
    rmSync(directory, { recursive: true });
  });

  test("takes an incident as one alert, however often it is said, and its end", async () => {
    const settings = `{ kind: alertmanager, url: "${address}/" }`;
    assert.equal((await send(settings, messageOf())).outcome, "delivered");
    assert.equal((await send(settings, messageOf({ tiding: "reminded" }))).outcome, "delivered");
    const refreshed = await channelOf(settings).refresh?.([
      { message: messageOf(), letter: letterOf(messageOf()) },
    ]);
    assert.equal(refreshed?.outcome, "delivered");
    const firing = await eventually("the alert", () => heard.find(({ status }) => status === "firing"));
    assert.deepEqual(firing.labels, {
      alertname: "MidwatchFailed",
      environment: "production",
      incident: incident.id,
      instance: "web-1",
      job_name: "ReportJob",
      service: "shop",
      severity: "critical",
    });
    assert.match(
      firing.annotations["description"] ?? "",
      /Last good run: yesterday.*What was recorded:\n {2}02:00:01 job\.failed/s,
    );
    assert.equal(firing.annotations["runbook_url"], incident.runbook);
    const listed = (await (await fetch(`${address}/api/v2/alerts`)).json()) as unknown[];
    assert.equal(listed.length, 1);

    const over = {
      ...incident,
      state: "resolved",
      resolvedMs: Date.now(),
      resolvedBecause: "ReportJob succeeded.",
    } as const;
    assert.equal(
      (await send(settings, messageOf({ tiding: "resolved", incident: over }))).outcome,
      "delivered",
    );
    await eventually("its end", () => heard.find(({ status }) => status === "resolved"));
    const labels = new Set(heard.map((alert) => JSON.stringify(alert.labels)));
    assert.equal(labels.size, 1, "the end is that of the alert that was told");
  });

  test("refuses what it cannot read, and that is not tried again", async () => {
    const broken = { ...incident, id: "", severity: "\u0000" } as unknown as Incident;
    const refused = await send(
      `{ kind: alertmanager, url: "${address}/nowhere" }`,
      messageOf({ incident: broken }),
    );
    assert.deepEqual([refused.outcome, refused.outcome === "failed" && refused.permanent], ["failed", true]);
  });
});

const mailServer = `
import asyncio, json, ssl, sys
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

class Handler:
    async def handle_DATA(self, server, session, envelope):
        said = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "tls": session.ssl is not None,
                "who": session.auth_data and session.auth_data.login.decode(), "text": envelope.content.decode()}
        print(json.dumps(said), flush=True)
        return "250 kept"

def login(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and data.password == b"open sesame"
    return AuthResult(success=good, handled=False, auth_data=data)

context = None
if sys.argv[2] != "plain":
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
controller = Controller(Handler(), hostname="127.0.0.1", port=int(sys.argv[1]), tls_context=context,
                        authenticator=login, auth_require_tls=False)
controller.start()
print("ready", flush=True)
sys.stdin.read()
controller.stop()
`;

type Mail = {
  readonly from: string;
  readonly to: readonly string[];
  readonly tls: boolean;
  readonly who: string | null;
  readonly text: string;
};

describe("a mail server", {
  skip: has(python, "-c", "import aiosmtpd") ? false : "Debian's python3-aiosmtpd is not installed",
}, () => {
  let directory: string;
  let server: ChildProcess | undefined;
  const mails: Mail[] = [];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "midwatch-mail-"));
    mails.length = 0;
  });
  afterEach(async () => {
    await end(server);
    rmSync(directory, { recursive: true });
  });

  async function start(...certificate: readonly string[]): Promise<number> {
    const port = await freePort();
    server = spawn(python, ["-c", mailServer, String(port), ...certificate], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    const lines = createInterface({ input: server.stdout ?? assert.fail("no output") });
    const ready = once(lines, "line");
    await ready;
    lines.on("line", (line) => mails.push(JSON.parse(line) as Mail));
    return port;
  }
  const settings = (port: number, more: string): string =>
    `{ kind: email, host: localhost, port: ${port}, from: Midwatch <watch@example.com>, to: [a@example.com, b@example.com], ${more} }`;

  test("gets one conversation an incident, with who we are, and everything that the letter says", async () => {
    const port = await start("plain");
    const known = settings(port, "encryption: none, user: midwatch, password_env: PASSWORD");
    assert.deepEqual(await send(known, messageOf()), { outcome: "delivered", receipt: "250 kept" });
    const over = { ...incident, state: "resolved", resolvedBecause: "It succeeded." } as const;
    await send(known, messageOf({ id: "second", tiding: "resolved", incident: over }));
    const [first, second] = await eventually("both mails", () => (mails.length === 2 ? mails : undefined));
    assert.deepEqual(
      [first?.from, first?.to, first?.who],
      ["watch@example.com", ["a@example.com", "b@example.com"], "midwatch"],
    );
    const text = (first?.text ?? "").replaceAll("=\r\n", "");
    assert.match(text, /^Subject: \[CRITICAL\] ReportJob failed: KeyError/m);
    assert.match(
      text,
      /Last good run: yesterday.*Acknowledge: https:\/\/mid\.example\/acknowledge#t.*What was recorded:/s,
    );
    assert.match(text, new RegExp(`^Message-ID: <${messageOf().id}@example\\.com>`, "m"));
    const thread = /^References: (.*)$/m.exec(first?.text ?? "")?.[1] ?? "none";
    assert.ok(second?.text.includes(thread));
  });

  test("that does not know us is asked again later; one without TLS gets nothing where TLS is asked for", async () => {
    const port = await start("plain");
    const unknown = await send(
      settings(port, "encryption: none, user: midwatch, password_env: WRONG"),
      messageOf(),
    );
    assert.deepEqual([unknown.outcome, unknown.outcome === "failed" && unknown.permanent], ["failed", false]);
    assert.match(unknown.receipt, /^535 /);
    const bare = await send(settings(port, "user: midwatch, password_env: PASSWORD"), messageOf());
    assert.deepEqual([bare.outcome, bare.outcome === "failed" && bare.permanent], ["failed", false]);
    assert.match(bare.receipt, /TLS|STARTTLS/i);
  });

  test("whose certificate nobody vouches for gets neither mail nor password", async () => {
    const [certificate, key] = [join(directory, "certificate.pem"), join(directory, "key.pem")];
    execFileSync(
      "openssl",
      [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
        "-keyout",
        key,
        "-out",
        certificate,
      ],
      { stdio: "ignore" },
    );
    const port = await start(certificate, key);
    const said = await send(
      settings(port, "encryption: starttls, user: midwatch, password_env: PASSWORD"),
      messageOf(),
    );
    assert.equal(said.outcome, "failed");
    assert.match(said.receipt, /self-signed|certificate/i);
    assert.equal(mails.length, 0);
  });
});
