/** `midwatch monitors`: what is expected of jobs, and a file that says it. */
import type { DriftList, ListedMonitorAnswer, MonitorDetail, MonitorList } from "../../api/watch-schemas.ts";
import { type Monitor, showJob } from "../../model/monitor.ts";
import { addServerOption, makeClient } from "../client.ts";
import type { AddCommand } from "../command-line.ts";
import { CommandFailure } from "../exit.ts";
import { inkOf } from "../ink.ts";
import { planMonitors, readMonitorFile } from "../monitor-file.ts";
import { printable } from "../printable.ts";
import { readText } from "../setup-file.ts";
import { shortName, showDuration, showTime } from "../show.ts";
import { type Cell, tableLines } from "../table.ts";

type ListOptions = { readonly server: string; readonly json?: true };
type ShowOptions = ListOptions & { readonly service?: string; readonly environment?: string };
type ApplyOptions = { readonly server: string; readonly yes?: true; readonly prune?: true };

const heads: readonly Cell[] = [
  { text: "JOB" },
  { text: "SERVICE" },
  { text: "SAID BY" },
  { text: "SCHEDULE" },
  { text: "GRACE", right: true },
  { text: "LONGEST", right: true },
  { text: "SEVERITY" },
  { text: "OWNER" },
];

export const addMonitors: AddCommand = (program, terminal) => {
  const monitors = program
    .command("monitors")
    .summary("what is expected of jobs: list, show, apply a file")
    .description(
      "What is expected of jobs. Schedules that recorders and agents declare are taken up by\n" +
        "themselves; a file says the rest.",
    )
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  midwatch monitors list\n" +
        "  midwatch monitors apply monitors.yaml          # shows what would change\n" +
        "  midwatch monitors apply monitors.yaml --yes    # changes it\n",
    );

  addServerOption(monitors.command("list"), terminal)
    .summary("list what is expected of each job")
    .description(
      "Lists what is expected of each job, and of jobs seen in the last week of which nothing was said.",
    )
    .option("--json", "print each as one line of JSON")
    .action(async (options: ListOptions) => {
      const { rows } = await makeClient(options, terminal).get<MonitorList>("/api/v1/monitors");
      if (rows.length === 0) throw new CommandFailure("nothing", options.json ? "" : "no job is known yet");
      const lines = options.json
        ? rows.map((row) => JSON.stringify(row))
        : tableLines(heads, rows.map(cellsOf), inkOf(terminal));
      await terminal.write(`${lines.join("\n")}\n`);
    });

  addServerOption(monitors.command("show"), terminal)
    .summary("show what is expected of one job, and who changed it")
    .description("Shows what is expected of one job, and every change of it.")
    .argument("<job>", "its name")
    .option("--service <name>", "of this service")
    .option("--environment <name>", "in this environment")
    .option("--json", "print it as one line of JSON")
    .action(async (job: string, { service, environment, json, ...place }: ShowOptions) => {
      const path = "/api/v1/monitor";
      const detail = await makeClient(place, terminal).get<MonitorDetail>(path, {
        job,
        service,
        environment,
      });
      const lines = json ? [JSON.stringify(detail)] : detailLines(detail);
      await terminal.write(`${lines.join("\n")}\n`);
    });

  addServerOption(monitors.command("drift"), terminal)
    .summary("list where declared and installed schedules differ")
    .description("Lists where what is declared, what is installed on hosts and what runs differ.")
    .option("--json", "print each as one line of JSON")
    .action(async (options: ListOptions) => {
      const { rows } = await makeClient(options, terminal).get<DriftList>("/api/v1/drift");
      if (rows.length === 0) {
        throw new CommandFailure(
          "nothing",
          options.json ? "" : "what is declared and what is installed agree",
        );
      }
      const lines = rows.map((row) => {
        const ran =
          row.lastRunTime === undefined
            ? "It did not run in the last week."
            : `It was last heard of at ${showTime(row.lastRunTime)}.`;
        return options.json ? JSON.stringify(row) : printable(`${row.because} ${ran}`);
      });
      await terminal.write(`${lines.join("\n")}\n`);
    });

  addServerOption(monitors.command("apply"), terminal)
    .summary("set what a file says; shows the changes first")
    .description("Shows what a file would change. With --yes it is changed, all of it or nothing.")
    .argument("<file>", "YAML; see docs/guides/watch.md")
    .option("--yes", "change it")
    .option("--prune", "remove what was set and is not in the file")
    .action(async (file: string, { yes, prune, ...place }: ApplyOptions) => {
      const wanted = readMonitorFile(readText(file), file);
      const client = makeClient(place, terminal);
      const { rows } = await client.get<MonitorList>("/api/v1/monitors");
      const set: readonly Monitor[] = await Promise.all(
        rows
          .filter(({ source }) => source === "set")
          .map(async ({ monitor }) => await asSet(client, monitor)),
      );
      const plan = planMonitors(wanted, set, { prune: prune === true });
      if (plan.lines.length === 0) {
        terminal.note("Nothing to change.");
        return;
      }
      await terminal.write(`${plan.lines.map(printable).join("\n")}\n`);
      if (!yes) {
        terminal.note("Nothing was changed yet: add --yes.");
        return;
      }
      const remove = plan.remove.map(({ job, service, environment }) => ({ job, service, environment }));
      const by = terminal.environment["USER"] || "the command line";
      await client.send("PUT", "/api/v1/monitors", { monitors: plan.set, remove, by });
      terminal.note("Changed.");
    });
};

