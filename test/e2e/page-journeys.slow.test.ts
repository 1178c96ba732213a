/**
 * Ten ways through the page, each as somebody with a question would go: from what they know to
 * what they need, by what the screens offer. And what a page must bear: many rows, strange text.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Page, Route } from "playwright-core";
import { checkAccess, type PageServer, startPageServer, type Watched } from "./page-browser.ts";
import { longLine, manyJobs, strange, strangeEvents } from "./page-many.ts";
import { takePictures } from "./page-pictures.ts";
import { schedules } from "./page-schedule.ts";
import { stories } from "./page-story.ts";
import { webNight, webNow } from "./page-web.ts";

const patience = { timeout: 45_000 } as const;

let server: PageServer;

before(async () => {
  server = await startPageServer();
  const nowMs = Date.now();
  await server.send(stories(nowMs));
  await server.send(schedules(nowMs));
  await server.send(webNight(nowMs));
});
after(async () => await server.close());

async function visit(path: string, look: (watched: Watched) => Promise<void>): Promise<void> {
  const watched = await server.open(path);
  try {
    watched.page.setDefaultTimeout(patience.timeout);
    await look(watched);
    assert.deepEqual(watched.complaints(), []);
  } finally {
    await watched.close();
  }
}

const heading = async (page: Page): Promise<string> => await page.locator("main h1").innerText();

/** A proof whose event says something else; all that is signed stays as it was. */
function withOtherContent(proof: string): string {
  return proof.replace(/^extra (\S+)$/m, (_, encoded: string) => {
    const extra = JSON.parse(Buffer.from(encoded, "base64").toString()) as { content: string };
    const content = Buffer.from(extra.content, "base64");
    content[content.length - 1] = (content.at(-1) ?? 0) ^ 1;
    const forged = JSON.stringify({ ...extra, content: content.toString("base64") });
    return `extra ${Buffer.from(forged).toString("base64")}`;
  });
}

/** Waits for a sentence at the top of the screen. */
async function saying(page: Page, words: RegExp): Promise<void> {
  await page.locator("main h1", { hasText: words }).waitFor();
}

const screens = {
  schedule: "/schedule",
  queues: "/queues",
  puma: "/puma?from=-6h",
  audit: "/audit",
  settings: "/settings",
  compared: `/runs/${encodeURIComponent("charge-7f31")}?tab=compare`,
  job: "/job?job=search:reindex&service=shop&environment=production",
};

test("the screens are as the documentation shows them", async () => {
  await takePictures(server, {
    now: "/",
    incidents: "/incidents",
    schedule: "/schedule",
    queues: "/queues",
    puma: "/puma?from=-6h",
    compared: screens.compared,
    settings: "/settings",
    people: "/people",
    doctor: "/doctor",
  });
  // Without pictures: at least that the board has all of its rows.
  await visit("/schedule", async ({ page }) => {
    await page.getByRole("link", { name: "purge:sessions" }).waitFor();
    assert.equal(await page.getByRole("table", { name: "Schedule" }).locator(".item").count(), 5);
  });
});

for (const [name, path] of Object.entries(screens)) {
  test(`${name} is accessible in both themes, wide and narrow, and complains of nothing`, async () => {
    for (const theme of ["paper", "night"] as const) {
      const { page, complaints, close } = await server.open(path, { theme });
      try {
        await page.waitForFunction(() => document.querySelector(".loading") === null);
        await page.waitForLoadState("networkidle");
        for (const width of [1440, 390]) {
          await page.setViewportSize({ width, height: 900 });
          await page.waitForTimeout(200);
          const { passed, violations } = await checkAccess(page);
          assert.ok(passed > 15, `axe checked ${passed} rules`);
          assert.deepEqual([...violations, ...complaints()], []);
          const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(beyond <= 0, `at ${width} pixels it is ${beyond} too wide`);
        }
      } finally {
        await close();
      }
    }
  });
}

