/**
 * Receivers that fail in every way, servers that are killed while they send, and two servers on one
 * control store: each problem is told at least once, never twice by design, and where a receiver
 * cannot tell a repetition the timeline says so.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createNetServer, type Server as NetServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { freePort } from "../../playground/processes.ts";
import type { Message } from "../model/incident.ts";
import { openSqliteControl } from "../store/control/sqlite.ts";
import type { Arrivals, ControlStore, EventStore, StoredEvent } from "../store/store.ts";
import { AddressRefused, makeAddressGuard } from "./address-guard.ts";
import { madeIncident, madeMessage } from "./made.ts";
import { deliverDue } from "./outbox.ts";
import type { Watch } from "./parts.ts";
import { type AlertSetup, readAlertSetup } from "./setup.ts";
import { letterOf } from "./text.ts";
import { startWatch } from "./watch.ts";

const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const answerMsMax = 500;
const incident = madeIncident();
const messageOf = (id: string, incidentId = "i1"): Message =>
  madeMessage(madeIncident({ id: incidentId }), { id });

let directory: string;
let receiver: Server;
let url: string;
let heard: string[];
let answers: ((response: ServerResponse) => void)[];
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "midwatch-faults-"));
  [heard, answers] = [[], []];
  receiver = createServer((request, response) => {
    request.resume().on("end", () => {
      heard.push(String(request.headers["webhook-id"]));
      const answer = answers.shift();
      if (answer) answer(response);
      else response.end("fine");
    });
  }).listen(0, "127.0.0.1");
  await once(receiver, "listening");
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
});
afterEach(() => {
  receiver.close();
  receiver.closeAllConnections();
  rmSync(directory, { recursive: true });
});

function setupFor(address: string, clock: () => number): AlertSetup {
  return readAlertSetup(`channels: { hook: { kind: webhook, url: "${address}", secret_env: SECRET } }`, {
    clock,
    answerMsMax,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    readSecret: () => assert.fail("no secret is in a file"),
    variable: () => secret,
  });
}

/** Looks often: what it waits for is the middle of something. */
async function until(what: string, look: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = Date.now() + 60_000;
  while (Date.now() < endMs) {
    if (await look()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`never seen: ${what}`);
}

describe("a message to a receiver that", () => {
  let store: ControlStore;
  let nowMs: number;
  beforeEach(async () => {
    nowMs = 0;
    store = openSqliteControl(join(directory, "control.db"));
    await store.changeWatch({ incidents: [incident], messages: [messageOf("m1")] });
  });
  afterEach(() => store.close());

  const deliver = async (address = url): Promise<Message | undefined> => {
    const { channels } = setupFor(address, () => nowMs);
    const write = async (message: Message) => letterOf(message);
    await deliverDue({ store, channels, write, clock: () => nowMs, random: () => 0.5 });
    return (await store.messages("i1"))[0];
  };
  const timeline = async (): Promise<string> =>
    (await store.timeline("i1")).map(({ act, because }) => `${act}: ${because}`).join("\n");

  test("is down is tried until it is up, and told once", async () => {
    const port = await freePort();
    const failed = await deliver(`http://127.0.0.1:${port}/`);
    assert.deepEqual([failed?.state, failed?.receipt], ["waiting", "no answer (ECONNREFUSED)"]);
    nowMs = 60_000;
    assert.equal((await deliver())?.state, "delivered");
    nowMs = 3_600_000;
    await deliver();
    assert.deepEqual(heard, ["m1"]);
  });

  test("is slow, or ends the connection, may have it: it goes again under the same id", async () => {
    answers = [() => undefined, (response) => response.destroy()];
    assert.match(
      (await deliver())?.receipt ?? "",
      /^no answer within 0\.5 s; it may have been taken all the same$/,
    );
    nowMs = 60_000;
    assert.match(
      (await deliver())?.receipt ?? "",
      /^no answer \(ECONNRESET\); it may have been taken all the same$/,
    );
    nowMs = 120_000;
    assert.equal((await deliver())?.state, "delivered");
    assert.deepEqual(heard, ["m1", "m1", "m1"]);
    assert.match(await timeline(), /undelivered: hook did not take it, and is tried again: no answer within/);
  });

  test("answers 500 is tried again; 404 is given up; 429 is asked when it wants to be", async () => {
    answers = [
      (response) => response.writeHead(500).end("broken"),
      (response) => response.writeHead(429, { "retry-after": "90" }).end(),
      (response) => response.writeHead(404).end(),
    ];
    assert.equal((await deliver())?.receipt, "500 broken");
    nowMs = 10_000;
    assert.equal((await deliver())?.dueMs, 100_000, "not before it asked to be");
    nowMs = 99_999;
    assert.equal((await deliver())?.attempts, 2);
    nowMs = 100_000;
    assert.deepEqual([(await deliver())?.state, heard.length], ["failed", 3]);
    assert.match(await timeline(), /undelivered: hook did not take it: 404/);
  });

  test("gives half an answer has said by its status that it took it", async () => {
    answers = [
      (response) => {
        response.writeHead(200, { "content-length": "100" });
        response.write("half");
        setTimeout(() => response.destroy(), 20);
      },
    ];
    const message = await deliver();
    assert.deepEqual([message?.state, message?.receipt], ["delivered", "200 half"]);
    nowMs = 3_600_000;
    await deliver();
    assert.deepEqual(heard, ["m1"]);
  });

  test("answers with half a head has not", async () => {
    const half: NetServer = createNetServer((socket) => {
      socket.on("error", () => undefined).once("data", () => socket.end("HTTP/1.1 20"));
    }).listen(0, "127.0.0.1");
    await once(half, "listening");
    const message = await deliver(`http://127.0.0.1:${(half.address() as AddressInfo).port}/`);
    assert.deepEqual([message?.state, /may have been taken/.test(message?.receipt ?? "")], ["waiting", true]);
    half.close();
    await once(half, "close");
  });

  test("stands where a cloud keeps credentials is not called, unless that is allowed", async () => {
    for (const address of [
      "http://169.254.169.254/latest/",
      "http://[fe80::1]/",
      "http://[::ffff:169.254.169.254]/",
      "http://0.0.0.0:1/",
    ]) {
      const { channels } = setupFor(address, Date.now);
      const delivery = await channels[0]?.send(messageOf("m"), letterOf(messageOf("m")));
      assert.deepEqual(
        [
          delivery?.outcome,
          delivery?.outcome === "failed" && delivery.permanent,
          /link-local/.test(delivery?.receipt ?? ""),
        ],
        ["failed", true, true],
        address,
      );
    }
    const guard = makeAddressGuard(["169.254.10.0/24"]);
    assert.deepEqual(await guard.addressesOf("169.254.10.1"), [{ address: "169.254.10.1", family: 4 }]);
    await assert.rejects(guard.addressesOf("169.254.11.1"), AddressRefused);
  });
});

/** A server that sends what is due, in a process of its own, so that it can be killed. */
const sender = `
import { openSqliteControl } from "${new URL("../store/control/sqlite.ts", import.meta.url).href}";
import { deliverDue } from "${new URL("outbox.ts", import.meta.url).href}";
import { readAlertSetup } from "${new URL("setup.ts", import.meta.url).href}";
import { letterOf } from "${new URL("text.ts", import.meta.url).href}";
const [file, address, secret] = process.argv.slice(1);
const store = openSqliteControl(file);
const clock = () => 0;
const text = \`channels: { hook: { kind: webhook, url: "\${address}", secret_env: S } }\`;
const tools = { clock, randomBytes: (n) => new Uint8Array(n), readSecret: () => "", variable: () => secret };
const { channels } = readAlertSetup(text, tools);
await deliverDue({ store, channels, write: async (m) => letterOf(m), clock, random: () => 0.5 });
`;

describe("a server that is killed", () => {
  let child: ChildProcess | undefined;
  afterEach(() => child?.kill("SIGKILL"));

  test("while it sends: the message goes again under its id, later, and the timeline says why", async () => {
    const file = join(directory, "control.db");
    const store = openSqliteControl(file);
    await store.changeWatch({ incidents: [incident], messages: [messageOf("m1")] });
    // The receiver has it and never answers.
    answers = [() => undefined];
    child = spawn(process.execPath, ["--input-type=module", "-e", sender, file, url, secret], {
      stdio: "inherit",
    });
    const exit = once(child, "exit");
    await until("the first attempt", () => heard.length === 1);
    child.kill("SIGKILL");
    await exit;

    let nowMs = 60_000;
    const again = async (): Promise<void> => {
      const { channels } = setupFor(url, () => nowMs);
      const write = async (message: Message) => letterOf(message);
      await deliverDue({ store, channels, write, clock: () => nowMs, random: () => 0.5 });
    };
    await again();
    assert.deepEqual(heard, ["m1"], "it may still be on its way");
    nowMs = 121_000;
    await again();
    assert.deepEqual(heard, ["m1", "m1"]);
    const said = (await store.timeline("i1")).map(({ because }) => because).join("\n");
    assert.match(
      said,
      /Midwatch ended before it noted the answer of hook\. .* repetition by the header webhook-id/,
    );
    await store.close();
  });
});

describe("two servers on one control store", () => {
  let stores: ControlStore[];
  beforeEach(() => {
    stores = [1, 2].map(() => openSqliteControl(join(directory, "control.db")));
  });
  afterEach(async () => {
    for (const store of stores) await store.close();
  });

  test("that send at the same time send each message once", async () => {
    const [first] = stores;
    const ids = Array.from({ length: 150 }, (_, index) => `m${index}`);
    await first?.changeWatch({
      incidents: ids.map((id) => ({ ...incident, id: `i-${id}`, cause: id })),
      messages: ids.map((id) => messageOf(id, `i-${id}`)),
    });
    const { channels } = setupFor(url, Date.now);
    const write = async (message: Message) => letterOf(message);
    const deliver = async (store: ControlStore): Promise<void> => {
      while ((await store.dueMessages(Date.now(), 1)).length > 0) {
        await deliverDue({ store, channels, write, clock: Date.now, random: () => 0.5 });
      }
    };
    await Promise.all(stores.map(deliver));
    assert.equal(heard.length, 150);
    assert.equal(new Set(heard).size, 150);
  });

  test("tell of each problem once; when the one that leads is gone, the other goes on where it was", async () => {
    const ledger: StoredEvent[] = [];
    let offsetMs = 0;
    const clock = (): number => Date.now() + offsetMs;
    /** Answers from a list, as the engine does from its tables. */
    const events = {
      async arrivals({ after, limit }): Promise<Arrivals> {
        const from = after?.index ?? -1;
        const rows = ledger.filter(({ segment_index }) => segment_index > from).slice(0, limit);
        return { rows: after ? rows : [], skipped: 0, head: { segment: 0, index: ledger.length } };
      },
      events: async () => ({ rows: [], next: null }),
      event: async () => undefined,
      successes: async () => [],
      openRuns: async () => [],
      jobSigns: async () => [],
    } as Partial<EventStore> as EventStore;
    const fail = (run: number): void => {
      ledger.push({
        id: `e-${run}`,
        time: new Date(clock()).toISOString(),
        stream: "jobs",
        kind: "job.failed",
        job: `Job${run}`,
        run_id: `r-${run}`,
        error_class: "E",
        segment: 0,
        segment_index: ledger.length + 1,
      });
    };
    const start = async (store: ControlStore | undefined, holder: string): Promise<Watch> =>
      await startWatch({
        events,
        store: store ?? assert.fail("no store"),
        setup: setupFor(url, clock),
        clock,
        randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
        lagMs: () => 0,
        everyMs: 20,
        timeZone: "UTC",
        record: () => undefined,
        report: () => undefined,
        holder,
      });
    const watches = await Promise.all(stores.map((store, index) => start(store, `server-${index}`)));
    for (let run = 1; run <= 5; run += 1) fail(run);
    await until("the first five", () => heard.length >= 5);
    // Closing gives the lease back.
    await watches[0]?.close();
    for (let run = 6; run <= 10; run += 1) fail(run);
    await until("the next five", () => heard.length >= 10);
    const third = await start(stores[0], "server-3");
    fail(11);
    await until("the last", () => heard.length >= 11);
    offsetMs = 60_000;
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(heard.length, 11);
    assert.equal(new Set(heard).size, 11);
    const incidents = await third.incidents(100);
    assert.deepEqual([incidents.length, incidents.every(({ count }) => count === 1)], [11, true]);
    await third.close();
    await watches[1]?.close();

    // A kill leaves the lease behind: nobody looks until it has run out.
    const ghost = { name: "watch", holder: "killed", untilMs: clock() + 8000 };
    assert.equal(await stores[0]?.takeLease(ghost, clock()), true);
    const fourth = await start(stores[1], "server-4");
    fail(12);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(heard.length, 11);
    offsetMs += 8000;
    await until("what the killed one would have told", () => heard.length >= 12);
    await fourth.close();
  });
});
