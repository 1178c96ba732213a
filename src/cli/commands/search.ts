/** `midwatch search`: events of a range of time, by the search language. */
import { Option } from "commander";
import type { EventPage } from "../../api/schemas.ts";
import { addServerOption, makeClient } from "../client.ts";
import type { AddCommand } from "../command-line.ts";
import { CommandFailure } from "../exit.ts";
import { inkOf } from "../ink.ts";
import { wholeNumber } from "../numbers.ts";
import { eventLine } from "../show.ts";
import { addFilterOptions, type FilterOptions, filterQuery } from "./filters.ts";

/** Rows asked for in one request; more are fetched page by page. */
const pageRows = 1000;
const rowsMax = 1_000_000;

type SearchOptions = FilterOptions & {
  readonly server: string;
  readonly from: string;
  readonly until: string;
  readonly order: string;
  readonly limit: number;
  readonly json?: true;
};

export const addSearch: AddCommand = (program, terminal) => {
  const command = program
    .command("search")
    .summary("find events")
    .description(
      'Finds events of a range of time. The query is words, "phrases", field:value, any other\n' +
        "key:value as an attribute, and - before a term for not; see docs/reference/search.md.",
    )
    .argument("[query...]", "what to look for; nothing finds everything");
  addFilterOptions(command)
    .option("--from <time>", "RFC 3339, or relative such as -15m, -24h, -7d", "-24h")
    .option("--until <time>", "like --from", "now")
    .addOption(
      new Option("--order <order>", "which come first").choices(["newest", "oldest"]).default("newest"),
    )
    .option("--limit <count>", "at most so many", wholeNumber(1, rowsMax), 100)
    .option("--json", "print each event as one line of JSON");
  addServerOption(command, terminal)
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  midwatch search 'timeout \"connection reset\" -healthz' --severity warn\n" +
        "  midwatch search 'job:ChargeCardJob kind:job.failed' --from -7d\n" +
        "  midwatch search tenant:acme --json | jq .message\n" +
        "\nExit code 1 when nothing was found.\n",
    )
    .action(async (words: string[], options: SearchOptions) => {
      const client = makeClient(options, terminal);
      const ink = inkOf(terminal);
      const query = {
        ...filterQuery(words, options),
        from: options.from,
        until: options.until,
        order: options.order,
      };
      let found = 0;
      let cursor: string | undefined;
      do {
        const limit = Math.min(pageRows, options.limit - found);
        const page = await client.get<EventPage>("/api/v1/events", { ...query, limit, cursor });
        const lines = page.rows.map((event) =>
          options.json ? JSON.stringify(event) : eventLine(event, ink),
        );
        if (lines.length > 0) await terminal.write(`${lines.join("\n")}\n`);
        found += page.rows.length;
        cursor = page.next ?? undefined;
      } while (cursor !== undefined && found < options.limit);
      if (found === 0) throw new CommandFailure("nothing", options.json ? "" : "nothing was found");
      if (cursor !== undefined && !options.json) {
        terminal.note(`There is more: raise --limit above ${options.limit}, or narrow the search.`);
      }
    });
};
