/** `midwatch incidents`: what needs a person, every decision about it, and what people decide. */
import type { Command } from "commander";
import { Option } from "commander";
import type {
  ChannelList,
  DeliveryAnswer,
  IncidentAnswer,
  IncidentDetailAnswer,
  IncidentList,
} from "../../api/watch-schemas.ts";
import { formatTime } from "../../model/time.ts";
import { addServerOption, makeClient, type ServerPlace } from "../client.ts";
import type { AddCommand } from "../command-line.ts";
import { CommandFailure } from "../exit.ts";
import { type Color, inkOf } from "../ink.ts";
import { wholeNumber } from "../numbers.ts";
import { printable } from "../printable.ts";
import { shortName, showTime } from "../show.ts";
import { type Cell, tableLines } from "../table.ts";
import type { Terminal } from "../terminal.ts";

type ListOptions = {
  readonly server: string;
  readonly limit: number;
  readonly all?: true;
  readonly resolved?: true;
  readonly json?: true;
};
type DecideOptions = { readonly server: string; readonly reason?: string; readonly for?: number };

const heads: readonly Cell[] = ["STATE", "SEVERITY", "LAST FOUND", "TIMES", "ID", "WHAT"].map((text) => ({
  text,
}));
const colors: Readonly<Record<IncidentAnswer["state"], Color>> = {
  open: "red",
  acknowledged: "yellow",
  resolved: "faint",
};

export const addIncidents: AddCommand = (program, terminal) => {
  const incidents = program
    .command("incidents")
    .summary("what needs a person: list, show, decide")
    .description("Lists what needs a person, or shows one incident with every decision about it.")
    .argument("[id]", "id of the incident to show")
    .option("--all", "resolved ones too")
    .option("--resolved", "resolved ones alone, the newest first")
    .option("--limit <count>", "at most so many", wholeNumber(1, 1000), 50)
    .option("--json", "print each incident as one line of JSON; one incident with all that is known of it");
  addServerOption(incidents, terminal)
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  midwatch incidents\n" +
        '  midwatch incidents acknowledge 01a2… --reason "on it"\n' +
        '  midwatch incidents snooze 01a2… --for 8 --reason "the supplier is down until Monday"\n' +
        "  midwatch incidents test night\n" +
        "\nExit code 1 when there is none.\n",
    )
    .action(async (id: string | undefined, options: ListOptions) => {
      const client = makeClient(options, terminal);
      if (id !== undefined) {
        const detail = await client.get<IncidentDetailAnswer>(pathOf(id));
        const lines = options.json ? [JSON.stringify(detail)] : detailLines(detail);
        await terminal.write(`${lines.join("\n")}\n`);
        return;
      }
      const { rows } = await client.get<IncidentList>("/api/v1/incidents", {
        limit: options.limit,
        state: options.resolved ? "resolved" : undefined,
      });
      const shown = options.all || options.resolved ? rows : rows.filter(({ state }) => state !== "resolved");
      if (shown.length === 0)
        throw new CommandFailure(
          "nothing",
          options.json ? "" : options.resolved ? "nothing was resolved" : "nothing needs a person",
        );
      const lines = options.json
        ? shown.map((incident) => JSON.stringify(incident))
        : tableLines(heads, shown.map(cellsOf), inkOf(terminal));
      await terminal.write(`${lines.join("\n")}\n`);
    });

  addDecision(incidents, terminal, "acknowledge", "say that you look at it");
  addDecision(incidents, terminal, "resolve", "say that it is over");
  addDecision(incidents, terminal, "note", "add a note");
  addDecision(incidents, terminal, "snooze", "tell nobody of it for some hours");

  addServerOption(incidents.command("test"), terminal)
    .summary("try a channel")
    .description(
      "Sends a message that says it is a test through a channel, and prints what the receiver answered.",
    )
    .argument("[channel]", "its name; without one, all channels are listed")
    .action(async (name: string | undefined, _options: unknown, command: Command) => {
      const client = makeClient(command.optsWithGlobals<ServerPlace>(), terminal);
      if (name === undefined) {
        const { rows, onCall } = await client.get<ChannelList>("/api/v1/channels");
        if (rows.length === 0)
          throw new CommandFailure("nothing", "no channel is configured; see docs/guides/telling.md");
        const lines = [
          ...rows.map((one) => `${one.name}  ${one.kind}, ${one.severityMin} and more`),
          ...onCall.map(
            ({ rotation, channel }) => `${rotation}  a rotation; now it is the turn of ${channel}`,
          ),
        ];
        await terminal.write(`${lines.join("\n")}\n`);
        return;
      }
      const path = `/api/v1/channels/${encodeURIComponent(name)}/test`;
      const { delivered, receipt } = await client.send<DeliveryAnswer>("POST", path, {});
      if (!delivered) throw new CommandFailure("nothing", `${name} did not take it: ${printable(receipt)}`);
      await terminal.write(`${name} took it: ${printable(receipt)}\n`);
    });
};

