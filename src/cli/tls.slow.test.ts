/** TLS from the first minute: a certificate of the server's own, and clients that know it by its fingerprint. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { connect } from "node:tls";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("main.ts", import.meta.url));

describe("a server that makes its own certificate", () => {
  const directory = mkdtempSync(join(tmpdir(), "midwatch-tls-"));
  const data = join(directory, "data");
  let said = "";
  let port = 0;
  let fingerprint = "";
  let server: ReturnType<typeof spawn>;

  before(async () => {
    server = spawn(
      process.execPath,
      [main, "serve", "--data", data, "--listen", "0.0.0.0:0", "--tls", "self"],
      {
        env: { HOME: directory },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    server.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    for await (const text of server.stdout?.setEncoding("utf8") ?? []) {
      said += text as string;
      if (/on watch: https\S+\/\n[^]*\/join#/.test(said)) break;
    }
    port = Number(/on watch: https:\/\/[^:]+:(\d+)\//.exec(said)?.[1]);
    fingerprint = /sha256:[0-9a-f]{64}/.exec(said)?.[0] ?? "";
  });
  after(async () => {
    server.kill("SIGTERM");
    await once(server, "exit");
    rmSync(directory, { recursive: true, force: true });
  });

  async function midwatch(words: readonly string[], environment: Readonly<Record<string, string>>) {
    const child = spawn(process.execPath, [main, ...words], {
      env: { HOME: directory, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let out = "";
    child.stdout.on("data", (text) => (out += String(text)));
    child.stderr.on("data", (text) => (out += String(text)));
    const [code] = (await once(child, "close")) as [number];
    return { code, out };
  }

  test("prints its fingerprint, shows that very certificate, and keeps the key for itself", async () => {
    assert.ok(port > 0 && fingerprint !== "", said);
    assert.equal(statSync(join(data, "tls", "key.pem")).mode & 0o777, 0o600);
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false });
    await once(socket, "secureConnect");
    const shown = socket.getPeerCertificate().fingerprint256.replaceAll(":", "").toLowerCase();
    assert.equal(`sha256:${shown}`, fingerprint);
    assert.match(socket.getProtocol() ?? "", /TLSv1\.3/);
    socket.destroy();
  });

  test("is trusted on its own machine, elsewhere by the fingerprint, and by no other one", async () => {
    const address = `https://127.0.0.1:${port}`;
    const here = await midwatch(["people", "list", "--server", address], { MIDWATCH_DATA: data });
    assert.equal(here.code, 0, here.out);
    assert.match(here.out, /the first|invited|administrator/);

    const key = readFileSync(join(data, "owner.key"), "utf8").trim();
    const away = { MIDWATCH_KEY: key, MIDWATCH_DATA: join(directory, "nothing") };
    const unknown = await midwatch(["runs", "--server", address], away);
    assert.equal(unknown.code, 3, unknown.out);
    const pinned = { ...away, MIDWATCH_SERVER_FINGERPRINT: fingerprint };
    const known = await midwatch(["people", "list", "--server", address], pinned);
    assert.equal(known.code, 0, known.out);
    const other = {
      ...away,
      MIDWATCH_SERVER_FINGERPRINT: fingerprint.replace(/.$/, (digit) => (digit === "0" ? "1" : "0")),
    };
    const wrong = await midwatch(["runs", "--server", address], other);
    assert.deepEqual([wrong.code, /not the one that was expected/.test(wrong.out)], [4, true], wrong.out);
  });

  test("gives a host its key by a token that is good once, over the pinned connection", async () => {
    const address = `https://127.0.0.1:${port}`;
    const invited = await midwatch(["keys", "invite", "web-7", "--server", address], { MIDWATCH_DATA: data });
    const token = invited.out.trim().split("\n").at(-1) ?? "";
    const host = { MIDWATCH_SERVER_FINGERPRINT: fingerprint, MIDWATCH_DATA: join(directory, "nothing") };
    const into = join(directory, "agent.key");
    const enrolled = await midwatch(["enrol", token, "--server", address, "--into", into, "--bound"], host);
    assert.equal(enrolled.code, 0, enrolled.out);
    assert.equal(statSync(into).mode & 0o777, 0o600);
    const twice = await midwatch(["enrol", token, "--server", address, "--into", `${into}.2`], host);
    assert.notEqual(twice.code, 0);
    const listed = await midwatch(["keys", "list", "--data", data], {});
    assert.match(listed.out, /web-7 +send +web-7, 127\.0\.0\.1/);

    const event = JSON.stringify({
      id: crypto.randomUUID(),
      time: new Date(Date.now() - 1000).toISOString().replace("Z", "000Z"),
      kind: "log",
      message: "hello",
    });
    const send = async (source: string) =>
      await midwatch(["send", eventFile, "--server", address, "--key-file", into, "--source", source], host);
    const eventFile = join(directory, "event.ndjson");
    writeFileSync(eventFile, `${event}\n`);
    const own = await send("web-7");
    assert.equal(own.code, 0, own.out);
    const other = await send("web-8");
    assert.deepEqual([other.code, /sends as web-7 and as nobody else/.test(other.out)], [4, true], other.out);
  });

  test("names its cookies for this host alone, and answers by no foreign name", async () => {
    const { request } = await import("node:https");
    const ca = readFileSync(join(data, "tls", "certificate.pem"));
    const ask = async (host: string, path: string, body?: object) => {
      const sent = request({
        host: "127.0.0.1",
        port,
        path,
        ca,
        servername: "localhost",
        method: body ? "POST" : "GET",
        headers: { host, "midwatch-request": "1", ...(body && { "content-type": "application/json" }) },
      });
      sent.end(body && JSON.stringify(body));
      const [response] = (await once(sent, "response")) as [IncomingMessage];
      response.resume();
      return { status: response.statusCode, headers: response.headers };
    };
    assert.equal((await ask("evil.example", "/api/v1/me")).status, 421);
    assert.equal((await ask(`${hostname()}:${port}`, "/api/v1/me")).status, 200);
    assert.equal((await ask(`192.0.2.7:${port}`, "/api/v1/me")).status, 200);
    const token = /\/join#(\S+)/.exec(said)?.[1];
    const accepted = await ask(`localhost:${port}`, "/api/v1/invitations/accept", {
      token,
      name: "Maria",
      password: "correct horse battery staple",
    });
    assert.equal(accepted.status, 204);
    assert.match(accepted.headers["strict-transport-security"] ?? "", /max-age/);
    for (const one of accepted.headers["set-cookie"] ?? []) {
      assert.match(one, /^__Host-midwatch-\w+=[^;]+; Path=\/; HttpOnly; SameSite=Strict; Secure/);
    }
    assert.equal(accepted.headers["set-cookie"]?.length, 2);
  });
});
