/** `midwatch rules`: the rules that events are looked at by, and a check of your own. */
import { basename } from "node:path";
import { readAllRules } from "../../detect/sigma/pack.ts";
import { Fault } from "../../model/fault.ts";
import type { AddCommand } from "../command-line.ts";
import { CommandFailure } from "../exit.ts";
import { inkOf } from "../ink.ts";
import { printable } from "../printable.ts";
import { readText } from "../setup-file.ts";
import { type Cell, tableLines } from "../table.ts";

const heads: readonly Cell[] = [{ text: "ID" }, { text: "SEVERITY" }, { text: "TOLD" }, { text: "TITLE" }];

export const addRules: AddCommand = (program, terminal) => {
  const rules = program
    .command("rules")
    .summary("rules in Sigma's form: list the built-in ones, check your own")
    .description(
      "Rules by which events are looked at, in Sigma's form. The setting `rules` names the folder of your own.",
    )
    .addHelpText(
      "after",
      "\nExamples:\n  midwatch rules list\n  midwatch rules check /etc/midwatch/rules/*.yml\n",
    );

  rules
    .command("list")
    .summary("list the built-in rules")
    .description(
      "Lists the built-in rules. One of your own with the same id takes the place of a built-in one.",
    )
    .action(async () => {
      const { rules: plain, correlations } = readAllRules([]);
      const rows = [
        ...plain.map((rule) => ({ ...rule, told: rule.isPart ? "with others" : "alone" })),
        ...correlations.map((rule) => ({ ...rule, told: "when it counts enough" })),
      ];
      const cells = rows.map(({ id, severity, told, title }): readonly Cell[] => [
        { text: id },
        { text: severity },
        { text: told },
        { text: title },
      ]);
      await terminal.write(`${tableLines(heads, cells, inkOf(terminal)).join("\n")}\n`);
    });

  rules
    .command("check")
    .summary("say whether files hold rules that Midwatch understands")
    .description("Reads files of rules as the server does, together with the built-in ones.")
    .argument("<file...>", "YAML in Sigma's form; see docs/guides/rules.md")
    .action(async (files: readonly string[]) => {
      const own = files.map((file) => ({ name: file, text: readText(file) }));
      try {
        const before = readAllRules([]);
        const { rules: plain, correlations } = readAllRules(own);
        const known = new Set([...before.rules, ...before.correlations]);
        const mine = [...plain, ...correlations].filter(
          ({ id, title }) => ![...known].some((one) => one.id === id && one.title === title),
        );
        const names = files.map((file) => basename(file)).join(", ");
        await terminal.write(
          `${printable(names)}: ${mine.length} ${mine.length === 1 ? "rule is" : "rules are"} understood.\n`,
        );
      } catch (cause) {
        if (!(cause instanceof Fault)) throw cause;
        throw new CommandFailure("usage", cause.message, { cause });
      }
    });
};
