/**
 * Two servers witness each other's checkpoints, and the first brings them to a real rsyslog, a real
 * mail server and a file; `verify` then judges by what each of them holds.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../playground/processes.ts";
import { writeKey } from "../seal/key.ts";
import { formatVerifier } from "../seal/note.ts";
import { ledgerDirectory } from "./ledger.ts";
import { runProgram } from "./program.ts";
import { ndjson, recordAgo, startServerForTests } from "./server-for-tests.ts";
import { plainTerminal } from "./terminal.ts";

const waitMs = 60_000;

async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = Date.now() + waitMs;
  while (!(await isSo())) {
    if (Date.now() > endMs) assert.fail(`${what} did not come within ${waitMs / 1000} s`);
    await sleep(100);
  }
}

const answersAt = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    const tell = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.on("connect", () => tell(true)).on("error", () => tell(false));
  });

function startProgram(
  context: TestContext,
  program: string,
  words: readonly string[],
  output: string,
): ChildProcess {
  const child = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"] });
  child.on("error", () => {});
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (part: Buffer) => writeFileSync(output, part, { flag: "a" }));
  }
  context.after(async () => {
    if (child.exitCode !== null || child.pid === undefined) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  });
  return child;
}

async function midwatch(
  ...words: readonly string[]
): Promise<{ readonly code: number; readonly out: string }> {
  let out = "";
  const terminal = {
    ...plainTerminal,
    clock: Date.now,
    randomBytes: (count: number) => randomBytes(count),
    write: async (text: string) => {
      out += text;
    },
    note: (line: string) => {
      out += `${line}\n`;
    },
  };
  return { code: await runProgram(words, terminal), out };
}

const readIfThere = (path: string): string => (existsSync(path) ? readFileSync(path, "utf8") : "");

test("checkpoints reach every anchor, and verification believes none that does not fit", async (context) => {
  const directory = mkdtempSync(join(tmpdir(), "midwatch-anchors-"));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  const [syslogPort, mailPort] = [await freePort(), await freePort()];
  const [syslogFile, mailFile] = [join(directory, "syslog"), join(directory, "mail")];
  const settings = `module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="${syslogPort}")
action(type="omfile" file="${syslogFile}")
`;
  writeFileSync(join(directory, "rsyslog.conf"), settings);
  const rsyslog = ["-n", "-f", join(directory, "rsyslog.conf"), "-i", join(directory, "rsyslog.pid")];
  startProgram(context, "/usr/sbin/rsyslogd", rsyslog, join(directory, "rsyslog.out"));
  const mail = ["-u", "-W", "ignore", "-m", "smtpd", "-n", "-c", "DebuggingServer", `127.0.0.1:${mailPort}`];
  startProgram(context, "/usr/bin/python3", mail, mailFile);
  await until("rsyslog", () => answersAt(syslogPort));
  await until("the mail server", () => answersAt(mailPort));

  const make = (data: string, name: string) => {
    mkdirSync(ledgerDirectory(data), { recursive: true, mode: 0o700 });
    return writeKey(join(ledgerDirectory(data), "key"), name, randomBytes(32));
  };
  const dayKey = make(join(directory, "made"), "day.example/midwatch");
  const night = await startServerForTests({
    anchors: () => `witnessed: ["${formatVerifier(dayKey)}"]`,
  });
  context.after(() => night.close());
  const witness = readFileSync(join(night.directory, "data/ledger/witness.key.public"), "utf8").trim();
  const vault = join(directory, "vault.checkpoint");
  const day = await startServerForTests({
    anchors: (data) => {
      mkdirSync(ledgerDirectory(data), { recursive: true, mode: 0o700 });
      const made = ledgerDirectory(join(directory, "made"));
      writeFileSync(join(ledgerDirectory(data), "key"), readFileSync(join(made, "key")), { mode: 0o400 });
      return `anchors:
  night: { kind: witness, url: "${night.address}/witness", key: "${witness}", every_seconds: 1 }
  siem: { kind: syslog, host: 127.0.0.1, port: ${syslogPort}, every_seconds: 1 }
  mail: { kind: email, host: 127.0.0.1, port: ${mailPort}, encryption: none, from: a@example.com, to: [b@example.com] }
  vault: { kind: file, path: "${vault}", every_seconds: 1 }
`;
    },
  });
  let isOpen = true;
  context.after(async () => (isOpen ? day.close() : undefined));
  assert.equal((await day.post(ndjson([recordAgo(0, { message: "one" })]))).status, 200);
  await until("the syslog message", () => readIfThere(syslogFile).includes("day.example/midwatch"));
  await until("the mail", () => readIfThere(mailFile).includes("END MESSAGE"));
  const status = async (): Promise<{ readonly entries: number; readonly anchors: readonly string[] }> =>
    (await (await day.read("/api/v1/ledger")).json()) as never;
  await until("all anchors", async () => {
    const { anchors } = await status();
    return anchors.filter((line) => / holds \d+ of /.test(line)).length === 4;
  });

  const data = join(day.directory, "data");
  const key = formatVerifier(dayKey);
  assert.match(
    (await midwatch("ledger", "status", "--data", data)).out,
    /night \(witness\) holds \d+ of \d+/,
  );
  // The receiver prints each line of a mail as Python writes bytes.
  const letter = join(directory, "letter.eml");
  writeFileSync(letter, readFileSync(mailFile, "utf8").replaceAll(/^b['"](.*)['"]$/gm, "$1"));
  const all = [syslogFile, letter, vault].flatMap((file) => ["--checkpoint", file]);
  const good = await midwatch("verify", "--data", data, "--key", key, "--witness", witness, ...all);
  assert.equal(good.code, 0, good.out);
  assert.match(good.out, /test-host\/witness\/[0-9a-f]{8} saw the first \d+ of \d+ entries/);

  const bundle = join(directory, "bundle");
  assert.equal((await midwatch("ledger", "export", bundle, "--data", data)).code, 0);
  assert.equal((await midwatch("verify", "--bundle", bundle, "--key", key, "--witness", witness)).code, 0);
  const other = formatVerifier(make(join(directory, "other"), "x.example/w"));
  assert.match(
    (await midwatch("verify", "--bundle", bundle, "--key", key, "--witness", other)).out,
    /no public key/,
  );

  // Whoever has the key signs a shorter history; what the vault holds tells of more.
  const head = readFileSync(vault, "utf8");
  const size = Number(head.split("\n")[1]);
  writeFileSync(vault, head.replace(`\n${size}\n`, `\n${size + 1}\n`));
  const bad = await midwatch("verify", "--bundle", bundle, "--key", key, "--checkpoint", vault);
  assert.equal(bad.code, 1);
  assert.match(bad.out, /T7 .*remembered checkpoint is not signed/);
  await day.close();
  isOpen = false;
});
