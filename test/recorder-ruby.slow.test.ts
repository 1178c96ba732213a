import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { answers, eventually, freePort, Processes } from "../playground/processes.ts";

const ruby = new URL("../recorders/ruby/", import.meta.url).pathname;
const needed = 'require "delayed_job_active_record"; require "sqlite3"; require "minitest"';
const missing =
  (spawnSync("ruby", ["-e", `require "active_record"; ${needed}`]).status !== 0 &&
    "Ruby, Delayed::Job, SQLite or minitest is not installed") ||
  (spawnSync("bundle", ["--version"]).status !== 0 && "Debian's package ruby-bundler is not installed");

describe("the Ruby recorder", { skip: missing }, () => {
  const folder = mkdtempSync(join(tmpdir(), "midwatch-gem-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

  const files = readdirSync(join(ruby, "test")).filter((name) => name.endsWith("_test.rb"));

  test("has tests", () => {
    assert.ok(files.length >= 3);
  });

  for (const file of files) {
    test(`passes ${file}`, () => {
      const { status, stdout, stderr } = spawnSync("ruby", [join(ruby, "test", file)], { encoding: "utf8" });
      assert.equal(status, 0, stdout + stderr);
      const runs = Number(/(\d+) runs, \d+ assertions, 0 failures, 0 errors/.exec(stdout)?.[1] ?? 0);
      assert.ok(runs > 0, `no test was run:\n${stdout}`);
    });
  }

  test("builds as a gem, and works in an empty application by the words of its README alone", async () => {
    const built = join(folder, "midwatch.gem");
    run("gem", ["build", "midwatch.gemspec", "--output", built], ruby);
    const home = join(folder, "gems");
    run("gem", ["install", "--local", "--no-document", "--install-dir", home, built], folder);
    const application = join(folder, "application");
    cpSync(new URL("empty-application/", import.meta.url).pathname, application, { recursive: true });
    const [gem = "", initializer = "", puma = ""] = blocksOf(readFileSync(join(ruby, "README.md"), "utf8"));
    appendFileSync(join(application, "Gemfile"), gem);
    mkdirSync(join(application, "config/initializers"));
    writeFileSync(join(application, "config/initializers/midwatch.rb"), initializer);
    appendFileSync(join(application, "config/puma.rb"), puma);

    const spool = join(folder, "spool");
    mkdirSync(spool);
    const port = await freePort();
    const paths = spawnSync("gem", ["environment", "gempath"], { encoding: "utf8" }).stdout.trim();
    const environment = {
      GEM_PATH: `${home}:${paths}`,
      RAILS_ENV: "production",
      PORT: String(port),
      GIT_SHA: "r7",
    };
    run("bundle", ["install", "--local"], application, environment);
    const processes = new Processes();
    try {
      const output = join(folder, "puma.log");
      const more = { ...environment, MIDWATCH_SPOOL: spool, BUNDLE_GEMFILE: join(application, "Gemfile") };
      const words = ["exec", "puma", "-C", "config/puma.rb"];
      const child = processes.start({
        program: "bundle",
        words,
        directory: application,
        environment: more,
        output,
      });
      await eventually("the application answers", () => {
        if (child.exitCode !== null) throw new Error(readFileSync(output, "utf8"));
        return answers(`http://127.0.0.1:${port}/`);
      });
      await eventually("the job has run", () => (kindsIn(spool).has("job.succeeded") ? true : undefined));
    } finally {
      await processes.endAll();
    }
    const kinds = kindsIn(spool);
    for (const kind of [
      "http.request",
      "job.enqueued",
      "job.started",
      "log",
      "worker.started",
      "worker.stopped",
    ])
      assert.ok(kinds.has(kind), `no ${kind}: ${[...kinds.keys()].join(" ")}`);
    const request = kinds.get("http.request") ?? {};
    assert.deepEqual(
      [
        request["service"],
        request["environment"],
        request["release"],
        kinds.get("job.enqueued")?.["trace_id"],
      ],
      ["shop", "production", "r7", request["trace_id"]],
    );
  });
});

function run(program: string, words: readonly string[], directory: string, more = {}): void {
  const environment = { ...process.env, ...more };
  const { status, stdout, stderr } = spawnSync(program, words, {
    cwd: directory,
    encoding: "utf8",
    env: environment,
  });
  assert.equal(status, 0, `${program} ${words.join(" ")}: ${stdout}${stderr}`);
}

/** What the document tells people to write down, block by block. */
function blocksOf(document: string): readonly string[] {
  return Array.from(document.matchAll(/^```ruby\n(.*?)^```$/gms), (match) => match[1] ?? "");
}

/** The last event of each kind in the files of a spool. */
function kindsIn(spool: string): ReadonlyMap<string, Readonly<Record<string, unknown>>> {
  const lines = readdirSync(spool).flatMap((name) => readFileSync(join(spool, name), "utf8").split("\n"));
  const events = lines.filter(Boolean).map((line) => JSON.parse(line) as { readonly kind: string });
  return new Map(events.map((event) => [event.kind, event]));
}
