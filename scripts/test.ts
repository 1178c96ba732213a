/**
 * `check`: types, lint, format, unused code and the fast tests. `all`: that, and the slow tests
 * against real workers, a real browser and killed processes, for which Debian's packages are
 * installed when we may. Runs each step to its end and says at the last line what failed.
 */
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";

const root = new URL("..", import.meta.url).pathname;
const bin = (name: string): string => `${root}node_modules/.bin/${name}`;
/** A test file named `*.slow.test.ts` needs Debian's packages, a browser, a server or many seconds. */
const everyTest = globSync("{src,test,web,bench,playground}/**/*.test.ts", { cwd: root }).sort();
const fastTests = everyTest.filter((file) => !file.endsWith(".slow.test.ts"));
const slowTests = everyTest.filter((file) => file.endsWith(".slow.test.ts"));

type Step = { readonly name: string; readonly command: string; readonly words: readonly string[] };

const nodeTest = ["--test", "--test-reporter=spec", "--test-timeout=600000"];
/** What was compiled once is not compiled again by each of the hundreds of processes of a test run. */
const environment = { ...process.env, NODE_COMPILE_CACHE: `${root}node_modules/.cache/compiled` };
const check: readonly Step[] = [
  { name: "types", command: bin("tsc"), words: ["-p", "."] },
  { name: "lint", command: bin("oxlint"), words: ["--type-aware", "--deny-warnings"] },
  { name: "format", command: bin("biome"), words: ["ci", "."] },
  { name: "unused code", command: bin("knip"), words: [] },
  { name: "page", command: bin("node"), words: ["web/build.ts"] },
  { name: "fast tests", command: bin("node"), words: [...nodeTest, "--test-concurrency=2", ...fastTests] },
];
const slow: readonly Step[] = [
  {
    name: "Debian packages",
    command: bin("node"),
    words: ["scripts/install.mjs", `--debian=${debianPackages().join(",")}`],
  },
  // One file at a time: they measure deadlines and must not starve each other on two cores.
  { name: "slow tests", command: bin("node"), words: [...nodeTest, "--test-concurrency=1", ...slowTests] },
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

const steps = process.argv[2] === "all" ? [...check, ...slow] : check;
const failed: string[] = [];
for (const { name, command, words } of steps) {
  const startedMs = Date.now();
  console.log(`\n— ${name}`);
  const { status } = spawnSync(command, words, {
    cwd: root,
    env: environment,
    stdio: ["ignore", "inherit", "inherit"],
  });
  console.log(
    `— ${name}: ${status === 0 ? "passed" : "FAILED"} in ${((Date.now() - startedMs) / 1000).toFixed(1)} s`,
  );
  if (status !== 0) failed.push(name);
}
console.log(
  `\n${steps.length - failed.length} passed, ${failed.length} failed${failed.length > 0 ? `: ${failed.join(", ")}` : ""}`,
);
process.exit(failed.length === 0 ? 0 : 1);
