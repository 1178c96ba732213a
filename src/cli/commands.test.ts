/** The client commands against a real server, as a person and as a script would call them. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, before, describe, test } from "node:test";
import { configurationReference } from "./configuration.ts";
import { makeProgram, runProgram } from "./program.ts";
import { commandReference } from "./reference.ts";
import { ndjson, recordAgo, type ServerForTests, startServerForTests } from "./server-for-tests.ts";
import { plainTerminal, type Terminal } from "./terminal.ts";

type Said = { readonly code: number; readonly out: string; readonly notes: string };

/** `stop` gives the terminal's signal listener something to hear, once it has said so much. */
async function midwatch(words: readonly string[], wishes: Partial<Terminal> = {}): Promise<Said> {
  let out = "";
  let notes = "";
  const terminal: Terminal = {
    ...plainTerminal,
    clock: Date.now,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    write: async (text) => {
      out += text;
    },
    note: (line) => {
      notes += `${line}\n`;
    },
    ...wishes,
  };
  const code = await runProgram(words, terminal);
  return { code, out, notes };
}

test("docs/reference/cli.md is what the commands say now", () => {
  const kept = readFileSync(new URL("../../docs/reference/cli.md", import.meta.url), "utf8");
  const now = commandReference(makeProgram(plainTerminal));
  assert.equal(kept, now, "write it anew with: node_modules/.bin/node scripts/reference.ts");
  for (const command of makeProgram(plainTerminal).commands)
    assert.match(now, new RegExp(`## midwatch ${command.name()}\\b`));
});

test("docs/reference/configuration.md is what the tables say now", () => {
  const kept = readFileSync(new URL("../../docs/reference/configuration.md", import.meta.url), "utf8");
  const now = configurationReference();
  assert.equal(kept, now, "write it anew with: node_modules/.bin/node scripts/reference.ts");
  for (const name of ["log_sample", "arguments_by_job", "key_file", "puma"])
    assert.ok(now.includes(`| \`${name}\` |`));
});

test("what is wrong with an agent's file is said at once, with suggestions, and ends with code 2", async () => {
  const folder = mkdtempSync(join(tmpdir(), "midwatch-agent-file-"));
  const file = join(folder, "agent.yaml");
  writeFileSync(file, "sever: http://127.0.0.1:1\nlogs:\n  - rals=/var/log/x\npuma: shop=/x\n");
  const { code, notes } = await midwatch(["agent", "--config", file], { environment: {} });
  rmSync(folder, { recursive: true });
  assert.equal(code, 2);
  for (const told of [
    /agent\.yaml:1: unknown key `sever`, did you mean `server`/,
    /agent\.yaml:2: `logs` cannot read "rals=\/var\/log\/x"/,
    /agent\.yaml:4: `puma` takes a list/,
    /`server` must be given/,
    /`key_file` must be given/,
  ])
    assert.match(notes, told);
});

test("a wrong command line ends with code 2 and says what is expected", async () => {
  for (const words of [
    ["serach"],
    ["search", "--limit", "many"],
    ["runs", "--state", "fine"],
    ["keys", "add"],
  ]) {
    const { code, notes } = await midwatch(words);
    assert.equal(code, 2, words.join(" "));
    assert.match(notes, /error: /);
  }
  assert.match((await midwatch(["serach"])).notes, /Did you mean search\?/);
});

test("a server that is not there ends with code 3 and says how to start one", async () => {
  const { code, notes } = await midwatch(["runs", "--server", "http://127.0.0.1:9"]);
  assert.equal(code, 3);
  assert.match(notes, /no answer from http:\/\/127\.0\.0\.1:9/);
});

