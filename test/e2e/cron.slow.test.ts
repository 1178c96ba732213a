/**
 * Debian's cron daemon and whenever, as they are: jobs with every awkward command behave with
 * Midwatch as without it, and each run is recorded. In a mount namespace of its own, so that the
 * machine's crontabs are neither seen nor touched. Root only.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
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
import { readNotes } from "../../src/agent/wrapper.ts";
import type { EventRecord } from "../../src/model/event.ts";

const root = new URL("../..", import.meta.url).pathname;
let directory: string;
let cron: ChildProcess | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "midwatch-cron-"));
  for (const name of ["spool", "plain", "wrapped", "run"]) mkdirSync(join(directory, name));
});

afterEach(async () => {
  if (cron?.pid !== undefined) {
    const ended = new Promise((resolve) => cron?.once("exit", resolve));
    try {
      process.kill(-cron.pid, "SIGKILL");
      await ended;
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, "ESRCH");
    }
  }
  rmSync(directory, { recursive: true, force: true });
});

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
env :MIDWATCH_SPOOL, ENV["MIDWATCH_SPOOL"]
commands = JSON.parse(File.read(ENV["COMMANDS"]))
commands.each_with_index do |text, index|
  every(:reboot) { command text, output: ENV["DIRECTORY"] + "/wrapped/#{index}", midwatch: "job #{index}" }
  every(:reboot) { command text, output: ENV["DIRECTORY"] + "/plain/#{index}", midwatch: false }
end
every(1.day, at: "4:30 am") { rake "reports:daily" }
`;

function missing(): string | undefined {
  if (process.getuid?.() !== 0) return "only root may run a cron daemon in a namespace of its own";
  for (const path of ["/usr/sbin/cron", "/usr/bin/whenever", "/usr/bin/unshare"]) {
    if (!existsSync(path)) return `${path} is not installed`;
  }
  const can = spawnSync("/usr/bin/unshare", ["-m", "true"]);
  return can.status === 0 ? undefined : "no mount namespace can be made here";
}

/** Nothing of the machine's own cron is visible here, and nothing here is visible to it. */
const script = `
set -e
mount -t tmpfs tmpfs /var/spool/cron; mkdir -m 1730 /var/spool/cron/crontabs; chgrp crontab /var/spool/cron/crontabs
mount -t tmpfs tmpfs /etc/cron.d
mount --bind /dev/null /etc/crontab
mount --bind "$DIRECTORY/run" /run
cd "$DIRECTORY"
whenever --load-file schedule.rb --update-crontab
crontab -l > installed
exec /usr/sbin/cron -f
`;

test("jobs under cron and whenever behave with the wrapper as without it, and every run is recorded", async (context) => {
  const because = missing();
  if (because !== undefined) return context.skip(because);
  writeFileSync(join(directory, "schedule.rb"), schedule);
  writeFileSync(join(directory, "commands.json"), JSON.stringify(commands));
  let said = "";
  cron = spawn("/usr/bin/unshare", ["-m", "/bin/sh", "-c", script], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      HOME: directory,
      DIRECTORY: directory,
      COMMANDS: join(directory, "commands.json"),
      MIDWATCH_SPOOL: join(directory, "spool"),
      RUBYLIB: join(root, "recorders/ruby/lib"),
      LANG: "C.UTF-8",
    },
  });
  for (const stream of [cron.stdout, cron.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => (said += text));

  const notes = () =>
    readdirSync(join(directory, "spool"))
      .filter((name) => name.endsWith(".run"))
      .map((name) => readNotes(readFileSync(join(directory, "spool", name)), 0).notes);
  const ended = () => notes().filter((all) => all.some(([what]) => what === "e")).length;
  const deadlineMs = Date.now() + 60_000;
  while (ended() < commands.length) {
    assert.ok(Date.now() < deadlineMs, `${ended()} of ${commands.length} ended\n${said}`);
    await sleep(100);
  }
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
