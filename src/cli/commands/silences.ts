/** `midwatch silences`: for how long nobody need be told of what, and why. */
import type { Command } from "commander";
import { Option } from "commander";
import type { SilenceAnswer, SilenceList } from "../../api/watch-schemas.ts";
import { findingKinds } from "../../model/finding.ts";
import { urgencies } from "../../model/monitor.ts";
import { formatTime, parseTime } from "../../model/time.ts";
import { addServerOption, makeClient, type ServerPlace } from "../client.ts";
import type { AddCommand } from "../command-line.ts";
import { CommandFailure } from "../exit.ts";
import { inkOf } from "../ink.ts";
import { wholeNumber } from "../numbers.ts";
import { printable } from "../printable.ts";
import { shortName, showTime } from "../show.ts";
import { type Cell, tableLines } from "../table.ts";

type ListOptions = ServerPlace & { readonly all?: true; readonly json?: true };
type AddOptions = ServerPlace & {
  readonly reason: string;
  readonly for?: number;
  readonly from?: string;
  readonly until?: string;
  readonly maintenance?: true;
} & Readonly<Record<(typeof matchers)[number][0], string | undefined>>;

const matchers = [
  ["job", "of this job"],
  ["service", "of this service"],
  ["environment", "in this environment"],
  ["host", "on this host"],
  ["owner", "that this owner looks after"],
  ["kind", "found to be so"],
  ["severity", "as urgent as this and more"],
] as const;
const choices: Readonly<Record<string, readonly string[]>> = { kind: findingKinds, severity: urgencies };
const heads: readonly Cell[] = ["STATE", "WHAT FOR", "FROM", "UNTIL", "BY", "ID", "OF", "WHY"].map(
  (text) => ({
    text,
  }),
);

export const addSilences: AddCommand = (program, terminal) => {
  const silences = program
    .command("silences")
    .summary("for how long nobody need be told of what: list, add, end")
    .description(
      "Lists silences and maintenance. What is found meanwhile is recorded all the same, and told afterwards when it is not over.",
    )
    .option("--all", "those that are over too")
    .option("--json", "print each as one line of JSON");
  addServerOption(silences, terminal)
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  midwatch silences\n" +
        '  midwatch silences add --job ReportJob --for 4 --reason "the supplier is down"\n' +
        "  midwatch silences add --maintenance --host db-1 --from 2026-11-28T22:00:00Z --until 2026-11-29T04:00:00Z \\\n" +
        '      --reason "new disks"\n' +
        "  midwatch silences end 01a2…\n" +
        "\nExit code 1 when there is none.\n",
    )
    .action(async ({ all, json, ...place }: ListOptions) => {
      const { rows } = await makeClient(place, terminal).get<SilenceList>("/api/v1/silences");
      const shown = all ? rows : rows.filter(({ state }) => state !== "over");
      if (shown.length === 0) throw new CommandFailure("nothing", json ? "" : "nothing is silenced");
      const lines = json
        ? shown.map((silence) => JSON.stringify(silence))
        : tableLines(heads, shown.map(cellsOf), inkOf(terminal));
      await terminal.write(`${lines.join("\n")}\n`);
    });

  const add = silences
    .command("add")
    .summary("tell nobody of some incidents for a time")
    .description(
      "Tells nobody of the incidents that all of the given options mean; without any, of every incident.",
    )
    .requiredOption("--reason <text>", "why")
    .addOption(new Option("--for <hours>", "for how long").argParser(wholeNumber(1, 8760)).conflicts("until"))
    .option("--until <time>", "until when, RFC 3339")
    .option("--from <time>", "from when, RFC 3339; default: now")
    .option("--maintenance", "it is work that was planned");
  for (const [name, about] of matchers) {
    const option = new Option(`--${name} <${name}>`, about);
    add.addOption(choices[name] ? option.choices(choices[name]) : option);
  }
  addServerOption(add, terminal).action(async (_options: unknown, self: Command) => {
    const options = self.optsWithGlobals<AddOptions>();
    const fromMs = options.from === undefined ? terminal.clock() : momentOf(options.from, "from");
    const untilMs =
      options.until === undefined
        ? fromMs + (options.for ?? 0) * 3_600_000
        : momentOf(options.until, "until");
    if (options.until === undefined && options.for === undefined) {
      throw new CommandFailure("usage", "say until when: --for HOURS or --until TIME");
    }
    const given = matchers.flatMap(([name]) => (options[name] === undefined ? [] : [[name, options[name]]]));
    const silence = await makeClient(options, terminal).send<SilenceAnswer>("POST", "/api/v1/silences", {
      purpose: options.maintenance ? "maintenance" : "silence",
      when: Object.fromEntries(given) as Record<string, string>,
      ...(options.from !== undefined && { from: formatTime(fromMs * 1000) }),
      until: formatTime(Math.floor(untilMs * 1000)),
      reason: options.reason,
      by: terminal.environment["USER"] || "the command line",
    });
    await terminal.write(`${silence.id}\n`);
    terminal.note(`Kept, until ${showTime(silence.untilTime)}.`);
  });

  addServerOption(silences.command("end"), terminal)
    .summary("end a silence before its time")
    .description("Ends a silence before its time: what is open and was held is told.")
    .argument("<id>", "the silence's id")
    .action(async (id: string, _options: unknown, self: Command) => {
      const place = self.optsWithGlobals<ServerPlace>();
      const by = terminal.environment["USER"] || "the command line";
      const path = `/api/v1/silences/${encodeURIComponent(id)}/end`;
      const { reason } = await makeClient(place, terminal).send<SilenceAnswer>("POST", path, { by });
      terminal.note(`Ended: ${printable(reason)}`);
    });
};

function momentOf(text: string, name: string): number {
  const micros = parseTime(text);
  if (micros === undefined) {
    throw new CommandFailure("usage", `--${name} must be a time with its zone, such as 2026-11-28T22:00:00Z`);
  }
  return micros / 1000;
}

function cellsOf({
  state,
  purpose,
  fromTime,
  untilTime,
  by,
  id,
  when,
  reason,
}: SilenceAnswer): readonly Cell[] {
  const of = Object.entries(when).map(([name, value]) => `${name} ${value}`);
  return [
    { text: state },
    { text: purpose },
    { text: showTime(fromTime) },
    { text: showTime(untilTime) },
    { text: shortName(by, 32) },
    { text: id },
    { text: shortName(of.length === 0 ? "everything" : of.join(", "), 60) },
    { text: shortName(reason, 80) },
  ];
}
