/**
 * A data directory under a key: the same story is played without one and with one, and every byte
 * below the directory is searched for what was sent, while it is used and after everything was killed.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Check } from "../access/posture.ts";
import type { EventPage } from "../api/schemas.ts";
import type { EventRecord } from "../model/event.ts";
import { ndjson, recordAgo } from "./server-for-tests.ts";

const main = fileURLToPath(new URL("main.ts", import.meta.url));
let directory = "";
let child: ChildProcess | undefined;
before(() => {
  directory = mkdtempSync(join(tmpdir(), "midwatch-encryption-"));
  for (const name of ["first", "second"])
    writeFileSync(keyFile(name), randomBytes(32).toString("hex"), { mode: 0o600 });
});
after(() => {
  child?.kill("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
});

function keyFile(name: string): string {
  return join(directory, `${name}.key`);
}
const withKey = (name: string): Record<string, string> => ({ MIDWATCH_ENCRYPTION_KEY_FILE: keyFile(name) });

type Ran = { readonly code: number | null; readonly out: string; readonly said: string };
type Environment = Readonly<Record<string, string>>;

/** Starts a server on a data directory and gives its address. */
async function serve(data: string, environment: Environment): Promise<string> {
  const started = spawn(process.execPath, [main, "serve", "--data", data, "--listen", "127.0.0.1:0"], {
    env: { ...environment, MIDWATCH_ACCESS: "open", HOME: directory },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child = started;
  let said = "";
  started.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  for await (const text of started.stdout.setEncoding("utf8")) {
    said += text as string;
    const address = /on watch: (http:\/\/\S+)\//.exec(said)?.[1];
    if (address !== undefined && said.endsWith("\n")) return address;
  }
  throw new Error(`the server did not start: ${said}`);
}

async function end(signal: NodeJS.Signals): Promise<void> {
  const ending = child;
  if (ending?.exitCode !== null || ending.signalCode !== null) return;
  ending.kill(signal);
  await once(ending, "exit");
}

/** The process ids of the engine that the server has. */
function engines(): readonly number[] {
  const pid = child?.pid ?? 0;
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.split(" ").filter(Boolean).map(Number);
}

function midwatch(words: readonly string[], environment: Environment = {}): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words], {
    env: { ...environment, HOME: directory },
    encoding: "utf8",
  });
  return { code: status, out: stdout, said: stdout + stderr };
}

/** Notes the top folders below which a file holds the marker. Gives how many files were looked at. */
function search(data: string, marker: string, found: Set<string>): number {
  let seen = 0;
  const look = (path: string, top: string): void => {
    // Parts and temporary files come and go while the server works.
    const entries = ifThere(() => readdirSync(path, { withFileTypes: true })) ?? [];
    for (const entry of entries) {
      const below = join(path, entry.name);
      if (entry.isDirectory()) look(below, top || entry.name);
      if (!entry.isFile()) continue;
      seen += 1;
      if (ifThere(() => readFileSync(below))?.includes(marker)) found.add(top || entry.name);
    }
  };
  look(data, "");
  return seen;
}

function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, "ENOENT");
    return undefined;
  }
}

const perBatch = 20;

/** Failures and lines that bear the marker wherever a sender can put text. */
function batch(marker: string): readonly EventRecord[] {
  const run_id = `${marker}-run-${randomBytes(6).toString("hex")}`;
  const job = {
    stream: "jobs",
    runtime: "delayed_job",
    job: `${marker}Job`,
    run_id,
    queue: `${marker}-queue`,
  } as const;
  const text = (): string => `${marker} ${randomBytes(12).toString("hex")}`;
  return Array.from({ length: perBatch }, (_, number) =>
    number === 0
      ? recordAgo(0, {
          ...job,
          kind: "job.failed",
          error_class: `${marker}Error`,
          error_message: text(),
          error_stack: text(),
        })
      : recordAgo(number, { service: `${marker}-service`, message: text(), attributes: { note: text() } }),
  );
}

/** Plays the story, and gives the top folders and files in which the marker was ever seen. */
async function story(data: string, environment: Environment): Promise<ReadonlySet<string>> {
  const marker = `planted${randomBytes(8).toString("hex")}`;
  const found = new Set<string>();
  let seen = 0;
  const look = (): void => {
    seen += search(data, marker, found);
  };
  let address = await serve(data, environment);
  let sent = 0;
  const made = midwatch(["keys", "add", `${marker}-key`, "--scope", "send", "--data", data], environment);
  assert.equal(made.code, 0, made.said);
  const post = async (): Promise<void> => {
    for (let count = 0; count < 5; count++) {
      const answer = await fetch(`${address}/v1/events`, {
        method: "POST",
        headers: { authorization: `Bearer ${made.out.trim()}` },
        body: ndjson(batch(marker)),
      });
      assert.equal(answer.status, 200, await answer.text());
      sent += perBatch;
      look();
    }
  };
  const stored = async (): Promise<readonly string[]> => {
    const answer = await fetch(`${address}/api/v1/events?q=${marker}&from=-1h&limit=1000`);
    if (answer.status !== 200) return [];
    return ((await answer.json()) as EventPage).rows
      .filter(({ stream }) => stream !== "audit")
      .map(({ id }) => id);
  };
  const settle = async (): Promise<void> => {
    const deadlineMs = Date.now() + 90_000;
    let ids = await stored();
    while (ids.length < sent) {
      assert.ok(Date.now() < deadlineMs, `${ids.length} of ${sent}`);
      await sleep(100);
      look();
      ids = await stored();
    }
    assert.deepEqual([ids.length, new Set(ids).size], [sent, sent], "each once");
  };

  await post();
  await settle();
  const words = ["silences", "add", "--job", `${marker}Job`, "--for", "4", "--reason", marker];
  const silenced = midwatch([...words, "--server", address]);
  assert.equal(silenced.code, 0, silenced.said);

  // With the engine held still, what is acknowledged lies in the spool; then everything dies at once.
  for (const pid of engines()) process.kill(pid, "SIGSTOP");
  await post();
  look();
  const held = engines();
  await end("SIGKILL");
  for (const pid of held) process.kill(pid, "SIGKILL");
  look();
  address = await serve(data, environment);
  await settle();
  // The engine alone is killed while batches come in.
  for (let round = 0; round < 3; round++) {
    const posting = post();
    for (const pid of engines()) process.kill(pid, "SIGKILL");
    await posting;
  }
  await settle();
  const checks = (await (await fetch(`${address}/api/v1/doctor`)).json()) as {
    readonly rows: readonly Check[];
  };
  const disk = checks.rows.find(({ id }) => id === "disk");
  assert.equal(
    /under a key/.test(disk?.sentence ?? ""),
    Object.keys(environment).length > 0,
    disk?.sentence ?? "",
  );
  await end("SIGTERM");
  look();
  assert.ok(seen > 500, `${seen} files were searched`);
  return found;
}

