/** What an attacker tries at the door of a running server, with nothing or with too little in hand. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import type { ErrorAnswer } from "../api/schemas.ts";
import { type ServerForTests, startServerForTests } from "./server-for-tests.ts";

const password = "correct horse battery staple";

describe("an attacker", () => {
  let server: ServerForTests;
  let token = "";

  before(async () => {
    server = await startServerForTests({ access: "people" });
    token = server.firstLink?.split("#")[1] ?? "";
    const response = await post("/api/v1/invitations/accept", { token, name: "Maria", password });
    assert.equal(response.status, 204, await response.text());
  });
  after(async () => await server.close());

  async function post(path: string, body: object, headers: Readonly<Record<string, string>> = {}) {
    return await fetch(server.address + path, {
      method: "POST",
      redirect: "manual",
      headers: { "midwatch-request": "1", "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
  }

  const signIn = async (name: string, secret: string, headers = {}) =>
    await post("/api/v1/sign-in", { name, password: secret }, headers);

  function sessionOf(response: Response): string {
    const set = response.headers.getSetCookie().find((one) => one.startsWith("midwatch-session="));
    return /^midwatch-session=([^;]*)/.exec(set ?? "")?.[1] ?? "";
  }

  const asks = async (session: string): Promise<number> =>
    (await fetch(`${server.address}/api/v1/runs`, { headers: { cookie: `midwatch-session=${session}` } }))
      .status;

  /** Writes raw bytes and gives all that comes back until the server closes the connection. */
  function raw(text: string): Promise<string> {
    const { hostname, port } = new URL(server.address);
    return new Promise((resolve) => {
      const socket = connect(Number(port), hostname);
      let answer = "";
      socket.setEncoding("latin1").on("data", (data: string) => {
        answer += data;
      });
      socket.on("error", () => undefined).on("close", () => resolve(answer));
      socket.setTimeout(2000, () => socket.destroy());
      socket.write(text);
    });
  }

  test("cannot fix a session: signing in gives a new one, and the planted one stays worthless", async () => {
    const planted = "B".repeat(43);
    const response = await signIn("Maria", password, { cookie: `midwatch-session=${planted}` });
    assert.equal(response.status, 204);
    const session = sessionOf(response);
    assert.ok(session.length >= 43 && session !== planted);
    assert.deepEqual([await asks(session), await asks(planted)], [200, 401]);
    const cookies = response.headers.getSetCookie();
    assert.equal(cookies.length, 2);
    for (const one of cookies) assert.match(one, /; Path=\/; HttpOnly; SameSite=Strict/);
  });

  test("cannot use a session again that was signed out", async () => {
    const session = sessionOf(await signIn("Maria", password));
    assert.equal((await post("/api/v1/sign-out", {}, { cookie: `midwatch-session=${session}` })).status, 204);
    assert.equal(await asks(session), 401);
  });

  test("cannot use a link twice, nor a changed one", async () => {
    for (const wrong of [token, `${token.slice(0, -1)}A`, "x", `${token}.x`, ""]) {
      const response = await post("/api/v1/invitations/accept", {
        token: wrong || " ",
        name: "Eve",
        password,
      });
      assert.equal(response.status, 404, wrong);
    }
  });

  test("cannot become a person by the token of a host", async () => {
    const headers = { cookie: `midwatch-session=${sessionOf(await signIn("Maria", password))}` };
    const made = await post("/api/v1/enrolments", { host: "web-9" }, headers);
    const { token: hostToken } = (await made.json()) as { token: string };
    const asPerson = await post("/api/v1/invitations/accept", { token: hostToken, name: "Eve", password });
    assert.equal(asPerson.status, 404);
    assert.equal((await post("/api/v1/enrolments/use", { token: hostToken })).status, 201);
    assert.equal((await post("/api/v1/enrolments/use", { token: hostToken })).status, 404);
  });

  test("cannot make a browser ask on its behalf", async () => {
    const session = sessionOf(await signIn("Maria", password));
    const cookie = { cookie: `midwatch-session=${session}` };
    const forms: readonly Readonly<Record<string, string>>[] = [
      { "midwatch-request": "" },
      { origin: "https://evil.example" },
      { origin: "null" },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { host: "evil.example" },
    ];
    for (const form of forms) {
      if (form["host"] !== undefined) {
        const answer = await raw(
          `GET /api/v1/runs HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`,
        );
        assert.match(answer, /^HTTP\/1\.1 421 /);
        continue;
      }
      const response = await post("/api/v1/keys", { name: "x", scopes: ["send"] }, { ...cookie, ...form });
      assert.equal(response.status, 403, JSON.stringify(form));
    }
    const plain = await post("/api/v1/keys", { name: "x", scopes: ["send"] }, cookie);
    assert.equal(plain.status, 201, "the same without a trick");
  });

  test("hears the same of a name that is there and of one that is not", async () => {
    const times = { there: [] as number[], absent: [] as number[] };
    const answers: string[] = [];
    for (let round = 0; round < 2; round++) {
      for (const [kind, name] of [
        ["there", "Maria"],
        ["absent", `Nobody ${round}`],
      ] as const) {
        const startMs = performance.now();
        const response = await signIn(name, "not the password");
        times[kind].push(performance.now() - startMs);
        answers.push(`${response.status} ${await response.text()}`);
      }
    }
    assert.equal(new Set(answers).size, 1, answers.join("\n"));
    assert.match(answers[0] ?? "", /^401 .*SIGN_IN_REFUSED/);
    // Both work out a hash: neither is answered in a moment.
    assert.ok(Math.min(...times.there, ...times.absent) > 5, JSON.stringify(times));
  });

  test("guesses slower and slower, and is told how long to wait", async () => {
    let tried = 0;
    let refused = 0;
    const endMs = Date.now() + 4000;
    while (Date.now() < endMs) {
      const response = await signIn("Maria", "not the password");
      if (response.status === 429) {
        refused += 1;
        assert.ok(Number(response.headers.get("retry-after")) >= 1);
      } else tried += 1;
      await response.text();
    }
    assert.ok(tried >= 1 && tried <= 9 && refused > 10, `${tried} tried, ${refused} refused in 4 s`);
  });

  test("finds no way out of the folders that are served", async () => {
    const paths = [
      "/assets/../../package.json",
      "/assets/..%2f..%2fcontrol.db",
      "/assets/%2e%2e/%2e%2e/control.db",
      "/assets/..\\..\\control.db",
      "/assets/....//....//control.db",
      "/assets/%00control.db",
      "/ledger/../../owner.key",
      "/ledger/..%2f..%2fowner.key",
      "/ledger/tile/../../../owner.key",
      "//owner.key",
    ];
    for (const path of paths) {
      const answer = await raw(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      assert.match(answer, /^HTTP\/1\.1 (400|403|404) /, path);
      assert.doesNotMatch(answer, /mwk_|"dependencies"|SQLite format/, path);
    }
  });

  test("is sent nowhere else, whatever the address says", async () => {
    for (const path of [
      "//evil.example",
      "/\\evil.example",
      "/%2f%2fevil.example",
      "/sign-in?next=//evil.example",
    ]) {
      const answer = await raw(
        `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nConnection: close\r\n\r\n`,
      );
      assert.doesNotMatch(answer, /^HTTP\/1\.1 3|^location:/im, path);
    }
  });

  test("smuggles no second request in a first one", async () => {
    const head = "POST /v1/events HTTP/1.1\r\nHost: localhost\r\n";
    const second = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const forms = [
      `${head}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${second}`,
      `${head}Content-Length: 0\r\nContent-Length: 44\r\n\r\n${second}`,
      `${head}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${second}`,
      `${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${second}`,
      `${head}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${second}`,
      `${head}Content-Length: +5\r\n\r\n${second}`,
      `${head}Content-Length: 0x10\r\n\r\n${second}`,
      `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: a\nEvil: b\r\n b\r\n\r\n`,
    ];
    for (const form of forms) {
      const answer = await raw(form);
      assert.doesNotMatch(answer, /"status":"ok"/, JSON.stringify(form));
    }
    assert.match(await raw(second.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")), /"status":"ok"/);
  });

  test("puts no line into a header and no name into a timeline that is none", async () => {
    const session = sessionOf(await signIn("Maria", password, await knownCookie()));
    const cookie = { cookie: `midwatch-session=${session}` };
    for (const name of [
      "a\r\nSet-Cookie: x=1",
      "<script>alert(1)</script>",
      "maria\u202e",
      "",
      " ",
      "x".repeat(65),
    ]) {
      const response = await post("/api/v1/people", { name, role: "viewer" }, cookie);
      assert.equal(response.status, 400, JSON.stringify(name));
      assert.equal(response.headers.getSetCookie().length, 0);
    }
    const twice = (await (
      await post("/api/v1/people", { name: "MARIA", role: "viewer" }, cookie)
    ).json()) as ErrorAnswer;
    assert.match(twice.message, /there already/, "names do not differ by case alone");
  });

  /** The guesses of before slow strangers down, not the browser that has signed in once. */
  async function knownCookie(): Promise<Readonly<Record<string, string>>> {
    const [maria] = await server.control.people();
    assert.ok(maria);
    const key = await server.control.setting("known_browsers_key");
    const { createHmac } = await import("node:crypto");
    const mark = createHmac("sha256", key ?? "")
      .update(maria.id)
      .digest("base64url");
    return { cookie: `midwatch-known=${mark}` };
  }
});
