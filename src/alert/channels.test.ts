/** The file of channels, and what each channel sends to a real receiver on this host. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Fault } from "../model/fault.ts";
import type { Message } from "../model/incident.ts";
import type { Delivery } from "./channel.ts";
import { madeIncident, madeMessage } from "./made.ts";
import { readAlertSetup } from "./setup.ts";
import { letterOf } from "./text.ts";

const secrets: Readonly<Record<string, string>> = {
  "/etc/midwatch/pagerduty.key": "pd-key",
  "/etc/midwatch/slack.url": "http://127.0.0.1:9/slack",
  "/etc/midwatch/teams.url": "http://127.0.0.1:9/teams",
  "/etc/midwatch/ping.url": "http://127.0.0.1:9/ping",
  "/etc/midwatch/neighbour.key": "mwk_key",
  "/etc/midwatch/hook.secret": `whsec_${Buffer.alloc(24).toString("base64")}`,
};
const tools = {
  clock: () => Date.UTC(2026, 10, 21),
  randomBytes: (count: number) => new Uint8Array(count),
  readSecret: (path: string) => secrets[path] ?? assert.fail(`${path} was read`),
  variable: (name: string) => (name === "MAIL_PASSWORD" || name === "TOKEN" ? "hidden" : undefined),
};

const incident = madeIncident({
  id: "i-1",
  severity: "critical",
  because: "ReportJob failed: <script> & *more*",
  job: { job: "ReportJob", service: "shop" },
  runbook: "https://wiki.example.com",
  count: 2,
  evidence: { eventIds: [], runIds: ["r-1"] },
});
const message = (more: Partial<Message> = {}): Message =>
  madeMessage(incident, { id: "m-1", attempts: 1, state: "sending", ...more });

describe("the file of channels", () => {
  test("is understood as the guide shows it", () => {
    const guide = readFileSync(new URL("../../docs/guides/telling.md", import.meta.url), "utf8");
    const [, text = ""] = /```yaml\n(page:.*?)```/s.exec(guide) ?? [];
    const { channels, page, policy, beacons } = readAlertSetup(text, tools);
    assert.deepEqual(
      [policy.escalations.length, policy.quietHours.length, policy.plannedWork.length, beacons.length],
      [1, 1, 1, 2],
    );
    assert.equal(page, "https://midwatch.example.com");
    assert.deepEqual(
      channels.map(({ name, kind, severityMin }) => `${name} ${kind} ${severityMin}`),
      [
        "night pagerduty error",
        "team slack warning",
        "office teams warning",
        "mail email warning",
        "phone ntfy warning",
        "prometheus alertmanager warning",
        "hook webhook warning",
        "script command warning",
      ],
    );
  });

  const wrongs: readonly (readonly [string, RegExp])[] = [
    ["channel: {}", /no key `channel`/],
    ["channels: [a]", /`channels` must be keys and values/],
    ["page: ftp://x", /`page` must be an address/],
    ["channels: { a: { kind: pigeon } }", /channel `a`: its kind must be one of email, webhook/],
    ["channels: { a: { kind: ntfy } }", /channel `a`: it needs `topic`/],
    ["channels: { a: { kind: ntfy, topic: t, severity: loud } }", /its severity must be one of info/],
    [
      "channels: { a: { kind: ntfy, topic: t, token: abc } }",
      /`token` is a secret: write `token_file` or `token_env`/,
    ],
    ["channels: { a: { kind: ntfy, topic: t, token_env: NONE } }", /the variable NONE is not set/],
    ["channels: { a: { kind: ntfy, topic: t, colour: red } }", /no key `colour`/],
    [
      "channels: { a: { kind: webhook, url: http://x, secret_env: TOKEN } }",
      /must be `whsec_` and 24 to 64 bytes/,
    ],
    [
      "channels: { a: { kind: email, host: h, from: f, to: [t], encryption: rot13 } }",
      /encryption must be one of/,
    ],
    ["channels: {", /./],
  ];
  for (const [text, because] of wrongs) {
    test(`is refused with a sentence: ${text}`, () => {
      assert.throws(
        () => readAlertSetup(text, tools),
        (error) =>
          error instanceof Fault &&
          error.code === "CONFIG_INVALID" &&
          because.test(error.message) &&
          !error.message.includes("hidden"),
      );
    });
  }
});

describe("a channel", () => {
  let receiver: Server;
  let address: string;
  let answers: readonly [status: number, headers?: Readonly<Record<string, string>>][] = [];
  const heard: {
    readonly body: Readonly<Record<string, unknown>>;
    readonly authorization: string | undefined;
  }[] = [];
  before(async () => {
    receiver = createServer((request, response) => void answer(request, response)).listen(0, "127.0.0.1");
    await once(receiver, "listening");
    address = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  });
  after(() => {
    receiver.close();
    receiver.closeAllConnections();
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    heard.push({
      body: JSON.parse(Buffer.concat(parts).toString("utf8")) as Readonly<Record<string, unknown>>,
      authorization: request.headers.authorization,
    });
    const [[status, headers] = [200], ...rest] = answers;
    answers = rest;
    response.writeHead(status, headers).end("said");
  }

  async function send(channel: string, one = message()): Promise<Delivery> {
    const { channels, page } = readAlertSetup(`page: https://mid.example\nchannels: { c: ${channel} }`, {
      ...tools,
      readSecret: (path) => (path === "slack" ? `${address}/services/T` : (secrets[path] ?? "")),
    });
    return (await channels[0]?.send(one, letterOf(one, { page }))) ?? assert.fail("no channel");
  }

  test("of PagerDuty triggers, acknowledges and resolves under the incident's id", async () => {
    for (const tiding of ["opened", "acknowledged", "resolved"] as const) {
      assert.equal(
        (
          await send(
            `{ kind: pagerduty, url: "${address}", routing_key_file: /etc/midwatch/pagerduty.key }`,
            message({ tiding }),
          )
        ).outcome,
        "delivered",
      );
    }
    const bodies = heard.splice(0).map(({ body }) => body);
    assert.deepEqual(
      bodies.map((body) => body["event_action"]),
      ["trigger", "acknowledge", "resolve"],
    );
    assert.deepEqual(
      new Set(bodies.map((body) => `${String(body["dedup_key"])} ${String(body["routing_key"])}`)),
      new Set(["i-1 pd-key"]),
    );
    assert.equal((bodies[0]?.["payload"] as { severity: string } | undefined)?.severity, "critical");
  });

  test("of Slack cannot be made to mention or link by an incident", async () => {
    assert.equal((await send("{ kind: slack, url_file: slack }")).outcome, "delivered");
    const { text, blocks } = (heard.splice(0)[0]?.body ?? {}) as {
      text: string;
      blocks: readonly { text: { text: string } }[];
    };
    assert.equal(text, "[CRITICAL] ReportJob failed: &lt;script&gt; &amp; *more*");
    assert.match(blocks.at(-1)?.text.text ?? "", /^<https:\/\/mid\.example\/incidents\/i-1\|Open>$/);
  });

  test("of Teams gets an Adaptive Card whose texts know no markup", async () => {
    assert.equal((await send("{ kind: teams, url_file: slack }")).outcome, "delivered");
    const { type, attachments } = (heard.splice(0)[0]?.body ?? {}) as {
      type: string;
      attachments: readonly { contentType: string; content: Readonly<Record<string, unknown>> }[];
    };
    const [card] = attachments;
    assert.deepEqual(
      [type, card?.contentType, card?.content["type"], card?.content["version"]],
      ["message", "application/vnd.microsoft.card.adaptive", "AdaptiveCard", "1.4"],
    );
    const body = card?.content["body"] as readonly {
      type: string;
      inlines: readonly { type: string; text: string }[];
    }[];
    assert.deepEqual(new Set(body.map((block) => block.type)), new Set(["RichTextBlock"]));
    assert.equal(body[0]?.inlines[0]?.text, "[CRITICAL] ReportJob failed: <script> & *more*");
    const actions = card?.content["actions"] as readonly { type: string; title: string; url: string }[];
    assert.deepEqual(
      actions.map((action) => `${action.type} ${action.title} ${action.url}`),
      [
        "Action.OpenUrl Open https://mid.example/incidents/i-1",
        "Action.OpenUrl Runbook https://wiki.example.com",
      ],
    );
  });

  test("of ntfy says how urgent it is, with its token", async () => {
    assert.equal(
      (await send(`{ kind: ntfy, server: "${address}", topic: t, token_env: TOKEN }`)).outcome,
      "delivered",
    );
    const [one] = heard.splice(0);
    assert.deepEqual(
      [one?.body["priority"], one?.body["topic"], one?.authorization],
      [5, "t", "Bearer hidden"],
    );
  });

  test("tells a passing refusal from a lasting one, and follows no redirection", async () => {
    answers = [[503], [429, { "retry-after": "7" }], [404], [302, { location: "http://127.0.0.1:9/" }]];
    const said: Delivery[] = [];
    for (let turn = 0; turn < 4; turn += 1)
      said.push(await send(`{ kind: ntfy, server: "${address}", topic: t }`));
    heard.splice(0);
    assert.deepEqual(
      said.map((one) => one.outcome === "failed" && [one.permanent, one.retryAfterMs]),
      [
        [false, undefined],
        [false, 7000],
        [true, undefined],
        [false, undefined],
      ],
    );
    const away = await send("{ kind: ntfy, server: 'http://127.0.0.1:9', topic: t }");
    assert.equal(away.outcome, "failed");
    assert.doesNotMatch(away.receipt, /127\.0\.0\.1/, "an address may be a secret");
  });

  test("that is a command gets the incident, and nothing of our environment", async () => {
    const directory = mkdtempSync(join(tmpdir(), "midwatch-command-"));
    const script = join(directory, "tell.sh");
    writeFileSync(script, `cat > "$1"; env >> "$1"; test "$2" = good\n`);
    const file = join(directory, "said");
    assert.equal(
      (await send(`{ kind: command, command: [sh, "${script}", "${file}", good] }`)).outcome,
      "delivered",
    );
    const said = readFileSync(file, "utf8");
    assert.match(said, /^\{"id":"m-1","tiding":"opened","heading":"\[CRITICAL\] ReportJob failed/);
    assert.doesNotMatch(said, /^HOME=/m);
    assert.deepEqual(await send(`{ kind: command, command: [sh, "${script}", "${file}", bad] }`), {
      outcome: "failed",
      permanent: false,
      receipt: "exit 1",
    });
    assert.equal((await send("{ kind: command, command: [/no/such/program] }")).outcome, "failed");
    rmSync(directory, { recursive: true });
  });
});
