/** `midwatch runs`: a list of runs, or one run as a timeline of its attempts. */
import { Option } from "commander";
import type { Run, RunDetail, RunPage } from "../../api/schemas.ts";
import { runStates } from "../../model/run.ts";
import { addServerOption, makeClient } from "../client.ts";
import type { AddCommand } from "../command-line.ts";
import { CommandFailure } from "../exit.ts";
import { inkOf } from "../ink.ts";
import { wholeNumber } from "../numbers.ts";
import { printable } from "../printable.ts";
import { timelineLines } from "../run-timeline.ts";
import { shortName, showDuration, showTime, stateCell } from "../show.ts";
import { type Cell, tableLines } from "../table.ts";

type RunsOptions = {
  readonly server: string;
  readonly from: string;
  readonly until: string;
  readonly state?: readonly string[];
  readonly job?: readonly string[];
  readonly service?: readonly string[];
  readonly environment?: readonly string[];
  readonly limit: number;
  readonly json?: true;
};

const heads: readonly Cell[] = [
  { text: "STATE" },
  { text: "LAST EVENT" },
  { text: "JOB" },
  { text: "SERVICE" },
  { text: "TRIES", right: true },
  { text: "TOOK", right: true },
  { text: "RUN" },
  { text: "ERROR" },
];

export const addRuns: AddCommand = (program, terminal) => {
  const command = program
    .command("runs")
    .summary("list runs, or show one with all its attempts")
    .description(
      "Lists the runs of a range of time, newest first; or shows one run as a timeline of its attempts.",
    )
    .argument("[run]", "id of the run to show")
    .addOption(new Option("--state <name...>", "in any of these states").choices(runStates))
    .option("--job <name...>", "of any of these jobs")
    .option("--service <name...>", "of any of these services")
    .option("--environment <name...>", "in any of these environments")
    .option("--from <time>", "RFC 3339, or relative such as -15m, -24h, -7d", "-24h")
    .option("--until <time>", "like --from", "now")
    .option("--limit <count>", "at most so many", wholeNumber(1, 1000), 50)
    .option("--json", "print each run as one line of JSON; one run with all that is known of it");
  addServerOption(command, terminal)
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  midwatch runs --state failed lost --from -7d\n" +
        "  midwatch runs dj-4711\n" +
        "  midwatch runs --job MailJob --json | jq -r .runId\n" +
        "\nExit code 1 when there is none; for one run, also when it failed, was lost or was missed.\n",
    )
    .action(async (id: string | undefined, options: RunsOptions) => {
      if (id !== undefined) {
        await showOne(id, options);
        return;
      }
      const { from, until, state, job, service, environment, limit } = options;
      const query = { from, until, state, job, service, environment, limit };
      const { rows, next } = await makeClient(options, terminal).get<RunPage>("/api/v1/runs", query);
      if (rows.length === 0) throw new CommandFailure("nothing", options.json ? "" : "there is no such run");
      const lines = options.json
        ? rows.map((run) => JSON.stringify(run))
        : tableLines(heads, rows.map(runCells), inkOf(terminal));
      await terminal.write(`${lines.join("\n")}\n`);
      if (next !== null && !options.json) terminal.note(`There are more than ${limit}: raise --limit.`);
    });

  async function showOne(id: string, options: RunsOptions): Promise<void> {
    const path = `/api/v1/runs/${encodeURIComponent(id)}`;
    const detail = await makeClient(options, terminal).get<RunDetail>(path);
    const lines = options.json ? [JSON.stringify(detail)] : timelineLines(detail, inkOf(terminal));
    await terminal.write(`${lines.join("\n")}\n`);
    // For scripts that ask whether it went well: the timeline said all, so no sentence follows.
    if (/^(failed|lost|missed|discarded)$/.test(detail.run.state)) throw new CommandFailure("nothing", "");
  }
};

function runCells(run: Run): readonly Cell[] {
  const error = run.errorClass === undefined ? "" : `${run.errorClass}: ${run.errorMessage ?? ""}`;
  return [
    stateCell(run.state),
    { text: showTime(run.lastTime) },
    { text: shortName(run.job) },
    { text: shortName(run.service, 32) },
    { text: String(run.attempts), right: true },
    { text: showDuration(run.durationMs), right: true },
    { text: printable(run.runId) },
    { text: error === "" ? "" : shortName(error, 80) },
  ];
}
