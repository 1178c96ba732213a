/** The agent against a receiver that fails in every way a network and a server can. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { appendFile, readdir, readFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  endChild,
  event,
  ids,
  lines,
  liveFile,
  rig,
  sentByRecorders,
  spoolFile,
  startAgent,
  startChild,
  until,
  useRig,
  workerName,
} from "../../test/agent-rig.ts";
import type { EventRecord } from "../model/event.ts";
import type { SourceChain } from "../model/intake.ts";
import { judgeChain, parseChain } from "../seal/source-chain.ts";

useRig();

describe("shipping", () => {
  test("what recorders append arrives once, in whatever pieces it is written", async () => {
    const agent = startAgent();
    const events = Array.from({ length: 60 }, () => event());
    for (const one of events) {
      const text = lines(one);
      await appendFile(liveFile(), text.slice(0, 40));
      await appendFile(liveFile(), text.slice(40));
    }
    await until("all events", () => sentByRecorders().length >= events.length);
    await agent.stop();

    assert.deepEqual(ids(sentByRecorders()), ids(events));
    assert.match(rig.logged.at(-1) ?? "", /stopped; all is sent/);
    assert.equal(rig.receiver.ofKind("metrics.sample").length, 1);
  });

  test("503, 429, a cut connection, half an answer and a stranger's page lose and double nothing", async () => {
    const events = Array.from({ length: 50 }, () => event());
    await appendFile(liveFile(), lines(...events));
    rig.receiver.faults.push(
      (_request, response) => response.writeHead(503, { "retry-after": "0" }).end("{}"),
      (_request, response) => response.writeHead(429, { "retry-after": "0" }).end("{}"),
      (_request, response) => response.destroy(),
      (_request, response, take) => {
        const answer = take();
        response.writeHead(200, { "content-length": answer.length });
        response.write(answer.slice(0, 10), () => response.destroy());
      },
      (_request, response) => response.writeHead(200).end("<html>Please log in</html>"),
      (_request, response) => response.writeHead(200).end(JSON.stringify({ accepted: 1, refused: 0 })),
    );
    const agent = startAgent();
    await until("all events", () => sentByRecorders().length >= 50 && rig.receiver.faults.length === 0);
    await until("the acknowledgement", () => rig.receiver.sent.length >= 2);
    await agent.stop();

    assert.deepEqual(ids(sentByRecorders()), ids(events));
    assert.equal(rig.receiver.sent[0]?.batch, rig.receiver.sent[1]?.batch, "the same batch was sent again");
    assert.ok(rig.logged.some((line) => line.includes("sending again")));
  });

  test("a batch in flight at the end of the agent is sent again with the same bounds", async () => {
    const first = event();
    await appendFile(liveFile(), lines(first));
    let cut: (() => void) | undefined;
    rig.receiver.faults.push((_request, response, take) => {
      take();
      cut = () => response.destroy();
    });
    const before = startAgent();
    await until("the first batch", () => cut !== undefined);
    cut?.();
    // The server is gone for the first agent, so that it must stop with the batch unsettled.
    rig.receiver.key = "another";
    await before.stop();
    rig.receiver.key = "mwk_test_key";
    const second = event();
    await appendFile(liveFile(), lines(second));
    const after = startAgent();
    await until("both events", () => sentByRecorders().length >= 2);
    await after.stop();

    assert.deepEqual(ids(sentByRecorders()), ids([first, second]));
    assert.equal(rig.receiver.sent[1]?.batch, rig.receiver.sent[0]?.batch);
    assert.equal(rig.receiver.sent[1]?.lines, rig.receiver.sent[0]?.lines);
  });

  test("each batch is a link of one chain, over restarts of the agent and lost answers", async () => {
    const before = startAgent();
    await appendFile(liveFile(), lines(event()));
    await until("the first batch", () => sentByRecorders().length === 1);
    await before.stop();
    rig.receiver.faults.push((_request, response, take) => {
      take();
      response.destroy();
    });
    await appendFile(liveFile(), lines(event()));
    const after = startAgent();
    await until("the second batch", () => sentByRecorders().length === 2);
    await after.stop();

    let kept: SourceChain | undefined;
    const judged = rig.receiver.sent.map(({ chain }) => {
      const link = parseChain(chain) ?? assert.fail(`${chain} is no link`);
      const { kind } = judgeChain(kept, link);
      kept = link;
      return kind;
    });
    assert.ok(judged.length >= 3, judged.join(" "));
    assert.ok(judged.includes("repeated"), judged.join(" "));
    assert.ok(!judged.includes("broken"), judged.join(" "));
  });

  test("lines that were changed while they waited are told of, and those after them are not", async () => {
    rig.receiver.key = "another";
    const agent = startAgent();
    const events = Array.from({ length: 3 }, (_, index) => event({ message: `number ${index}` }));
    await appendFile(liveFile(), lines(...events));
    await until("the watcher", () => rig.logged.some((line) => line.includes("refuses the key")));
    await sleep(300);
    await agent.stop();
    const text = await readFile(liveFile(), "utf8");
    await writeFile(liveFile(), text.replace("number 1", "number X"));
    await appendFile(liveFile(), lines(event()));

    rig.receiver.key = "mwk_test_key";
    const again = startAgent();
    await until("the report", () => rig.receiver.ofKind("source.gap").length > 0);
    await until("all events", () => sentByRecorders().length === 4);
    await again.stop();
    const gaps = rig.receiver.ofKind("source.gap").map(({ message }) => message);
    assert.equal(gaps.length, 1, gaps.join("\n"));
    assert.match(
      gaps[0] ?? "",
      /somebody changed or removed lines between the bytes 0 and \d+ after they were written/,
    );
  });

  test("413 makes the batches smaller, down to the one line that is too large", async () => {
    const events = Array.from({ length: 20 }, () => event());
    const large = event({ message: "x".repeat(50_000) });
    await appendFile(liveFile(), lines(...events.slice(0, 10), large, ...events.slice(10)));
    rig.receiver.bytesMax = 1000;
    const agent = startAgent();
    await until("the rest", () => sentByRecorders().length >= 20);
    await until("the report", () => rig.receiver.ofKind("source.gap").length > 0);
    await agent.stop();

    assert.deepEqual(ids(sentByRecorders()), ids(events));
    const [gap] = rig.receiver.ofKind("source.gap");
    assert.match(gap?.message ?? "", /one line was refused.*too large for the server: too large/);
  });

  test("a refused key is said and nothing is lost when it is replaced", async () => {
    await writeFile(join(rig.directory, "key"), "mwk_wrong\n");
    const one = event();
    await appendFile(liveFile(), lines(one));
    const agent = startAgent();
    await until("the complaint", () =>
      rig.logged.some((line) => line.includes("refuses the key (401: no such key)")),
    );
    await agent.stop();
    assert.ok(!rig.logged.some((line) => line.includes("mwk_")), "the log holds no key");
    await writeFile(join(rig.directory, "key"), `${rig.receiver.key}\n`);
    const next = startAgent();
    await until("the event", () => sentByRecorders().length === 1);
    await next.stop();
    assert.deepEqual(ids(sentByRecorders()), [one.id]);
  });
});

describe("files that are not as they should be", () => {
  test("blank, torn, binary and endless lines do not hide the good ones, and are kept with a reason", async () => {
    const good = Array.from({ length: 6 }, () => event());
    const [first, second, third, fourth, fifth, last] = good.map((one) => lines(one));
    await writeFile(
      liveFile(),
      Buffer.concat([
        Buffer.from(`\n\n${first}{"id":"torn${second}`),
        Buffer.alloc(100),
        Buffer.from(`${third}{"broken": }\n${fourth}`),
        randomBytes(2000),
        Buffer.from(fifth ?? ""),
        Buffer.alloc(1024 * 1024, "x"),
        Buffer.from(last ?? ""),
      ]),
    );
    const agent = startAgent();
    await until("the good lines", () => sentByRecorders().length >= good.length);
    await until("the report", () => rig.receiver.ofKind("source.gap").length > 0);
    await agent.stop();

    assert.deepEqual(ids(sentByRecorders()), ids(good));
    const kept = await readFile(join(rig.directory, "state", "refused.ndjson"), "utf8");
    const reasons = new Set(
      kept
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { reason: string }).reason),
    );
    assert.ok(reasons.has("not JSON"), "the server's reason");
    assert.ok(reasons.has("line longer than 262144 bytes"));
    assert.ok(reasons.has("no whole JSON object: the write was cut short"));
  });

  test("a file that was shortened, replaced or removed is said, and what follows is sent", async () => {
    const agent = startAgent();
    await appendFile(liveFile(), lines(event(), event(), event()));
    await until("the first three", () => sentByRecorders().length === 3);
    await truncate(liveFile(), 0);
    await appendFile(liveFile(), lines(event()));
    await until("the one after the cut", () => sentByRecorders().length === 4);
    await rename(liveFile(), join(rig.directory, "away"));
    await appendFile(liveFile(), lines(event(), event()));
    await until("the two of the new file", () => sentByRecorders().length === 6);
    await rm(liveFile());
    await agent.stop();

    assert.ok(
      rig.logged.some((line) => line.includes("somebody shortened it")),
      String(rig.logged),
    );
    assert.ok(rig.logged.some((line) => /somebody (replaced|shortened|removed) it/.test(line)));
  });

  test("a link is not followed, so nobody can make the agent read another file", async () => {
    await writeFile(join(rig.directory, "secret"), lines(event({ message: "secret" })));
    await symlink(join(rig.directory, "secret"), liveFile());
    const good = event();
    await appendFile(liveFile(1), lines(good));
    const agent = startAgent();
    await until("the good event", () => sentByRecorders().length === 1);
    await agent.stop();

    assert.deepEqual(ids(sentByRecorders()), [good.id]);
    assert.ok(rig.logged.some((line) => line.includes("no ordinary file")));
  });

  test("a file goes when it is acknowledged to its end and its process has left it", async () => {
    const child = await startChild();
    await appendFile(spoolFile(child.pid), `${lines(event())}${JSON.stringify(event())}`);
    await appendFile(liveFile(0), lines(event()));
    await appendFile(liveFile(1), lines(event()));
    const unsent = spoolFile(child.pid).replace("dj-", "puma-");
    await writeFile(unsent, lines(event()));
    const container = spoolFile(child.pid).replace("dj-", "celery-");
    const source = `celery@${workerName(child.pid, "container")}`;
    await writeFile(container, lines(event({ source, source_seq: 1 })));
    await endChild(child);
    rig.receiver.key = "no key fits";
    const agent = startAgent();
    await sleep(500);
    assert.equal((await readdir(rig.spool)).length, 5, "nothing goes before it is acknowledged");
    await agent.stop();
    rig.receiver.key = "mwk_test_key";
    const next = startAgent();
    await until("the removal", async () => (await readdir(rig.spool)).length === 2);
    await next.stop();

    assert.equal(sentByRecorders().length, 6, "the last line without its line feed as well");
    assert.deepEqual(
      await readdir(rig.spool),
      [basename(container), basename(liveFile(1))],
      "files in use stay",
    );
  });

  test("with the server away, the oldest files of ended processes make room, and that is told", async () => {
    rig.receiver.key = "no key fits";
    const child = await startChild();
    const [old, newer] = [event({ message: "old" }), event({ message: "newer" })];
    await appendFile(spoolFile(child.pid, 1), lines(old, event({ message: "x".repeat(5000) })));
    await sleep(20);
    await appendFile(spoolFile(child.pid, 2), lines(newer));
    await appendFile(liveFile(), lines(event({ message: "in use" })));
    await endChild(child);
    const agent = startAgent({ spoolBytesMax: 5000 });
    await until("the removal", async () => (await readdir(rig.spool)).length === 2);
    await agent.stop();
    rig.receiver.key = "mwk_test_key";
    const next = startAgent();
    await until("the report", () => rig.receiver.ofKind("source.gap").length === 1);
    await until("the rest", () => sentByRecorders().length === 2);
    await next.stop();

    assert.deepEqual(
      sentByRecorders()
        .map(({ message }) => message ?? "")
        .sort(),
      ["in use", "newer"],
    );
    assert.match(
      rig.receiver.ofKind("source.gap")[0]?.message ?? "",
      /removed to make room.*bytes that were not yet sent are lost/,
    );
  });

  test("a second agent on the same state is refused, and the first goes on", async () => {
    const first = startAgent();
    await until("the first sample", () => rig.receiver.events.length === 1);
    await assert.rejects(startAgent().ended, /another agent is at work with the state directory/);
    await appendFile(liveFile(), lines(event()));
    await until("the event", () => sentByRecorders().length === 1);
    await first.stop();
  });

  test("missing numbers of a sender are reported once, numbers in the wrong order are not", async () => {
    const numbered = [1, 2, 4, 3, 5, 8, 9].map((source_seq) => event({ source: "dj@web1", source_seq }));
    await appendFile(liveFile(), lines(...numbered));
    const agent = startAgent();
    await until("the events", () => sentByRecorders().length === numbered.length);
    await until("the gap", () => rig.receiver.ofKind("source.gap").length > 0);
    await agent.stop();

    const gaps = rig.receiver.ofKind("source.gap").map(({ attributes }) => attributes);
    assert.deepEqual(gaps, [{ gap_source: "dj@web1", first: 6, last: 7, missing: 2 }]);
  });
});

describe("a worker that dies", () => {
  const start = (worker: string, run: string): EventRecord =>
    event({
      kind: "job.started",
      runtime: "delayed_job",
      job: "Report",
      attempt: 1,
      run_id: run,
      worker,
      host: hostname(),
    });

  test("takes its open runs with it; ended ones, and those of other hosts, are left alone", async () => {
    const child = await startChild();
    const worker = workerName(child.pid);
    const file = spoolFile(child.pid);
    const elsewhere = workerName(child.pid, "another-host");
    await appendFile(
      file,
      lines(
        event({ kind: "worker.started", worker }),
        start(worker, "ended"),
        event({ kind: "job.succeeded", run_id: "ended", worker }),
        start(worker, "open"),
        start(elsewhere, "elsewhere"),
        start(worker, "ended-late"),
      ),
    );
    const agent = startAgent();
    await until("the start", () => rig.receiver.ofKind("job.started").length === 4);
    assert.equal(rig.receiver.ofKind("job.lost").length, 0, "it lives");
    // Written in its last moment: read before the verdict.
    await appendFile(file, lines(event({ kind: "job.failed", run_id: "ended-late", worker, attempt: 1 })));
    await endChild(child);
    await until("the loss", () => rig.receiver.ofKind("worker.lost").length === 1);
    await agent.stop();

    const [lost, ...others] = rig.receiver.ofKind("job.lost");
    assert.equal(others.length, 0);
    assert.equal(lost?.run_id, "open");
    assert.equal(lost.attempt, 1);
    assert.equal(lost.worker, worker);
    assert.match(
      lost.message ?? "",
      /is gone; it had not finished Report.*Delayed::Job did not count the attempt/s,
    );
    assert.deepEqual(rig.receiver.ofKind("worker.lost")[0]?.attributes?.["lost_runs"], ["open"]);
  });

  test("in a container is noticed though it goes by another host's name and another's pid", {
    skip: spawnSync("unshare", ["--pid", "--fork", "true"]).status !== 0 && "no namespaces of pids here",
  }, async () => {
    const script = "read -r stat < /proc/self/stat; echo $$ ${stat##*) }; exec sleep 600";
    const inside = ["--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", script];
    const container = spawn("unshare", inside, { stdio: ["ignore", "pipe", "inherit"] });
    const [said] = (await once(container.stdout, "data")) as [Buffer];
    // The start time is the 22nd field; those from the third on were told.
    const [pid, startTicks] = [0, 20].map((place) => said.toString().trim().split(" ")[place]);
    const worker = `shop-7f9c:${pid}:${startTicks}`;
    const file = join(rig.spool, `celery-${pid}-${startTicks}-1.ndjson`);
    await writeFile(file, lines(start(worker, "open")));
    const agent = startAgent();
    await until("the start", () => rig.receiver.ofKind("job.started").length === 1);
    container.kill("SIGKILL");
    await until("the loss", () => rig.receiver.ofKind("job.lost").length === 1);
    await agent.stop();
    assert.deepEqual(
      rig.receiver.ofKind("job.lost").map((lost) => [lost.run_id, lost.worker]),
      [["open", worker]],
    );
  });

  test("while no agent runs is noticed by the next one, once", async () => {
    const child = await startChild();
    await appendFile(spoolFile(child.pid), lines(start(workerName(child.pid), "open")));
    const first = startAgent();
    await until("the start", () => rig.receiver.ofKind("job.started").length === 1);
    await first.stop();
    await endChild(child);
    const second = startAgent();
    await until("the loss", () => rig.receiver.ofKind("job.lost").length === 1);
    await second.stop();
    const third = startAgent();
    await until("its sample", () => rig.receiver.ofKind("metrics.sample").length === 3);
    await third.stop();

    assert.equal(rig.receiver.ofKind("job.lost").length, 1);
    assert.equal(rig.receiver.ofKind("job.lost")[0]?.attributes?.["agent_was_away"], true);
  });

  test("before a restart of the machine is known by the time of its words, though its pid lives again", async () => {
    const worker = workerName(process.pid);
    await appendFile(liveFile(), lines({ ...start(worker, "old"), time: "2020-01-01T00:00:00.000000Z" }));
    const agent = startAgent();
    await until("the loss", () => rig.receiver.ofKind("job.lost").length === 1);
    await agent.stop();

    assert.equal(rig.receiver.ofKind("job.lost")[0]?.error_class, "HostRestarted");
  });

  test("is noticed while the server is away, and told when it is back", async () => {
    rig.receiver.key = "no key fits";
    const child = await startChild();
    await appendFile(spoolFile(child.pid), lines(start(workerName(child.pid), "open")));
    const first = startAgent();
    await until("the refusal", () => rig.logged.some((line) => line.includes("refuses the key")));
    await endChild(child);
    await until("the verdict", () =>
      rig.logged.some((line) => line.includes("is gone with one unfinished run")),
    );
    await first.stop();
    rig.receiver.key = "mwk_test_key";
    const second = startAgent();
    await until("the loss", () => rig.receiver.ofKind("job.lost").length === 1);
    await second.stop();
    assert.equal(rig.receiver.ofKind("job.lost")[0]?.attributes?.["agent_was_away"], undefined);
  });
});
