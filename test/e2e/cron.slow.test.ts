/**
 * Debian's cron daemon and whenever, as they are: jobs with every awkward command behave with
 * Midwatch as without it, and each run is recorded. In a mount namespace of its own, so that the
 * machine's crontabs are neither seen nor touched. Root only.
 */
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { clockIsMissing, cronIsMissing, openRoom, startCron, withClock } from "../../playground/cron.ts";
import { eventually, Processes, root } from "../../playground/processes.ts";
import { readNotes } from "../../src/agent/wrapper.ts";
import type { EventRecord } from "../../src/model/event.ts";

let directory: string;
let processes: Processes;

beforeEach(() => {
  processes = new Processes();
  directory = mkdtempSync(join(tmpdir(), "midwatch-cron-"));
  for (const name of ["spool", "plain", "wrapped"]) mkdirSync(join(directory, name));
});

afterEach(async () => {
  await processes.endAll();
  rmSync(directory, { recursive: true, force: true });
});

/** What the wrapper noted of each run. */
function notes(): readonly (readonly (readonly string[])[])[] {
  return readdirSync(join(directory, "spool"))
    .filter((name) => name.endsWith(".run"))
    .map((name) => readNotes(readFileSync(join(directory, "spool", name)), 0).notes);
}

/** Commands that a wrapper has broken elsewhere: quotes, percent signs, globs, pipes, input, codes. */
const commands = [
  "echo plain words",
  "echo 'single quotes' \\\"double\\\" `echo ticks` $(echo parens)",
  "echo \"double 'and' single\"",
  "date +%%Y | tr -d 0-9 | cat -A",
  "echo 100% of *.nothing $HOME \\\\$PATH \\\\\\\\ back",
  "echo a; echo b >&2; false || echo c && (echo d; exit 3)",
  "printf 'é ü → 漢字 \\t tab'",
  "cat; echo end of input",
  "umask; pwd; env | grep -c ^MIDWATCH_SERVICE; echo $SHELL $LOGNAME",
  "echo before; kill -9 $$; echo after",
  "for i in 1 2 3; do echo $i; done | sort -r",
  "exit 42",
] as const;

const schedule = `
require "midwatch/whenever"
set :midwatch_run, "${root}recorders/cron/midwatch-run"
%w[MIDWATCH_SPOOL HOME].each { |name| env(name, ENV[name]) }
commands = JSON.parse(File.read(ENV["COMMANDS"]))
commands.each_with_index do |text, index|
  every(:reboot) { command text, output: ENV["DIRECTORY"] + "/wrapped/#{index}", midwatch: "job #{index}" }
  every(:reboot) { command text, output: ENV["DIRECTORY"] + "/plain/#{index}", midwatch: false }
end
every(1.day, at: "4:30 am") { rake "reports:daily" }
`;

test("jobs under cron and whenever behave with the wrapper as without it, and every run is recorded", async (context) => {
  const because = cronIsMissing();
  if (because !== undefined) return context.skip(because);
  writeFileSync(join(directory, "schedule.rb"), schedule);
  writeFileSync(join(directory, "commands.json"), JSON.stringify(commands));
  const room = await openRoom(processes, directory);
  await startCron(processes, room, {
    folder: directory,
    directory,
    schedule: "schedule.rb",
    environment: {
      HOME: directory,
      DIRECTORY: directory,
      COMMANDS: join(directory, "commands.json"),
      MIDWATCH_SPOOL: join(directory, "spool"),
    },
  });

  const ended = () => notes().filter((all) => all.some(([what]) => what === "e")).length;
  await eventually("all lines have ended", () => ended() >= commands.length || undefined);
  await sleep(500);

  let seen = 0;
  for (const [index, command] of commands.entries()) {
    const [plain, wrapped] = ["plain", "wrapped"].map((kind) => {
      const path = join(directory, kind, String(index));
      return existsSync(path) ? readFileSync(path, "utf8") : undefined;
    });
    assert.equal(wrapped, plain, command);
    if (plain !== undefined) seen += 1;
  }
  // The one that kills its shell never comes to its redirection.
  assert.equal(seen, commands.length - 1);
  assert.match(readFileSync(join(directory, "wrapped/0"), "utf8"), /^plain words$/m);
  const codes = new Map(notes().map((all) => [all[0]?.at(-1), all[1]?.[3]]));
  assert.equal(codes.get("job 0"), "0");
  assert.equal(codes.get("job 9"), "137");
  assert.equal(codes.get("job 11"), "42");
  assert.equal(codes.size, commands.length);

  const declared = readdirSync(join(directory, "spool"))
    .filter((name) => name.endsWith(".ndjson"))
    .flatMap((name) =>
      readFileSync(join(directory, "spool", name), "utf8")
        .split("\n")
        .filter(Boolean),
    )
    .map((line) => JSON.parse(line) as EventRecord);
  assert.equal(declared.length, commands.length + 1);
  const daily = declared.find(({ job }) => job === "reports:daily");
  assert.equal(daily?.kind, "schedule.declared");
  assert.deepEqual(daily.attributes?.["schedules"], ["30 4 * * *"]);
});

/**
 * What Debian's cron does when the clock changes: a line of a fixed time runs once where its hour is
 * skipped (at once) or comes twice; a line of every hour runs by the clock. The clock runs fast.
 */
const clockChanges = [
  { what: "is put forward", from: "2026-03-29 01:58:30 x100", fixed: 1, hourly: 1 },
  { what: "is put back", from: "2026-10-25 01:59:30 x500", fixed: 1, hourly: 3 },
] as const;

const nightly = `
require "midwatch/whenever"
set :midwatch_run, "${root}recorders/cron/midwatch-run"
%w[MIDWATCH_SPOOL HOME].each { |name| env(name, ENV[name]) }
every("30 2 * * *") { command "true", midwatch: "fixed" }
every("0 * * * *") { command "true", midwatch: "hourly" }
every("5 3 * * *") { command "true", midwatch: "last" }
`;

for (const { what, from, fixed, hourly } of clockChanges) {
  test(`where the clock ${what} for summer time, each line runs as often as cron means it to`, async (context) => {
    const because = cronIsMissing() ?? clockIsMissing();
    if (because !== undefined) return context.skip(because);
    writeFileSync(join(directory, "schedule.rb"), nightly);
    const room = await openRoom(processes, directory);
    await startCron(processes, room, {
      folder: directory,
      directory,
      schedule: "schedule.rb",
      environment: { HOME: directory, MIDWATCH_SPOOL: join(directory, "spool"), TZ: "Europe/Zurich" },
      before: withClock(`@${from}`),
    });
    const names = () => notes().map((all) => all[0]?.at(-1));
    await eventually("the night is over", () => names().includes("last") || undefined);
    const count = (name: string): number => names().filter((one) => one === name).length;
    assert.deepEqual([count("fixed"), count("hourly"), count("last")], [fixed, hourly, 1]);
  });
}
