/** `midwatch debug` from end to end: server, agent, and a Python program that was not restarted. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually, midwatchProgram, nodeProgram, Processes, root } from "../../playground/processes.ts";
import { startWatch, type Watch } from "../../playground/watch.ts";
import type { EventPage } from "../../src/api/schemas.ts";

const python = "/usr/bin/python3";
const missing = spawnSync(python, ["--version"]).status !== 0 && "Python is not installed";
/** Two loggers at `info`, each with one line below it ten times a second. */
const program = `
import logging, time, midwatch
logging.basicConfig(level=logging.INFO)
midwatch.configure(service="shop")
midwatch.log_from(logging.getLogger())
while True:
    logging.getLogger("shop.orders").debug("looked at the orders, password=hunter2secret")
    logging.getLogger("shop.mail").debug("looked at the mail")
    time.sleep(0.1)
`;

describe("debugging", { skip: missing }, () => {
  const folder = mkdtempSync(join(tmpdir(), "midwatch-debug-"));
  const processes = new Processes();
  let watch: Watch;

  before(async () => {
    watch = await startWatch(processes, folder);
    processes.start({
      program: python,
      words: ["-c", program],
      environment: {
        PYTHONPATH: join(root, "recorders/python"),
        PYTHONDONTWRITEBYTECODE: "1",
        MIDWATCH_SPOOL: watch.spool,
      },
      output: join(folder, "program.log"),
    });
  });
  after(async () => {
    await processes.endAll();
    rmSync(folder, { recursive: true, force: true });
  });

  const events = async (query: string): Promise<EventPage["rows"]> => {
    const answer = await fetch(`${watch.address}/api/v1/events?${query}&limit=100`);
    return ((await answer.json()) as EventPage).rows;
  };
  const midwatch = (...words: readonly string[]) =>
    spawnSync(nodeProgram, [midwatchProgram, "debug", ...words, "--server", watch.address], {
      encoding: "utf8",
    });

  test("lines below the level come while somebody asks, of that logger alone, and it is in the audit", async () => {
    const { status, stdout, stderr } = midwatch("--logger", "shop.orders", "--for", "10m");
    assert.equal(status, 0, stderr);
    const id = /: ([0-9a-f-]{36})$/m.exec(stdout)?.[1] ?? "";
    assert.match(midwatch("list").stdout, new RegExp(id));
    const lines = await eventually("a line below the level is stored", async () => {
      const rows = await events("kind=log&service=shop");
      return rows.length > 0 ? rows : undefined;
    });
    assert.deepEqual([...new Set(lines.map(({ severity }) => severity))], ["debug"]);
    assert.match(lines[0]?.message ?? "", /^looked at the orders, password=\[/);
    const audited = await eventually("the wish is in the audit", async () => {
      const rows = await events("kind=access.sensitive_update");
      return rows.find(({ message }) => message?.includes("started debugging of logger shop.orders"));
    });
    assert.equal(audited.stream, "audit");

    assert.equal(midwatch("end", id).status, 0);
    assert.equal(midwatch("list").status, 1);
    // The agent hears of it with its next batch, the program within the second after that.
    await eventually("the recorders are told", () =>
      readFileSync(join(watch.spool, "control.json"), "utf8") === '{"debug":[]}\n' ? true : undefined,
    );
    await sleep(1500);
    const quietFrom = new Date().toISOString();
    await sleep(2000);
    const [newest] = await events("kind=log&service=shop");
    assert.ok(newest && newest.time < quietFrom, `${newest?.time} is not before ${quietFrom}`);
  });

  test("a wish without a name, or for a month, is refused", () => {
    assert.equal(midwatch("--for", "5m").status, 2);
    assert.match(midwatch("--job", "x", "--for", "30d").stderr, /a day at most/);
  });
});
