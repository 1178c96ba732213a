/** `midwatch erase`: the content of one event goes, when two persons want it, and the ledger says so for ever. */
import type { ErasureAnswer } from "../../api/routes/erasures.ts";
import { addServerOption, makeClient, type ServerPlace } from "../client.ts";
import type { AddCommand } from "../command-line.ts";
import { inkOf } from "../ink.ts";
import { printable } from "../printable.ts";
import { tableLines } from "../table.ts";

type Listed = ServerPlace & { readonly json?: true };

const notReached =
  "Not reached: backups and bundles that were made before, what was forwarded, what incidents and alerts\n" +
  "quoted, and blocks that a disk keeps. Each needs its own care.";

export const addErase: AddCommand = (program, terminal) => {
  const erase = program
    .command("erase")
    .summary("remove the content of an event, by two persons")
    .description(
      "Removes the content of one event, such as a password in a log line, from a running server. One\n" +
        "person asks and says why; another one agrees. A signed statement stays for ever, and every other\n" +
        "proof stays good. Both need the right `erase`.",
    )
    .addHelpText(
      "after",
      "\nExamples:\n" +
        '  midwatch erase ask 0199a1b2-c3d4-7e5f-8a6b-000000000010 --reason "it holds a password, ticket 4711"\n' +
        "  midwatch erase list\n" +
        "  midwatch erase approve 0199a1b2-d001-7e5f-8a6b-0000000000aa --key-file bob.key\n",
    );
  const client = (options: ServerPlace) => makeClient(options, terminal);

  addServerOption(erase.command("ask"), terminal)
    .summary("ask for an erasure")
    .description(
      "Asks that the content of an event be erased, and prints the id that another person approves.",
    )
    .argument("<event>", "id of the event, as search shows it")
    .requiredOption("--reason <text>", "why, never what; it can never be removed")
    .action(async (event: string, options: ServerPlace & { readonly reason: string }) => {
      const path = `/api/v1/events/${encodeURIComponent(event)}/erasure`;
      const { id } = await client(options).send<ErasureAnswer>("POST", path, { reason: options.reason });
      terminal.note("Asked for. Another person must agree: midwatch erase approve, with this id:");
      await terminal.write(`${id}\n`);
    });

  for (const [act, about, said] of [
    [
      "approve",
      "agree to an erasure that another person asked for",
      "The content is gone, and the ledger says so.",
    ],
    ["refuse", "refuse an erasure, or take it back", "Refused. Nothing was changed."],
  ] as const) {
    addServerOption(erase.command(act), terminal)
      .summary(about)
      .description(`${about.charAt(0).toUpperCase()}${about.slice(1)}.`)
      .argument("<erasure>", "id that `midwatch erase ask` printed")
      .action(async (erasure: string, options: ServerPlace) => {
        await client(options).send("POST", `/api/v1/erasures/${encodeURIComponent(erasure)}/${act}`);
        await terminal.write(`${act === "approve" ? `${said}\n${notReached}` : said}\n`);
      });
  }

  addServerOption(erase.command("list"), terminal)
    .summary("list erasures, the newest first")
    .description("Lists what was asked for, by whom, why, and what became of it.")
    .option("--json", "print one object a line")
    .action(async (options: Listed) => {
      const { rows } = await client(options).get<{ readonly rows: readonly ErasureAnswer[] }>(
        "/api/v1/erasures",
      );
      if (options.json) {
        await terminal.write(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
        return;
      }
      const cells = rows.map(({ id, state, eventId, askedBy, decidedBy, reason }) =>
        [id, state, eventId, askedBy.name, decidedBy?.name ?? "", reason].map((cell) => ({
          text: printable(cell),
        })),
      );
      const heads = ["erasure", "state", "event", "asked by", "decided by", "reason"].map((text) => ({
        text,
      }));
      const lines = tableLines(heads, cells, inkOf(terminal));
      await terminal.write(rows.length === 0 ? "Nothing was asked for.\n" : `${lines.join("\n")}\n`);
    });
};
