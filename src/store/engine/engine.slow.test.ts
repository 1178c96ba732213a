import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Fault } from "../../model/fault.ts";
import { type EngineClient, engineClient } from "./client.ts";
import { questionsMax } from "./sessions.ts";
import { type EngineNotice, type EngineProcess, startEngine } from "./supervisor.ts";

const hasCode =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof Fault && error.code === code;

/** Asks until it holds, for at most half a minute. */
async function eventually(holds: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail("it never came to hold");
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe("the engine", () => {
  const directory = mkdtempSync(join(tmpdir(), "midwatch-engine-"));
  const notices: EngineNotice[] = [];
  let engine: EngineProcess;
  let client: EngineClient;
  before(async () => {
    engine = await startEngine({ directory, onNotice: (notice) => notices.push(notice) });
    client = engineClient(engine);
  });
  after(async () => {
    await client.close();
    await engine.close();
    await engine.close();
    rmSync(directory, { recursive: true });
  });

  test("its folder and socket are its owner's alone", () => {
    assert.equal(statSync(directory).mode & 0o777, 0o700);
    assert.equal(statSync(engine.socketPath).mode & 0o777, 0o600);
  });

  test("values arrive as they were bound, whatever is in them", async () => {
    const text = "it's \\ a \"text\"\n\t\r\0 with 漢字 {name:String} ' OR 1=1 --";
    const list = [text, "", "\\N"];
    const [row] = await client.rows(
      "SELECT {text:String} AS text, {list:Array(String)} AS list, {n:Int64} AS n",
      {
        text,
        list,
        n: -5,
      },
    );
    assert.deepEqual(row, { text, list, n: -5 });
  });

  test("values and settings of statements at once do not mix", async () => {
    const asked = Array.from({ length: 60 }, (_, index) => index);
    const answers = await Promise.all(
      asked.map((index) =>
        client.rows<{ value: string; rows: string }>(
          "SELECT {value:String} AS value, getSetting('max_rows_to_read') AS rows, sum(number) FROM numbers(1000)",
          { value: `v${index}` },
          { max_rows_to_read: String(5000 + index) },
        ),
      ),
    );
    assert.deepEqual(
      answers.map(([row]) => [row?.value, Number(row?.rows)]),
      asked.map((index) => [`v${index}`, 5000 + index]),
    );
    const [row] = await client.rows<{ rows: string }>("SELECT getSetting('max_rows_to_read') AS rows", {});
    assert.equal(Number(row?.rows), 0, "a setting ends with its statement");
  });

  test("a large answer comes whole", async () => {
    const rows = await client.rows("SELECT number, repeat('x', 300) AS text FROM numbers(50000)", {});
    assert.equal(rows.length, 50_000);
  });

  test("errors say what they are; a question that is too heavy is stopped", async () => {
    await assert.rejects(client.rows("SELECT nonsense", {}), { code: "47", type: "UNKNOWN_IDENTIFIER" });
    const heavy = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1";
    await assert.rejects(client.rows(heavy, {}, { max_execution_time: 1 }), hasCode("QUERY_TOO_HEAVY"));
    await assert.rejects(
      client.rows("SELECT groupArray(number) FROM numbers(100000000)", {}, { max_memory_usage: "50000000" }),
      hasCode("QUERY_TOO_HEAVY"),
    );
  });

  test("questions nobody waits for any more end and make room, long before their limit of time", {
    timeout: 120_000,
  }, async () => {
    const sql = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(7, number) = 1";
    const isRunning = async (): Promise<boolean> =>
      (await client.rows("SELECT 1 FROM system.processes WHERE query = {sql:String}", { sql })).length > 0;
    const asked = Array.from({ length: questionsMax }, () => {
      const question = request({
        socketPath: engine.socketPath,
        method: "POST",
        path: "/?max_execution_time=300",
      });
      question.on("error", () => {});
      question.end(sql);
      return question;
    });
    // One leaves while it runs, and so makes room to look; the others at any moment.
    await new Promise((resolve) => setTimeout(resolve, 100));
    asked[0]?.destroy();
    await eventually(isRunning);
    for (const question of asked) question.destroy();

    // A session that is free again forgets its last statement at its next one.
    await eventually(async () => {
      await Promise.all(asked.map(() => client.rows("SELECT sleep(0.1)", {})));
      return !(await isRunning());
    });
  });

  test("many heavy questions do not hold up a change", async () => {
    const heavy = Array.from({ length: 5 }, () =>
      client
        .rows(
          "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1",
          {},
          { max_execution_time: 2 },
        )
        .catch(() => "stopped"),
    );
    const startedMs = performance.now();
    await client.run("CREATE TABLE IF NOT EXISTS changed (a UInt8) ENGINE = Memory", "maintenance");
    const changedMs = performance.now() - startedMs;
    await Promise.all(heavy);
    assert.ok(changedMs < performance.now() - startedMs, "the change did not wait for the last question");
    await client.run("DROP TABLE changed", "maintenance");
  });

  test("a second process is refused the directory", async () => {
    await assert.rejects(startEngine({ directory }), hasCode("ENGINE_UNAVAILABLE"));
    // The one that runs has not lost its socket to the other.
    assert.equal((await client.rows("SELECT 1", {})).length, 1);
  });

  test("killed, it is started again, and statements go on", async () => {
    const pid = engine.pid() ?? 0;
    const asked = client.rows("SELECT sleep(3)", {});
    await new Promise((resolve) => setTimeout(resolve, 300));
    process.kill(pid, "SIGKILL");
    await assert.rejects(asked, hasCode("ENGINE_UNAVAILABLE"));
    await eventually(() =>
      client.rows("SELECT 1", {}).then(
        () => true,
        () => false,
      ),
    );
    assert.notEqual(engine.pid(), pid);
    assert.deepEqual(
      notices.slice(-2).map(({ kind }) => kind),
      ["died", "started"],
    );
  });

  test("it dies with the process that started it", async () => {
    const other = mkdtempSync(join(tmpdir(), "midwatch-engine-"));
    const program = `
      import { startEngine } from ${JSON.stringify(new URL("supervisor.ts", import.meta.url).href)};
      const engine = await startEngine({ directory: ${JSON.stringify(other)} });
      process.stdout.write(String(engine.pid()));
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ["--input-type=module-typescript", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [output] = (await once(parent.stdout, "data")) as [Buffer];
    const pid = Number(output.toString());
    assert.ok(isAlive(pid));
    parent.kill("SIGKILL");
    await eventually(() => !isAlive(pid));
    rmSync(other, { recursive: true });
  });
});

describe("an engine with an encrypted disk", () => {
  const directory = mkdtempSync(join(tmpdir(), "midwatch-engine-"));
  after(() => rmSync(directory, { recursive: true }));
  const keys = { disk: "ab".repeat(32), spool: "cd".repeat(32) };
  /** Two million groups, and leave to write them down when they need more than a few megabytes. */
  const heavy = `SELECT count() AS groups FROM (
      SELECT concat('a group ', toString(cityHash64(number))) AS name FROM numbers(2000000) GROUP BY name)`;
  const mayWrite = { max_bytes_before_external_group_by: "10000000", max_threads: 1 };
  const fewMegabytes = { max_memory_usage: "150000000", max_bytes_ratio_before_external_group_by: 0 };

  test("it writes nothing down that does not fit into memory, and says so", async () => {
    for (const encrypted of [false, true]) {
      const place = join(directory, String(encrypted));
      const engine = await startEngine({ directory: place, keys: encrypted ? keys : undefined });
      const client = engineClient(engine);
      const asked = client.rows<{ groups: string }>(heavy, {}, { ...mayWrite, ...fewMegabytes });
      if (encrypted) await assert.rejects(asked, hasCode("QUERY_TOO_HEAVY"));
      else assert.equal(Number((await asked)[0]?.groups), 2_000_000, "without a key it is written down");
      await client.close();
      await engine.close();
    }
  });

  test("another key does not open what it wrote", async () => {
    const place = join(directory, "key");
    const engine = await startEngine({ directory: place, keys });
    const client = engineClient(engine);
    await client.run("CREATE TABLE held (a String) ENGINE = MergeTree ORDER BY a", "maintenance");
    await client.run("INSERT INTO held SELECT 'kept'", "insert");
    await client.close();
    await engine.close();
    const other = { ...keys, disk: "ef".repeat(32) };
    await assert.rejects(startEngine({ directory: place, keys: other }), /under another key/);
    const again = await startEngine({ directory: place, keys });
    const asker = engineClient(again);
    assert.deepEqual(await asker.rows("SELECT a FROM held", {}), [{ a: "kept" }]);
    await asker.close();
    await again.close();
  });
});
