/**
 * `check`: types, lint, format, unused code and the fast tests. `all`: that, and the slow tests
 * against real workers, a real browser and killed processes, for which Debian's packages are
 * installed when we may. Runs each step to its end and says at the last line what failed.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, globSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = new URL("..", import.meta.url).pathname;
const bin = (name: string): string => `${root}node_modules/.bin/${name}`;
/** A test file named `*.slow.test.ts` needs Debian's packages, a browser, a server or many seconds. */
const everyTest = globSync("{src,test,web,bench,playground}/**/*.test.ts", { cwd: root }).sort();
const fastTests = everyTest.filter((file) => !file.endsWith(".slow.test.ts"));
const slowTests = everyTest.filter((file) => file.endsWith(".slow.test.ts"));
/** Those that start threads or fill the memory of their process, which would slow down its neighbours. */
const alone = [
  "src/cli/commands.test.ts",
  "src/cli/pipeline.test.ts",
  "src/receive/ndjson.test.ts",
  "src/redact/property.test.ts",
  "src/store/events/retention.test.ts",
  "web/build.test.ts",
];
for (const file of alone) if (!fastTests.includes(file)) throw new Error(`there is no test ${file}`);
const together = fastTests.filter((file) => !alone.includes(file));

type Command = readonly [program: string, ...words: readonly string[]];
type Step = { readonly name: string; readonly atOnce: readonly Command[] };

function nodeTest(files: readonly string[], ...switches: readonly string[]): Command {
  return [bin("node"), "--test", "--test-reporter=spec", "--test-timeout=600000", ...switches, ...files];
}
const step = (name: string, ...atOnce: readonly Command[]): Step => ({ name, atOnce });

/** What was compiled once is not compiled again by each of the hundreds of processes of a test run. */
const environment = { ...process.env, NODE_COMPILE_CACHE: `${root}node_modules/.cache/compiled` };
const check: readonly Step[] = [
  step("types", [bin("tsc"), "-p", "."]),
  step("lint", [bin("oxlint"), "--type-aware", "--deny-warnings"]),
  step("format", [bin("biome"), "ci", "."]),
  step("unused code", [bin("knip")]),
  step("page", [bin("node"), "web/build.ts"]),
  // Ninety small files start one process, not ninety: that is two thirds of their time.
  step(
    "fast tests",
    nodeTest(together, "--test-isolation=none", "--test-force-exit"),
    nodeTest(alone, "--test-concurrency=1"),
  ),
];
const slow: readonly Step[] = [
  step("Debian packages", [bin("node"), "scripts/install.mjs", `--debian=${debianPackages().join(",")}`]),
  // Most of them wait more than they work; more than two at once would starve each other on two cores.
  step("slow tests", nodeTest(slowTests, "--test-concurrency=2")),
];

function debianPackages(): readonly string[] {
  return [
    "chromium",
    "ruby",
    "ruby-delayed-job",
    "ruby-delayed-job-active-record",
    "ruby-rails",
    "ruby-sqlite3",
    "ruby-redis",
    "ruby-whenever",
    "ruby-daemons",
    "puma",
    "ruby-minitest",
    "ruby-bundler",
    "rake",
    "cron",
    "libfaketime",
    "debootstrap",
    "redis-server",
    "python3-celery",
    "tzdata",
    "python3-redis",
    "prometheus",
    "prometheus-alertmanager",
    "python3-aiosmtpd",
    "python3-gevent",
    "python3-django",
    "python3-django-celery-beat",
    "python3-build",
    "python3-pip",
    "python3-setuptools",
    "python3-wheel",
    "rabbitmq-server",
    "rsyslog",
  ];
}

/** Runs the commands of a step at the same time and says what each printed, one after the other. */
async function run({ atOnce }: Step): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), "midwatch-test-"));
  const codes = atOnce.map(async ([program, ...words], index) => {
    // What one prints is seen as it comes. That of several would be mixed, and is kept: in a file,
    // for a process that ends at once leaves behind what a pipe has not taken yet.
    const path = join(folder, String(index));
    const output = atOnce.length > 1 ? openSync(path, "w") : "inherit";
    const child = spawn(program, words, { cwd: root, env: environment, stdio: ["ignore", output, output] });
    const [code] = (await once(child, "exit")) as [number | null];
    if (typeof output === "number") {
      closeSync(output);
      process.stdout.write(readFileSync(path));
    }
    return code === 0;
  });
  const passed = await Promise.all(codes);
  rmSync(folder, { recursive: true });
  return passed.every(Boolean);
}

const steps = process.argv[2] === "all" ? [...check, ...slow] : check;
const failed: string[] = [];
for (const each of steps) {
  const startedMs = Date.now();
  console.log(`\n— ${each.name}`);
  const passed = await run(each);
  console.log(
    `— ${each.name}: ${passed ? "passed" : "FAILED"} in ${((Date.now() - startedMs) / 1000).toFixed(1)} s`,
  );
  if (!passed) failed.push(each.name);
}
console.log(
  `\n${steps.length - failed.length} passed, ${failed.length} failed${failed.length > 0 ? `: ${failed.join(", ")}` : ""}`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
