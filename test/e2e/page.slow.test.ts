/**
 * The page in a real browser, on a real server: what people do with it, and what nobody may do to
 * it. With `MIDWATCH_SCREENSHOTS=1` it also writes the pictures in `docs/screenshots/`.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { checkAccess, type PageServer, startPageServer, type Watched } from "./page-browser.ts";
import { takePictures } from "./page-pictures.ts";
import { failing, freshLine, freshRun, hostile, manyLines, stories } from "./page-story.ts";

const lineCount = 20_000;

let server: PageServer;

before(async () => {
  server = await startPageServer();
});
after(async () => await server.close());

async function visit(
  path: string,
  look: (watched: Watched) => Promise<void>,
  options?: Parameters<PageServer["open"]>[1],
) {
  const watched = await server.open(path, options);
  try {
    await look(watched);
  } finally {
    await watched.close();
  }
}

/** Everything that was asked for has been answered and drawn. */
async function settled(page: Page): Promise<void> {
  await page.waitForFunction(() => document.querySelector(".loading") === null);
  await page.waitForLoadState("networkidle");
}

/** j goes from row to row, until one begins with the words has the focus. */
async function stepTo(page: Page, words: string): Promise<void> {
  for (let row = 0; row < 20; row++) {
    await page.keyboard.press("j");
    if (await page.evaluate((text) => document.activeElement?.textContent?.startsWith(text), words)) return;
  }
  assert.fail(`no row begins with ${words}`);
}

const heading = async (page: Page): Promise<string> => await page.locator("main h1").innerText();

describe("a first visit", () => {
  test("shows Midwatch's own jobs and how to connect; a sample day comes and goes by one press", async () => {
    await visit("/", async ({ page, complaints }) => {
      await page.getByText("waits for its first application").waitFor();
      await page.getByRole("link", { name: "midwatch.check_store" }).first().waitFor();
      assert.match(await page.locator(".steps").innerText(), /gem "midwatch"[\s\S]*bin\/midwatch keys add/);

      await page.getByRole("button", { name: "Look around with a sample day" }).click();
      await page.getByText("problems need you").waitFor({ timeout: 60_000 });
      await page.locator(".tag", { hasText: "sample" }).first().waitFor();
      assert.deepEqual((await checkAccess(page)).violations, []);
      await lookAround(page);
      await pictures();

      await page.goto(server.address);
      const strip = page.locator(".strip", { hasText: "A sample day is loaded" });
      await strip.getByRole("button", { name: "Remove it" }).click();
      await page.getByText("waits for its first application").waitFor({ timeout: 60_000 });
      assert.equal(await page.locator(".tag").count(), 0);
      assert.deepEqual(complaints(), []);
    });
  });
});

/** The three screens on what real workers did on the recorded day. */
async function lookAround(page: Page): Promise<void> {
  await page.getByRole("navigation").getByRole("link", { name: "Runs" }).click();
  await page
    .getByRole("group", { name: "States" })
    .getByRole("link", { name: /^Failed/ })
    .click();
  await page
    .getByRole("link", { name: /AccountImport/ })
    .first()
    .click();
  await page.locator(".error-stack").waitFor();
  assert.match(await heading(page), /^AccountImport failed for good on its only attempt: .*removed: /);
  assert.match(await page.locator(".error-stack").innerText(), /account_import\.rb:\d+/);
  assert.ok((await page.locator(".waterfall-row").count()) >= 4, "axis, request, wait, attempt");
  await page.getByRole("navigation").getByRole("link", { name: "Logs" }).click();
  await page.locator(".line").nth(20).waitFor();
  assert.match(await heading(page), /^[\d,]+ events were recorded, \d+ errors/);
}

/** Of the recorded day. */
async function pictures(): Promise<void> {
  const answer = await fetch(`${server.address}/api/v1/runs?state=failed&job=WebhookDelivery&limit=1`);
  const { rows } = (await answer.json()) as { rows: { runId: string; service: string }[] };
  await takePictures(server, {
    sample: "/",
    runs: "/runs",
    run: `/runs/${rows[0]?.runId}`,
    logs: "/logs",
    jobs: "/jobs",
    job: `/job?job=ChargeCardJob&service=${rows[0]?.service}`,
    failures: "/failures",
    audit: "/audit",
    connect: "/connect",
  });
}

