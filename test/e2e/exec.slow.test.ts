/** `midwatch exec` from the outside: nothing changes for the command, and everything is recorded. */
import assert from "node:assert/strict";
import { type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { EventRecord } from "../../src/model/event.ts";

const midwatch = new URL("../../bin/midwatch", import.meta.url).pathname;
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "midwatch-exec-test-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const environment = { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LOGNAME: "deploy" };

function run(script: string, change: { input?: string; spool?: string } = {}): SpawnSyncReturns<string> {
  const words = [
    "exec",
    "--job",
    "nightly",
    "--spool",
    change.spool ?? directory,
    "--",
    "/bin/sh",
    "-c",
    script,
  ];
  return spawnSync(midwatch, words, {
    env: environment,
    input: change.input ?? "",
    encoding: "utf8",
    maxBuffer: 2 ** 24,
  });
}

function events(): readonly EventRecord[] {
  return readdirSync(directory).flatMap((name) =>
    readFileSync(join(directory, name), "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as EventRecord),
  );
}

describe("midwatch exec", () => {
  test("streams, exit code, input and /dev/stderr are as without it, and all of it is recorded", () => {
    const script =
      "cat; echo out; echo err >&2; echo more > /dev/stderr; echo password=hunter2secret; exit 5";
    const wrapped = run(script, { input: "given\n" });

    assert.equal(wrapped.stdout, "given\nout\npassword=hunter2secret\n");
    assert.equal(wrapped.stderr, "err\nmore\n");
    assert.equal(wrapped.status, 5);
    const recorded = events();
    assert.deepEqual(
      recorded.map(({ kind }) => kind),
      ["job.started", "job.output", "job.output", "job.failed"],
    );
    assert.ok(!JSON.stringify(recorded).includes("hunter2"), "redacted before it is written");
    const [, out, err, end] = recorded;
    assert.match(out?.message ?? "", /^given\nout\npassword=\[/);
    assert.equal(err?.message, "err\nmore\n");
    assert.equal(end?.exit_code, 5);
    assert.equal(end.actor, "cron: deploy");
    assert.equal(new Set(recorded.map(({ run_id }) => run_id)).size, 1);
  });

  test("memory and processor time of all descendants are measured", () => {
    const hog =
      "const kept=Buffer.alloc(150e6,1);const until=Date.now()+400;while(Date.now()<until);kept.at(0)";
    const { status } = run(`sh -c '"${process.execPath}" -e "${hog}"; true'`);
    assert.equal(status, 0);
    const end = events().at(-1);
    assert.ok((end?.max_rss_bytes ?? 0) > 150e6, String(end?.max_rss_bytes));
    assert.ok((end?.cpu_ms ?? 0) > 200, String(end?.cpu_ms));
  });

  test("a signal that ends the command ends us alike, a signal to us reaches the command", async () => {
    assert.equal(run("kill -KILL $$").signal, "SIGKILL");
    assert.equal(events().at(-1)?.signal, "SIGKILL");
    const script = "trap 'echo caught; exit 9' TERM; echo ready; while :; do sleep 0.1; done";
    const child = spawn(
      midwatch,
      ["exec", "--job", "x", "--spool", directory, "--", "/bin/sh", "-c", script],
      {
        env: environment,
        stdio: ["ignore", "pipe", "ignore"],
      },
    );
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said === "ready\n") child.kill("SIGTERM");
    });
    const code = await new Promise((resolve) => child.once("exit", resolve));
    assert.deepEqual([code, said], [9, "ready\ncaught\n"]);
  });

  test("what we were started to ignore, the command ignores as well", () => {
    const script = `"${midwatch}" exec --job n --spool "${directory}" -- sh -c 'kill -HUP $$; kill -TERM $$' < /dev/null`;
    const ignored = spawnSync("nohup", ["sh", "-c", `${script}; echo $?`], {
      env: environment,
      encoding: "utf8",
    });
    assert.equal(ignored.stdout, "143\n");
    const usual = spawnSync("sh", ["-c", `${script}; echo $?`], { env: environment, encoding: "utf8" });
    assert.equal(usual.stdout, "129\n");
    assert.equal(run("echo ${MIDWATCH_IGNORED-none}").stdout, "none\n");
  });

  test("a reader that leaves ends the command as it would without us", () => {
    const words = `"${midwatch}" exec --job yes --spool "${directory}" -- yes | head -1`;
    const { stdout } = spawnSync("/bin/sh", ["-c", words], {
      env: environment,
      encoding: "utf8",
      timeout: 20_000,
    });
    assert.equal(stdout, "y\n");
    assert.equal(events().at(-1)?.signal, "SIGPIPE");
  });

  test("much output is handed on whole, and recorded from both ends", () => {
    const { stdout, status } = run("seq 1 400000");
    assert.equal(status, 0);
    assert.ok(stdout.startsWith("1\n2\n") && stdout.endsWith("\n400000\n"));
    const recorded = events();
    const size = recorded.reduce((total, { message }) => total + (message ?? "").length, 0);
    assert.ok(size < 1_200_000, String(size));
    assert.equal(recorded.at(-1)?.attributes?.["output_bytes"], stdout.length);
    assert.match(recorded.at(-2)?.message ?? "", /\n400000\n$/);
  });

  test("a reader that takes its time gets all of it, long after the command has ended", () => {
    const words = `"${midwatch}" exec --job n --spool "${directory}" -- seq 1 20000 | { sleep 3; cat; }`;
    const { stdout } = spawnSync("/bin/sh", ["-c", words], { env: environment, encoding: "utf8" });
    assert.deepEqual([stdout.length, stdout.slice(-7)], [108_894, "\n20000\n"]);
    assert.equal(events().at(-1)?.attributes?.["output_bytes"], stdout.length);
  });

  test("nothing is said and nothing fails where nothing can be recorded, or the command is missing", () => {
    const nowhere = run("echo fine", { spool: "/nowhere/at/all" });
    assert.deepEqual([nowhere.stdout, nowhere.stderr, nowhere.status], ["fine\n", "", 0]);
    const missing = spawnSync(
      midwatch,
      ["exec", "--job", "x", "--spool", directory, "--", "/no/such/command"],
      {
        env: environment,
        encoding: "utf8",
      },
    );
    assert.equal(missing.status, 127);
    assert.match(missing.stderr, /no\/such\/command: not found/);
  });
});

