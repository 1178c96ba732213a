import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { eventually, Processes } from "../../playground/processes.ts";
import { type Shop, shopIsMissing, startShop } from "../../playground/shop.ts";
import { marker, planted, stories } from "../../playground/stories.ts";
import { startWatch, type Watch } from "../../playground/watch.ts";
import type { EventPage, Run, RunDetail, RunPage } from "../../src/api/schemas.ts";
import { pathsWith, writtenBelow } from "./found.ts";

describe("Delayed::Job in a real Rails application, from request to page", {
  skip: shopIsMissing() ?? false,
}, () => {
  const folder = mkdtempSync(join(tmpdir(), "midwatch-shop-"));
  const processes = new Processes();
  let watch: Watch;
  let shop: Shop;

  async function ask<T>(path: string): Promise<T> {
    const response = await fetch(watch.address + path);
    assert.equal(response.status, 200, path);
    return (await response.json()) as T;
  }

  const runsOf = async (job: string): Promise<readonly Run[]> =>
    (await ask<RunPage>(`/api/v1/runs?job=${encodeURIComponent(job)}`)).rows;

  before(async () => {
    watch = await startWatch(processes, folder);
    // Longer than the test: Delayed::Job must not take up the killed worker's job again.
    shop = await startShop(processes, folder, watch.spool, { SHOP_MAX_RUN_SECONDS: "3600" });
    shop.keepWorking();
    await shop.tell("never existed");
    for (const { name } of stories) await shop.tell(name);
  });

  after(async () => {
    await processes.endAll();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const { name, job, state, attempts } of stories) {
    test(`a job that ${name} is one run, ${state}, with ${attempts.length} attempts`, async () => {
      const run = await eventually(`${job} ${state}`, async () =>
        (await runsOf(job)).find((one) => one.state === state),
      );
      assert.equal((await runsOf(job)).length, 1, `runs of ${job}`);
      const detail = await ask<RunDetail>(`/api/v1/runs/${run.runId}`);
      assert.deepEqual(
        detail.attempts.map((attempt) => attempt.state),
        attempts,
      );
      assert.equal(run.service, "shop");
      assert.ok(run.traceId !== undefined && run.enqueuedTime !== undefined, JSON.stringify(run));
    });
  }

  test("a lost run says who died and that it was not counted", async () => {
    const [run] = await runsOf("NightlyExport");
    const { events, attempts } = await ask<RunDetail>(`/api/v1/runs/${run?.runId}`);
    const lost = events.find((event) => event.kind === "job.lost");
    assert.match(lost?.message ?? "", /worker/i);
    assert.equal(lost?.worker, attempts[0]?.worker);
  });

  test("a request, its jobs and its trace belong together", async () => {
    await shop.order("maria");
    const request = await eventually("the request is stored", async () => {
      const { rows } = await ask<{ rows: readonly { trace_id?: string; message?: string }[] }>(
        "/api/v1/events?kind=http.request&q=orders",
      );
      return rows.find((event) => event.message === "POST /orders 201");
    });
    const runs = await eventually("all jobs of the order end", async () => {
      const { rows } = await ask<RunPage>("/api/v1/runs?limit=100");
      const own = rows.filter((run) => run.traceId === request.trace_id && run.state === "succeeded");
      return own.length === 3 ? own : undefined;
    });
    assert.deepEqual(
      runs.map((run) => run.job ?? "").sort((a, b) => a.localeCompare(b)),
      ["ChargeCardJob", "InvoiceJob", "Order#make_thumbnail"],
    );
    assert.deepEqual([...new Set(runs.map((run) => run.actor))], ["POST /orders"]);
  });

  test("a job that asks for others is their parent", async () => {
    const [parent] = await runsOf("MonthEnd");
    const children = (await runsOf("InvoiceJob")).filter((run) => run.parentRunId === parent?.runId);
    assert.equal(children.length, 2);
    assert.deepEqual(
      children.map((run) => [run.state, run.actor, run.traceId]),
      children.map(() => ["succeeded", "MonthEnd", parent?.traceId]),
    );
  });

  test("what the application and the worker log belongs to the run", async () => {
    const [run] = await runsOf("SignInJob");
    const { lines } = await ask<RunDetail>(`/api/v1/runs/${run?.runId}`);
    const said = lines.map((line) => line.message ?? "").join("\n");
    assert.match(said, new RegExp(`signing maria in: ${marker}`));
    assert.match(said, /Job SignInJob \[[0-9a-f-]+\] from DelayedJob\(default\) \(id=\d+\).* RUNNING/);
  });

  test("Puma tells how busy it is", async () => {
    const stats = await eventually("puma.stats", async () => {
      const { rows } = await ask<EventPage>("/api/v1/events?kind=puma.stats");
      return rows[0];
    });
    assert.equal(stats.attributes?.["max_threads"], 4);
  });

  test("a job whose enqueue was rolled back never existed", async () => {
    const { rows } = await ask<{ rows: readonly unknown[] }>("/api/v1/events?q=nobody");
    assert.deepEqual(rows, []);
    // Of the story that succeeds, of the order above, and two of the job that asks for others.
    assert.equal((await runsOf("InvoiceJob")).length, 4);
  });

  test("the server took every line, and none is missing", async () => {
    assert.ok(!existsSync(join(folder, "agent/refused.ndjson")), "lines were refused");
    const gaps = await ask<EventPage>("/api/v1/events?kind=source.gap");
    assert.deepEqual(gaps.rows, []);
  });

  test("what was planted is in no file that Midwatch or the recorders wrote", () => {
    const names = ["data", "spool", "agent", "server.log", "agent.log"].map((name) => join(folder, name));
    const written = writtenBelow(names);
    const holds = (needle: string): readonly string[] => pathsWith(written, needle);
    assert.ok(written.length > 20, `only ${written.length} files`);
    const found = new Set(holds(marker).map((path) => path.slice(folder.length + 1).split("/")[0]));
    for (const place of ["spool", "data"]) assert.ok(found.has(place), `the search sees nothing in ${place}`);
    for (const secret of planted) assert.deepEqual(holds(secret), [], secret);
  });

  test("what was planted is in no answer either", async () => {
    const response = await fetch(`${watch.address}/api/v1/events?limit=1000&service=shop`);
    const text = await response.text();
    assert.match(text, /AccountImport/);
    assert.ok(text.includes(marker));
    for (const secret of planted) assert.ok(!text.includes(secret), secret);
  });
});
