/**
 * `midwatch redact`: try the rules on a line, look through what is stored with today's rules, turn a
 * value into the token that it is stored as, and rotate or destroy the keys of those tokens.
 */
import type { Command } from "commander";
import type { EventPage } from "../../api/schemas.ts";
import { explain, tokensOf } from "../../redact/explain.ts";
import { compileMarker, type KeyedName } from "../../redact/keyring.ts";
import { compileRecorderRules } from "../../redact/recorder-rules.ts";
import { redactEvent } from "../../redact/redact.ts";
import { type CompiledRules, compileRules } from "../../redact/rules.ts";
import { createRedactionSums } from "../../redact/summary.ts";
import { addServerOption, makeClient } from "../client.ts";
import type { AddCommand } from "../command-line.ts";
import { loadConfig } from "../config.ts";
import { CommandFailure } from "../exit.ts";
import { inkOf } from "../ink.ts";
import { wholeNumber } from "../numbers.ts";
import { printable } from "../printable.ts";
import { loadKeyring, loadUserRules } from "../redaction.ts";
import type { Terminal } from "../terminal.ts";
import { addDataOptions, addRedactKeys, type DataOptions, keyedArgument } from "./redact-keys.ts";

const pageRows = 1000;
const inputBytesMax = 1024 * 1024;

export const addRedact: AddCommand = (program, terminal) => {
  const redact = program
    .command("redact")
    .summary("try redaction rules, and look through what is stored")
    .description("Tries the redaction rules, looks through what is stored, and keeps the keys of tokens.");
  addTest(redact, terminal);
  addScan(redact, terminal);
  addToken(redact, terminal);
  addRules(redact, terminal);
  addRedactKeys(redact, terminal);
};

type TestOptions = {
  readonly rules?: string;
  readonly service: string;
  readonly job: string;
  readonly json?: true;
};

function addTest(redact: Command, terminal: Terminal): void {
  redact
    .command("test")
    .summary("show what each rule does to a text")
    .description("Shows what each rule does to a text, which is an argument or comes on standard input.")
    .argument("[text]", "the text; absent: standard input")
    .option("--rules <file>", "further rules, as redaction.rules of the server")
    .option("--service <name>", "service of the text, for rules that hold for some", "")
    .option("--job <name>", "job of the text, for rules that hold for some", "")
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  midwatch redact test 'password=hunter2 for bob@example.com'\n" +
        "  tail -n 20 production.log | midwatch redact test --rules rules.yaml\n" +
        "\nExit code 1 when no rule found anything.\n",
    )
    .action(async (text: string | undefined, options: TestOptions) => {
      const found = explain(
        text ?? (await readInput(terminal)),
        compiled(options.rules),
        options.service,
        options.job,
      );
      if (options.json) await terminal.write(`${JSON.stringify(found)}\n`);
      else {
        const ink = inkOf(terminal);
        const lines = found.findings.map(
          ({ start, end, rule, class: name, verdict, replacement }) =>
            `  ${ink("faint", `${start}-${end}`)} ${ink("bold", rule)}: ${name}, ${verdict} → ${printable(replacement)}`,
        );
        await terminal.write(
          `${[...found.redacted.split("\n").map((line) => printable(line)), ...lines].join("\n")}\n`,
        );
      }
      if (found.findings.length === 0)
        throw new CommandFailure("nothing", options.json ? "" : "no rule found anything");
    });
}

async function readInput({ input }: Terminal): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of input) {
    parts.push(Buffer.from(part as Uint8Array));
    size += (part as Uint8Array).length;
    if (size > inputBytesMax)
      throw new CommandFailure("usage", `standard input has more than ${inputBytesMax} bytes`);
  }
  return Buffer.concat(parts)
    .toString("utf8")
    .replace(/\r?\n$/, "");
}

function compiled(rulesFile: string | undefined): CompiledRules {
  return compileRules(rulesFile === undefined ? {} : { user: loadUserRules(rulesFile) });
}

type ScanOptions = {
  readonly server: string;
  readonly from: string;
  readonly until: string;
  readonly rules?: string;
  readonly limit: number;
  readonly json?: true;
};

