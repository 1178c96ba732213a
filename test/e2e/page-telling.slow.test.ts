/** The page for whoever was called: the link of a message, all incidents, silences. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { eventually } from "../../playground/processes.ts";
import type { IncidentList } from "../../src/api/watch-schemas.ts";
import { recordAgo } from "../../src/cli/server-for-tests.ts";
import { checkAccess, type PageServer, startPageServer } from "./page-browser.ts";

const skip = existsSync(process.env["MIDWATCH_CHROMIUM"] ?? "/usr/bin/chromium")
  ? false
  : "Chromium is not installed";

describe("whoever is called", { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), "midwatch-called-"));
  const told = join(folder, "told");
  let server: PageServer;
  before(async () => {
    server = await startPageServer({
      alerts: `
page: https://midwatch.example.com
channels: { phone: { kind: command, command: [sh, -c, 'cat >> "$0"', "${told}"] } }
`,
    });
    const about = { stream: "jobs", job: "ReportJob", service: "shop", run_id: "r-1", attempt: 1 } as const;
    await server.send([
      recordAgo(300, { ...about, kind: "job.started" }),
      recordAgo(200, {
        ...about,
        kind: "job.failed",
        error_class: "KeyError",
        error_message: "no <b>month</b>",
      }),
    ]);
  });
  after(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  test("acknowledges by the link of the message, which asks first", async () => {
    const link = await eventually("the message", () => {
      const text = existsSync(told) ? readFileSync(told, "utf8") : "";
      return /"acknowledge":"https:\/\/midwatch\.example\.com(\/acknowledge#[^"]+)"/.exec(text)?.[1];
    });
    const { page, complaints, close } = await server.open(link);
    await page.getByRole("heading", { name: "Do you look at this?" }).waitFor();
    assert.match(await page.locator("main").innerText(), /ReportJob \(shop\) failed .*no <b>month<\/b>/);
    assert.equal(new URL(page.url()).hash, "", "the token does not stay in the history");
    const { violations, passed } = await checkAccess(page);
    assert.deepEqual([violations, passed > 10], [[], true]);
    await page.getByLabel("Your name").fill("Mara");
    await page.getByRole("button", { name: "Acknowledge it" }).click();
    await page.getByRole("heading", { name: "Acknowledged: nobody else is called" }).waitFor();
    await page.getByRole("link", { name: "The incident, with everything about it" }).click();
    await page.getByRole("heading", { name: /ReportJob/ }).waitFor();
    assert.deepEqual(complaints(), []);
    await close();

    const again = await server.open(link);
    await again.page
      .getByRole("heading", { name: "Mara, by the link sent to phone has it already" })
      .waitFor();
    assert.equal(await again.page.getByRole("button").count(), 0);
    await again.close();
    const broken = await server.open(`${link}x`);
    await broken.page.getByRole("heading", { name: "This link leads nowhere" }).waitFor();
    await broken.close();
  });

  test("sees all that is open and all that is over, and silences what is only noise", async () => {
    const about = { stream: "jobs", job: "NightJob", service: "shop", run_id: "r-2", attempt: 1 } as const;
    await server.send([
      recordAgo(200, { ...about, kind: "job.failed", error_class: "E", error_message: "broken" }),
    ]);
    const incident = await eventually("the incident", async () => {
      const { rows } = (await (await fetch(`${server.address}/api/v1/incidents`)).json()) as IncidentList;
      return rows.find(({ job }) => job === "NightJob");
    });
    await fetch(`${server.address}/api/v1/incidents/${incident.id}/resolve`, {
      method: "POST",
      headers: { "content-type": "application/json", "midwatch-request": "1" },
      body: JSON.stringify({ reason: "mended by hand" }),
    });
    const { page, complaints, close } = await server.open("/incidents");
    await page.getByRole("heading", { name: /^Over/ }).waitFor();
    await page.getByText("mended by hand").waitFor();
    await page.getByLabel("Name of the job").fill("NightJob");
    await page.getByLabel("Why need nobody be told?").fill("it is being moved");
    await page.getByRole("button", { name: "Silence it" }).click();
    await page.getByText("job NightJob, until").waitFor();
    const { violations, passed } = await checkAccess(page);
    assert.deepEqual([violations, passed > 10], [[], true]);
    await page.getByRole("button", { name: "End it: it is being moved" }).click();
    await page.getByText("Nothing is silenced, and no maintenance is planned.").waitFor();
    await page
      .getByRole("link", { name: /NightJob/ })
      .first()
      .click();
    await page.getByRole("heading", { name: /NightJob \(shop\) failed/ }).waitFor();
    assert.deepEqual(complaints(), []);
    await close();
  });
});