describe("somebody finds", () => {
  test("why last night's export did not run: from the board to what is known of the missed time", async () => {
    await visit("/", async ({ page }) => {
      await page.getByRole("navigation").getByRole("link", { name: "Schedule" }).click();
      // Two at least: a slot that falls into the time of these tests is missed as well.
      await saying(page, /^\w+ slots were missed, the last at \d\d:\d\d\./);
      await page
        .getByRole("group", { name: "Rows" })
        .getByRole("link", { name: "with a missed slot" })
        .click();
      const row = page.getByRole("table", { name: "Schedule" }).getByRole("row", { name: /ledger:export/ });
      assert.match(await row.innerText(), /every 8 hours/);
      assert.ok((await row.locator("circle.missed").count()) >= 2);
      await row.getByRole("link", { name: "ledger:export" }).click();
      await page.getByText(/^No run of ledger:export \(shop, production\) is known at/).waitFor();
      const known = await page.locator("section", { hasText: "Why did it run, or not?" }).innerText();
      assert.match(known, /is due by `0 \*\/8 \* \* \*` in UTC/);
      assert.match(known, /The nearest is|None is known within/);
      assert.match(await page.getByLabel("What is expected").innerText(), /Due\s+every 8 hours/);
    });
  });

  test("what became of a user's click: from the request to the charge that failed", async () => {
    await visit("/", async ({ page }) => {
      await page.keyboard.press("/");
      await page.keyboard.type('"POST /checkout" stream:http');
      await page.keyboard.press("Enter");
      await saying(page, /^1 event matches/);
      await page.locator(".line").first().click();
      await page.getByRole("link", { name: "Trace", exact: true }).click();
      await page.waitForURL(/trace_id/);
      await page.locator(".line", { hasText: "ChargeCardJob" }).first().click();
      await page.getByRole("link", { name: "Run", exact: true }).first().click();
      await saying(page, /^ChargeCardJob failed for good after three attempts/);
      assert.match(await page.locator(".waterfall").innerText(), /POST \/checkout 200[\s\S]*Attempt 3/);
    });
  });

  test("which web server is overrun, and the requests that it failed", async () => {
    await server.send(webNow(Date.now()));
    await visit("/puma?from=-6h", async ({ page }) => {
      await saying(page, /^63 % of 16 threads busy now, 20 requests waiting/);
      const overrun = page.getByRole("region", { name: "Web server web-2" });
      assert.match(await overrun.innerText(), /8 of 8/);
      await overrun.getByRole("link", { name: /errors in/ }).click();
      await saying(page, /^20 events match, all of them errors/);
      await page.locator(".line", { hasText: "POST /orders 503" }).nth(5).waitFor();
    });
  });

  test("which queue does not shrink, and what waits in it", async () => {
    await visit("/queues", async ({ page }) => {
      await saying(page, /runs wait, the oldest for .* in mailers\. .*does? not shrink|do not shrink/);
      const row = page.getByRole("row", { name: /mailers/ });
      assert.match(await row.innerText(), /does not shrink/);
      await row.getByRole("link", { name: "30", exact: true }).click();
      await page.waitForURL(/\/runs\?.*queue=mailers/);
      await page.getByRole("link", { name: "ReceiptMailer" }).first().waitFor();
      await page
        .getByRole("row", { name: /Waiting/ })
        .nth(10)
        .waitFor();
    });
  });

  test("what is different from the last time that it went well", async () => {
    await visit("/failures", async ({ page }) => {
      await page.getByRole("link", { name: "ExitStatus" }).click();
      await saying(page, /^search:reindex failed for good/);
      await page.getByRole("tab", { name: "Compare with the last good run" }).click();
      await page.getByText(/^Different: .*exit/).waitFor();
      const exit = page.getByRole("row", { name: /^Exit/ });
      assert.match(await exit.innerText(), /Exit[\s\S]*differs[\s\S]*1\s+0/);
      assert.deepEqual((await checkAccess(page)).violations, []);
    });
  });
});

