/**
 * What the documents tell people to type is typed: commands against a real server, recorders'
 * lines in their own language. A block that nothing here knows how to try fails the test.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { parseAllDocuments } from "yaml";
import { eventually, midwatchProgram, nodeProgram, Processes, root } from "../playground/processes.ts";
import { startWatch, type Watch } from "../playground/watch.ts";
import type { EventPage } from "../src/api/schemas.ts";
import { filesBelow, read } from "./house/tree.ts";

type Block = {
  readonly path: string;
  readonly line: number;
  readonly language: string;
  readonly text: string;
};

/** Written by a generator from the commands, and held to them by a test of its own. */
const generated: ReadonlySet<string> = new Set(["docs/reference/cli.md"]);

function blocksOf(path: string, text: string): readonly Block[] {
  const blocks: Block[] = [];
  const lines = text.split("\n");
  for (let index = 0; index < lines.length; index++) {
    const open = /^( *)```(\w*)$/.exec(lines[index] ?? "");
    if (!open) continue;
    const start = index + 1;
    while (index + 1 < lines.length && !/^ *```$/.test(lines[index + 1] ?? "")) index++;
    const indent = (open[1] ?? "").length;
    const body = lines.slice(start, index + 1).map((line) => line.slice(indent));
    blocks.push({ path, line: start + 1, language: open[2] ?? "", text: body.join("\n") });
    index++;
  }
  return blocks;
}

const documents = filesBelow(".").filter(({ path }) => path.endsWith(".md") && !generated.has(path));
const blocks = documents.flatMap(({ path, text }) => blocksOf(path, text));
const place = ({ path, line }: Block): string => `${path}:${line}`;
const of = (...languages: readonly string[]): readonly Block[] =>
  blocks.filter(({ language }) => languages.includes(language));

/** Commands of the system that a reader runs as root once; they are only read, not run. */
const systemCommands =
  /^(install|systemd-sysusers|systemd-tmpfiles|systemctl|mkdir|usermod|openssl|apt-get|gem|pip|bundle|curl|cd|cp|chmod|echo|python3) /;
/** They work on the data directory of a server that is stopped. */
const offline = /midwatch ledger (prove|check-proof|erase|recover)/;
/** 1: nothing was found, the right answer on a server without applications. 4: refused as documented. */
const good: ReadonlySet<number | null> = new Set([0, 1, 4]);
/** They run until they are stopped. */
const lasting: ReadonlySet<string> = new Set(["agent", "serve", "tail"]);