/** What nobody should find on a screen of incidents, in either theme, wide or narrow. */
async function checkBothThemes(path: string): Promise<void> {
  for (const theme of ["paper", "night"] as const) {
    await visit(
      path,
      async ({ page, complaints }) => {
        await settled(page);
        for (const width of [1440, 390]) {
          await page.setViewportSize({ width, height: 900 });
          const { passed, violations } = await checkAccess(page);
          assert.ok(passed > 15, `axe checked ${passed} rules`);
          assert.deepEqual([...violations, ...complaints()], []);
          const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(beyond <= 0, `at ${width} pixels it is ${beyond} too wide`);
        }
      },
      { theme },
    );
  }
}

describe("with a night's events", () => {
  before(async () => {
    const nowMs = Date.now();
    await server.send(stories(nowMs));
    await server.send(manyLines(nowMs, lineCount));
  });

  const screens = {
    now: "/",
    runs: "/runs",
    run: "/runs/charge-7f31",
    jobs: "/jobs",
    job: "/job?job=ChargeCardJob&service=shop",
    failures: "/failures",
    logs: "/logs",
    queues: "/queues",
    connect: "/connect",
    hostile: `/runs/${encodeURIComponent(hostile.runId)}`,
    nothing: "/runs?state=missed&job=Nothing",
    nowhere: "/nowhere",
  };
  for (const [name, path] of Object.entries(screens)) {
    for (const theme of ["paper", "night"] as const) {
      test(`${name} in ${theme} is accessible, complains of nothing and asks nobody else`, async () => {
        await visit(
          path,
          async ({ page, complaints, requests }) => {
            await settled(page);
            assert.ok(requests() >= 5, "the browser loaded the page");
            assert.equal(await page.evaluate(() => document.documentElement.dataset["theme"]), theme);
            const wide = await checkAccess(page);
            assert.ok(wide.passed > 15, `axe checked ${wide.passed} rules`);
            assert.deepEqual([...wide.violations, ...complaints()], []);
            if (theme === "night") return;
            await page.setViewportSize({ width: 390, height: 844 });
            await page.waitForTimeout(200);
            const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
            assert.ok(beyond <= 0, `at 390 pixels it is ${beyond} too wide`);
            const narrow = await checkAccess(page);
            assert.deepEqual([...narrow.violations, ...complaints()], []);
          },
          { theme },
        );
      });
    }
  }

  test("somebody who was woken finds the cause from the first screen, with the keyboard alone", async () => {
    await visit("/", async ({ page, complaints }) => {
      await page.getByText(/problems need you/).waitFor();
      assert.match(await heading(page), /^\w+ problems need you\. \d+ runs? went well/);
      const charge = page.locator(".needed", { hasText: "ChargeCardJob (shop, production) failed" });
      assert.match(await charge.innerText(), /attempt 3 and will not be tried again: Net::ReadTimeout/);

      await stepTo(page, "ChargeCardJob");
      await page.keyboard.press("Enter");
      await page.waitForURL("**/incidents/*");
      await page.getByText("every decision and its reason").waitFor();
      await stepTo(page, "run charge-7f31");
      await page.keyboard.press("Enter");
      await page.waitForURL("**/runs/charge-7f31*");
      assert.equal(
        await heading(page),
        "ChargeCardJob failed for good after three attempts: Net::ReadTimeout with #<TCPSocket:(closed)>.",
      );

      const rows = await page.locator(".waterfall-row:not(.axis) .what").allInnerTexts();
      assert.deepEqual(
        rows.map((row) =>
          row
            .replaceAll(/\s+/g, " ")
            .replace(/ (web|rack|payments|due).*/, "")
            .replace(/^.*: /, ""),
        ),
        ["POST /checkout 200", "Enqueued", "Attempt 1", "Wait", "Attempt 2", "Wait", "Attempt 3"],
      );
      assert.match(await page.locator(".error-stack").innerText(), /gateway\.rb:88/);
      assert.match(await page.locator(".error-head").innerText(), /the same in attempts 1 and 2/);
      await page.getByText("… 30 lines of libraries").waitFor();
      const before = page.getByRole("region", { name: /^Just before/ });
      for (const attempt of [1, 2, 3]) await before.getByText(`gateway slow, attempt ${attempt}`).waitFor();

      await page.getByRole("tab", { name: "Error" }).focus();
      for (const name of ["Output", "Lines", "Arguments"]) {
        await page.keyboard.press("ArrowRight");
        await page.getByRole("tab", { name, selected: true }).waitFor();
      }
      const asked = await page.getByRole("tabpanel").innerText();
      assert.match(asked, /88213/);
      assert.ok(!asked.includes("correct horse"), "a secret is not shown");
      assert.ok((await page.locator(".chip").count()) > 0, "what was removed is marked");
      assert.match(page.url(), /tab=arguments/);
      assert.deepEqual(complaints(), []);
    });
  });

  test("a failing job becomes an incident, is taken with one key, and its timeline tells who and why", async () => {
    await server.send(failing(Date.now(), "NewsletterJob", "letter-1", "letter-2"));
    await visit("/", async ({ page, complaints }) => {
      const open = page.locator(".needed", { hasText: "NewsletterJob (shop, production) failed" });
      await open.getByText("found 2 times").waitFor({ timeout: 30_000 });
      assert.match(await open.innerText(), /<script>document\.title='taken'<\/script> ⟨U\+202E⟩evil/);
      const count = page.getByTitle("Incidents that nobody has taken");
      const before = Number(await count.innerText());

      await stepTo(page, "NewsletterJob");
      await page.keyboard.press("a");
      const taken = page.locator(".taken li", { hasText: "NewsletterJob" });
      await taken.getByText("by somebody at this server: Somebody looks at it.").waitFor();
      await open.waitFor({ state: "detached" });
      assert.ok(
        await page.evaluate(() => document.activeElement?.closest("main")),
        "the focus stays in the list",
      );
      assert.match(await page.getByRole("status").last().innerText(), /^Acknowledged: NewsletterJob/);
      assert.equal(Number(await count.innerText()), before - 1);

      await stepTo(page, "NewsletterJob");
      await page.keyboard.press("Enter");
      await page.waitForURL("**/incidents/*");
      const acts = page.locator(".acts li");
      await acts.filter({ hasText: "Acknowledged" }).waitFor();
      assert.match((await acts.allInnerTexts()).join("\n"), /Acknowledged[\s\S]*Opened/);
      await page.getByLabel("Your name").fill("Mara");
      await page.getByRole("textbox", { name: "Note" }).fill("The provider is told.");
      await page.keyboard.press("Enter");
      await acts.filter({ hasText: "The provider is told. by Mara" }).waitFor();

      await page.getByRole("button", { name: "Snooze NewsletterJob" }).click();
      await page.keyboard.type("They fix it tonight");
      await page.getByLabel("How long").selectOption("for 12 hours");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await acts.filter({ hasText: "Snoozed" }).getByText("They fix it tonight").waitFor();
      await checkBothThemes(new URL(page.url()).pathname);

      await page.goto(server.address);
      await taken.getByText("by Mara: They fix it tonight").waitFor();
      await checkBothThemes("/");
      await stepTo(page, "NewsletterJob");
      await page.keyboard.press("Enter");
      await page.getByRole("button", { name: "Resolve NewsletterJob" }).click();
      await page.keyboard.type("They fixed it");
      await page.keyboard.press("Enter");
      await page.locator(".strip", { hasText: "They fixed it" }).waitFor();
      assert.equal(await page.getByRole("button", { name: /NewsletterJob/ }).count(), 0);
      assert.deepEqual(complaints(), []);
    });
  });

  test("when everything is resolved, one calm sentence says how fresh the evidence is", async () => {
    const list = await fetch(`${server.address}/api/v1/incidents`);
    const { rows } = (await list.json()) as { rows: { id: string; state: string }[] };
    const open = rows.filter(({ state }) => state !== "resolved");
    assert.ok(open.length >= 2, `${open.length} are open`);
    for (const { id } of open) {
      const answer = await fetch(`${server.address}/api/v1/incidents/${id}/resolve`, {
        method: "POST",
        headers: { "midwatch-request": "1", "content-type": "application/json" },
        body: JSON.stringify({ reason: "The night is over" }),
      });
      assert.equal(answer.status, 200);
    }
    await visit("/", async ({ page, complaints }) => {
      await settled(page);
      assert.match(
        await heading(page),
        /^All quiet; last evidence (now|\d+ (s|min) ago)\. \d+ runs? went well/,
      );
      assert.equal(await page.getByTitle("Incidents that nobody has taken").count(), 0);
      assert.deepEqual(complaints(), []);
    });
  });

  test("letters go places, ? tells them, and the search box completes fields and values", async () => {
    await visit("/", async ({ page, complaints }) => {
      await page.keyboard.press("?");
      await page.getByRole("dialog", { name: "Keys" }).waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await page.keyboard.press("g");
      await page.keyboard.press("r");
      await page.waitForURL("**/runs");

      await page.keyboard.press("/");
      await page.keyboard.type("que");
      await page.getByRole("option", { name: /^queue:/ }).waitFor();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.keyboard.type("pay");
      await page.getByRole("option", { name: /^payments/ }).waitFor();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await page.waitForURL("**/logs?q=queue*");
      await page.getByText(/events match, 3 errors/).waitFor();

      await page.keyboard.press("/");
      await page.keyboard.press("Control+a");
      await page.keyboard.type("charge-7f31");
      await page.keyboard.press("Enter");
      await page.waitForURL("**/runs/charge-7f31");
      assert.deepEqual(complaints(), []);
    });
  });

  test("a line opens, narrows the search, and leads to its run; a wrong query says where", async () => {
    await visit('/logs?q="gateway slow"', async ({ page, complaints }) => {
      await page.getByText("3 events match").waitFor();
      await page.locator(".line").first().click();
      await page.locator(".fields").waitFor();
      await page.getByRole("link", { name: "Only host web-1" }).click();
      await page.waitForURL(/q=.*host(%3A|:)web-1/);
      await page.getByRole("link", { name: "Run", exact: true }).click();
      await page.waitForURL("**/runs/charge-7f31*");
      assert.deepEqual(complaints(), []);
      await page.goto(`${server.address}/logs?q=${encodeURIComponent("job:")}`);
      assert.match(await page.locator(".problem").first().innerText(), /position 5/);
    });
  });

  test("dragging over the histogram zooms, and the address holds the stretch", async () => {
    await visit("/logs", async ({ page }) => {
      const plot = page.locator(".histogram .u-over");
      const box = await plot.boundingBox();
      assert.ok(box);
      await page.mouse.move(box.x + box.width * 0.25, box.y + 20);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.5, box.y + 20, { steps: 5 });
      await page.mouse.up();
      await page.waitForURL(/from=.*until=/);
      const words = new URL(page.url()).searchParams;
      const hours = (Date.parse(words.get("until") ?? "") - Date.parse(words.get("from") ?? "")) / 3_600_000;
      assert.ok(hours > 5.5 && hours < 6.5, `a quarter of a day: ${hours} h`);
      await page.getByRole("link", { name: "Back to 24 hours" }).click();
      await page.waitForURL((url) => !url.searchParams.has("from"));
    });
  });

  test("a long table keeps few rows in the document however far it is scrolled", async () => {
    await visit("/logs?stream=logs", async ({ page, complaints }) => {
      await page.locator(".table .item").first().waitFor();
      let most = 0;
      let farthest = 0;
      for (let turn = 0; turn < 40 && farthest < 3000; turn++) {
        await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
        await page.waitForTimeout(150);
        const items = page.locator(".table .item");
        most = Math.max(most, await items.count());
        farthest = Math.max(farthest, Number(await items.last().getAttribute("data-index")));
      }
      assert.ok(farthest >= 3000, `scrolled to row ${farthest}`);
      assert.ok(most > 10 && most <= 80, `${most} rows in the document`);
      assert.deepEqual(complaints(), []);
    });
  });

  test("what is under the pointer does not move when newer runs arrive", async () => {
    await visit("/runs", async ({ page }) => {
      const second = page.locator(".table .item").nth(1);
      await second.hover();
      const before = await second.innerText();
      await server.send(freshRun(Date.now(), "fresh-1"));
      const bar = page.getByRole("button", { name: /newer: show/ });
      await bar.waitFor({ timeout: 20_000 });
      assert.equal(
        (await second.innerText()).replaceAll(/\d+ (s|min|h) ago|now/g, ""),
        before.replaceAll(/\d+ (s|min|h) ago|now/g, ""),
      );
      await bar.click();
      await page.getByRole("link", { name: "FreshJob" }).first().waitFor();
    });
  });

  test("the live tail shows what arrives, and holds it back while somebody points at the table", async () => {
    await visit("/logs?live=1&severity=error", async ({ page, complaints }) => {
      await page.getByText("Listening").waitFor();
      await page.waitForTimeout(1000);
      await server.send([freshLine(Date.now(), "the first to arrive")]);
      await page.getByRole("button", { name: "the first to arrive" }).waitFor({ timeout: 20_000 });
      await page.locator(".table .item").first().hover();
      await server.send([freshLine(Date.now(), "the second to arrive")]);
      await page.getByText("1 held while you read: show").waitFor({ timeout: 20_000 });
      assert.equal(await page.getByRole("button", { name: "the second to arrive" }).count(), 0);
      await page.mouse.move(5, 5);
      await page.getByRole("button", { name: "the second to arrive" }).waitFor({ timeout: 20_000 });
      assert.deepEqual(complaints(), []);
    });
  });

  test("hostile text is text, and what cannot be seen is shown", async () => {
    // Searched for, because newer lines of Midwatch itself may have pushed it out of sight.
    const logs = "/logs?q=severity:warn";
    for (const path of [logs, "/runs", "/jobs", "/queues", `/runs/${encodeURIComponent(hostile.runId)}`]) {
      await visit(path, async ({ page, complaints }) => {
        await settled(page);
        assert.equal(await page.locator("main img, main script, main iframe").count(), 0);
        assert.notEqual(await page.title(), "taken");
        if (path === logs) {
          const line = page.locator(".line", { hasText: "javascript:alert(1)" });
          assert.match(await line.innerText(), /<script>.*⟨U\+202E⟩evil⟨U\+202C⟩ ⟨ESC⟩\[31mred/);
        } else if (path !== "/queues") {
          assert.match(await page.locator("main").innerText(), /<img src=x onerror=/);
        }
        assert.deepEqual(complaints(), []);
      });
    }
  });

  test("zone and theme are remembered", async () => {
    await visit("/", async ({ page }) => {
      await page.getByRole("button", { name: /Europe\/Zurich/ }).click();
      await page.getByRole("button", { name: /theme/ }).click();
      await page.getByRole("button", { name: /paper/ }).click();
      await page.reload();
      await page.getByRole("button", { name: "Zone: UTC" }).waitFor();
      assert.equal(await page.evaluate(() => document.documentElement.dataset["theme"]), "night");
    });
  });

  test("a server that went away is said to be away, and what was read stays", async () => {
    await visit("/runs", async ({ page }) => {
      await page.getByRole("link", { name: "ChargeCardJob" }).first().waitFor();
      await server.stop();
      await page.getByText("Midwatch has not answered for").waitFor({ timeout: 30_000 });
      assert.ok((await page.getByRole("link", { name: "ChargeCardJob" }).count()) > 0);
    });
  });
});
