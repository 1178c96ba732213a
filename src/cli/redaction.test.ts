import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, before, describe, test } from "node:test";
import { createRedactionSums } from "../redact/summary.ts";
import { parseUserRules } from "../redact/user-rules.ts";
import { startPipelineThread } from "./pipeline-worker.ts";
import { runProgram } from "./program.ts";
import { loadRedaction, startRedactionSummaries, watchRedaction } from "./redaction.ts";
import { plainTerminal, type Terminal } from "./terminal.ts";

const random = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count));

async function midwatch(
  words: readonly string[],
  input = "",
): Promise<{ readonly code: number; readonly out: string; readonly notes: string }> {
  let out = "";
  let notes = "";
  const terminal: Terminal = {
    ...plainTerminal,
    randomBytes: random,
    input: Readable.from([Buffer.from(input)]),
    write: async (text) => {
      out += text;
    },
    note: (line) => {
      notes += line;
    },
  };
  return { code: await runProgram(words, terminal), out, notes };
}

describe("midwatch redact", () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "midwatch-redact-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test("shows what each rule does to an argument or to standard input", async () => {
    const shown = await midwatch(["redact", "test", "password=hunter2 x"]);
    assert.deepEqual([shown.code, shown.out.includes("hunter2")], [0, false]);
    assert.match(shown.out, /9-16 key:password: password, drop/);
    const piped = await midwatch(["redact", "test", "--json"], "mail to bob@example.com\n");
    assert.equal((JSON.parse(piped.out) as { redacted: string }).redacted, "mail to [REDACTED:email]");
    assert.equal((await midwatch(["redact", "test", "all is well"])).code, 1);
  });

  test("tries the rules of a file, and refuses a wrong one", async () => {
    const file = join(folder, "rules.yaml");
    writeFileSync(file, "keys:\n  - words: [loyalty]\n    services: [shop]\n");
    const words = ["redact", "test", "--rules", file, "loyalty=77"];
    assert.equal((await midwatch(words)).code, 1);
    assert.match((await midwatch([...words, "--service", "shop"])).out, /^loyalty=\[REDACTED:custom\]/);
    writeFileSync(file, "keyz: []\n");
    const refused = await midwatch(words);
    assert.equal(refused.code, 2);
    assert.match(refused.notes, /keyz/);
  });

  test("makes of a file of rules one for recorders, and says what stays the server's", async () => {
    const file = join(folder, "recorders.yaml");
    writeFileSync(
      file,
      "patterns:\n  - { id: order, pattern: 'ORD-[0-9]{8}' }\n  - { id: lot, pattern: 'LOT-[0-9]+' }\njobs:\n  - { job: PayJob, hide: [0] }\n",
    );
    const made = await midwatch(["redact", "rules", "--json", file]);
    const rules = JSON.parse(made.out) as { patterns: { id: string }[]; serverOnly: { id: string }[] };
    assert.deepEqual(
      [made.code, rules.patterns.map(({ id }) => id), rules.serverOnly.map(({ id }) => id)],
      [0, ["user:order"], ["user:lot"]],
    );
    assert.match(made.notes, /user:lot is the server's only: it repeats something without an end/);
    assert.match(
      (await midwatch(["redact", "rules", file])).out,
      /^user:order: custom\njob PayJob: without 0\n$/,
    );
  });

  test("makes a keyring for its owner alone, and tells tokens of all versions until one is destroyed", async () => {
    const data = ["--data", folder];
    loadRedaction(folder, "", random);
    assert.equal(statSync(join(folder, "redaction-keys.json")).mode & 0o777, 0o600);
    const token = ["redact", "token", "email", "Bob@Example.com", ...data];
    const first = (await midwatch(token)).out;
    assert.match(first, /^\[email:v1:[a-z2-7]{19}\]\n$/);
    assert.equal((await midwatch(["redact", "token", "email", "bob@example.com", ...data])).out, first);
    assert.notEqual((await midwatch(["redact", "keys", "destroy", "email", "1", ...data])).code, 0);
    assert.equal((await midwatch(["redact", "keys", "rotate", "email", ...data])).code, 0);
    assert.equal((await midwatch(token)).out.split("\n").length, 3);
    assert.equal((await midwatch(["redact", "keys", "destroy", "email", "1", ...data])).code, 0);
    assert.doesNotMatch((await midwatch(token)).out, /v1/);
    assert.match((await midwatch(["redact", "keys", "list", ...data])).out, /^email: version 2$/m);
    assert.match((await midwatch(["redact", "keys", "share", ...data])).out, /^v3\.[\w-]{43}\n$/);
    assert.match((await midwatch(["redact", "keys", "list", ...data])).out, /^phone: version 1, 3$/m);
  });

  test("of other keys and rules the server hears while it runs; a mistake leaves it as it is", async () => {
    const data = mkdtempSync(join(folder, "running-"));
    const rulesFile = join(data, "rules.yaml");
    writeFileSync(rulesFile, "classes: { email: mask }\n");
    const first = loadRedaction(data, rulesFile, random);
    const thread = startPipelineThread(0, first);
    const reported: string[] = [];
    const watch = watchRedaction({
      data,
      rulesFile,
      lookMs: 10,
      onChange: (changed) => thread.changeRedaction(changed),
      report: (severity, message) => reported.push(`${severity}: ${message}`),
    });
    const mark = async (): Promise<string> => {
      const body = Buffer.from(
        `{"id":"0192f0a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","time":"2026-11-21T01:26:44Z","kind":"log","message":"to bob@example.com"}\n`,
      );
      const { rows } = await thread.encode(
        { body, encoding: "identity" },
        Date.parse("2026-11-21T02:00:00Z"),
      );
      return /\[(?:REDACTED:)?email:[\w:.-]+\]/.exec(Buffer.from(rows).toString("latin1"))?.[0] ?? "";
    };
    const until = async (count: number): Promise<void> => {
      for (let turn = 0; reported.length < count; turn++) {
        assert.ok(turn < 6000, "nothing was reported");
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    try {
      assert.equal(await mark(), "[email:example.com]");
      writeFileSync(rulesFile, "classes: { email: token }\n");
      await until(1);
      assert.match(await mark(), /^\[email:v1:/);
      assert.equal((await midwatch(["redact", "keys", "rotate", "email", "--data", data])).code, 0);
      await until(2);
      assert.match(await mark(), /^\[email:v2:/);
      writeFileSync(rulesFile, "clases: {}\n");
      await until(3);
      assert.match(await mark(), /^\[email:v2:/);
      assert.deepEqual(
        reported.map((line) => line.split(":")[0]),
        ["info", "info", "error"],
      );
    } finally {
      watch.close();
      await thread.close();
    }
  });

  test("records sums of what was redacted as events", () => {
    const sums = createRedactionSums();
    const recorded: unknown[] = [];
    const summaries = startRedactionSummaries(sums, {
      record: (kind, fields) => recorded.push([kind, fields.message]),
      close: async () => undefined,
    });
    sums.add([{ rule: "email", service: "shop", job: "MailJob", count: 2 }]);
    sums.add([{ rule: "email", service: "shop", job: "MailJob", count: 1 }]);
    summaries.close();
    assert.deepEqual(recorded, [
      ["redaction.summary", "3 values hidden by the rule email in MailJob of shop"],
    ]);
    assert.deepEqual(sums.take(), []);
  });

  test("the rules and commands of the guide are right", async () => {
    const guide = readFileSync(new URL("../../docs/guides/redaction.md", import.meta.url), "utf8");
    const [, yaml = ""] = /```yaml\n([\s\S]*?)```/.exec(guide) ?? [];
    assert.equal(parseUserRules(yaml).jobs.length, 2);
    const file = join(folder, "guide.yaml");
    writeFileSync(file, yaml);
    const { out } = await midwatch([
      "redact",
      "test",
      "--rules",
      file,
      "--service",
      "billing",
      "--job",
      "PayrollJob",
      "note=x 10.1.2.3 ORD-12345678",
    ]);
    assert.match(out, /^note=\[REDACTED:custom\] \[ip:10\.1\.2\.0\/24\] \[REDACTED:custom\]\n/);
    for (const [, command = ""] of guide.matchAll(/^midwatch ((?:redact|search) \S+)/gm)) {
      const help = await midwatch([...command.split(" ").slice(0, 2), "--help"]);
      assert.ok(help.code === 0 && help.out + help.notes !== "x", command);
    }
  });
});