test("without a key, what is sent is found in the spool, the engine and the control database", async () => {
  const found = await story(join(directory, "plain"), {});
  assert.ok(found.has("spool") && found.has("engine"), [...found].join());
  assert.ok(found.has("control.db") || found.has("control.db-wal"), [...found].join());
});

const data = (): string => join(directory, "kept");

test("with a key, it is found nowhere, and everything acknowledged is there once", async () => {
  assert.deepEqual([...(await story(data(), withKey("first")))], []);
  const rows = readdirSync(join(data(), "engine", "encrypted"), { recursive: true, withFileTypes: true });
  const files = rows.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  assert.ok(
    files.some((file) => file.endsWith("data.bin")),
    "the engine wrote rows here",
  );
  for (const file of files) {
    const head = readFileSync(file).subarray(0, 3).toString();
    // What the engine has written nothing into is left empty.
    assert.ok(head === "ENC" || head === "", file);
  }
  const beside = readdirSync(join(data(), "engine"), { recursive: true }).map(String);
  assert.deepEqual(
    beside.filter((name) => name.endsWith(".bin") && !name.startsWith("encrypted/")),
    [],
  );
});

test("it is proven, and opened, with its key alone; another key is a matter of 32 bytes", () => {
  const key = midwatch(["ledger", "key", "--data", data()]).out.trim();
  const verify = (environment: Environment) =>
    midwatch(["verify", "--data", data(), "--key", key], environment);
  const good = verify(withKey("first"));
  assert.equal(good.code, 0, good.said);
  const none = verify({});
  assert.deepEqual([none.code, /is encrypted: give its key/.test(none.said)], [2, true], none.said);
  const wrong = verify(withKey("second"));
  assert.deepEqual([wrong.code, /under another key/.test(wrong.said)], [2, true], wrong.said);

  const words = ["encryption", "change-key", "--data", data(), "--new-key-file", keyFile("second")];
  const refused = midwatch(words, withKey("second"));
  assert.equal(refused.code, 2, refused.said);
  const changed = midwatch(words, withKey("first"));
  assert.equal(changed.code, 0, changed.said);
  assert.equal(verify(withKey("first")).code, 2);
  const command = { MIDWATCH_ENCRYPTION_KEY_COMMAND: `cat '${keyFile("second")}'` };
  const proven = verify(command);
  assert.equal(proven.code, 0, proven.said);
});

test("what would be encrypted in part, or in appearance, is refused with a sentence", () => {
  const serveWith = (place: string, environment: Environment) =>
    midwatch(["serve", "--data", place, "--listen", "127.0.0.1:0"], environment);
  const refusals: readonly (readonly [ran: Ran, sentence: RegExp])[] = [
    [serveWith(join(directory, "plain"), withKey("first")), /chosen before the first start/],
    [serveWith(data(), {}), /is encrypted: give its key/],
    [serveWith(data(), withKey("first")), /under another key/],
    [serveWith(data(), withKey("absent")), /cannot be read/],
    [serveWith(data(), { ...withKey("first"), MIDWATCH_ENCRYPTION_KEY_COMMAND: "true" }), /not both/],
    [serveWith(data(), { MIDWATCH_ENCRYPTION_KEY_COMMAND: "exit 3" }), /ended with code 3/],
    [serveWith(data(), { MIDWATCH_ENCRYPTION_KEY_COMMAND: "echo hunter2" }), /no key of 32 bytes/],
    [serveWith(data(), { MIDWATCH_ENCRYPTION_KEY_FILE: loose() }), /can be read by others/],
    [serveWith(data(), { MIDWATCH_ENCRYPTION_KEY_FILE: inside() }), /lies in the data directory/],
  ];
  for (const [{ code, said }, sentence] of refusals) {
    assert.equal(code, 2, said);
    assert.match(said, sentence);
    assert.doesNotMatch(said, /hunter2/);
  }
});

function loose(): string {
  writeFileSync(keyFile("loose"), randomBytes(32).toString("base64"), { mode: 0o644 });
  return keyFile("loose");
}

function inside(): string {
  const folder = join(data(), "keys");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, "key"), randomBytes(32).toString("hex"), { mode: 0o600 });
  return join(folder, "key");
}
