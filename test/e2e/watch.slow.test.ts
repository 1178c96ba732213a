/**
 * Real workers and a real cron daemon that somebody kills: each death is an incident with its cause
 * within seconds, and a slot that nobody serves any more is found.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { billingIsMissing, startBilling } from "../../playground/billing.ts";
import {
  clockIsMissing,
  cronIsMissing,
  openRoom,
  type Room,
  startCron,
  withClock,
} from "../../playground/cron.ts";
import { eventually, Processes, root } from "../../playground/processes.ts";
import { shopIsMissing, startShop } from "../../playground/shop.ts";
import { startWatch, type Watch } from "../../playground/watch.ts";
import type { RunPage } from "../../src/api/schemas.ts";
import type { IncidentAnswer, IncidentDetailAnswer, IncidentList } from "../../src/api/watch-schemas.ts";

/** The promise is 10 s; a machine that does everything at once gets more. */
const patienceMs = 60_000;
const missing = shopIsMissing() ?? billingIsMissing() ?? cronIsMissing() ?? clockIsMissing();

/** So that nothing else on the machine is taken for it. */
const napSeconds = 7391;
const schedule = `
require "midwatch/whenever"
Midwatch.configure { |config| config.service = "ops" }
set :midwatch_run, "${root}recorders/cron/midwatch-run"
set :midwatch_program, "${root}bin/midwatch"
set :environment, "playground"
env "MIDWATCH_SPOOL", ENV.fetch("MIDWATCH_SPOOL")
# What a login shell reads there is this machine's affair, and may take longer than the job.
env "HOME", ENV.fetch("CRON_FOLDER")
every(1.minute) { command "sleep ${napSeconds}", output: nil, midwatch: "long export" }
every(1.minute) { command "true", output: nil, midwatch: "heartbeat" }
`;

