/**
 * Configuration of the server and of the agent: defaults, then a YAML file, then environment
 * variables, then flags; the later wins. Everything wrong is reported at once, each with where it
 * stands and what was expected. No setting holds a secret, so all of it may be printed.
 */
import { readFileSync } from "node:fs";
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type YAMLMap } from "yaml";
import recorders from "../../contract/settings/settings.json" with { type: "json" };
import { isLoopbackHost } from "../api/guard.ts";
import { didYouMean } from "../api/nearest.ts";
import { CommandFailure } from "./exit.ts";
import { BadValue, type Setting } from "./setting.ts";
import { type SettingName, settingNames, settings } from "./settings.ts";
import type { Environment } from "./terminal.ts";

export type Config = { readonly [Name in SettingName]: ReturnType<(typeof settings)[Name]["read"]> };

/** A value as it was written, and where. */
type Given = { readonly text: string; readonly from: string };
export type Flags = {
  readonly config?: string;
  readonly data?: string;
  readonly listen?: string;
  readonly access?: string;
  readonly tls?: string;
  readonly encryptionKeyFile?: string;
};

export type LoadedConfig = {
  readonly values: Config;
  readonly given: { readonly [Name in SettingName]: Given };
};

/** Throws `CommandFailure` with every complaint on a line of its own. */
export function loadConfig(flags: Flags, environment: Environment): LoadedConfig {
  const { config, tls, encryptionKeyFile, ...others } = flags;
  const file = config ?? (environment["MIDWATCH_CONFIG"] || undefined);
  const given = { ...others, "tls.mode": tls, "encryption.key_file": encryptionKeyFile };
  const loaded = loadSettings(settings, { file, flags: given, environment, otherVariables });
  checkReach(loaded.values);
  return loaded;
}

/** Who can reach the server must not read what goes over the wire, nor be an administrator unasked. */
function checkReach({ listen, access, plaintext, "tls.mode": tls, "tls.agents": agents }: Config): void {
  if (agents !== "off" && tls === "off") {
    throw new CommandFailure(
      "usage",
      "the configuration is wrong: `tls.agents` wants TLS of the server's own: set `tls.mode` to `self` or `files`",
    );
  }
  if (isLoopbackHost(urlHost(listen.host))) return;
  if (access === "open") {
    throw new CommandFailure(
      "usage",
      "the configuration is wrong: with `access: open`, `listen` must be a loopback address, because whoever reaches the server may do everything",
    );
  }
  if (tls === "off" && plaintext === "refused") {
    throw new CommandFailure(
      "usage",
      "the configuration is wrong: beyond loopback the server wants TLS: `--tls self` makes a certificate, " +
        "`tls.certificate` and `tls.key` name files, `plaintext: allowed` is for a proxy that has TLS; " +
        "or reach it by a tunnel, such as `ssh -L 4180:127.0.0.1:4180 HOST`",
    );
  }
}

/** An address as it stands in a URL. */
export function urlHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

type Table = { readonly [name: string]: Setting<unknown> };
type Loaded<Of extends Table> = {
  readonly values: { readonly [Name in keyof Of]: ReturnType<Of[Name]["read"]> };
  readonly given: { readonly [Name in keyof Of]: Given };
};
export type Sources = {
  readonly file: string | undefined;
  /** What the command line says, by name of the setting; of a list, one entry a line. */
  readonly flags: { readonly [name: string]: string | undefined };
  readonly environment: Environment;
  /** Variables of ours that are no setting here, so that they are not taken for misspelt ones. */
  readonly otherVariables: readonly string[];
};

/** Throws `CommandFailure` with every complaint on a line of its own. */
export function loadSettings<Of extends Table>(table: Of, sources: Sources): Loaded<Of> {
  const complaints: string[] = [];
  const inFile =
    sources.file === undefined ? new Map<string, Given>() : readFile(table, sources.file, complaints);
  const { environment } = sources;
  checkVariables(table, sources, complaints);
  const given: Record<string, Given> = {};
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(table)) {
    const flag = sources.flags[name];
    const one =
      (flag === undefined ? undefined : { text: flag, from: `--${name.replaceAll("_", "-")}` }) ??
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
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each name of the table has been read
  return { values, given } as Loaded<Of>;
}

