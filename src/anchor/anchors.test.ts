/** The file of anchors, what each kind does with a checkpoint, and how far behind each one is. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Fault } from "../model/fault.ts";
import { cosignedAt, cosignedPath } from "../seal/cosign.ts";
import { writeDurableFile } from "../seal/durable-file.ts";
import { type MadeLedger, madeSigner, makeLedger } from "../seal/made.ts";
import { checkpointsIn, cosignerMark, createSigner, formatVerifier } from "../seal/note.ts";
import { verifyLedger } from "../seal/verify.ts";
import { makeWitnessServer } from "../seal/witness-server.ts";
import { type AnchorState, anchorSentence, makeAnchors, readStates } from "./anchors.ts";
import { readAnchorSetup } from "./setup.ts";

const secrets = {
  readSecret: () => `whsec_${Buffer.alloc(24, 7).toString("base64")}`,
  variable: () => undefined,
};
const witnessKey = createSigner("witness.example/w1", new Uint8Array(32).fill(3), cosignerMark);

describe("the file of anchors", () => {
  test("is understood as the guide shows it", () => {
    const guide = readFileSync(new URL("../../docs/guides/anchors.md", import.meta.url), "utf8");
    const [, text = ""] = /```yaml\n(anchors:.*?)```/s.exec(guide) ?? [];
    const filled = text.replace(/BA\.\.\.|AQ\.\.\./g, "");
    assert.notEqual(text, "");
    assert.throws(() => readAnchorSetup(filled, secrets), Fault, "keys in the guide are cut short");
    const keyed = text
      .replace(/key: .*/, `key: ${formatVerifier(witnessKey, cosignerMark)}`)
      .replace(/- .*AQ\.\.\./, `- ${formatVerifier(madeSigner)}`);
    const { witnessed, open } = readAnchorSetup(keyed, secrets);
    const anchors = open({
      clock: Date.now,
      hostname: "h",
      pid: 1,
      ledger: madeSigner,
      keepCosigned: async () => {},
    });
    assert.deepEqual(
      anchors.map(({ name, kind, everyMs }) => `${name} ${kind} ${everyMs / 1000}`),
      ["vault file 10", "siem syslog 60", "hook webhook 60", "mail email 86400", "night witness 60"],
    );
    assert.deepEqual(
      witnessed.map(({ name }) => name),
      [madeSigner.name],
    );
  });

  const wrongs: readonly (readonly [string, RegExp])[] = [
    ["anchor: {}", /no key `anchor`/],
    ["anchors: { a: { kind: cloud } }", /anchor `a`: its kind must be one of file, syslog/],
    ["anchors: { a: { kind: file } }", /anchor `a`: it needs `path`/],
    ["anchors: { a: { kind: file, path: /x, every_seconds: 0 } }", /every_seconds must be/],
    ["anchors: { a: { kind: webhook, url: x, secret: y } }", /it needs `secret_file` or `secret_env`/],
    ["witnessed: [nonsense]", /must be a list of public keys/],
  ];
  for (const [text, because] of wrongs) {
    test(`is refused with a sentence: ${text}`, () => {
      assert.throws(
        () => readAnchorSetup(text, secrets),
        (error) => error instanceof Fault && error.code === "CONFIG_INVALID" && because.test(error.message),
      );
    });
  }
});