describe("the documents", () => {
  const folder = mkdtempSync(join(tmpdir(), "midwatch-docs-"));
  const processes = new Processes();
  /** Where a reader would type. */
  const desk = join(folder, "desk");
  const stand = new Map<string, string>();
  let watch: Watch;

  before(async () => {
    mkdirSync(desk);
    watch = await startWatch(processes, folder, { access: "people" });
    // What the documents name as examples, and what stands for it here.
    const { rows } = await eventually("an event is stored", async () => {
      const page = (await (
        await fetch(`${watch.address}/api/v1/events?kind=job.succeeded`, { headers: ownerHeaders(watch) })
      ).json()) as EventPage;
      return page.rows.length > 0 ? page : undefined;
    });
    stand.set("1041", String(rows[0]?.segment)).set("17", String(rows[0]?.segment_index));
    for (const name of ["data.key", "new.key"]) {
      writeFileSync(join(folder, name), randomBytes(32).toString("hex"), { mode: 0o600 });
      stand.set(`/etc/midwatch/${name}`, join(folder, name));
    }
    stand.set("/backup/midwatch", watch.data).set("2026-10.checkpoint", "2026-11.checkpoint");
  });
  after(async () => {
    await processes.endAll();
    rmSync(folder, { recursive: true, force: true });
  });

  test("are read at all", () => {
    assert.ok(documents.length > 15, `only ${documents.length} documents`);
    assert.ok(of("sh").length > 4 && of("ruby").length > 3 && of("python").length > 2);
  });

  test("name only languages that are tried here", () => {
    const known = new Set(["sh", "ruby", "python", "json", "yaml", "crontab", "ndjson", "text", ""]);
    assert.deepEqual(blocks.filter(({ language }) => !known.has(language)).map(place), []);
  });

  test("show commands that work", async () => {
    const scripts = (JSON.parse(read("package.json")) as { scripts: Record<string, string> }).scripts;
    let tried = 0;
    const later: (readonly [string, string])[] = [];
    for (const block of of("sh")) {
      writeExamples(block.path, block.text);
      for (const line of block.text.split("\n").filter((text) => text.trim() !== "")) {
        const script = /^npm (?:run )?([\w-]+)/.exec(line)?.[1];
        if (script !== undefined) assert.ok(scripts[script], `${place(block)}: no script ${script}`);
        else if (offline.test(line)) later.push([line, place(block)]);
        else if (/^(bin\/)?midwatch /.test(line)) {
          await tryCommand(line, place(block));
          tried++;
        } else assert.match(line, systemCommands, `${place(block)}: nothing here tries this`);
      }
    }
    assert.ok(tried >= 5 && later.length >= 3, `only ${tried} and ${later.length} commands were tried`);
    await processes.endAll();
    for (const [line, where] of later) await tryCommand(line, where);
  });

  /** Files that a document's commands name are what its blocks of YAML say, in their order. */
  function writeExamples(path: string, commands: string): void {
    const names = new Set(Array.from(commands.matchAll(/\b[\w-]+\.yaml\b/g), (match) => match[0]));
    const examples = of("yaml").filter((block) => block.path === path);
    [...names].forEach((name, index) => {
      const example = examples[index] ?? examples.at(-1);
      assert.ok(example, `${path} names ${name} and shows nothing that it could hold`);
      writeFileSync(join(desk, name), `${example.text}\n`);
    });
  }

  async function tryCommand(line: string, where: string): Promise<void> {
    const key = join(folder, "agent.key");
    const into = /\s>\s*([\w.-]+)\s*$/.exec(line)?.[1];
    const words = wordsOf(line.replace(/\s+#.*$/, "").replace(/\s*[>|].*$/, ""))
      .slice(1)
      .map((word) => (/^\/etc\/midwatch\/(agent\.)?key$/.test(word) ? key : word))
      .map((word) => stand.get(word) ?? word)
      .map((word) => (/^https?:\/\/[\w.:]+$/.test(word) ? watch.address : word));
    const state = join(folder, `state-${Math.random()}`);
    const child = spawn(nodeProgram, [midwatchProgram, ...words], {
      cwd: desk,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        MIDWATCH_SERVER: watch.address,
        // What is encrypted is encrypted from its first start on: a directory of its own.
        ...(line.includes("encryption")
          ? { MIDWATCH_DATA: join(folder, "encrypted"), MIDWATCH_LISTEN: "127.0.0.1:0" }
          : { MIDWATCH_DATA: watch.data }),
        MIDWATCH_STATE: state,
        MIDWATCH_SPOOL: join(folder, "spool-of-documents"),
        MIDWATCH_KEY_FILE: key,
      },
    });
    let output = "";
    let printed = "";
    child.stdout.on("data", (chunk) => (printed += String(chunk)));
    child.stderr.on("data", (chunk) => (output += String(chunk)));
    if (lasting.has(words[0] ?? "")) setTimeout(() => child.kill("SIGTERM"), 3000);
    const [code] = (await once(child, "close")) as [number | null];
    output += printed;
    if (into !== undefined) writeFileSync(join(desk, into), printed);
    assert.ok(good.has(code) || lasting.has(words[0] ?? ""), `${where}: ${line}\n${code}: ${output}`);
    assert.doesNotMatch(output, /unknown (option|command)|error: /, `${where}: ${line}`);
  }

  test("show Ruby that Ruby understands", { skip: spawnSync("ruby", ["-v"]).status !== 0 }, () => {
    for (const block of of("ruby")) {
      const { status, stderr } = spawnSync("ruby", ["-c"], { input: block.text, encoding: "utf8" });
      assert.equal(status, 0, `${place(block)}: ${stderr}`);
    }
  });

  test("show Python that runs with the recorder", () => {
    const spool = join(folder, "python-spool");
    mkdirSync(spool);
    const has = spawnSync("/usr/bin/python3", ["-c", "import celery"]).status === 0;
    for (const block of of("python")) {
      if (block.text.includes("midwatch.celery") && !has) continue;
      const { status, stderr } = spawnSync("/usr/bin/python3", ["-c", block.text], {
        encoding: "utf8",
        env: {
          PYTHONPATH: join(root, "recorders/python"),
          MIDWATCH_SPOOL: spool,
          PYTHONDONTWRITEBYTECODE: "1",
        },
      });
      assert.equal(status, 0, `${place(block)}: ${stderr}`);
    }
    assert.ok(readdirSync(spool).length > 0, "the audited actions of the README were written");
  });

  test("show JSON and YAML that can be read", () => {
    for (const block of of("json")) assert.ok(JSON.parse(block.text), place(block));
    for (const block of of("yaml")) {
      const documents = [parseAllDocuments(block.text)].flat();
      assert.ok(documents.length > 0, place(block));
      for (const document of documents) assert.deepEqual(document.errors, [], place(block));
    }
  });

  test("show crontab lines that cron accepts", { skip: spawnSync("which", ["crontab"]).status !== 0 }, () => {
    const file = join(folder, "crontab");
    for (const block of of("crontab")) {
      writeFileSync(file, `${block.text}\n`);
      for (const line of block.text.split("\n")) assert.ok(line.length < 998, place(block));
      assert.match(block.text, /^(?:#|[A-Z_]+ *=|@\w+ |(?:\S+\s+){5}\S)/m, place(block));
    }
  });
});

/** As the command line shows it: who can read the data directory is its owner. */
function ownerHeaders({ data }: Watch): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${readFileSync(join(data, "owner.key"), "utf8").trim()}` };
}

/** Words of a shell line with single and double quotes and no expansions. */
function wordsOf(line: string): readonly string[] {
  return Array.from(
    line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g),
    (match) => match[1] ?? match[2] ?? match[3] ?? "",
  );
}
