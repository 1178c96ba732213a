import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";

const ruby = new URL("../recorders/ruby/", import.meta.url).pathname;
const needed = 'require "delayed_job_active_record"; require "sqlite3"; require "minitest"';
const missing =
  spawnSync("ruby", ["-e", `require "active_record"; ${needed}`]).status !== 0 &&
  "Ruby, Delayed::Job, SQLite or minitest is not installed";

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

  test("builds as a gem, and the gem works when it is installed", () => {
    const built = join(folder, "midwatch.gem");
    const build = spawnSync("gem", ["build", "midwatch.gemspec", "--output", built], {
      cwd: ruby,
      encoding: "utf8",
    });
    assert.equal(build.status, 0, build.stderr);
    const home = join(folder, "gems");
    const install = spawnSync("gem", ["install", "--local", "--no-document", "--install-dir", home, built], {
      encoding: "utf8",
    });
    assert.equal(install.status, 0, install.stderr);
    const script =
      'require "midwatch"; Midwatch.configure { |c| c.spool = ARGV[0]; c.service = "x" }; p Midwatch.audit("a.b")';
    const { stdout, stderr } = spawnSync("ruby", ["-e", script, folder], {
      encoding: "utf8",
      env: { ...process.env, GEM_PATH: home, GEM_HOME: home },
    });
    assert.equal(stdout, "true\n", stderr);
    assert.ok(readdirSync(folder).some((name) => /^ruby-\d+-\d+-\d+\.ndjson$/.test(name)));
  });
});