function variableOf({ variable }: Setting<unknown>, environment: Environment): Given | undefined {
  const text = environment[variable];
  return text === undefined || text === "" ? undefined : { text, from: `$${variable}` };
}

function defaultOf({ fallback }: Setting<unknown>, environment: Environment): Given {
  return { text: typeof fallback === "string" ? fallback : fallback(environment), from: "default" };
}

/** Variables of ours that belong to other programs than the server. */
const otherVariables: readonly string[] = [
  "MIDWATCH_AGENT_CONFIG",
  "MIDWATCH_CONFIG",
  "MIDWATCH_JOB",
  "MIDWATCH_KEY",
  "MIDWATCH_KEY_FILE",
  "MIDWATCH_LOGS",
  "MIDWATCH_PUMA",
  "MIDWATCH_RUN_ID",
  "MIDWATCH_SERVER",
  "MIDWATCH_SERVER_FINGERPRINT",
  "MIDWATCH_STATE",
  "MIDWATCH_TRACE_ID",
  recorders.file.variable,
  ...recorders.settings.flatMap(({ variable }) => variable ?? []),
];

/** Variables of ours that belong to other programs than the agent. */
export const otherThanAgentVariables: readonly string[] = [
  ...otherVariables,
  ...settingNames.map((name) => settings[name].variable),
];

/** A misspelt variable would otherwise be passed over in silence, when it is near one that we know. */
function checkVariables(table: Table, sources: Sources, complaints: string[]): void {
  const { environment } = sources;
  const known = [...Object.values(table).map(({ variable }) => variable), ...sources.otherVariables];
  for (const name of Object.keys(environment)) {
    if (!name.startsWith("MIDWATCH_") || known.includes(name)) continue;
    const hint = didYouMean(name, known);
    if (hint !== ".") complaints.push(`$${name}: there is no such variable${hint}`);
  }
}

function readFile(table: Table, file: string, complaints: string[]): Map<string, Given> {
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
    complaints.push(`${file}: expected settings, each with its name, a colon and its value.`);
    return found;
  }
  collect(document.contents, "", { table, file, lines, found, complaints });
  return found;
}

type Collecting = {
  readonly table: Table;
  readonly file: string;
  readonly lines: LineCounter;
  readonly found: Map<string, Given>;
  readonly complaints: string[];
};

function collect(map: YAMLMap, prefix: string, collecting: Collecting): void {
  const { table, file, lines, found, complaints } = collecting;
  const names = Object.keys(table);
  for (const { key, value } of map.items) {
    const word = isScalar(key) ? String(key.value) : "";
    const name = prefix + word;
    const from = `${file}:${isScalar(key) && key.range ? lines.linePos(key.range[0]).line : 1}`;
    const inside = names.some((known) => known.startsWith(`${name}.`));
    const setting = table[name];
    if (setting) {
      const text = setting.isList ? linesOf(value) : isScalar(value) ? String(value.value) : undefined;
      if (text !== undefined) found.set(name, { text, from });
      else complaints.push(`${from}: \`${name}\` takes ${setting.isList ? "a list" : "one value"}.`);
    } else if (inside && isMap(value)) {
      collect(value, `${name}.`, collecting);
    } else if (inside) {
      complaints.push(`${from}: \`${name}\` is a group of settings.`);
    } else {
      const level = names.flatMap((known) =>
        known.startsWith(prefix) ? [known.slice(prefix.length).split(".", 1)[0] ?? ""] : [],
      );
      complaints.push(`${from}: unknown key \`${name.slice(0, 100)}\`${didYouMean(word, new Set(level))}`);
    }
  }
}

/** The entries of a list, one a line; `undefined` where it is none of plain values. */
function linesOf(value: unknown): string | undefined {
  if (!isSeq(value) || !value.items.every((item) => isScalar(item))) return undefined;
  return value.items.map((item) => String(item.value)).join("\n");
}
