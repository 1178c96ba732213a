/** `midwatch config`: what a server would be started with, and what is wrong with it. */

import { loadAlerts } from "../alerts.ts";
import type { AddCommand } from "../command-line.ts";
import { type Flags, loadConfig } from "../config.ts";
import { inkOf } from "../ink.ts";
import { printable } from "../printable.ts";
import { settingNames } from "../settings.ts";
import { showCount } from "../show.ts";
import { tableLines } from "../table.ts";

export const addConfig: AddCommand = (program, terminal) => {
  const config = program
    .command("config")
    .summary("check or print the configuration of the server")
    .description(
      "Checks or prints what `midwatch serve` would be started with: file, environment and defaults.",
    )
    .addHelpText(
      "after",
      "\nExamples:\n  midwatch config check --config /etc/midwatch/midwatch.yaml\n  midwatch config print --json\n",
    );

  config
    .command("check")
    .summary("say what is wrong with the configuration, all at once")
    .description("Says what is wrong with the configuration, all at once. Exit code 2 when anything is.")
    .option("--config <file>", "configuration file ($MIDWATCH_CONFIG)")
    .action(async (flags: Flags) => {
      const { given, values } = loadConfig(flags, terminal.environment);
      // Read as the server would: a secret that is not there is better missed now than at night.
      const { channels } = loadAlerts(values.alerts, terminal.environment, terminal);
      const chosen = settingNames.filter((name) => given[name].from !== "default");
      await terminal.write(
        `The configuration is good: ${showCount(chosen.length, "setting")} of ${settingNames.length} given, ${showCount(channels.length, "channel")}.\n`,
      );
    });

  config
    .command("print")
    .summary("print every setting, its value, and where it comes from")
    .description("Prints every setting, its value, and where it comes from. No setting holds a secret.")
    .option("--config <file>", "configuration file ($MIDWATCH_CONFIG)")
    .option("--json", "print one object")
    .action(async (flags: Flags & { readonly json?: true }) => {
      const { given } = loadConfig(flags, terminal.environment);
      const heads = ["SETTING", "VALUE", "FROM"].map((text) => ({ text }));
      const rows = settingNames.map((name) => [
        { text: name },
        { text: printable(given[name].text) },
        { text: printable(given[name].from) },
      ]);
      const lines = flags.json ? [JSON.stringify(given)] : tableLines(heads, rows, inkOf(terminal));
      await terminal.write(`${lines.join("\n")}\n`);
    });
};
