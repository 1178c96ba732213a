/** Signing in at a real OpenID provider on this machine, and what happens to who bends its answers. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Provider } from "oidc-provider";
import type { Me } from "../api/access-schemas.ts";
import { type ServerForTests, startServerForTests } from "./server-for-tests.ts";

const secret = "the-secret-of-the-client-of-the-test";
/** Who signs in there, and the groups it has. */
const groups: Record<string, readonly string[]> = {
  jonas: ["staff", "ops"],
  sofia: ["ops", "security"],
  eve: ["visitors"],
  maria: ["ops"],
};

describe("an OpenID provider", () => {
  const directory = mkdtempSync(join(tmpdir(), "midwatch-oidc-"));
  let provider: Server;
  let server: ServerForTests;
  let issuer = "";

  before(async () => {
    provider = createServer().listen(0, "127.0.0.1");
    await once(provider, "listening");
    issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
    writeFileSync(join(directory, "secret"), secret);
    server = await startServerForTests({
      access: "people",
      settings: {
        MIDWATCH_OIDC_ISSUER: issuer,
        MIDWATCH_OIDC_SECRET_FILE: join(directory, "secret"),
        MIDWATCH_OIDC_ROLES: "ops=responder, security=auditor",
        MIDWATCH_OIDC_NAME: "the test's provider",
      },
    });
    const callback = `${server.address}/sign-in/callback`;
    const oidc = new Provider(issuer, {
      clients: [{ client_id: "midwatch", client_secret: secret, redirect_uris: [callback] }],
      claims: { profile: ["preferred_username", "groups"], email: ["email"] },
      conformIdTokenClaims: false,
      pkce: { required: () => true },
      findAccount: (_context, id) => ({
        accountId: id,
        claims: () => ({ sub: id, preferred_username: id, groups: groups[id] ?? [] }),
      }),
    });
    const answer = oidc.callback();
    provider.on("request", (request, response) => void answer(request, response));
  });
  after(async () => {
    await server.close();
    provider.close();
    provider.closeAllConnections();
    rmSync(directory, { recursive: true });
  });

  /** As a browser that follows, with its cookies by host; stops before `until` is asked for. */
  function makeBrowser() {
    const jar = new Map<string, Map<string, string>>();
    async function go(address: string, init: RequestInit = {}): Promise<Response> {
      const { host } = new URL(address);
      const cookies = jar.get(host) ?? new Map<string, string>();
      jar.set(host, cookies);
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const headers = { ...(init.headers as Record<string, string>), cookie };
      const response = await fetch(address, { ...init, headers, redirect: "manual" });
      for (const set of response.headers.getSetCookie()) {
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
        if (value === "" || /expires=Thu, 01 Jan 1970/i.test(set)) cookies.delete(name);
        else cookies.set(name, value);
      }
      return response;
    }
    /** Follows redirects to the callback; answers its address without asking for it. */
    async function signInThere(name: string): Promise<string> {
      let response = await go(`${server.address}/sign-in/provider`);
      let base = `${server.address}/sign-in/provider`;
      for (let hop = 0; hop < 12; hop++) {
        const location = response.headers.get("location");
        if (location !== null) {
          const next = new URL(location, base).href;
          if (next.startsWith(`${server.address}/sign-in/callback`)) return next;
          base = next;
          response = await go(next);
          continue;
        }
        const page = await response.text();
        const prompt = page.includes('name="login"') ? "login" : "consent";
        const body = new URLSearchParams({
          prompt,
          ...(prompt === "login" && { login: name, password: "x" }),
        });
        const action = /action="([^"]+)"/.exec(page)?.[1] ?? base;
        response = await go(new URL(action, base).href, { method: "POST", body });
      }
      throw new Error("the provider never sent the browser back");
    }
    return { go, signInThere, jar };
  }

  async function whoIs(browser: ReturnType<typeof makeBrowser>): Promise<Me> {
    return (await (await browser.go(`${server.address}/api/v1/me`)).json()) as Me;
  }

  test("lets in who is in a group, with its role, and shows the button to who is not in yet", async () => {
    const browser = makeBrowser();
    assert.equal((await whoIs(browser)).provider, "the test's provider");
    const callback = await browser.signInThere("jonas");
    const back = await browser.go(callback);
    assert.deepEqual([back.status, back.headers.get("location")], [303, "/"]);
    const { me } = await whoIs(browser);
    assert.deepEqual(
      [me?.name, me?.role, me?.by, me?.hasPassword],
      ["jonas", "responder", "provider", false],
    );

    const other = makeBrowser();
    await other.go(await other.signInThere("sofia"));
    assert.equal(
      (await whoIs(other)).me?.role,
      "auditor",
      "of several roles the one that stands later counts",
    );
  });

  test("follows the groups at each sign-in, and ends what is going on where none is left", async () => {
    const browser = makeBrowser();
    await browser.go(await browser.signInThere("jonas"));
    groups["jonas"] = ["visitors"];
    const again = makeBrowser();
    const refused = await again.go(await again.signInThere("jonas"));
    assert.equal(refused.headers.get("location"), "/#refused");
    assert.equal((await whoIs(again)).me, undefined);
    assert.equal((await whoIs(browser)).me, undefined, "the session of before has ended");
    groups["jonas"] = ["ops"];
  });

  test("does not let in who is in no group, nor make anybody a person of the same name", async () => {
    const eve = makeBrowser();
    const refused = await eve.go(await eve.signInThere("eve"));
    assert.equal(refused.headers.get("location"), "/#refused");
    assert.equal((await whoIs(eve)).me, undefined);

    await server.control.addPerson({ id: "m", name: "Maria", role: "administrator", createdMs: 0 });
    const maria = makeBrowser();
    await maria.go(await maria.signInThere("maria"));
    assert.equal((await whoIs(maria)).me, undefined);
  });

  test("does not take an answer that was bent: state, code, another browser, twice", async () => {
    const bent: readonly ((callback: URL) => void)[] = [
      (callback) => callback.searchParams.set("state", "x".repeat(43)),
      (callback) => callback.searchParams.delete("state"),
      (callback) => callback.searchParams.set("code", "x".repeat(43)),
      (callback) => callback.searchParams.delete("code"),
      (callback) => callback.searchParams.set("iss", "https://evil.example"),
      (callback) => callback.searchParams.set("error", "access_denied"),
    ];
    for (const bend of bent) {
      const browser = makeBrowser();
      const callback = new URL(await browser.signInThere("sofia"));
      bend(callback);
      const response = await browser.go(callback.href);
      assert.equal(response.headers.get("location"), "/#refused", callback.search);
      assert.equal((await whoIs(browser)).me, undefined);
    }
    const victim = makeBrowser();
    const planted = await makeBrowser().signInThere("sofia");
    await victim.go(planted);
    assert.equal((await whoIs(victim)).me, undefined, "an answer to another browser's question");

    const honest = makeBrowser();
    const callback = await honest.signInThere("sofia");
    await honest.go(callback);
    assert.equal((await whoIs(honest)).me?.name, "sofia");
    const twice = await honest.go(callback);
    assert.equal(twice.headers.get("location"), "/#refused");
  });

  test("does not take an answer whose nonce belongs to another question", async () => {
    // The code of one sign-in under the state of another: state is right, and nonce and verifier are not.
    const browser = makeBrowser();
    const first = new URL(await browser.signInThere("sofia"));
    const second = new URL(await browser.signInThere("sofia"));
    second.searchParams.set("code", first.searchParams.get("code") ?? "");
    const response = await browser.go(second.href);
    assert.equal(response.headers.get("location"), "/#refused");
    assert.equal((await whoIs(browser)).me, undefined);
  });
});