describe("somebody decides", () => {
  test("to silence a noisy job for the deploy, and to end it afterwards", async () => {
    await visit("/settings", async ({ page }) => {
      const form = page.getByRole("form", { name: "New silence" });
      await form.getByLabel("Job").fill("ChargeCardJob");
      await form.getByLabel("How long").selectOption("for 30 minutes");
      await form.getByLabel("What for").selectOption("planned work");
      await form.getByLabel("Why").fill("Deploy of 77d0e1");
      await form.getByRole("button", { name: "Silence it" }).click();
      const row = page.getByRole("region", { name: "Silences" }).getByRole("row", { name: /ChargeCardJob/ });
      await row.getByText("in force").waitFor();
      assert.match(await row.innerText(), /maintenance[\s\S]*Deploy of 77d0e1/);
      await row.getByRole("button", { name: /^End/ }).click();
      await row.getByText("over").waitFor();
    });
  });

  test("what is expected of a job, which its screen and its history then tell", async () => {
    await visit("/settings", async ({ page }) => {
      await page.getByLabel("Part of a job's name, service or owner").fill("reindex");
      await page.getByRole("button", { name: "Change search:reindex" }).click();
      const form = page.getByRole("form", { name: "Monitor of search:reindex" });
      await form.getByLabel("Owner").fill("Search team");
      await form.getByLabel("Runs at most, minutes").fill("20");
      await form.getByRole("button", { name: "Set it" }).click();
      await form.waitFor({ state: "detached" });
      await page.getByRole("link", { name: "search:reindex" }).click();
      const expected = page.getByLabel("What is expected");
      await expected.getByText("Search team").waitFor();
      const words = await expected.innerText();
      assert.match(words, /At most\s+20 min/);
      assert.match(words, /every 4 hours/, "its declared schedule goes on");
      assert.match(words, /set it/);
    });
  });

  test("to give a search a name, and takes what it finds away as a file that computes nothing", async () => {
    await visit("/logs?q=severity:>=warn and not host:web-2", async ({ page }) => {
      await page.getByRole("button", { name: /^Saved/ }).click();
      await page.getByLabel(/^Save this search/).fill("Grave elsewhere");
      await page.keyboard.press("Enter");
      await page.getByText("Saved as Grave elsewhere.").waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Export" }).click();
      await page.getByLabel("Why").fill("For the review");
      const coming = page.waitForEvent("download");
      await page.getByRole("link", { name: "CSV" }).click();
      const file = readFileSync(await (await coming).path(), "utf8");
      const lines = file.trimEnd().split("\r\n");
      assert.ok(lines.length > 5, `${lines.length} lines`);
      assert.match(lines[0] ?? "", /^id,time,/);
      assert.match(file, /gateway slow/);
      await page.goto(`${server.address}/logs`);
      await page.getByRole("button", { name: "Saved 1" }).click();
      await page.getByRole("link", { name: "Grave elsewhere" }).click();
      await page.waitForURL(/q=severity/);
    });
  });
});

/** An action inside a job; every look at the screens, which the list holds too, is left out of it. */
async function openAction(page: Page): Promise<void> {
  await page.getByRole("group", { name: "What" }).getByRole("link", { name: "actions inside jobs" }).click();
  await page.getByRole("button", { name: /stock\.corrected/ }).click();
  await page.locator(".fields").waitFor();
}

describe("somebody proves", () => {
  test("an action inside a job, with a proof to take away", async () => {
    await visit("/audit", async ({ page }) => {
      await saying(page, /on record\. The ledger is signed up to entry \d+/);
      await openAction(page);
      await page.getByRole("button", { name: "Verify in this browser" }).click();
      await page.getByRole("status").filter({ hasText: "✓" }).waitFor();
      const coming = page.waitForEvent("download");
      await page.getByTitle("Download the proof").first().click();
      const proof = readFileSync(await (await coming).path(), "utf8");
      assert.match(proof, /^c2sp\.org\/tlog-proof@v1/);
      assert.match(proof, /— \S+ /);
    });
  });

  test("a forgery: a proof that was changed on its way, and a ledger that shows another key", async () => {
    await visit("/audit", async ({ page }) => {
      let forge = (text: string): string => text;
      let forged = 0;
      const through = async (route: Route): Promise<void> => {
        const answer = await route.fetch();
        const text = await answer.text();
        const other = forge(text);
        if (other !== text) forged += 1;
        await route.fulfill({ response: answer, body: other });
      };
      await page.route("**/events/*/proof", through);
      await page.route("**/ledger/key", through);
      await openAction(page);
      const verify = page.getByRole("button", { name: "Verify in this browser" });
      const said = page.getByRole("status");

      await verify.click();
      await said.filter({ hasText: "✓ Proven" }).waitFor();
      const forgeries: readonly (readonly [(text: string) => string, string])[] = [
        [withOtherContent, "✗ Not proven: the event is not in its segment"],
        [
          (text) => text.replace(/^— (\S+) \S{8}/m, "— $1 AAAAAAAA"),
          "✗ Not proven: the checkpoint is not signed",
        ],
        [(text) => text.replace(/\+[0-9a-f]{8}\+/, "+00000000+"), "✗ The server shows another key"],
      ];
      for (const [change, words] of forgeries) {
        const before = forged;
        forge = change;
        await verify.click();
        await said.filter({ hasText: words }).waitFor();
        assert.ok(forged > before, "something was forged");
      }
      forge = (text) => text;
      await verify.click();
      await said.filter({ hasText: "✓ Proven" }).waitFor();
    });
  });

  test("that the rules remove a secret, before any is sent", async () => {
    await visit("/settings", async ({ page }) => {
      const form = page.getByRole("form", { name: "Redaction tester" });
      await form.getByRole("textbox").fill("password=hunter2 for bob@example.com");
      await form.getByRole("button", { name: "Show what is removed" }).click();
      const shown = page.getByLabel("The line as it would be stored");
      await shown.waitFor();
      assert.doesNotMatch(await shown.innerText(), /hunter2|bob@/);
      assert.ok((await page.getByRole("region", { name: "Findings" }).getByRole("row").count()) >= 3);
    });
  });

  test("a time in the job's own zone, the reader's and UTC", async () => {
    await visit("/job?job=reports.tasks.rollup&service=shop&environment=production", async ({ page }) => {
      await page.getByLabel("What is expected").getByText("every hour at :10").waitFor();
      const zone = page.getByRole("button", { name: /^Zone:/ });
      assert.match(await zone.innerText(), /Zurich/);
      await zone.click();
      await page.getByRole("button", { name: /UTC/ }).waitFor();
      await zone.click();
      await page.getByRole("button", { name: /job:.*Zurich/ }).waitFor();
      await page.keyboard.press("g");
      await page.keyboard.press("s");
      await page.waitForURL("**/schedule");
    });
  });
});

