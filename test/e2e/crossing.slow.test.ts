/**
 * One story that crosses all four runtimes: a web request on Puma asks for a Delayed::Job job, which
 * asks Celery for a task, which leaves word for a line that whenever wrote into cron's table, which
 * asks for a job again. One trace, each the child of the one before, each saying who asked for it.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { billingIsMissing, startBilling } from "../../playground/billing.ts";
import { clockIsMissing, cronIsMissing, openRoom, withClock } from "../../playground/cron.ts";
import { eventually, Processes } from "../../playground/processes.ts";
import { shopIsMissing, startShop } from "../../playground/shop.ts";
import { startWatch, type Watch } from "../../playground/watch.ts";
import type { EventPage, Run, RunDetail, RunPage } from "../../src/api/schemas.ts";

const missing = shopIsMissing() ?? billingIsMissing() ?? cronIsMissing() ?? clockIsMissing();
const folder = mkdtempSync(join(tmpdir(), "midwatch-crossing-"));
const processes = new Processes();
let watch: Watch;

async function ask<T>(path: string): Promise<T> {
  const response = await fetch(watch.address + path);
  assert.equal(response.status, 200, path);
  return (await response.json()) as T;
}

before(async () => {
  if (missing !== undefined) return;
  const room = await openRoom(processes, folder);
  watch = await startWatch(processes, folder, { room });
  const billing = await startBilling(processes, folder, watch.spool);
  const shop = await startShop(processes, folder, watch.spool, billing.environment);
  shop.keepWorking();
  await shop.tell("crosses all four");
  // Its minute lasts ten seconds.
  const installed = await shop.keepTime(room, withClock("+0 x6"));
  assert.match(installed, /midwatch-run -r whenever -s shop -e playground -a \S+ 'exports:send' \/bin\/bash/);
});
after(async () => {
  await processes.endAll();
  rmSync(folder, { recursive: true, force: true });
});

test("a request, a job, a task and a cron line are one trace, each the child of the one before", {
  skip: missing ?? false,
}, async () => {
  const runs = await eventually(
    "the job that the cron line asked for, and all before it, have succeeded",
    async () => {
      const { rows } = await ask<RunPage>("/api/v1/runs?job=InvoiceJob&limit=10");
      const last = rows.find((run) => run.state === "succeeded");
      const all = last ? (await ask<RunPage>(`/api/v1/runs?trace=${last.traceId}&limit=10`)).rows : [];
      return all.length >= 4 && all.every((run) => run.state === "succeeded") ? all : undefined;
    },
    120_000,
  );
  const byJob = new Map(runs.map((run) => [run.job, run]));
  const [job, task, line, child] = ["ExportJob", "billing.export", "exports:send", "InvoiceJob"].map((name) =>
    byJob.get(name),
  );
  assert.equal(runs.length, 4, runs.map((run) => run.job).join(", "));
  const said = (run: Run | undefined) => [
    run?.runtime,
    run?.service,
    run?.state,
    run?.parentRunId,
    run?.actor,
  ];
  assert.deepEqual([job, task, line, child].map(said), [
    ["delayed_job", "shop", "succeeded", undefined, "POST /stories/crosses%20all%20four"],
    ["celery", "billing", "succeeded", job?.runId, "ExportJob"],
    ["whenever", "shop", "succeeded", task?.runId, "cron: root"],
    ["delayed_job", "shop", "succeeded", line?.runId, "cron: exports:send"],
  ]);
  const { trace, run } = await ask<RunDetail>(`/api/v1/runs/${line?.runId}`);
  assert.equal(trace.length, 3, "the page of each run shows the others");
  const requests = await ask<EventPage>(`/api/v1/events?kind=http.request&trace=${run.traceId}`);
  assert.deepEqual(
    requests.rows.map((event) => event.message),
    ["POST /stories/crosses%20all%20four 202"],
  );
  const lines = await ask<RunDetail>(`/api/v1/runs/${line?.runId}`);
  assert.ok(
    lines.lines.some(({ message }) => message === "sending the export"),
    "what the cron line's program logs belongs to its run",
  );
});

test("what is declared, what is installed and what was seen of a crontab are all there", {
  skip: missing ?? false,
}, async () => {
  const jobs = ["exports:send", "heartbeat", "stock report", "stock sync"];
  for (const kind of ["schedule.declared", "schedule.installed"]) {
    const rows = await eventually(`${kind} of all`, async () => {
      const page = await ask<EventPage>(`/api/v1/events?kind=${kind}&limit=100`);
      const own = page.rows.filter((event) => event.runtime !== "celery" && jobs.includes(event.job ?? ""));
      return own.length >= jobs.length ? own : undefined;
    });
    assert.deepEqual(new Set(rows.map((event) => event.job)), new Set(jobs), kind);
  }
  const ended = async (job: string): Promise<Run> =>
    eventually(`${job} has ended`, async () => {
      const { rows } = await ask<RunPage>(`/api/v1/runs?job=${encodeURIComponent(job)}&limit=10`);
      return rows.find((run) => run.state === "succeeded" || run.state === "failed");
    });
  assert.equal((await ended("heartbeat")).state, "succeeded");
  assert.equal((await ended("stock sync")).state, "failed");
  const report = await ended("stock report");
  const { events } = await ask<RunDetail>(`/api/v1/runs/${report.runId}`);
  const written = events.filter((event) => event.kind === "job.output").map((event) => event.message ?? "");
  assert.match(written.join(""), /shelf east: 68 parts/);
  assert.doesNotMatch(written.join(""), /hunter2/);
});
