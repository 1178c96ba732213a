/** Agents that show a certificate: enrolled, sending, revoked and expired, over real TLS. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes, randomUUID, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { setDefaultCACertificates } from "node:tls";
import { fileURLToPath } from "node:url";
import { loadAgentCertificates, makeAuthority } from "../access/agent-certificates.ts";
import { makeCertificateRequest } from "../access/certificate.ts";
import { Sender } from "../agent/sender.ts";
import { chainStart } from "../seal/source-chain.ts";
import { recordAgo, type ServerForTests, startServerForTests } from "./server-for-tests.ts";

const main = fileURLToPath(new URL("main.ts", import.meta.url));
const dayMs = 86_400_000;

describe("a server that wants certificates of agents", () => {
  const folder = mkdtempSync(join(tmpdir(), "midwatch-agents-"));
  let aheadMs = 0;
  let server: ServerForTests;
  let data: string;

  before(async () => {
    server = await startServerForTests({
      access: "people",
      clock: () => Date.now() + aheadMs,
      settings: { MIDWATCH_TLS: "self", MIDWATCH_TLS_AGENTS: "required" },
    });
    data = join(server.directory, "data");
    setDefaultCACertificates([readFileSync(join(data, "tls", "certificate.pem"), "utf8")]);
    await enrol("web-1");
    await enrol("web-2");
  });
  after(async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function midwatch(words: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    return spawn(process.execPath, [main, ...words], {
      env: { HOME: folder, MIDWATCH_DATA: data, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
  }
  async function ran(words: readonly string[]): Promise<string> {
    const child = midwatch(words);
    let said = "";
    child.stdout.on("data", (text) => (said += String(text)));
    child.stderr.on("data", (text) => (said += String(text)));
    const [code] = (await once(child, "close")) as [number];
    assert.equal(code, 0, said);
    return said;
  }
  const filesOf = (host: string) => ({
    key: join(folder, `${host}.key`),
    certificate: { certificate: join(folder, `${host}.pem`), key: join(folder, `${host}-key.pem`) },
  });
  async function enrol(host: string): Promise<void> {
    const place = ["--server", server.address];
    const token = (await ran(["keys", "invite", host, ...place])).trim().split("\n").at(-1) ?? "";
    const { key, certificate } = filesOf(host);
    await ran(["enrol", token, ...place, "--into", key, "--certificate", certificate.certificate]);
  }
  async function send(source: string, keyOf: string, certificateOf?: string) {
    const sender = new Sender({
      server: new URL(server.address),
      keyFile: filesOf(keyOf).key,
      source,
      certificate: certificateOf === undefined ? undefined : filesOf(certificateOf).certificate,
    });
    try {
      const line = Buffer.from(`${JSON.stringify(recordAgo(1000, { message: "hello" }))}\n`);
      const verdict = await sender.send(randomUUID(), 1, line, { witnessedSize: 0, chain: chainStart });
      return verdict.kind === "taken" ? `taken ${verdict.answer.accepted}` : verdict.because;
    } finally {
      sender.close();
    }
  }
  /** With what is shown in the handshake and nothing else. */
  async function statusWith(shown: { cert: string; key: string } | undefined, path = "/v1/events") {
    const sent = request(`${server.address}${path}`, { method: "POST", agent: false, ...shown });
    sent.end(`${JSON.stringify(recordAgo(1000, { message: "hello" }))}\n`);
    const [response] = (await once(sent, "response")) as [{ statusCode: number; resume: () => void }];
    response.resume();
    return response.statusCode;
  }
  const pairOf = (host: string) => {
    const { certificate } = filesOf(host);
    return {
      cert: readFileSync(certificate.certificate, "utf8"),
      key: readFileSync(certificate.key, "utf8"),
    };
  };

  test("a host gets a certificate with its name; private keys are their owners' alone", () => {
    const { certificate } = filesOf("web-1");
    const shown = new X509Certificate(readFileSync(certificate.certificate));
    assert.equal(shown.subject, "CN=web-1");
    assert.deepEqual(shown.keyUsage, ["1.3.6.1.5.5.7.3.2"], "it is good for a client and for no server");
    for (const file of [certificate.key, join(data, "tls", "agents-key.pem")]) {
      assert.equal(statSync(file).mode & 0o777, 0o600);
    }
  });

  test("sends under its own name, with its key or without, and under no other", async () => {
    assert.equal(await send("web-1", "web-1", "web-1"), "taken 1");
    assert.equal(await statusWith(pairOf("web-1")), 200);
    assert.match(await send("web-2", "web-1", "web-1"), /403.*sends as web-1 and as nobody else/);
    assert.match(await send("web-1", "web-1", "web-2"), /401.*are two senders'/);
  });

  test("no certificate, or one that another authority signed, is not enough; people need none", async () => {
    assert.match(await send("web-1", "web-1"), /401.*show a certificate/);
    assert.equal(await statusWith(undefined), 401);
    const sources = { clock: Date.now, randomBytes: (count: number) => randomBytes(count) };
    const foreign = await loadAgentCertificates("required", await makeAuthority(sources), sources);
    const { keyPem, requestPem } = await makeCertificateRequest();
    const keyId = (await server.control.keys()).find(({ source }) => source === "web-1")?.id ?? "";
    const cert = await foreign.issue(requestPem, { source: "web-1", keyId });
    assert.equal(await statusWith({ cert, key: keyPem }), 401);
    assert.equal((await server.read("/api/v1/me")).status, 200);
  });

  test("the agent ships with it", { timeout: 60_000 }, async () => {
    const { key, certificate } = filesOf("web-1");
    const spool = join(folder, "spool");
    mkdirSync(spool);
    const { lastUsedMs: before = 0 } =
      (await server.control.keys()).find((one) => one.source === "web-1") ?? {};
    assert.ok(before > 0);
    const agent = midwatch(["agent", "--server", server.address, "--key-file", key, "--spool", spool], {
      MIDWATCH_HOST: "web-1",
      MIDWATCH_STATE: join(folder, "state"),
      MIDWATCH_CERTIFICATE_FILE: certificate.certificate,
    });
    let said = "";
    agent.stderr.on("data", (text) => (said += String(text)));
    try {
      while (!said.includes("agent of web-1")) await sleep(50);
      await sleep(500);
    } finally {
      agent.kill("SIGTERM");
      await once(agent, "close");
    }
    assert.match(said, /stopped; all is sent/);
    assert.doesNotMatch(said, /refuses|could not/);
    await server.settled();
    const stored = await ran(["search", "--host", "web-1", "--json", "--server", server.address]);
    assert.match(stored, /agent:web-1:/, said);
  });

  test("is renewed in the last third of its time, for the same key", async () => {
    const { key: keyFile, certificate } = filesOf("web-2");
    const sender = new Sender({ server: new URL(server.address), keyFile, source: "web-2", certificate });
    try {
      const before = pairOf("web-2");
      assert.equal(await sender.renewCertificate(Date.now() + 50 * dayMs), false, "it is too early");
      assert.deepEqual(pairOf("web-2"), before);
      aheadMs = 70 * dayMs;
      assert.equal(await sender.renewCertificate(Date.now() + aheadMs), true);
      const now = new X509Certificate(pairOf("web-2").cert);
      assert.ok(now.validToDate.getTime() > Date.now() + 150 * dayMs);
      assert.equal(pairOf("web-2").key, before.key);
      assert.equal(await statusWith(undefined, "/api/v1/enrolments/renew"), 403, "no page of another site");
    } finally {
      sender.close();
    }
  });

  test("one that has expired by the server's clock is refused, the renewed one is not", async () => {
    aheadMs = 100 * dayMs;
    assert.match(await send("web-1", "web-1", "web-1"), /401.*certificate of web-1 has expired/);
    assert.equal(await statusWith(pairOf("web-2")), 200);
  });

  test("revoking the key ends the certificate", async () => {
    await enrol("web-3");
    assert.equal(await send("web-2", "web-2", "web-2"), "taken 1");
    const { id = "" } = (await server.control.keys()).find(({ source }) => source === "web-2") ?? {};
    await ran(["keys", "revoke", id, "--server", server.address]);
    assert.match(await send("web-2", "web-2", "web-2"), /401.*was revoked/);
    assert.equal(await statusWith(pairOf("web-2")), 401);
    assert.equal(await statusWith(pairOf("web-3")), 200);
  });
});