describe("an anchor", () => {
  let made: MadeLedger;
  let directory: string;
  let server: Server;
  let address: string;
  let nowMs = Date.UTC(2026, 10, 21);
  const bodies: { readonly body: string; readonly signature: string | undefined }[] = [];
  const told: string[] = [];

  before(async () => {
    made = makeLedger();
    directory = mkdtempSync(join(tmpdir(), "midwatch-anchors-"));
    const witness = makeWitnessServer({
      directory: join(directory, "witness"),
      cosigner: witnessKey,
      logs: [madeSigner],
      now: () => nowMs,
    });
    const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const body = Buffer.concat(parts).toString();
      if (request.url === "/hook") {
        bodies.push({ body, signature: request.headers["webhook-signature"] as string | undefined });
        response.end();
        return;
      }
      const { status, type, body: said } = await witness.addCheckpoint(body);
      response.writeHead(status, { "content-type": type }).end(said);
    };
    server = createServer((request, response) => void answer(request, response)).listen(0, "127.0.0.1");
    await once(server, "listening");
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(async () => {
    server.close();
    server.closeAllConnections();
    await made.ledger.close();
    made.remove();
    rmSync(directory, { recursive: true });
  });

  function run(text: string, ledger = made.ledger, keep = made.options.directory) {
    const anchors = readAnchorSetup(`anchors: { a: ${text} }`, secrets).open({
      clock: () => nowMs,
      hostname: "host one",
      pid: 7,
      ledger: madeSigner,
      keepCosigned: (by, note) => writeDurableFile(join(keep, cosignedPath(by)), Buffer.from(note), 0o600),
    });
    return makeAnchors({
      anchors,
      ledger,
      path: join(directory, "anchors.json"),
      clock: () => nowMs,
      report: ({ name }, isBehind) => told.push(`${name} ${isBehind}`),
    });
  }

  const stateOf = (anchors: ReturnType<typeof run>): AnchorState => anchors.states()[0] as AnchorState;

  async function grow(): Promise<void> {
    made.add(["log"]);
    await made.ledger.publish();
    nowMs += 61_000;
  }

  test("that is a witness cosigns what goes on from what it saw, and verification demands it", async () => {
    await grow();
    const anchors = run(
      `{ kind: witness, url: "${address}/", key: "${formatVerifier(witnessKey, cosignerMark)}" }`,
    );
    await anchors.bring();
    assert.match(stateOf(anchors).receipt, /^cosigned by witness\.example\/w1/);
    await grow();
    await anchors.bring();
    const { head } = made.ledger;
    assert.equal(stateOf(anchors).size, head.size);
    const note = Buffer.from(made.ledger.source(cosignedPath(witnessKey)) ?? []).toString();
    assert.equal(cosignedAt(note, witnessKey), Math.floor(nowMs / 1000));
    assert.equal(cosignedAt(note.replace("\n\n", "\nx\n\n"), witnessKey), undefined);

    const verify = async (witness = witnessKey) =>
      verifyLedger({
        source: made.ledger.source,
        events: async (from, until) => made.rows(from, until),
        verifier: madeSigner,
        witnesses: [witness],
      });
    const verdict = await verify();
    assert.deepEqual(verdict.findings, []);
    assert.deepEqual(
      verdict.witnessed.map(({ size }) => size),
      [head.size],
    );
    const stranger = createSigner("witness.example/w2", new Uint8Array(32), cosignerMark);
    assert.match(
      (await verify(stranger)).findings[0]?.because ?? "",
      /there is no checkpoint that the witness/,
    );
  });

  test("that is a witness tells of a roll-back and of a fork, and keeps what it saw over a restart", async () => {
    const other = makeLedger();
    other.add(["audit.action"]);
    await other.ledger.publish();
    const text = `{ kind: witness, url: "${address}", key: "${formatVerifier(witnessKey, cosignerMark)}" }`;
    rmSync(join(directory, "anchors.json"));
    const smaller = run(text, other.ledger, other.options.directory);
    await smaller.bring();
    assert.match(stateOf(smaller).receipt, /^rollback: the witness tells of 3 entries, the ledger has 2/);
    other.add(["log"]);
    other.add(["log"]);
    await other.ledger.publish();
    nowMs += 3_600_000;
    await smaller.bring();
    assert.match(stateOf(smaller).receipt, /^422 /);
    assert.equal(stateOf(smaller).failures, 2);
    await other.ledger.close();
    other.remove();
  });

  test("that is a file refuses to be written over by another history", async () => {
    rmSync(join(directory, "anchors.json"), { force: true });
    const path = join(directory, "vault.checkpoint");
    const anchors = run(`{ kind: file, path: "${path}" }`);
    await anchors.bring();
    assert.equal(readFileSync(path, "utf8"), made.ledger.head.note);
    await grow();
    await anchors.bring();
    assert.equal(readFileSync(path, "utf8"), made.ledger.head.note);
    const other = makeLedger();
    other.add(["log"]);
    const { note } = await other.ledger.publish();
    await other.ledger.close();
    other.remove();
    writeFileSync(path, note);
    await grow();
    await anchors.bring();
    assert.match(stateOf(anchors).receipt, /^fork: /);
    assert.equal(readFileSync(path, "utf8"), note);
  });

  test("that is a webhook gets the checkpoint signed, and one that is a syslog gets it framed", async () => {
    rmSync(join(directory, "anchors.json"), { force: true });
    await run(`{ kind: webhook, url: "${address}/hook", secret_file: x }`).bring();
    const [{ body, signature } = { body: "", signature: "" }] = bodies;
    assert.match(signature ?? "", /^v1,/);
    assert.deepEqual(checkpointsIn(body, madeSigner.name), [made.ledger.head.note]);

    let heard = "";
    const receiver = createTcpServer((socket) => {
      socket.on("data", (part: Buffer) => (heard += part.toString())).on("error", () => {});
    }).listen(0, "127.0.0.1");
    await once(receiver, "listening");
    rmSync(join(directory, "anchors.json"), { force: true });
    const anchors = run(
      `{ kind: syslog, host: 127.0.0.1, port: ${(receiver.address() as AddressInfo).port} }`,
    );
    await anchors.bring();
    receiver.close();
    const [, length = "", message = ""] = /^(\d+) (.*)$/s.exec(heard) ?? [];
    assert.equal(Number(length), Buffer.byteLength(message));
    assert.match(
      message,
      /^<109>1 2026-11-2\dT\S+Z hostone midwatch 7 checkpoint \[ledger@32473 origin="example\.com\/midwatch" size="\d+"\] checkpoint "/,
    );
    assert.deepEqual(checkpointsIn(`Nov 21 host midwatch: ${message}\n`, madeSigner.name), [
      made.ledger.head.note,
    ]);
    assert.match(
      anchorSentence(stateOf(anchors), made.ledger.head.size, nowMs),
      /^a \(syslog\) holds (\d+) of \1 entries, taken 0 s ago$/,
    );
  });

  test("that cannot be reached is tried again, later each time, and is told of once", async () => {
    rmSync(join(directory, "anchors.json"), { force: true });
    told.length = 0;
    const anchors = run("{ kind: syslog, host: 127.0.0.1, port: 9 }");
    const tries: number[] = [];
    for (let second = 0; second < 600; second += 1) {
      const before = stateOf(anchors).failures;
      await anchors.bring();
      if (stateOf(anchors).failures > before) tries.push(second);
      nowMs += 1000;
    }
    assert.deepEqual(tries, [0, 5, 15, 35, 75, 155, 315]);
    assert.deepEqual(told, ["a true"]);
    assert.match(
      anchorSentence(stateOf(anchors), made.ledger.head.size, nowMs),
      /^a \(syslog\) holds no checkpoint yet; 7 attempts failed since: ECONNREFUSED$/,
    );
    assert.equal(readStates(join(directory, "anchors.json"))[0]?.failures, 7);
  });
});
