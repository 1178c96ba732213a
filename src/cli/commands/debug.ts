/** `midwatch debug`: more log lines of a service, job or logger for a while. */
import { InvalidArgumentError } from "commander";
import type { DebugAnswer, DebugList } from "../../api/routes/debug.ts";
import { debugMinutesMax } from "../../model/debug.ts";
import { addServerOption, makeClient } from "../client.ts";
import type { AddCommand } from "../command-line.ts";
import { CommandFailure } from "../exit.ts";
import { inkOf } from "../ink.ts";
import { printable } from "../printable.ts";
import { showTime } from "../show.ts";
import { type Cell, tableLines } from "../table.ts";

type Place = { readonly server: string };
type StartOptions = Place & {
  readonly service?: string;
  readonly job?: string;
  readonly logger?: string;
  readonly for: number;
};

export const addDebug: AddCommand = (program, terminal) => {
  const debug = program
    .command("debug")
    .summary("record more log lines of a service, job or logger for a while")
    .description(
      "Records log lines below the level of one service, job or logger for a while. Agents carry the\n" +
        "wish to the recorders of their hosts within half a minute; it ends by itself. What is recorded\n" +
        "is redacted as ever, and who asked for it stands in the audit.",
    )
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  midwatch debug start --service shop --job ChargeCardJob --for 30m\n" +
        "  midwatch debug list\n" +
        "  midwatch debug end 01a1fc88-5f44-7322-994d-9282a132a311\n",
    );

  addServerOption(debug.command("start", { isDefault: true }), terminal)
    .summary("ask for more log lines")
    .description("Asks for log lines below the level; of all that is named, together.")
    .option("--service <name>", "of this service")
    .option("--job <name>", "of runs of this job")
    .option("--logger <name>", "of this logger")
    .option("--for <duration>", "such as 90s, 30m or 2h; a day at most", minutesOf, 30)
    .action(async ({ service, job, logger, for: minutes, ...place }: StartOptions) => {
      if (service === undefined && job === undefined && logger === undefined)
        throw new CommandFailure("usage", "name a --service, a --job or a --logger");
      const wish = { service, job, logger, minutes };
      const made = await makeClient(place, terminal).send<DebugAnswer>("POST", "/api/v1/debug", wish);
      await terminal.write(`${printable(whatOf(made))} until ${showTime(made.until)}: ${made.id}\n`);
    });

  addServerOption(debug.command("list"), terminal)
    .summary("list what is in force")
    .description("Lists what is in force, and who asked for it.")
    .option("--json", "print each as one line of JSON")
    .action(async ({ json, ...place }: Place & { readonly json?: true }) => {
      const { rows } = await makeClient(place, terminal).get<DebugList>("/api/v1/debug");
      if (rows.length === 0) throw new CommandFailure("nothing", json ? "" : "nothing is being debugged");
      const lines = json
        ? rows.map((row) => JSON.stringify(row))
        : tableLines(heads, rows.map(cellsOf), inkOf(terminal));
      await terminal.write(`${lines.join("\n")}\n`);
    });

  addServerOption(debug.command("end"), terminal)
    .summary("end one before its time")
    .description("Ends one before its time.")
    .argument("<id>", "its id, as `debug list` prints it")
    .action(async (id: string, place: Place) => {
      const path = `/api/v1/debug/${encodeURIComponent(id)}`;
      const ended = await makeClient(place, terminal).send<DebugAnswer>("DELETE", path);
      await terminal.write(`Ended: ${printable(whatOf(ended))}\n`);
    });
};

const heads: readonly Cell[] = ["ID", "WHAT", "UNTIL", "ASKED BY"].map((text) => ({ text }));

function cellsOf(row: DebugAnswer): readonly Cell[] {
  return [
    { text: row.id },
    { text: printable(whatOf(row)) },
    { text: showTime(row.until) },
    { text: printable(row.by) },
  ];
}

function whatOf({ service, job, logger }: DebugAnswer): string {
  const named = Object.entries({ service, job, logger }).filter(([, value]) => value !== undefined);
  return `debugging of ${named.map(([key, value]) => `${key} ${value}`).join(", ")}`;
}

const minutesIn: Readonly<Record<string, number>> = { s: 1 / 60, m: 1, h: 60, d: 24 * 60 };

function minutesOf(text: string): number {
  const match = /^(\d{1,5})([smhd])$/.exec(text);
  const minutes = Number(match?.[1]) * (minutesIn[match?.[2] ?? ""] ?? Number.NaN);
  if (minutes > 0 && minutes <= debugMinutesMax) return minutes;
  throw new InvalidArgumentError("Expected a duration such as 90s, 30m or 2h, and a day at most.");
}
