/** The shell wrapper for cron, run by the real shell, and what the agent makes of its notes. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { appendFile, chmod, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { endChild, event, lines, liveFile, rig, startAgent, until, useRig } from "../../test/agent-rig.ts";

const wrapper = new URL("../../recorders/cron/midwatch-run", import.meta.url).pathname;

useRig();

function wrap(words: readonly string[], change: { spool?: string; input?: string } = {}) {
  const environment = { PATH: "/usr/bin:/bin", LOGNAME: "deploy", MIDWATCH_SERVICE: "shop" };
  return spawnSync(wrapper, words, {
    env: { ...environment, MIDWATCH_SPOOL: change.spool ?? rig.spool },
    input: change.input ?? "",
    encoding: "utf8",
  });
}

describe("midwatch-run", () => {
  test("hands on arguments, input, output, environment and exit code as if it were not there", () => {
    const script = 'cat; printf "<%s>" "$@"; echo error >&2; umask; echo "$run $end ${_mw_run-none}"; exit 7';
    const words = ["/bin/sh", "-c", script, "name", "a b", "'\"$x`y`%", "", "é\n"];
    const wrapped = wrap(["job", ...words], { input: "from stdin\n" });
    const plain = spawnSync(words[0] as string, words.slice(1), { input: "from stdin\n", encoding: "utf8" });

    assert.match(wrapped.stdout, /^from stdin\n<a b><'"\$x`y`%><><é/);
    assert.deepEqual(
      [wrapped.stdout, wrapped.stderr, wrapped.status],
      [plain.stdout, plain.stderr, plain.status],
    );
    assert.equal(wrapped.status, 7);
  });

  test("runs the command all the same where nothing can be noted, and says nothing", () => {
    const { stdout, stderr, status } = wrap(["job", "echo", "done"], { spool: "/nowhere/at/all" });
    assert.deepEqual([stdout, stderr, status], ["done\n", "", 0]);
  });

  test("a run that ends well, and one that does not, arrive with times, code and processor time", async () => {
    const agent = startAgent();
    const busy = "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; exit 3";
    wrap(["rake 'reports:daily' | \"x\"", "true"]);
    wrap(["-r", "whenever", "-s", "shop", "-e", "test", "Report.send", "/bin/sh", "-c", busy]);
    const beforeMs = Date.now();
    await until(
      "both ends",
      () => rig.receiver.ofKind("job.succeeded").length + rig.receiver.ofKind("job.failed").length === 2,
    );
    await until("the files to go", async () => (await readdir(rig.spool)).length === 0);
    await agent.stop();

    const [good] = rig.receiver.ofKind("job.succeeded");
    assert.equal(good?.job, "rake 'reports:daily' | \"x\"");
    assert.equal(good.runtime, "cron");
    assert.equal(good.service, "shop");
    assert.equal(good.actor, "cron: deploy");
    assert.equal(good.exit_code, 0);
    const [bad] = rig.receiver.ofKind("job.failed");
    assert.equal(bad?.runtime, "whenever");
    assert.equal(bad.environment, "test");
    assert.equal(bad.exit_code, 3);
    assert.equal(bad.error_class, "ExitCode3");
    assert.ok((bad.cpu_ms ?? 0) > 0, `processor time ${String(bad.cpu_ms)}`);
    assert.ok((bad.duration_ms ?? 0) >= (bad.cpu_ms ?? 0) / 2);
    const start = rig.receiver.ofKind("job.started").find(({ run_id }) => run_id === bad.run_id);
    assert.equal(start?.worker, bad.worker);
    assert.ok(Math.abs(Date.parse(start?.time ?? "") - beforeMs) < 5000, "the time of day");
  });

  test("a run belongs to the trace and the run that asked for it, and hands its own on to its job", async () => {
    const asked = join(rig.directory, "asked");
    await writeFile(asked, "trace-7 dj-1f\n");
    const agent = startAgent();
    const { stdout } = wrap(["-a", asked, "export", "sh", "-c", "echo $MIDWATCH_TRACE_ID $MIDWATCH_RUN_ID"]);
    await writeFile(asked, "trace\u001fshop\u001fx $(touch /tmp/x)");
    wrap(["-a", asked, "hostile", "true"]);
    wrap(["-a", join(rig.directory, "nowhere"), "alone", "true"]);
    await until("the ends", () => rig.receiver.ofKind("job.succeeded").length === 3);
    await agent.stop();

    const of = (job: string) => rig.receiver.ofKind("job.started").find((event) => event.job === job);
    assert.deepEqual([of("export")?.trace_id, of("export")?.parent_run_id], ["trace-7", "dj-1f"]);
    assert.equal(stdout, `trace-7 ${of("export")?.run_id}\n`);
    for (const job of ["hostile", "alone"]) {
      assert.deepEqual([of(job)?.trace_id, of(job)?.parent_run_id], [of(job)?.run_id, undefined], job);
    }
  });

  test("a wrapper that is killed has lost its run", async () => {
    const agent = startAgent();
    const environment = { PATH: "/usr/bin:/bin", MIDWATCH_SPOOL: rig.spool };
    const child = spawn(wrapper, ["nightly", "sleep", "30"], { env: environment, detached: true });
    await until("the start", () => rig.receiver.ofKind("job.started").length === 1);
    process.kill(-(child.pid as number), "SIGKILL");
    await endChild(child);
    await until("the loss", () => rig.receiver.ofKind("job.lost").length === 1);
    await agent.stop();

    assert.equal(rig.receiver.ofKind("job.lost")[0]?.job, "nightly");
    assert.equal(rig.receiver.ofKind("job.lost")[0]?.run_id, rig.receiver.ofKind("job.started")[0]?.run_id);
  });

  test("what is no note is passed over and hides nothing", async () => {
    const file = liveFile().replace("dj-", "cron-").replace(".ndjson", ".run");
    await appendFile(file, "nonsense\u001e\ns\u001fno id\u001e\n");
    await chmod(file, 0o640);
    await appendFile(liveFile(1), lines(event()));
    const agent = startAgent();
    await until("the event", () => rig.receiver.ofKind("job.enqueued").length === 1);
    await agent.stop();
    assert.equal(rig.receiver.ofKind("job.started").length, 0);
    assert.match(await readFile(file, "latin1"), /^nonsense/);
  });
});
