/** `midwatch jobs`: what runs more than once, and how it has been going. */
import type { Job, JobList } from "../../api/schemas.ts";
import { runStates } from "../../model/run.ts";
import { addServerOption, makeClient } from "../client.ts";
import type { AddCommand } from "../command-line.ts";
import { CommandFailure } from "../exit.ts";
import { inkOf } from "../ink.ts";
import { shortName, showDuration, showTime, stateCell } from "../show.ts";
import { type Cell, tableLines } from "../table.ts";

type JobsOptions = {
  readonly server: string;
  readonly from: string;
  readonly until: string;
  readonly json?: true;
};

const heads: readonly Cell[] = [
  { text: "LAST" },
  { text: "JOB" },
  { text: "SERVICE" },
  { text: "RUNS", right: true },
  { text: "NOT WELL", right: true },
  { text: "P50", right: true },
  { text: "P95", right: true },
  { text: "LAST EVENT" },
];

export const addJobs: AddCommand = (program, terminal) => {
  const command = program
    .command("jobs")
    .summary("list jobs with the counts and durations of their runs")
    .description(
      "Lists jobs that had a run in a range of time, with how their runs went and how long they took.",
    )
    .option("--from <time>", "RFC 3339, or relative such as -15m, -24h, -7d", "-24h")
    .option("--until <time>", "like --from", "now")
    .option("--json", "print each job as one line of JSON");
  addServerOption(command, terminal)
    .addHelpText("after", "\nExamples:\n  midwatch jobs --from -7d\n  midwatch jobs --json | jq -r .job\n")
    .action(async (options: JobsOptions) => {
      const { rows } = await makeClient(options, terminal).get<JobList>("/api/v1/jobs", {
        from: options.from,
        until: options.until,
      });
      if (rows.length === 0)
        throw new CommandFailure("nothing", options.json ? "" : "no job ran in this time");
      const lines = options.json
        ? rows.map((job) => JSON.stringify(job))
        : tableLines(heads, rows.map(jobCells), inkOf(terminal));
      await terminal.write(`${lines.join("\n")}\n`);
    });
};

const unwell = ["failed", "discarded", "lost", "missed"] as const;

function jobCells(job: Job): readonly Cell[] {
  const all = runStates.reduce((sum, state) => sum + (job.runs[state] ?? 0), 0);
  const bad = unwell.reduce((sum, state) => sum + (job.runs[state] ?? 0), 0);
  return [
    stateCell(job.lastState),
    { text: shortName(job.job) },
    { text: shortName(job.service, 32) },
    { text: String(all), right: true },
    { text: String(bad), right: true, ...(bad > 0 && { color: "red" as const }) },
    { text: showDuration(job.durationP50Ms), right: true },
    { text: showDuration(job.durationP95Ms), right: true },
    { text: showTime(job.lastTime) },
  ];
}
