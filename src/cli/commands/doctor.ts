/** `midwatch doctor`: examines a running installation. */
import type { DoctorAnswer } from "../../api/access-schemas.ts";
import { addServerOption, makeClient, type ServerPlace } from "../client.ts";
import type { AddCommand } from "../command-line.ts";
import { CommandFailure } from "../exit.ts";
import { inkOf } from "../ink.ts";
import { printable } from "../printable.ts";
import { showCount } from "../show.ts";

const signs = { good: "ok  ", weak: "weak", bad: "BAD " } as const;

export const addDoctor: AddCommand = (program, terminal) => {
  addServerOption(program.command("doctor"), terminal)
    .summary("examine a running installation")
    .description(
      "Examines a running installation: access, transport, files, keys, and whether what is logged meets\n" +
        "chapter V16 of OWASP ASVS 5.0. Each check comes with its evidence.",
    )
    .option("--json", "print each check as one line of JSON")
    .addHelpText("after", "\nExample:\n  midwatch doctor\n\nExit code 1 when a check is bad.\n")
    .action(async ({ json, ...place }: ServerPlace & { readonly json?: true }) => {
      const { rows } = await makeClient(place, terminal).get<DoctorAnswer>("/api/v1/doctor");
      const ink = inkOf(terminal);
      const color = { good: "green", weak: "yellow", bad: "red" } as const;
      const lines = rows.flatMap((check) =>
        json
          ? [JSON.stringify(check)]
          : [
              `${ink(color[check.state], signs[check.state])} ${check.asvs ? `[${check.asvs}] ` : ""}${printable(check.sentence)}`,
              `       ${printable(check.evidence)}`,
              ...(check.advice === undefined ? [] : [`       -> ${printable(check.advice)}`]),
            ],
      );
      await terminal.write(`${lines.join("\n")}\n`);
      const count = (state: string): number => rows.filter((check) => check.state === state).length;
      if (!json) {
        terminal.note(
          `${showCount(rows.length, "check")}: ${count("good")} good, ${count("weak")} weak, ${count("bad")} bad.`,
        );
      }
      if (count("bad") > 0) throw new CommandFailure("nothing", "");
    });
};
