/** What nobody should send: each gets a clear answer, and the server goes on. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import type { ErrorAnswer, EventPage, IntakeReply, OverviewAnswer } from "../api/schemas.ts";
import { ndjson, recordAgo, type ServerForTests, startServerForTests } from "./server-for-tests.ts";

const good = recordAgo(1000, { message: "the good line" });
const megabyte = 1024 * 1024;

describe("bad input", () => {
  let server: ServerForTests;
  before(async () => {
    server = await startServerForTests({ patience: { headersMs: 1000, requestMs: 2000, checkEveryMs: 100 } });
  });
  after(async () => await server.close());

  async function refusal(response: Response): Promise<ErrorAnswer & { readonly status: number }> {
    const answer = (await response.json()) as ErrorAnswer;
    assert.match(answer.code, /^[A-Z_]+$/);
    assert.doesNotMatch(answer.message, /node_modules|\.ts:|Error:/, "nothing of the inside");
    return { status: response.status, ...answer };
  }

  /** Writes raw bytes and gives all that comes back until the server closes the connection. */
  function raw(chunks: readonly (string | Uint8Array)[]): Promise<string> {
    const { hostname, port } = new URL(server.address);
    return new Promise((resolve) => {
      const socket = connect(Number(port), hostname);
      let text = "";
      socket.setEncoding("latin1").on("data", (data: string) => {
        text += data;
      });
      socket.on("error", () => undefined).on("close", () => resolve(text));
      for (const chunk of chunks) socket.write(chunk);
    });
  }

  const bodies: readonly {
    readonly name: string;
    readonly body: () => string | Uint8Array;
    readonly headers?: Readonly<Record<string, string>>;
    readonly status: number;
    readonly message: RegExp;
  }[] = [
    {
      name: "bytes that are no gzip",
      body: () => new Uint8Array([1, 2, 3, 255]),
      headers: { "content-encoding": "gzip" },
      status: 400,
      message: /gzip/,
    },
    {
      name: "an encoding that is not known",
      body: () => "x",
      headers: { "content-encoding": "br" },
      status: 400,
      message: /identity, gzip, zstd/,
    },
    {
      name: "a gzip bomb",
      body: () => gzipSync(new Uint8Array(80 * megabyte)),
      headers: { "content-encoding": "gzip" },
      status: 413,
      message: /67108864|64/,
    },
    {
      name: "a zstd bomb",
      body: () => zstdCompressSync(new Uint8Array(80 * megabyte)),
      headers: { "content-encoding": "zstd" },
      status: 413,
      message: /67108864|64/,
    },
    {
      name: "a body of 20 MB",
      body: () => new Uint8Array(20 * megabyte),
      status: 413,
      message: /16777216 bytes/,
    },
    {
      name: "a batch name with a space",
      body: () => ndjson([good]),
      headers: { "midwatch-batch": "a b" },
      status: 400,
      message: /midwatch-batch/,
    },
    {
      name: "a witnessed size that is no number",
      body: () => ndjson([good]),
      headers: { "midwatch-witnessed-size": "-1" },
      status: 400,
      message: /midwatch-witnessed-size/,
    },
    {
      name: "a source name that is too long",
      body: () => ndjson([good]),
      headers: { "midwatch-source": "x".repeat(129) },
      status: 400,
      message: /midwatch-source/,
    },
    {
      name: "a key that was not copied whole",
      body: () => ndjson([good]),
      headers: { authorization: "Bearer mwk_short" },
      status: 401,
      message: /not copied whole/,
    },
    {
      name: "no key",
      body: () => ndjson([good]),
      headers: { authorization: "" },
      status: 401,
      message: /missing/,
    },
  ];
  for (const { name, body, headers, status, message } of bodies) {
    test(`${name} is refused with ${status}`, async () => {
      const answer = await refusal(await server.post(body(), headers));
      assert.equal(answer.status, status, answer.message);
      assert.match(answer.message, message);
    });
  }

  test("a well-formed key with a wrong secret is refused like an unknown one", async () => {
    const other = await startedKey();
    const [prefix, id] = server.key.split("_");
    const [, , secret, check] = other.split("_");
    for (const key of [other, [prefix, id, secret, check].join("_")]) {
      const response = await server.post(ndjson([good]), { authorization: `Bearer ${key}` });
      assert.equal(response.status, 401);
      assert.equal(response.headers.get("www-authenticate"), 'Bearer realm="midwatch"');
    }
  });

  /** A key of the right form that no store knows. */
  async function startedKey(): Promise<string> {
    const { mintKey } = await import("../access/key.ts");
    return mintKey((count) => new Uint8Array(count).fill(7)).key;
  }

  test("good lines are kept among garbage, wrong times and wild nesting", async () => {
    const deep = `{"id":"${good.id}","a":${"[".repeat(10_000)}${"]".repeat(10_000)}}`;
    const wrong = [
      "\u0000\u0001garbage",
      `"just text"`,
      deep,
      JSON.stringify({ ...good, time: "2099-01-01T00:00:00Z" }),
      JSON.stringify({ ...good, time: "1999-01-01T00:00:00Z" }),
      JSON.stringify({ ...good, kind: "job.exploded" }),
      `{"message":"${"x".repeat(300_000)}"}`,
    ];
    const body = Buffer.concat([
      Buffer.from(`${wrong.join("\n")}\n`),
      Buffer.from([0x7b, 0xff, 0xfe, 0x7d, 0x0a]),
      Buffer.from(ndjson([good])),
    ]);
    const reply = (await (await server.post(body)).json()) as IntakeReply;
    assert.equal(reply.accepted, 1, JSON.stringify(reply.refusals));
    assert.deepEqual(
      reply.refusals.map((one) => one.line),
      [1, 2, 3, 4, 5, 6, 7, 8],
    );
    await server.settled();
    const page = (await (await server.read('/api/v1/events?q="the good line"')).json()) as EventPage;
    assert.equal(page.rows.length, 1);
  });

  test("the same batch again is answered as before and adds nothing", async () => {
    const body = ndjson([recordAgo(500, { message: "once only" })]);
    const headers = { "midwatch-batch": "b-1", "midwatch-source": "s-1" };
    const replies = await Promise.all([server.post(body, headers), server.post(body, headers)]);
    const answers = (await Promise.all(replies.map((reply) => reply.json()))) as IntakeReply[];
    assert.deepEqual(answers.filter((answer) => answer.duplicate).length, 1);
    assert.deepEqual(
      answers.map((answer) => answer.accepted),
      [1, 1],
    );
    await server.settled();
    const page = (await (await server.read('/api/v1/events?q="once only"')).json()) as EventPage;
    assert.equal(page.rows.length, 1);
  });

  test("a foreign host name is refused, whatever is asked", async () => {
    for (const host of [
      "evil.example",
      "127.0.0.1.evil.example",
      "localhost.evil.example:80",
      "",
      "[::2]",
      "10.0.0.1",
    ]) {
      const answer = await raw([`GET /api/v1/keys HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`]);
      assert.match(answer, /^HTTP\/1\.1 (421|400) /, host);
      assert.doesNotMatch(answer, /createdTime/);
    }
    for (const host of ["localhost:1", "127.0.0.1", "[::1]:4180"]) {
      const answer = await raw([`GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`]);
      assert.match(answer, /^HTTP\/1\.1 200 /, host);
    }
  });

  test("another site cannot change or read anything through a browser", async () => {
    const ours = { "midwatch-request": "1" };
    const attempts: readonly (readonly [string, string, Readonly<Record<string, string>>])[] = [
      ["POST", "/api/v1/sample", {}],
      ["POST", "/api/v1/sample", { ...ours, origin: "https://evil.example" }],
      ["POST", "/api/v1/sample", { ...ours, "sec-fetch-site": "cross-site" }],
      ["DELETE", "/api/v1/keys/x", {}],
      ["GET", "/api/v1/keys", { "sec-fetch-site": "cross-site" }],
      ["GET", "/api/v1/tail", { "sec-fetch-site": "same-site" }],
    ];
    for (const [method, path, headers] of attempts) {
      const answer = await rawAnswer(method, path, headers);
      assert.match(answer, /^HTTP\/1\.1 403 /, `${method} ${path}`);
      assert.match(answer, /REQUEST_REFUSED/);
    }
  });

  /** By hand, because `fetch` will not send these headers. */
  async function rawAnswer(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<string> {
    const list = Object.entries({ host: "localhost", connection: "close", ...headers });
    return await raw([
      `${method} ${path} HTTP/1.1\r\n${list.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`,
    ]);
  }

  test("no path leads out of the page's folder", async () => {
    for (const path of [
      "/assets/../index.html",
      "/assets/..%2f..%2fdata%2fcontrol.db",
      "/assets/%2e%2e/%2e%2e/data/control.db",
      "/assets/..\\..\\data\\control.db",
      "/assets//etc/passwd",
      "/assets/%00",
      "/%ff%fe",
    ]) {
      const answer = await rawAnswer("GET", path, {});
      assert.match(answer, /^HTTP\/1\.1 (400|403|404) /, path);
      assert.doesNotMatch(answer, /SQLite|root:/);
    }
  });

  test("what is no HTTP, or too much of it, is answered and hung up on", async () => {
    assert.match(await raw([new Uint8Array([0, 255, 13, 10, 13, 10])]), /^HTTP\/1\.1 400 /);
    assert.match(
      await raw([`GET / HTTP/1.1\r\nHost: localhost\r\nx: ${"y".repeat(20_000)}\r\n\r\n`]),
      /^HTTP\/1\.1 431 /,
    );
    const smuggled =
      "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    assert.match(await raw([smuggled]), /^HTTP\/1\.1 400 /);
  });

  test("slow headers and slow bodies are not waited for", async () => {
    const [headers, body] = await Promise.all([
      raw(["GET / HTTP/1.1\r\nHost: localhost\r\n"]),
      raw([
        `POST /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${server.key}\r\nContent-Length: 1000\r\n\r\nx`,
      ]),
    ]);
    assert.match(headers, /^HTTP\/1\.1 408 /);
    assert.match(body, /^HTTP\/1\.1 408 /);
  });

  test("300 connections that say nothing hinder nobody", async () => {
    const { hostname, port } = new URL(server.address);
    const sockets = Array.from({ length: 300 }, () =>
      connect(Number(port), hostname).on("error", () => undefined),
    );
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
    assert.equal((await server.read("/healthz")).status, 200);
    for (const socket of sockets) socket.destroy();
  });

  const questions: readonly (readonly [string, RegExp])[] = [
    ["/api/v1/events?limit=1001", /`limit`/],
    ["/api/v1/events?limit=-1", /`limit`/],
    ["/api/v1/events?cursor=nonsense", /cursor/i],
    ["/api/v1/events?from=yesterday", /`from`/],
    ["/api/v1/events?from=now&until=-1h", /earlier/],
    ["/api/v1/events?q=%22open", /position 1/],
    ["/api/v1/events?sevrity=warn", /did you mean `severity`/],
    ["/api/v1/events?stream=nope", /`stream/],
    ["/api/v1/histogram?buckets=100000", /`buckets`/],
    ["/api/v1/values?field=id", /`field`/],
    ["/api/v1/values", /field/],
    ["/api/v1/runs?state=odd", /`state/],
    [`/api/v1/events?q=${"x".repeat(3000)}`, /2000 characters/],
  ];
  for (const [path, message] of questions) {
    test(`${path.slice(0, 60)} is refused by name`, async () => {
      const answer = await refusal(await server.read(path));
      assert.equal(answer.status, 400);
      assert.equal(answer.code, "QUERY_INVALID");
      assert.match(answer.message, message);
    });
  }

  test("words meant to break the store's language are only words", async () => {
    for (const q of [
      "'; DROP TABLE events; --",
      "{limit:UInt32}",
      "\\' OR 1=1",
      'a\\" b',
      "% _ \\ ' \" `".replace('"', ""),
    ]) {
      const response = await server.read(`/api/v1/events?${new URLSearchParams({ q })}`);
      assert.ok(response.status === 200 || response.status === 400, `${q}: ${response.status}`);
    }
  });

  test("after all of it the server is well and has said nothing of its inside", async () => {
    const answer = (await (await server.read("/api/v1/overview")).json()) as OverviewAnswer;
    assert.equal(answer.server.engine, "up");
    assert.deepEqual(
      server.notes.filter((line) => / (error|fatal) /.test(line)),
      [],
    );
    assert.ok(process.memoryUsage().rss < 1500 * megabyte);
  });
});