/** As it was set: without the schedules that declarations add to it. */
async function asSet(client: ReturnType<typeof makeClient>, monitor: Monitor): Promise<Monitor> {
  const { job, service, environment } = monitor;
  const { changes } = await client.get<MonitorDetail>("/api/v1/monitor", { job, service, environment });
  return changes[0]?.after ?? monitor;
}

function scheduleText({ schedules }: ListedMonitorAnswer["monitor"]): string {
  return schedules
    .map(({ expression, everySeconds, timeZone, host }) => {
      const when =
        expression === undefined
          ? `every ${showDuration((everySeconds ?? 0) * 1000)}`
          : `${expression} ${timeZone}`;
      return host === undefined ? when : `${when} on ${host}`;
    })
    .join("; ");
}

const weekdayNames = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

function calendarText({ calendar }: ListedMonitorAnswer["monitor"]): string {
  if (!calendar) return "every day";
  const { weekdays, holidays = [] } = calendar;
  const days = weekdays?.map((day) => weekdayNames[day]).join(", ") ?? "every day";
  return holidays.length === 0 ? days : `${days}, and not on ${holidays.length} holidays`;
}

function cellsOf({ monitor, source }: ListedMonitorAnswer): readonly Cell[] {
  return [
    { text: shortName(monitor.job) },
    { text: shortName(monitor.service ?? "any", 32) },
    { text: { default: "nobody", declared: "declaration", set: "person" }[source] },
    { text: shortName(scheduleText(monitor) || "-", 60) },
    { text: monitor.schedules.length === 0 ? "-" : showDuration(monitor.graceMs), right: true },
    { text: showDuration(monitor.durationMaxMs), right: true },
    { text: monitor.severity },
    { text: shortName(monitor.owner, 32) },
  ];
}

function detailLines({ monitor, source, changes }: MonitorDetail): readonly string[] {
  const facts: readonly (readonly [string, string])[] = [
    ["job", monitor.job],
    ["service", monitor.service ?? "any"],
    ["environment", monitor.environment ?? "any"],
    ["said by", source],
    ["schedule", scheduleText(monitor) || "none"],
    ["grace", showDuration(monitor.graceMs)],
    ["late after", showDuration(monitor.lateAfterMs)],
    ["longest", showDuration(monitor.durationMaxMs)],
    ["shortest", showDuration(monitor.durationMinMs)],
    ["longest wait", showDuration(monitor.waitMaxMs)],
    ["least output", monitor.outputMinBytes === undefined ? "-" : `${monitor.outputMinBytes} B`],
    ["calendar", calendarText(monitor)],
    ["needs", monitor.needs?.map(showJob).join(", ") ?? "-"],
    ["overlap", monitor.overlapAllowed ? "allowed" : "not allowed"],
    ["failures before anybody is told", String(monitor.failuresBeforeTelling)],
    ["severity", monitor.severity],
    ["owner", monitor.owner ?? "-"],
    ["runbook", monitor.runbook ?? "-"],
  ];
  return [
    ...facts.map(([name, value]) => `${name}: ${printable(value)}`),
    ...changes.map(({ time, by, before, after }) => {
      const act = before === undefined ? "set" : after === undefined ? "removed" : "changed";
      return `${showTime(time)}  ${act} by ${printable(by)}`;
    }),
  ];
}
