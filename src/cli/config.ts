/**
 * The configuration of the server: defaults, then a YAML file, then environment variables, then
 * flags; the later wins. Everything wrong is reported at once, each with where it stands and what
 * was expected. No setting holds a secret, so all of it may be printed.
 */
import { readFileSync } from "node:fs";
import { isMap, isScalar, LineCounter, parseDocument, type YAMLMap } from "yaml";
import { didYouMean } from "../api/nearest.ts";
import { CommandFailure } from "./exit.ts";
import { BadValue, type Setting, type SettingName, settingNames, settings } from "./settings.ts";
import type { Environment } from "./terminal.ts";

export type Config = { readonly [Name in SettingName]: ReturnType<(typeof settings)[Name]["read"]> };

/** A value as it was written, and where. */
type Given = { readonly text: string; readonly from: string };
export type Flags = {
  readonly config?: string;
  readonly data?: string;
  readonly listen?: string;
  readonly access?: string;
};

export type LoadedConfig = {
  readonly values: Config;
  readonly given: { readonly [Name in SettingName]: Given };
};

/** Throws `CommandFailure` with every complaint on a line of its own. */
export function loadConfig(flags: Flags, environment: Environment): LoadedConfig {
  const complaints: string[] = [];
  const file = flags.config ?? (environment["MIDWATCH_CONFIG"] || undefined);
  const inFile = file === undefined ? new Map<string, Given>() : readFile(file, complaints);
  checkVariables(environment, complaints);
  const given: Partial<Record<SettingName, Given>> = {};
  const values: Partial<Record<SettingName, unknown>> = {};
  for (const name of settingNames) {
    const setting: Setting<unknown> = settings[name];
    const one =
      flagOf(name, flags) ??
      variableOf(setting, environment) ??
      inFile.get(name) ??
      defaultOf(setting, environment);
    given[name] = one;
    try {
      values[name] = setting.read(one.text);
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      complaints.push(`${one.from}: \`${name}\` ${error.message}.`);
    }
  }
  if (complaints.length > 0)
    throw new CommandFailure("usage", `the configuration is wrong:\n  ${complaints.join("\n  ")}`);
  return { values: values as Config, given: given as LoadedConfig["given"] };
}

function flagOf(name: SettingName, flags: Flags): Given | undefined {
  const text = name === "data" || name === "listen" || name === "access" ? flags[name] : undefined;
  return text === undefined ? undefined : { text, from: `--${name}` };
}

function variableOf({ variable }: Setting<unknown>, environment: Environment): Given | undefined {
  const text = environment[variable];
  return text === undefined || text === "" ? undefined : { text, from: `$${variable}` };
}

function defaultOf({ fallback }: Setting<unknown>, environment: Environment): Given {
  return { text: typeof fallback === "string" ? fallback : fallback(environment), from: "default" };
}

/** Variables of ours that belong to other commands than `serve`. */
const otherVariables = [
  "MIDWATCH_CONFIG",
  "MIDWATCH_SERVER",
  "MIDWATCH_KEY",
  "MIDWATCH_KEY_FILE",
  "MIDWATCH_SPOOL",
  "MIDWATCH_STATE",
  "MIDWATCH_HOST",
  // Read by the recorders inside applications.
  "MIDWATCH_ARGUMENTS",
  "MIDWATCH_DIGEST_KEY",
  "MIDWATCH_ENABLED",
  "MIDWATCH_REDACT_BROKER",
  "MIDWATCH_RELEASE",
  "MIDWATCH_SERVICE",
];

/** A misspelt variable would otherwise be passed over in silence, when it is near one that we know. */
function checkVariables(environment: Environment, complaints: string[]): void {
  const known: readonly string[] = [
    ...settingNames.map((name) => settings[name].variable),
    ...otherVariables,
  ];
  for (const name of Object.keys(environment)) {
    if (!name.startsWith("MIDWATCH_") || known.includes(name)) continue;
    const hint = didYouMean(name, known);
    if (hint !== ".") complaints.push(`$${name}: there is no such variable${hint}`);
  }
}

function readFile(file: string, complaints: string[]): Map<string, Given> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new CommandFailure(
      "usage",
      `the configuration file ${file} cannot be read: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
  const lines = new LineCounter();
  // Plain text for every scalar: `4180`, `no` and `1e3` mean what the setting says, not what YAML guesses.
  const document = parseDocument(text, { lineCounter: lines, schema: "failsafe", uniqueKeys: true });
  const found = new Map<string, Given>();
  for (const error of document.errors) complaints.push(`${file}: ${error.message.split("\n", 1)[0]}`);
  if (complaints.length > 0 || document.contents === null) return found;
  if (!isMap(document.contents)) {
    complaints.push(`${file}: expected settings such as \`listen: 127.0.0.1:4180\`.`);
    return found;
  }
  collect(document.contents, "", { file, lines, found, complaints });
  return found;
}

type Collecting = {
  readonly file: string;
  readonly lines: LineCounter;
  readonly found: Map<string, Given>;
  readonly complaints: string[];
};

function collect(map: YAMLMap, prefix: string, collecting: Collecting): void {
  const { file, lines, found, complaints } = collecting;
  for (const { key, value } of map.items) {
    const word = isScalar(key) ? String(key.value) : "";
    const name = prefix + word;
    const from = `${file}:${isScalar(key) && key.range ? lines.linePos(key.range[0]).line : 1}`;
    const inside = settingNames.some((known) => known.startsWith(`${name}.`));
    if (settingNames.includes(name as SettingName)) {
      if (isScalar(value)) found.set(name, { text: String(value.value), from });
      else complaints.push(`${from}: \`${name}\` takes one value.`);
    } else if (inside && isMap(value)) {
      collect(value, `${name}.`, collecting);
    } else if (inside) {
      complaints.push(`${from}: \`${name}\` is a group of settings.`);
    } else {
      const level = settingNames.flatMap((known) =>
        known.startsWith(prefix) ? [known.slice(prefix.length).split(".", 1)[0] ?? ""] : [],
      );
      complaints.push(`${from}: unknown key \`${name.slice(0, 100)}\`${didYouMean(word, new Set(level))}`);
    }
  }
}