describe("the page bears", () => {
  test("a table of a million rows with at most eighty of them in the document", async () => {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL("page-million.tsx", import.meta.url))],
      bundle: true,
      format: "iife",
      jsx: "automatic",
      jsxImportSource: "preact",
      write: false,
    });
    const watched = await server.open("/nowhere");
    try {
      const { page } = watched;
      // A document without the page's policy, in which only the table stands.
      await page.goto("about:blank");
      for (const sheet of ["tokens", "base", "table"]) {
        await page.addStyleTag({
          path: fileURLToPath(new URL(`../../web/style/${sheet}.css`, import.meta.url)),
        });
      }
      await page.addScriptTag({ content: outputFiles[0]?.text ?? "" });
      let most = 0;
      for (const share of [0, 0.1, 0.5, 0.73, 1]) {
        await page.evaluate(
          (part) => scrollTo(0, (document.documentElement.scrollHeight - innerHeight) * part),
          share,
        );
        const wanted = Math.round(999_999 * share);
        await page.waitForFunction(
          (number) =>
            [...document.querySelectorAll(".item")].some(
              (item) => Math.abs(Number(item.getAttribute("data-index")) - number) < 60,
            ),
          wanted,
        );
        most = Math.max(most, await page.locator(".item").count());
      }
      assert.ok(most > 10 && most <= 80, `${most} rows in the document`);
      await page.getByText("row 999999").waitFor();
    } finally {
      await watched.close();
    }
  });

  test("a script that is gone after an update, and what is not somebody's to see", async () => {
    const { page, close } = await server.open("/");
    try {
      await page.route("**/assets/queues-*.js", async (route) => await route.abort());
      await page.getByRole("navigation").getByRole("link", { name: "Queues" }).click();
      await page.getByText("The part of the page that shows queues could not be read").waitFor(patience);
      assert.deepEqual((await checkAccess(page)).violations, []);

      const refusal = { code: "RIGHT_MISSING", message: "You may not read events." };
      await page.route(
        "**/api/v1/events?*",
        async (route) => await route.fulfill({ status: 403, json: refusal }),
      );
      await page.getByRole("navigation").getByRole("link", { name: "Logs" }).click();
      await page.getByText("This is not yours to see").waitFor(patience);
      assert.match(await page.locator(".empty").innerText(), /You may not read events\./);
      assert.deepEqual((await checkAccess(page)).violations, []);
    } finally {
      await close();
    }
  });

  test("ten thousand jobs, names of 500 characters, right-to-left text and a line of a megabyte", async () => {
    const nowMs = Date.now();
    await server.send(manyJobs(nowMs, 10_000));
    await server.send(strangeEvents(nowMs));
    const refused = await server.send([longLine(nowMs)]).then(
      () => undefined,
      (error: unknown) => String(error),
    );
    // Longer than a line may be: it is cut or refused where it comes in, and either is said.
    if (refused !== undefined) assert.match(refused, /refus|not all was accepted/);
    for (const path of ["/schedule", "/jobs", "/settings", "/logs?q=severity:>=warn"]) {
      await visit(path, async ({ page }) => {
        await page.waitForFunction(() => document.querySelector(".loading") === null);
        assert.ok((await heading(page)).length > 3);
        assert.ok((await page.locator(".item").count()) <= 80, `${path} has few rows in the document`);
        const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(beyond <= 0, `${path} is ${beyond} pixels too wide`);
      });
    }
    await visit(`/job?job=${encodeURIComponent(strange.rightToLeft)}`, async ({ page }) => {
      await saying(page, /⟨U\+202E⟩evil⟨U\+202C⟩/);
      await page.setViewportSize({ width: 390, height: 844 });
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0);
    });
  });
});
