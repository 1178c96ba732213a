/** Canaries in real programs: a Rails application, Celery tasks, commands under cron, log files. */
import { execFileSync, spawnSync } from "node:child_process";
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { midwatchProgram, nodeProgram, root } from "../../../playground/processes.ts";
import { event } from "./batches.ts";
import { markerOf, type Plan } from "./plan.ts";

export type Environment = Readonly<Record<string, string>>;

const rubyPlaces = [
  "ruby struct",
  "ruby delayed method",
  "ruby positional",
  "ruby named",
  "ruby bare",
  "ruby error",
  "ruby cause",
  "ruby log",
  "ruby unloadable",
  "ruby audit",
  "ruby guard",
  "rack path",
  "rack query",
  "rack headers",
  "rack form",
];
const pythonPlaces = [
  "celery arguments",
  "celery positional",
  "celery named",
  "celery error",
  "celery cause",
  "celery retry",
  "celery log",
  "celery unknown",
  "python audit",
  "python guard",
];

function run(program: string, words: readonly string[], input: string, environment: Environment): void {
  execFileSync(program, words, {
    cwd: join(root, "test/e2e/canary"),
    env: { ...process.env, ...environment },
    input,
    stdio: ["pipe", "ignore", "inherit"],
    timeout: 180_000,
  });
}

export function plantRuby(plan: Plan, environment: Environment): void {
  run("ruby", ["-W0", "plant.rb"], plan.forProgram(rubyPlaces), environment);
}

/** A worker that runs the module `leaks` must be there. */
export function plantPython(plan: Plan, environment: Environment): void {
  run("/usr/bin/python3", ["leaks.py"], plan.forProgram(pythonPlaces), environment);
}

/** Commands under cron's wrapper, and under `midwatch exec` with what they print. */
export function plantCommands(plan: Plan, environment: Environment): void {
  const wrapper = "cron wrapper";
  for (const { text } of plan.at(wrapper)) {
    const words = [markerOf(wrapper), "/bin/sh", "-c", 'echo "$0"; cat; exit 3', text];
    const spoken = { ...process.env, ...environment, SMTP_PASSWORD: text };
    spawnSync(join(root, "recorders/cron/midwatch-run"), words, { env: spoken, input: text });
  }
  for (const [name, script] of [
    ["exec output", "cat"],
    ["exec errors", "cat >&2; exit 7"],
  ] as const) {
    const lines = [markerOf(name), ...plan.at(name).map(({ text }) => text)].join("\n");
    const words = [
      midwatchProgram,
      "exec",
      "--job",
      `nightly ${plan.lost()[0]?.text}`,
      "--",
      "/bin/sh",
      "-c",
    ];
    const env = { ...process.env, ...environment };
    spawnSync(nodeProgram, [...words, script, lines], { env, input: lines });
  }
}

/** A line of each form that the agent reads. */
const logLines: { readonly [format: string]: (text: string) => string } = {
  plain: (text) => text,
  rails: (text) =>
    `I, [2026-11-21T02:00:00.000000 #4711]  INFO -- : [0192f0a1-b2c3-4d4e-8f90-a1b2c3d4e5f6] ${text}`,
  json: (text) =>
    JSON.stringify({ time: "2026-11-21T02:00:00Z", level: "info", msg: text, data: { say: text } }),
  nginx: (text) => `2026/11/21 02:00:00 [error] 7#7: *1 ${text}`,
  celery: (text) => `[2026-11-21 02:00:00,123: INFO/MainProcess] ${text}`,
  puma: (text) => `[4410] * ${text}`,
  access: (text) =>
    `203.0.113.9 - - [21/Nov/2026:02:00:00 +0000] "GET /x HTTP/1.1" 200 12 "-" "${text.replaceAll('"', '\\"')}"`,
  syslog: (text) => `2026-11-21T02:00:00.000000+00:00 web1 app[77]: ${text}`,
};

/** Makes the files, empty; answers the agent's options. */
export function makeLogs(folder: string): readonly string[] {
  return Object.keys(logLines).flatMap((format) => {
    const path = join(folder, `${format}.log`);
    writeFileSync(path, "");
    return ["--log", `${format}@canary=${path}`];
  });
}

export function plantLogs(plan: Plan, folder: string): void {
  for (const [format, line] of Object.entries(logLines)) {
    const name = `log ${format}`;
    const lines = plan.at(name).map(({ text }) => line(`${markerOf(name)} ${text}`));
    appendFileSync(join(folder, `${format}.log`), `${lines.join("\n")}\n`);
  }
}

export const tornFile = "ruby-4194300-1-1.ndjson";

/** Lines in a spool file that no recorder would write: cut short, too long, unknown to the server. */
export function plantTornLines(plan: Plan, spool: string): void {
  const name = "torn spool lines";
  const torn = plan
    .at(name)
    .flatMap(({ text }) => [
      `{"kind":"log","message":${JSON.stringify(text)}`,
      JSON.stringify(event({ time: text })),
      text,
    ]);
  const marker = JSON.stringify(event({ message: markerOf(name) }));
  writeFileSync(join(spool, tornFile), `\n${[marker, ...torn].join("\n\n")}\n`);
}
