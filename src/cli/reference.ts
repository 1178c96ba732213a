/** The reference page of the command line, written from the commands and settings themselves. */
import type { Command, Option } from "commander";
import { exitCodes } from "./exit.ts";
import { settingNames, settings } from "./settings.ts";

export function commandReference(program: Command): string {
  return [
    "# The command line",
    "",
    "Written from the commands themselves; do not change it by hand.",
    "",
    program.description(),
    "",
    "Client commands find the server by `--server`, else by `$MIDWATCH_SERVER`, else at",
    "`http://127.0.0.1:4180`. Colours are shown on a terminal unless `$NO_COLOR` is set, and never carry",
    "a meaning alone. Recorded text is printed with control and direction characters escaped.",
    "",
    "## Exit codes",
    "",
    "| code | meaning |",
    "|---|---|",
    ...Object.values(exitCodes).map(({ code, about }) => `| ${code} | ${about} |`),
    "",
    ...leaves(program).flatMap(commandSection),
    "## Settings of the server",
    "",
    "A flag wins over an environment variable, that over the file, that over the default. In the file,",
    "which is YAML, a dot is a level:",
    "",
    "```yaml",
    "listen: 127.0.0.1:4180",
    "log:",
    "  format: json",
    "```",
    "",
    "An unknown key is refused. No setting holds a secret.",
    "",
    "| setting | variable | default | meaning |",
    "|---|---|---|---|",
    ...settingNames.map((name) => {
      const { variable, fallback, about, ...rest } = settings[name];
      const usual =
        typeof fallback === "string" ? fallback : "fallbackAbout" in rest ? rest.fallbackAbout : "";
      return `| \`${name}\` | \`${variable}\` | ${usual} | ${about} |`;
    }),
    "",
  ].join("\n");
}

type Leaf = { readonly name: string; readonly command: Command };

/** Commands that do something, by their whole name; a group of commands is told by its members. */
function leaves(program: Command): readonly Leaf[] {
  return program.commands.flatMap((command) => {
    const members = command.commands.filter((member) => member.name() !== "help");
    const own = { name: command.name(), command };
    return members.length === 0
      ? [own]
      : [own, ...members.map((member) => ({ name: `${command.name()} ${member.name()}`, command: member }))];
  });
}

function commandSection({ name, command }: Leaf): readonly string[] {
  const options = command.options.filter((option) => !option.hidden);
  const examples = examplesOf(command);
  const usage = `midwatch ${name} ${command.usage()}`.trim();
  return [
    `## midwatch ${name}`,
    "",
    command.description().replaceAll("\n", " "),
    "",
    "```",
    usage,
    "```",
    "",
    ...command.registeredArguments.map((argument) => `- \`${argument.name()}\`: ${argument.description}`),
    ...(command.registeredArguments.length > 0 ? [""] : []),
    ...(options.length > 0 ? ["| option | meaning |", "|---|---|", ...options.map(optionRow), ""] : []),
    ...(examples === "" ? [] : [examples, ""]),
  ];
}

function optionRow(option: Option): string {
  const choices = option.argChoices ? ` (${option.argChoices.join(", ")})` : "";
  const value = option.defaultValueDescription ?? (option.defaultValue as string | number | undefined);
  const usual = value === undefined ? "" : `; default: \`${value}\``;
  const must = option.mandatory && value === undefined ? "; required" : "";
  return `| \`${option.flags}\` | ${option.description}${choices}${usual}${must} |`;
}

/** What a command says after its help: examples, then remarks. */
function examplesOf(command: Command): string {
  let text = "";
  command.configureOutput({ ...command.configureOutput(), writeOut: (written) => (text += written) });
  command.outputHelp();
  const start = text.search(/^Examples?:$/m);
  if (start < 0) return "";
  const [, ...lines] = text.slice(start).trimEnd().split("\n");
  const end = lines.findIndex((line) => line === "");
  const examples = lines.slice(0, end < 0 ? lines.length : end).map((line) => line.slice(2));
  const remarks = end < 0 ? [] : ["", ...lines.slice(end + 1)];
  return ["```sh", ...examples, "```", ...remarks].join("\n");
}
