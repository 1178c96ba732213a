/**
 * The next Debian's versions of everything that is recorded: delayed_job 4.1.13, Rails 7.2, Puma
 * 6.6, whenever 1.0, Celery 5.5, Ruby 3.3, Python 3.13. The recorder's own tests, every story of the
 * shop and of billing, and the one that crosses all four.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Billing, billingPackages, startBilling } from "../../playground/billing.ts";
import { cronPackages, type Room, withClock } from "../../playground/cron.ts";
import { eventually, Processes, root } from "../../playground/processes.ts";
import { type Shop, shopPackages, startShop } from "../../playground/shop.ts";
import { stories, taskStories } from "../../playground/stories.ts";
import { startWatch, type Watch } from "../../playground/watch.ts";
import type { RunDetail, RunPage } from "../../src/api/schemas.ts";
import { debian13IsMissing, makeDebian13, openDebian13 } from "./debian13.ts";

const packages = [
  ...new Set([
    ...shopPackages,
    ...billingPackages,
    ...cronPackages,
    "ruby-daemons",
    "ruby-minitest",
    "libfaketime",
  ]),
];

const folder = mkdtempSync(join(tmpdir(), "midwatch-debian13-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const missing = debian13IsMissing() ?? makeDebian13(folder, packages);

describe("on Debian 13", { skip: missing ?? false }, () => {
  const processes = new Processes();
  let room: Room;
  let watch: Watch;
  let billing: Billing;
  let shop: Shop;

  /** Runs a command there; answers what it printed. */
  async function there(program: string, words: readonly string[], environment = {}): Promise<string> {
    const output = join(folder, `${words.at(-1)?.split("/").at(-1)}.out`);
    const child = processes.start({ program, words, room, environment, output });
    await eventually(
      `${program} ${words.join(" ")}`,
      () => child.exitCode ?? child.signalCode ?? undefined,
      120_000,
    );
    const text = readFileSync(output, "utf8");
    assert.equal(child.exitCode, 0, text.slice(-4000));
    return text;
  }

  async function runsWhere(query: string): Promise<RunPage["rows"]> {
    const response = await fetch(`${watch.address}/api/v1/runs?limit=50&${query}`);
    assert.equal(response.status, 200, query);
    return ((await response.json()) as RunPage).rows;
  }

  before(async () => {
    room = await openDebian13(processes, folder);
    watch = await startWatch(processes, folder, { room });
    billing = await startBilling(processes, folder, watch.spool, { room });
    const environment = { ...billing.environment, SHOP_MAX_RUN_SECONDS: "3600" };
    shop = await startShop(processes, folder, watch.spool, environment, room);
    shop.keepWorking();
    await shop.tell("never existed");
    for (const { name } of stories) await shop.tell(name);
    await shop.keepTime(room, withClock("+0 x6"));
    await shop.tell("crosses all four");
  });
  after(() => processes.endAll());

  test("the versions are those of Debian 13", async () => {
    const versions = "Rails.version, delayed_job.version, Puma::Const::VERSION, Whenever::VERSION";
    const script = `%w[rails puma puma/const whenever whenever/version].each { |name| require name }
      delayed_job = Gem::Specification.find_by_name("delayed_job"); puts RUBY_VERSION, ${versions}`;
    assert.match(await there("ruby", ["-e", script]), /^3\.3\..*\n7\.2\..*\n4\.1\.13\n6\.6\..*\n1\.0\.0$/m);
    const python = "import celery, sys; print(sys.version_info[:2], celery.__version__)";
    assert.match(await there("/usr/bin/python3", ["-c", python]), /^\(3, 13\) 5\.5\./m);
  });

  for (const file of readdirSync(join(root, "recorders/ruby/test")).filter((name) =>
    name.endsWith("_test.rb"),
  )) {
    test(`the recorder passes ${file}`, async () => {
      const said = await there("ruby", [join(root, "recorders/ruby/test", file)]);
      assert.match(said, /[1-9]\d* runs, \d+ assertions, 0 failures, 0 errors/);
    });
  }

  for (const { name, job, state } of stories) {
    test(`a job of the shop that ${name} is ${state}`, async () => {
      await eventually(`${job} ${state}`, async () =>
        (await runsWhere(`job=${encodeURIComponent(job)}`)).find((run) => run.state === state),
      );
    });
  }

  test("every story of billing ends in its state, attempt by attempt", async () => {
    const path = join(root, "playground/billing/stories.py");
    const told = await there("/usr/bin/python3", [path], billing.environment);
    const ids = new Map(
      told
        .trim()
        .split("\n")
        .map((line) => line.split("\t") as [string, string]),
    );
    for (const [story, state, attempts] of taskStories) {
      const address = `${watch.address}/api/v1/runs/${ids.get(story)}`;
      const seen = await eventually(`${story} ${state}`, async () => {
        const response = await fetch(address);
        const detail = response.ok ? ((await response.json()) as RunDetail) : undefined;
        return detail?.run.state === state && detail.attempts.length === attempts.length ? detail : undefined;
      });
      assert.deepEqual(
        seen.attempts.map((attempt) => attempt.state),
        attempts,
        story,
      );
    }
  });

  test("a request, a job, a task and a cron line are one trace", async () => {
    const runs = await eventually(
      "the cron line",
      async () => {
        const lines = await runsWhere("job=exports%3Asend&state=succeeded");
        const line = lines.find((run) => run.parentRunId !== undefined);
        const all = line ? await runsWhere(`trace=${line.traceId}`) : [];
        return all.length === 4 && all.every((run) => run.state === "succeeded") ? all : undefined;
      },
      120_000,
    );
    assert.deepEqual(new Set(runs.map((run) => run.runtime)), new Set(["delayed_job", "celery", "whenever"]));
  });
});
