/** Texts that mean harm, from the protocol to the page and to a file: they stay text everywhere. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { type PageServer, startPageServer } from "./page-browser.ts";
import { hostileEvents, hostileTexts, perService, serviceOf } from "./page-hostile.ts";

let server: PageServer;

before(async () => {
  server = await startPageServer();
  await server.send(hostileEvents(Date.now()));
});
after(async () => await server.close());

/** Elements that the page never makes itself, handlers, and addresses that run or lead elsewhere. */
async function foundIn(page: Page): Promise<readonly string[]> {
  return await page.evaluate(() => {
    const never =
      "iframe, object, embed, base, math, marquee, video, audio, image, foreignObject, template, img, style";
    const found = [...document.body.querySelectorAll(`${never}, script:not([src^="/"]), a[onclick]`)];
    const lines = found.map(({ outerHTML }) => outerHTML.slice(0, 200));
    for (const element of document.querySelectorAll("*")) {
      for (const { name, value } of element.attributes) {
        const isAddress = ["href", "src", "action", "srcset", "data", "xlink:href"].includes(name);
        const leads =
          isAddress && /^\s*(?:javascript|data):|evil\.example\//i.test(value) && !value.startsWith("/");
        if (name.startsWith("on") || leads) lines.push(`${element.tagName} ${name}=${value.slice(0, 100)}`);
      }
    }
    return lines;
  });
}

test("a corpus of hostile texts is text on every screen that shows it", { timeout: 120_000 }, async () => {
  const services = [...new Set(hostileTexts.map((_, index) => serviceOf(index)))];
  const runs = hostileTexts.flatMap(({ text }, index) =>
    index % perService === 3 ? [`/runs/${encodeURIComponent(`${index} ${text}`.slice(0, 128))}`] : [],
  );
  const others = [
    "/runs",
    "/jobs",
    "/queues",
    "/failures",
    "/",
    `/jobs/${encodeURIComponent(hostileTexts[14]?.text ?? "")}`,
  ];
  const { page, complaints, close } = await server.open("/logs");
  await page.setViewportSize({ width: 1440, height: 2400 });
  const seen = new Set<string>();
  try {
    for (const path of [...services.map((name) => `/logs?q=service:${name}`), ...others, ...runs]) {
      await page.goto(server.address + path);
      await page.waitForFunction(
        () =>
          document.querySelector("main .loading") === null &&
          document.querySelector("main h1, main .empty, main .problem"),
      );
      if (path.startsWith("/logs")) await page.locator(".line").first().waitFor();
      const words = await page.locator("body").innerText();
      const marks = hostileTexts.flatMap(({ mark }) => (words.includes(mark) ? [mark] : []));
      if (path.startsWith("/runs/") || path.startsWith("/logs"))
        assert.ok(marks.length > 0, `${path} shows one`);
      for (const mark of marks) seen.add(mark);
      assert.deepEqual(await foundIn(page), [], path);
      assert.deepEqual(complaints(), [], path);
    }
    assert.deepEqual(
      hostileTexts.filter(({ mark }) => !seen.has(mark)),
      [],
      "each was on a screen",
    );
    // What is looked for would have been found.
    await page.evaluate(() => document.body.append(document.createElement("iframe")));
    assert.equal((await foundIn(page)).length, 1);
  } finally {
    await close();
  }
});

test("no cell of a file for a spreadsheet computes anything", async () => {
  const answer = await fetch(`${server.address}/api/v1/export?format=csv&reason=review&from=-24h`);
  const file = await answer.text();
  assert.equal(answer.status, 200, file.slice(0, 300));
  const cells = file.match(/"(?:[^"]|"")*"|[^,\r\n"]+/g) ?? [];
  const plain = cells.map((cell) => (cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell));
  for (const { mark } of hostileTexts)
    assert.ok(
      plain.some((cell) => cell.includes(mark)),
      mark,
    );
  assert.ok(
    plain.some((cell) => cell.startsWith("'=HYPERLINK")),
    "formulas were among them",
  );
  assert.deepEqual(
    plain.filter((cell) => /^[=+\-@\t\r\n]/.test(cell) && !/^-?\d+(\.\d+)?$/.test(cell)),
    [],
  );
});