function addScan(redact: Command, terminal: Terminal): void {
  const scan = redact
    .command("scan")
    .summary("look through stored events with today's rules")
    .description(
      "Reads stored events again with today's rules and counts what they would hide now, by rule, service\n" +
        "and job. No value is printed. Nothing stored is changed.",
    )
    .option("--from <time>", "RFC 3339, or relative such as -15m, -24h, -7d", "-24h")
    .option("--until <time>", "like --from", "now")
    .option("--rules <file>", "further rules, as redaction.rules of the server")
    .option("--limit <count>", "look at so many events, newest first", wholeNumber(1, 100_000_000), 1_000_000)
    .option("--json", "print each count as one line of JSON");
  addServerOption(scan, terminal)
    .addHelpText(
      "after",
      "\nExample:\n  midwatch redact scan --from -7d --rules rules.yaml\n\nExit code 1 when nothing was found.\n",
    )
    .action(async (options: ScanOptions) => {
      const rules = compiled(options.rules);
      const sums = createRedactionSums();
      const seen = await scanPages(options, terminal, (event) => sums.add(redactEvent(event, rules).counts));
      const counts = sums.take();
      const lines = counts.map((one) =>
        options.json
          ? JSON.stringify(one)
          : `${String(one.count).padStart(8)}  ${one.rule}  ${printable(one.service) || "-"}  ${printable(one.job) || "-"}`,
      );
      if (lines.length > 0) await terminal.write(`${lines.join("\n")}\n`);
      terminal.note(`${seen} events were looked at.`);
      if (counts.length === 0) throw new CommandFailure("nothing", "");
    });
}

/** Calls back with every event of the range; answers how many there were. */
async function scanPages(
  { from, until, limit, ...place }: ScanOptions,
  terminal: Terminal,
  look: (event: EventPage["rows"][number]) => void,
): Promise<number> {
  const client = makeClient(place, terminal);
  let seen = 0;
  let cursor: string | undefined;
  do {
    const query = { from, until, order: "newest", limit: Math.min(pageRows, limit - seen), cursor };
    const page = await client.get<EventPage>("/api/v1/events", query);
    page.rows.forEach(look);
    seen += page.rows.length;
    cursor = page.next ?? undefined;
  } while (cursor !== undefined && seen < limit);
  return seen;
}

function addToken(redact: Command, terminal: Terminal): void {
  const token = redact
    .command("token")
    .summary("print what a value is stored as")
    .description(
      "Prints the tokens that a value is stored as, one for each version of the key, to search for.",
    )
    .addArgument(keyedArgument())
    .argument("<value>", "the value, in any spelling");
  addDataOptions(token)
    .addHelpText("after", "\nExample:\n  midwatch redact token email Bob@example.com\n")
    .action(async (name: KeyedName, value: string, options: DataOptions) => {
      const { values } = loadConfig(options, terminal.environment);
      const tokens = tokensOf(name, value, compileMarker(loadKeyring(values.data)));
      await terminal.write(`${tokens.join("\n")}\n`);
    });
}

function addRules(redact: Command, terminal: Terminal): void {
  redact
    .command("rules")
    .summary("check a file of rules, and make one for the recorders of it")
    .description(
      "Checks a file of rules and lists them. With --json it prints the file that recorders read, which know\n" +
        "no YAML: they find its path in redaction_rules, or $MIDWATCH_REDACTION_RULES. What only the server\n" +
        "can do is named, with the reason.",
    )
    .argument("<file>", "the rules, as redaction.rules of the server")
    .option("--json", "print the file for recorders")
    .addHelpText("after", "\nExample:\n  midwatch redact rules --json rules.yaml > recorder-rules.json\n")
    .action(async (file: string, options: { readonly json?: true }) => {
      const rules = compileRecorderRules(loadUserRules(file));
      for (const { id, because } of rules.serverOnly)
        terminal.note(`${printable(id)} is the server's only: it ${because}.`);
      if (options.json) return terminal.write(`${JSON.stringify(rules, null, 2)}\n`);
      const lines = [
        ...Object.entries(rules.classes).map(([name, verdict]) => `class ${name}: ${verdict}`),
        ...[...rules.keys, ...rules.patterns].map(({ id, class: name }) => `${id}: ${name}`),
        ...[...rules.allow.keys, ...rules.allow.values].map((allowed) => `allowed: ${allowed}`),
        ...rules.jobs.map(
          ({ jobs = [], digest, hide }) =>
            `job ${jobs.join(", ")}: ${digest ? "a digest of the arguments" : `without ${hide.join(", ")}`}`,
        ),
      ];
      await terminal.write(lines.map((line) => `${printable(line)}\n`).join(""));
    });
}
