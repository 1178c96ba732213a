/**
 * A thousand canaries through every recorder, every way in and every error path of a running system,
 * with a crash in the middle; then a search of every byte that Midwatch wrote: data, spool, temporary
 * files, own logs, the agent's notes, a backup, an export. None may be found; the harmless marker of
 * each place must be, or the search saw nothing.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { billingIsMissing, startBilling } from "../../playground/billing.ts";
import { eventually, Processes, root } from "../../playground/processes.ts";
import { shopIsMissing } from "../../playground/shop.ts";
import { startWatch, type Watch } from "../../playground/watch.ts";
import { event, linesOf, ndjson, plantBatches, plantRefused, send } from "./canary/batches.ts";
import { canariesIn, canariesMade } from "./canary/canaries.ts";
import { markerOf, Plan } from "./canary/plan.ts";
import {
  makeLogs,
  plantCommands,
  plantLogs,
  plantPython,
  plantRuby,
  plantTornLines,
  tornFile,
} from "./canary/programs.ts";
import { pathsWith, type Written, writtenBelow } from "./found.ts";

describe("a thousand canaries", { skip: shopIsMissing() ?? billingIsMissing() ?? false }, () => {
  const folder = mkdtempSync(join(tmpdir(), "midwatch-canary-"));
  /** What Midwatch and its recorders write; what applications write themselves lies beside it. */
  const own = join(folder, "own");
  const application = join(folder, "application");
  const temporary = join(own, "tmp");
  const processes = new Processes();
  const plan = new Plan();
  let watch: Watch;
  let inSpool: readonly Written[] = [];
  let atCrash: readonly Written[] = [];
  let written: readonly Written[] = [];

  before(async () => {
    for (const path of [own, application, temporary]) mkdirSync(path);
    watch = await startWatch(processes, own, {
      environment: { TMPDIR: temporary },
      agentWords: makeLogs(application),
    });
    const environment = { TMPDIR: temporary, MIDWATCH_SPOOL: watch.spool };
    const billing = await startBilling(processes, application, watch.spool, {
      application: "leaks",
      path: join(root, "test/e2e/canary"),
    });
    const shop = {
      SHOP_DATABASE: join(application, "shop.sqlite3"),
      SHOP_LOG: join(application, "shop.log"),
    };
    await eventually("the agent follows the logs", () => {
      appendFileSync(join(application, "plain.log"), "harmless-probe\n");
      return (
        pathsWith(writtenBelow([watch.data, join(own, "agent")]), "harmless-probe").length > 0 || undefined
      );
    });
    // What recorders write is searched before the agent takes it away.
    watch.agent.kill("SIGSTOP");
    plantRuby(plan, { ...environment, ...shop });
    plantPython(plan, { ...environment, ...billing.environment });
    plantCommands(plan, environment);
    inSpool = writtenBelow([watch.spool, temporary]);
    watch.agent.kill("SIGCONT");
    plantLogs(plan, application);
    plantTornLines(plan, watch.spool);
    await plantBatches(watch, plan);
    await plantRefused(watch, plan);
    await crash();
    await ask();
    await arrive();
  });

  after(async () => {
    await processes.endAll();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The server dies while batches come in; what lies in its spool then is searched, then taken up. */
  async function crash(): Promise<void> {
    const name = "batches at the crash";
    const sent: Promise<unknown>[] = [];
    for (let index = 0; index < 8; index++) {
      const rows =
        index === 0 ? linesOf(plan, name) : plan.lost().map(({ text }) => event({ message: text }));
      // The first is acknowledged; what becomes of the others is open.
      const status = send(watch, ndjson(rows)).catch(() => 0);
      if (index === 0) assert.equal(await status, 200);
      sent.push(status);
    }
    watch.server.kill("SIGKILL");
    await Promise.all(sent);
    atCrash = writtenBelow([own]);
    await watch.startServer();
    assert.equal(await send(watch, ndjson(linesOf(plan, "after the crash"))), 200);
  }

  /** What people look for is recorded as well, and the answer is kept here as a backup of its own. */
  async function ask(): Promise<void> {
    for (const { value } of plan.lost()) {
      const query = new URLSearchParams({ q: JSON.stringify(value) });
      await (await fetch(`${watch.address}/api/v1/events?${query}`)).text();
    }
  }

  async function arrive(): Promise<void> {
    let missing: readonly string[] = [];
    await eventually(
      "every marker is in the data directory",
      () => {
        const files = writtenBelow([watch.data]);
        missing = plan.arriving.filter((marker) => pathsWith(files, marker).length === 0);
        return missing.length === 0 ? true : undefined;
      },
      120_000,
    ).catch((error: unknown) => {
      throw new Error(`missing: ${missing.join(", ")}`, { cause: error });
    });
    const answer = await fetch(`${watch.address}/api/v1/events?limit=1000`);
    writeFileSync(join(own, "answer.json"), await answer.text());
    // Of a running server; what vanishes meanwhile is left out, where Node's own copy would abort.
    spawnSync("cp", ["--recursive", watch.data, join(own, "backup")]);
    written = writtenBelow([own]);
  }

  test("were planted", () => {
    assert.ok(canariesMade() >= 1000, `only ${canariesMade()}`);
    assert.ok(plan.arriving.length > 40, `only ${plan.arriving.length} places`);
  });

  test("are in no file of the spool", () => {
    const markers = plan.arriving.filter((marker) => /-(?:ruby|rack|celery|python|exec)-/.test(marker));
    assert.ok(markers.length > 24, `only ${markers.length} places`);
    for (const marker of markers) assert.notDeepEqual(pathsWith(inSpool, marker), [], marker);
    assert.deepEqual(leaksIn(inSpool), []);
  });

  test("are in no file when the server has been killed", () => {
    assert.ok(atCrash.length > 20, `only ${atCrash.length} files`);
    assert.notDeepEqual(pathsWith(atCrash, markerOf("ruby error")), []);
    assert.deepEqual(leaksIn(atCrash), []);
  });

  test("are in no file of data, spool, temporary folder, log, notes, backup or answer", () => {
    for (const place of ["data", "backup"]) {
      const seen = pathsWith(written, markerOf("ruby error")).some((path) =>
        path.startsWith(join(own, place)),
      );
      assert.ok(seen, `the search sees nothing in ${place}`);
    }
    for (const marker of plan.arriving) assert.notDeepEqual(pathsWith(written, marker), [], marker);
    assert.deepEqual(leaksIn(written), []);
  });

  test("are hidden by the tester of a running server too", async () => {
    const texts = plan.lost().map(({ text }) => text);
    for (const text of texts) {
      const response = await fetch(`${watch.address}/api/v1/redaction/test`, {
        method: "POST",
        headers: { "content-type": "application/json", "midwatch-request": "1" },
        body: JSON.stringify({ text, service: "canary" }),
      });
      const answer = await response.text();
      assert.equal(response.status, 200, answer);
      assert.deepEqual(canariesIn(Buffer.from(answer)), [], answer);
      assert.match(answer, /"rule":/);
    }
    const classes = await fetch(`${watch.address}/api/v1/redaction/classes`);
    assert.match(await classes.text(), /\{"name":"card","verdict":"mask","byStream":\{\}\}/);
  });

  function leaksIn(files: readonly Written[]): readonly string[] {
    // The torn lines are this test's own; nothing may be left of them but in that file.
    const others = files.filter(({ path }) => !path.endsWith(tornFile));
    return others.flatMap(({ path, bytes }) =>
      canariesIn(bytes).map((found) => `${path.slice(own.length + 1)}: ${JSON.stringify(found)}`),
    );
  }
});