type Act = "acknowledge" | "resolve" | "note" | "snooze";

function addDecision(incidents: Command, terminal: Terminal, act: Act, about: string): void {
  const command = incidents
    .command(act)
    .summary(about)
    .description(`${about.charAt(0).toUpperCase()}${about.slice(1)}; the reason is kept.`);
  command.argument("<id>", "the incident's id");
  if (act === "acknowledge") command.option("--reason <text>", "why");
  else command.requiredOption("--reason <text>", "why");
  if (act === "snooze")
    command.addOption(new Option("--for <hours>", "for how long").argParser(wholeNumber(1, 720)).default(8));
  addServerOption(command, terminal).action(async (id: string, _options: unknown, self: Command) => {
    const { reason, for: hours = 8, ...place } = self.optsWithGlobals<DecideOptions>();
    const until =
      act === "snooze" ? formatTime(Math.floor((terminal.clock() + hours * 3_600_000) * 1000)) : undefined;
    const by = terminal.environment["USER"] || "the command line";
    const body = { by, ...(reason !== undefined && { reason }), ...(until !== undefined && { until }) };
    const incident = await makeClient(place, terminal).send<IncidentAnswer>(
      "POST",
      `${pathOf(id)}/${act}`,
      body,
    );
    terminal.note(
      `Kept. It is ${incident.state}${until === undefined ? "" : `, and snoozed until ${showTime(until)}`}.`,
    );
  });
}

function pathOf(id: string): string {
  return `/api/v1/incidents/${encodeURIComponent(id)}`;
}

function cellsOf(incident: IncidentAnswer): readonly Cell[] {
  return [
    { text: incident.state, color: colors[incident.state] },
    { text: incident.severity },
    { text: showTime(incident.lastTime) },
    { text: String(incident.count), right: true },
    { text: incident.id },
    { text: shortName(incident.because, 160) },
  ];
}

function detailLines({ incident, timeline, messages }: IncidentDetailAnswer): readonly string[] {
  const facts: readonly (readonly [string, string | undefined])[] = [
    ["state", incident.state],
    ["severity", incident.severity],
    ["since", showTime(incident.openedTime)],
    ["last found", `${showTime(incident.lastTime)}, ${incident.count} in all`],
    ["host", incident.host],
    ["runs", incident.runIds.join(", ") || undefined],
    ["owner", incident.owner],
    ["runbook", incident.runbook],
    ["told", incident.toldTo?.join(", ")],
    ["part of", incident.parentId],
    ["with it", incident.children === undefined ? undefined : `${incident.children} more`],
    ["snoozed until", incident.snoozedUntilTime && showTime(incident.snoozedUntilTime)],
  ];
  return [
    printable(incident.because),
    ...facts.flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${printable(value)}`])),
    "",
    ...timeline
      .toReversed()
      .map(
        ({ time, act, by, because }) =>
          `${showTime(time)}  ${act} by ${printable(by)}: ${printable(because)}`,
      ),
    ...messages
      .toReversed()
      .map(({ madeTime, channel, tiding, state, receipt }) =>
        printable(
          `${showTime(madeTime)}  message ${tiding} to ${channel}: ${state}${receipt === undefined ? "" : ` (${receipt})`}`,
        ),
      ),
  ];
}