describe("midwatch audit", () => {
  const audit = (...words: readonly string[]) =>
    spawnSync(midwatch, ["audit", "--spool", directory, ...words], {
      env: { ...environment, MIDWATCH_RUN_ID: "run-1", MIDWATCH_JOB: "nightly" },
      encoding: "utf8",
    });

  test("records an action with its run and actor, and refuses a secret by its name", () => {
    const values = ["--value", "records=1200", "password=hunter2secret"];
    const { status, stderr } = audit("customer.exported", "--subject", "customer:42", ...values);

    assert.equal(status, 0, stderr);
    assert.match(stderr, /password is a secret by its name and is not recorded/);
    const [event] = events();
    assert.equal(event?.kind, "audit.action");
    assert.equal(event.stream, "audit");
    assert.equal(event.run_id, "run-1");
    assert.equal(event.actor, "deploy");
    assert.deepEqual(event.attributes, {
      action: "customer.exported",
      subject: "customer:42",
      values: { records: "1200" },
      refused: ["password"],
    });
  });

  test("guards a command: the intent before, the outcome after", () => {
    const { status, stdout } = audit("database.restored", "--", "/bin/sh", "-c", "echo restoring; exit 3");
    assert.deepEqual([status, stdout], [3, "restoring\n"]);
    assert.deepEqual(
      events().map(({ outcome }) => outcome),
      ["intended", "failed"],
    );
  });

  test("says so where nothing can be recorded", () => {
    const { status, stderr } = audit("x", "--spool", "/nowhere/at/all");
    assert.equal(status, 3);
    assert.match(stderr, /cannot be recorded/);
  });
});