describe("with a server", () => {
  let server: ServerForTests;
  let environment: Readonly<Record<string, string>>;
  before(async () => {
    server = await startServerForTests();
    environment = { MIDWATCH_SERVER: server.address, MIDWATCH_KEY: server.key };
  });
  after(async () => await server.close());

  const records = [
    recordAgo(3000, { stream: "jobs", kind: "job.started", job: "MailJob", run_id: "r-1", worker: "w:1:1" }),
    recordAgo(2000, {
      stream: "jobs",
      kind: "job.failed",
      job: "MailJob",
      run_id: "r-1",
      worker: "w:1:1",
      severity: "error",
      error_class: "SMTPError",
      error_message: "mailbox \u001b[31mfull\u202e",
      error_stack: "app/mail.rb:1\napp/mail.rb:2",
      duration_ms: 1500,
    }),
    recordAgo(2500, { message: "sending to the relay", run_id: "r-1", severity: "info" }),
  ];

  test("send takes a file or standard input, and tells refused lines by number", async () => {
    const file = join(server.directory, "events.ndjson");
    writeFileSync(file, ndjson(records));
    const sent = await midwatch(["send", file], { environment });
    assert.deepEqual([sent.code, sent.out], [0, "3 events accepted, 0 refused.\n"], sent.notes);

    const again = await midwatch(["send", file, "--json"], { environment });
    assert.deepEqual(JSON.parse(again.out), { accepted: 3, refused: 0, duplicates: 1 });

    const input = Readable.from([
      Buffer.from(`${ndjson([recordAgo(100, { message: "by hand" })])}gar`),
      Buffer.from("bage"),
    ]);
    const piped = await midwatch(["send"], { environment, input });
    assert.deepEqual([piped.code, piped.out], [4, "1 event accepted, 1 refused.\n"]);
    assert.match(piped.notes, /^line 2: /m);

    const refused = await midwatch(["send", file], {
      environment: { ...environment, MIDWATCH_KEY: "mwk_no" },
    });
    assert.equal(refused.code, 4);
    const keyless = await midwatch(["send", file], { environment: { MIDWATCH_SERVER: server.address } });
    assert.deepEqual([keyless.code, /--key-file/.test(keyless.notes)], [2, true]);
    await server.settled();
  });

  test("search prints lines that are safe, or JSON for a script, and code 1 for nothing", async () => {
    const found = await midwatch(["search", "mailbox", "error:SMTPError"], { environment });
    assert.equal(found.code, 0);
    assert.match(
      found.out,
      /error {2}job\.failed {2}shop {2}MailJob in 1\.5 s SMTPError: mailbox \\x1b\[31mfull\\u\{202e\}/,
    );
    const json = await midwatch(["search", "--json", "--service", "shop"], { environment });
    const rows = json.out.trimEnd().split("\n");
    assert.equal(rows.length, 4);
    assert.ok(rows.every((row) => typeof (JSON.parse(row) as { id: unknown }).id === "string"));
    assert.equal((await midwatch(["search", "nowhere"], { environment })).code, 1);
    const wrong = await midwatch(["search", "a or"], { environment });
    assert.deepEqual([wrong.code, /position \d/.test(wrong.notes)], [2, true]);
  });

  test("colours come only on a terminal, and every state has its sign and word without them", async () => {
    const plain = await midwatch(["runs", "--service", "shop"], { environment });
    assert.match(plain.out, /✗ failed .* MailJob .* r-1 .* SMTPError/);
    assert.ok(!plain.out.includes("\u001b"));
    const coloured = await midwatch(["runs", "--service", "shop"], { environment, colors: true });
    assert.ok(coloured.out.includes("\u001b[31m✗ failed"));
  });

  test("one run is a timeline with error, stack and lines, and code 1 when it failed", async () => {
    const { code, out } = await midwatch(["runs", "r-1"], { environment });
    assert.equal(code, 1);
    for (const part of [
      "✗ failed  MailJob",
      "attempt 1 began on w:1:1",
      "SMTPError: mailbox",
      "app/mail.rb:2",
      "sending to the relay",
    ]) {
      assert.ok(out.includes(part), part);
    }
    assert.equal((await midwatch(["runs", "r-none"], { environment })).code, 1);
    const json = await midwatch(["runs", "r-1", "--json"], { environment });
    assert.equal((JSON.parse(json.out) as { run: { state: string } }).run.state, "failed");
  });

  test("jobs lists what ran, with counts", async () => {
    const { out } = await midwatch(["jobs"], { environment });
    assert.match(out, /✗ failed +MailJob +shop +1 +1/);
    assert.match(out, /midwatch\.check_spool/);
  });

  test("tail shows what arrives until it is interrupted", async () => {
    let interrupt: () => void = () => undefined;
    let seen = "";
    const tail = midwatch(["tail", "arriving", "--json"], {
      environment,
      onSignal: (listener) => {
        interrupt = () => listener("SIGINT");
      },
      write: async (text) => {
        seen += text;
        interrupt();
      },
    });
    const sending = setInterval(
      () => void server.post(ndjson([recordAgo(0, { message: "arriving now" })])),
      300,
    );
    const { code } = await tail;
    clearInterval(sending);
    assert.equal(code, 0);
    assert.match(seen, /arriving now/);
  });

  test("keys are made, listed and revoked, through the server and beside it", async () => {
    for (const where of [
      ["--server", server.address],
      ["--data", join(server.directory, "data")],
    ]) {
      const made = await midwatch(["keys", "add", "web-9", ...where], {});
      assert.match(made.out, /^mwk_\w+\n$/);
      const key = made.out.trim();
      assert.equal((await server.post("", { authorization: `Bearer ${key}` })).status, 200);
      const id = key.split("_")[1] ?? "";
      const listed = await midwatch(["keys", "list", ...where]);
      assert.match(listed.out, new RegExp(`${id} +good +web-9 +send`));
      assert.ok(!listed.out.includes(key.slice(20, 40)));
      assert.equal((await midwatch(["keys", "revoke", id, ...where])).code, 0);
      assert.equal((await midwatch(["keys", "revoke", id, ...where])).code, 1);
      assert.match((await midwatch(["keys", "list", ...where])).out, new RegExp(`${id} +revoked`));
    }
  });

  test("a second server on the same data is refused by the pid of the first", async () => {
    const words = ["serve", "--data", join(server.directory, "data"), "--listen", "127.0.0.1:0"];
    const { code, notes } = await midwatch(words);
    assert.equal(code, 2);
    assert.match(notes, new RegExp(`another server \\(pid ${process.pid}\\)`));
  });
});