describe("whoever kills what works in the background", { skip: missing ?? false }, () => {
  const folder = mkdtempSync(join(tmpdir(), "midwatch-watched-"));
  const processes = new Processes();
  let watch: Watch;
  let room: Room;
  // Begun at once, so that the stories need not wait for them one after the other.
  let shopStarts: ReturnType<typeof startShop>;
  let billingStarts: ReturnType<typeof startBilling>;

  async function ask<T>(path: string): Promise<T> {
    const response = await fetch(watch.address + path);
    assert.equal(response.status, 200, path);
    return (await response.json()) as T;
  }

  const incidentOf = (job: string, kind: IncidentAnswer["kind"]): Promise<IncidentAnswer> =>
    eventually(
      `the incident of ${job}`,
      async () => {
        const { rows } = await ask<IncidentList>("/api/v1/incidents?limit=500");
        return rows.find((one) => one.job === job && one.kind === kind);
      },
      patienceMs,
    );

  /** From the moment at which the run began, which is when it is killed in these stories. */
  async function delayMs(incident: IncidentAnswer): Promise<number> {
    const { rows } = await ask<RunPage>(`/api/v1/runs?job=${encodeURIComponent(incident.job ?? "")}`);
    const run = rows.find(({ runId }) => incident.runIds.includes(runId));
    assert.ok(run?.startedTime, JSON.stringify(rows));
    return Date.parse(incident.openedTime) - Date.parse(run.startedTime);
  }

  /** Processes in the room, or anywhere, whose command line this is. */
  function pidsOf(words: string, within?: string): readonly number[] {
    return readdirSync("/proc").flatMap((name) => {
      if (!/^\d+$/.test(name)) return [];
      try {
        const line = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim();
        const isThere = within === undefined || readlinkSync(`/proc/${name}/ns/mnt`) === within;
        return line === words && isThere ? [Number(name)] : [];
      } catch {
        return []; // gone meanwhile
      }
    });
  }

  before(async () => {
    room = await openRoom(processes, folder);
    watch = await startWatch(processes, folder, { room });
    shopStarts = startShop(processes, folder, watch.spool, { SHOP_MAX_RUN_SECONDS: "3600" });
    billingStarts = startBilling(processes, folder, watch.spool);
    // Whether they start is the matter of the tests that need them.
    for (const starts of [shopStarts, billingStarts]) void Promise.allSettled([starts]);
    const file = join(folder, "schedule.rb");
    writeFileSync(file, schedule);
    // Its minute lasts five seconds.
    await startCron(processes, room, {
      folder,
      directory: folder,
      schedule: file,
      environment: { MIDWATCH_SPOOL: watch.spool },
      before: withClock("+0 x12"),
    });
  });
  after(async () => {
    await processes.endAll();
    rmSync(folder, { recursive: true, force: true });
  });

  test("a cron job's command: it failed, by which signal, and how soon that is known", async (context) => {
    const [pid] = await eventually("the job runs", () => {
      const pids = pidsOf(`sleep ${napSeconds}`);
      return pids.length > 0 ? pids : undefined;
    });
    assert.ok(pid !== undefined);
    const killedMs = Date.now();
    process.kill(pid, "SIGKILL");
    const incident = await incidentOf("long export", "failed");
    assert.match(incident.because, /long export \(ops, playground\) failed.*(SIGKILL|signal 9|KILL)/i);
    const tookMs = Date.parse(incident.openedTime) - killedMs;
    context.diagnostic(`cron: an incident ${(tookMs / 1000).toFixed(1)} s after the kill`);
    assert.ok(tookMs < patienceMs);

    // From here on nobody serves the slots; the next stories pass the time until one is missed.
    const space = readlinkSync(
      `/proc/${pidsOf("sleep infinity").find((one) => isRoom(one)) ?? "self"}/ns/mnt`,
    );
    const daemons = pidsOf("/usr/sbin/cron -f", space);
    assert.equal(daemons.length, 1, "the daemon of this test, and no other");
    const monitor = {
      job: "heartbeat",
      // Its line in the crontab says each minute, which is longer than a test should wait.
      schedules: [{ everySeconds: 15, timeZone: "UTC" }],
      graceMs: 3000,
      overlapAllowed: true,
      failuresBeforeTelling: 1,
      severity: "error",
    };
    const put = await fetch(`${watch.address}/api/v1/monitors`, {
      method: "PUT",
      headers: { "content-type": "application/json", "midwatch-request": "1" },
      body: JSON.stringify({ monitors: [monitor] }),
    });
    assert.equal(put.status, 204);
    for (const daemon of daemons) process.kill(daemon, "SIGKILL");
  });

  /** The process that holds this test's room open: its crontabs are those that were installed here. */
  function isRoom(pid: number): boolean {
    try {
      const table = `/proc/${pid}/root/var/spool/cron/crontabs/root`;
      return (
        readFileSync(table, "utf8").includes(folder) ||
        readFileSync(table, "utf8").includes(`sleep ${napSeconds}`)
      );
    } catch {
      return false;
    }
  }

  test("a Delayed::Job worker: its run is lost, with the worker's name", async (context) => {
    const shop = await shopStarts;
    shop.keepWorking();
    await shop.tell("kills its worker");
    const incident = await incidentOf("NightlyExport", "lost");
    assert.match(incident.because, /NightlyExport .*was lost: its worker \S+:\d+:\d+ died/);
    const tookMs = await delayMs(incident);
    context.diagnostic(`Delayed::Job: an incident ${(tookMs / 1000).toFixed(1)} s after the kill`);
    assert.ok(tookMs < patienceMs);
  });

  test("a Celery child: its run is lost, and by what", async (context) => {
    const billing = await billingStarts;
    processes.start({
      program: "/usr/bin/python3",
      words: ["-c", "import tasks; tasks.killed.delay()"],
      environment: billing.environment,
      directory: join(root, "playground/billing"),
      output: join(folder, "publish.log"),
    });
    const incident = await incidentOf("billing.killed", "lost");
    assert.match(incident.because, /billing\.killed .*was lost: its worker \S+:\d+:\d+ died/);
    const tookMs = await delayMs(incident);
    context.diagnostic(`Celery: an incident ${(tookMs / 1000).toFixed(1)} s after the kill`);
    assert.ok(tookMs < patienceMs);
  });

  test("a cron daemon: a slot is missed, and every decision about it can be read", async (context) => {
    const incident = await incidentOf("heartbeat", "missed");
    assert.match(incident.because, /heartbeat .*was due at .* and had not begun 3 s later/);
    assert.equal(incident.severity, "error");
    const [, day = "", time = ""] = /due at (\S+) (\S+) UTC/.exec(incident.because) ?? [];
    const tookMs = Date.parse(incident.openedTime) - Date.parse(`${day}T${time}Z`);
    context.diagnostic(
      `missed: an incident ${(tookMs / 1000).toFixed(1)} s after its slot, with 3 s of grace`,
    );
    assert.ok(tookMs < patienceMs);
    const { timeline } = await ask<IncidentDetailAnswer>(`/api/v1/incidents/${incident.id}`);
    assert.deepEqual(
      timeline
        .map(({ act }) => act)
        .toReversed()
        .slice(0, 2),
      ["opened", "held"],
    );
    assert.match(timeline.find(({ act }) => act === "held")?.because ?? "", /No channel is configured/);
  });
});
