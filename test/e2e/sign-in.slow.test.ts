/**
 * People in a real browser: from the first link of an empty server to a second person who may less.
 * What is typed here is what somebody would type who has just run `npm start`.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Secret, TOTP } from "otpauth";
import { type Browser, chromium, type Page } from "playwright-core";
import { checkAccess, type PageServer, startPageServer } from "./page-browser.ts";

const password = "correct horse battery staple";

let server: PageServer;
let browser: Browser;

before(async () => {
  server = await startPageServer({ access: "people" });
  browser = await chromium.launch({
    executablePath: process.env["MIDWATCH_CHROMIUM"] ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
  });
});
after(async () => {
  await browser.close();
  await server.close();
});

async function freshPage(): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 } });
  return await context.newPage();
}

async function signIn(page: Page, name: string, secret: string): Promise<void> {
  await page.goto(server.address);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(secret);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

describe("people", () => {
  let first: Page;

  test("who starts an empty server becomes its first administrator by the link, and sees Midwatch's own jobs", async () => {
    first = await freshPage();
    await first.goto(server.address);
    await first.getByRole("heading", { name: "Nobody can sign in here yet" }).waitFor();
    assert.equal((await fetch(`${server.address}/api/v1/overview`)).status, 401);

    assert.ok(server.firstLink, "the server gave a link");
    await first.goto(server.firstLink ?? "");
    await first.getByRole("heading", { name: "Become the first administrator" }).waitFor();
    assert.doesNotMatch(first.url(), /#./, "the secret is not left in the address");
    assert.deepEqual((await checkAccess(first)).violations, []);
    await first.getByLabel("Name").fill("Maria");
    await first.getByLabel("Password, at least 12 characters").fill("password1234");
    await first.getByRole("button", { name: "Go on" }).click();
    await first.getByText("among the first that anybody would try").waitFor();
    await first.getByLabel("Password, at least 12 characters").fill(password);
    await first.getByRole("button", { name: "Go on" }).click();
    await first.getByRole("link", { name: "midwatch.check_store" }).first().waitFor({ timeout: 60_000 });

    const again = await freshPage();
    await again.goto(server.firstLink ?? "");
    await again.getByText("was used before").waitFor();
    await again.context().close();
  });

  test("a session of hers can be ended from another one, and what it showed is closed at once", async () => {
    const other = await freshPage();
    await signIn(other, "maria", password);
    await other.getByRole("navigation").getByRole("link", { name: "Maria" }).waitFor();

    await first.goto(`${server.address}/account`);
    await first.getByRole("button", { name: "End" }).click();
    await other.goto(`${server.address}/runs`);
    await other.getByRole("heading", { name: "Sign in" }).waitFor();
    await other.context().close();
  });

  test("a second person sees only what the role and the team allow", async () => {
    await server.send([event("shop", "the shop's own line"), event("billing", "the secret of billing")]);
    await first.goto(`${server.address}/people`);
    await first.getByLabel("Name").fill("Jonas");
    await first.locator("form select").selectOption("responder");
    await first.getByLabel("Services that this one looks after").fill("shop");
    await first.getByRole("button", { name: "Make a link" }).click();
    const link = await first.getByLabel("the link", { exact: true }).innerText();
    assert.deepEqual((await checkAccess(first)).violations, []);

    const second = await freshPage();
    await second.goto(link.trim());
    await second.getByText("As responder of this Midwatch.").waitFor();
    await second.getByLabel("Password, at least 12 characters").fill(`${password} 2`);
    await second.getByRole("button", { name: "Go on" }).click();
    await second.getByRole("link", { name: "Jonas" }).waitFor();
    assert.equal(await second.getByRole("link", { name: "people" }).count(), 0);
    await second.goto(`${server.address}/logs`);
    await second.getByText("the shop's own line").first().waitFor();
    assert.equal(await second.getByText("the secret of billing").count(), 0);
    assert.equal(await second.evaluate(async () => (await fetch("/api/v1/people")).status), 403);
    await second.context().close();
  });

  test("with one-time codes set up, the password alone does not open, and no code opens twice", async () => {
    await first.goto(`${server.address}/account`);
    const codes = first.locator("section", { has: first.getByRole("heading", { name: "One-time codes" }) });
    await codes.getByLabel("Your password").fill(password);
    await codes.getByRole("button", { name: "Begin" }).click();
    const key = (await codes.getByLabel("the key", { exact: true }).innerText()).trim();
    // The same one twice: half a minute later there would be another, which is right.
    const code = new TOTP({ secret: Secret.fromBase32(key) }).generate();
    await codes.getByLabel("The code that it shows").fill(code);
    await codes.getByRole("button", { name: "Set up" }).click();
    const recovery = (await codes.getByLabel("the recovery codes", { exact: true }).innerText())
      .trim()
      .split("\n");
    assert.equal(recovery.length, 10);
    assert.deepEqual((await checkAccess(first)).violations, []);

    const other = await freshPage();
    await signIn(other, "maria", password);
    await other.getByLabel("Code, or a recovery code").fill(code);
    await other.getByRole("button", { name: "Sign in", exact: true }).click();
    await other.getByText("are not right").waitFor();
    await other.getByLabel("Code, or a recovery code").fill(recovery[0] ?? "");
    await other.getByRole("button", { name: "Sign in", exact: true }).click();
    await other.getByRole("link", { name: "Maria" }).waitFor();
    await other.context().close();
  });

  test("a passkey on her device opens her account alone, until it is removed", async () => {
    const origin = server.address.replace("127.0.0.1", "localhost");
    const page = await freshPage();
    const device = await page.context().newCDPSession(page);
    await device.send("WebAuthn.enable");
    await device.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        protocol: "ctap2",
        transport: "internal",
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    await page.goto(origin);
    await page.getByLabel("Name").fill("Jonas");
    await page.getByLabel("Password").fill(`${password} 2`);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("link", { name: "Jonas" }).waitFor();
    await page.goto(`${origin}/account`);
    const part = page.locator("section", { has: page.getByRole("heading", { name: "Passkeys" }) });
    await part.getByLabel("Name of the device").fill("the test's telephone");
    await part.getByLabel("Your password, to add or remove one").fill(`${password} 2`);
    await part.getByRole("button", { name: "Make a passkey" }).click();
    await part.getByText("It opens your account from now on").waitFor();
    assert.deepEqual((await checkAccess(page)).violations, []);
    await page.getByRole("button", { name: "Sign out" }).first().click();

    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.getByRole("link", { name: "Jonas" }).waitFor();
    await page.goto(`${origin}/account`);
    await part.getByLabel("Your password, to add or remove one").fill(`${password} 2`);
    await part.getByRole("button", { name: "Remove" }).click();
    await part.getByText("Removed.").waitFor();
    await page.getByRole("button", { name: "Sign out" }).first().click();
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.getByText("not known here").waitFor();
    await page.context().close();
  });
});

function event(service: string, message: string) {
  return {
    id: crypto.randomUUID(),
    time: new Date(Date.now() - 1000).toISOString().replace("Z", "000Z"),
    stream: "logs",
    kind: "log",
    severity: "warn",
    service,
    message,
  } as const;
}
