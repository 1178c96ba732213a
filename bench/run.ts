/**
 * `npm run bench` lists the benches; `npm run bench -- NAME` runs one. A bench is a file of this
 * folder that exports `about` and `run`.
 *
 * `--quick` ends within 40 seconds; `--json` prints the figures as one object on the last line;
 * `--write` puts the result into docs/benchmarks.md.
 */
import { execFileSync } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, release, tmpdir, totalmem } from "node:os";
import { basename, join } from "node:path";

export type BenchOptions = {
  readonly quick: boolean;
  /** Empty, and removed afterwards. */
  readonly directory: string;
};

export type BenchResult = {
  /** By name and unit: `events_per_second`, `cpu_us_per_event`. */
  readonly figures: { readonly [name: string]: number };
  /** The same for people. */
  readonly lines: readonly string[];
};

type Bench = { readonly about: string; run(options: BenchOptions): Promise<BenchResult> };

const root = new URL("..", import.meta.url).pathname;
const documentPath = join(root, "docs", "benchmarks.md");

async function benches(): Promise<ReadonlyMap<string, Bench>> {
  const found = new Map<string, Bench>();
  for (const file of globSync("*.ts", { cwd: join(root, "bench") }).sort()) {
    if (file === basename(import.meta.filename) || file.endsWith(".test.ts")) continue;
    const module = (await import(new URL(file, import.meta.url).href)) as Partial<Bench>;
    if (module.about !== undefined && module.run) found.set(basename(file, ".ts"), module as Bench);
  }
  return found;
}

/** What the figures were measured on: they mean nothing without it. */
function machine(): string {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  const memoryGib = Math.round(totalmem() / 1024 ** 3);
  return `${cpus().length} × ${model}, ${memoryGib} GiB, Linux ${release()}, Node ${process.version}`;
}

function commit(): string {
  try {
    const git = (...words: string[]): string =>
      execFileSync("git", words, { cwd: root, encoding: "utf8" }).trim();
    return git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain") === "" ? "" : " and changes");
  } catch {
    return "unknown";
  }
}

async function runBench(bench: Bench, quick: boolean): Promise<BenchResult> {
  const directory = mkdtempSync(join(tmpdir(), "midwatch-bench-"));
  try {
    return await bench.run({ quick, directory });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Replaces the section of one bench, or adds it. */
function writeSection(name: string, about: string, result: BenchResult): void {
  const begin = `<!-- ${name} begins -->`;
  const end = `<!-- ${name} ends -->`;
  const lines = result.lines.map((line) => `    ${line}`.trimEnd());
  const section = [
    begin,
    `## ${name}`,
    "",
    `${about}.`,
    "",
    `${machine()}. Commit ${commit()}.`,
    "",
    ...lines,
    end,
  ];
  const written = existsSync(documentPath) ? readFileSync(documentPath, "utf8") : documentHead;
  const from = written.indexOf(begin);
  const before = from < 0 ? `${written.trimEnd()}\n\n` : written.slice(0, from);
  const after = from < 0 ? "\n" : written.slice(written.indexOf(end) + end.length);
  writeFileSync(documentPath, before + section.join("\n") + after);
}

const documentHead = `# Benchmarks

Each section is written by \`npm run bench -- NAME --write\`. Compare figures of one section only: they
were measured in one run on one machine.
`;

const words = process.argv.slice(2);
const name = words.find((word) => !word.startsWith("--"));
const unknownFlag = words.find(
  (word) => word.startsWith("--") && !["--quick", "--json", "--write"].includes(word),
);
const known = await benches();
const bench = known.get(name ?? "");
if (unknownFlag !== undefined || (name !== undefined && !bench)) {
  console.error(
    `There is no ${unknownFlag ?? `bench named ${name}`}. Benches: ${[...known.keys()].join(", ")}`,
  );
  process.exitCode = 2;
} else if (!bench || name === undefined) {
  for (const [listed, { about }] of known) console.log(`${listed.padEnd(12)} ${about}`);
  console.log("\nnpm run bench -- NAME [--quick] [--json] [--write]");
} else {
  console.log(`${name}: ${bench.about}\n${machine()}\ncommit ${commit()}\n`);
  const result = await runBench(bench, words.includes("--quick"));
  for (const line of result.lines) console.log(line);
  if (words.includes("--write")) writeSection(name, bench.about, result);
  if (words.includes("--json")) console.log(JSON.stringify(result.figures));
}
