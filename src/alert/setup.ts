/**
 * The file that says through which channels people are told:
 *
 *     page: https://midwatch.example.com
 *     channels:
 *       night:
 *         kind: pagerduty
 *         severity: error
 *         routing_key_file: /etc/midwatch/pagerduty.key
 *
 * A secret never stands in it: `NAME_file` names a file that holds it, `NAME_env` a variable.
 */
import { parse } from "yaml";
import { Fault } from "../model/fault.ts";
import { urgencies } from "../model/monitor.ts";
import type { ChannelField, ChannelKind, ChannelTools, Send } from "./channel.ts";
import { channelKinds } from "./kinds.ts";
import type { Ear } from "./telling.ts";

export type Channel = Ear & {
  readonly kind: string;
  readonly knownBy?: string;
  readonly send: Send;
};

export type AlertSetup = { readonly page?: string; readonly channels: readonly Channel[] };

export type SetupTools = ChannelTools & {
  /** The text of a file that holds a secret. */
  readonly readSecret: (path: string) => string;
  readonly variable: (name: string) => string | undefined;
};

const channelsMax = 50;

/** Throws `Fault` `CONFIG_INVALID` that names what is wrong. */
export function readAlertSetup(text: string, tools: SetupTools): AlertSetup {
  const file = mapOf(readYaml(text), "the file");
  const unknown = Object.keys(file).find((key) => key !== "page" && key !== "channels");
  if (unknown !== undefined)
    throw wrong(`there is no key \`${unknown}\`; expected \`page\` and \`channels\``);
  const { page } = file;
  if (page !== undefined && (typeof page !== "string" || !/^https?:\/\/\S+$/.test(page))) {
    throw wrong("`page` must be an address");
  }
  const entries = Object.entries(mapOf(file["channels"] ?? {}, "`channels`"));
  if (entries.length > channelsMax) throw wrong(`there may be at most ${channelsMax} channels`);
  const channels = entries.map(([name, value]) => {
    try {
      return readChannel(name, mapOf(value, "it"), tools);
    } catch (error) {
      if (error instanceof Fault && error.code === "CONFIG_INVALID")
        throw wrong(`channel \`${name}\`: ${error.message}`);
      throw error;
    }
  });
  return { channels, ...(page !== undefined && { page }) };
}

function wrong(message: string): Fault {
  return new Fault("CONFIG_INVALID", message);
}

function readYaml(text: string): unknown {
  try {
    return parse(text) ?? {};
  } catch (cause) {
    throw new Fault("CONFIG_INVALID", (cause as Error).message.split("\n", 1)[0] ?? "it is not YAML", {
      cause,
    });
  }
}

type Given = Readonly<Record<string, unknown>>;

function mapOf(value: unknown, what: string): Given {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Given;
  throw wrong(`${what} must be keys and values`);
}

function readChannel(name: string, given: Given, tools: SetupTools): Channel {
  if (!/^[\w.-]{1,64}$/.test(name)) throw wrong("its name must be 1 to 64 letters, digits, dots, dashes");
  const kindName = given["kind"];
  const kind =
    typeof kindName === "string" && Object.hasOwn(channelKinds, kindName)
      ? channelKinds[kindName]
      : undefined;
  if (!kind || typeof kindName !== "string")
    throw wrong(`its kind must be one of ${Object.keys(channelKinds).join(", ")}`);
  const said = given["severity"] ?? "warning";
  const severity = urgencies.find((urgency) => urgency === said);
  if (!severity) throw wrong(`its severity must be one of ${urgencies.join(", ")}`);
  const values = readFields(given, kind, tools);
  const send = kind.make(
    {
      text: (field) => values.get(field)?.[0],
      texts: (field) => values.get(field) ?? [],
    },
    tools,
  );
  return {
    name,
    kind: kindName,
    severityMin: severity,
    hearsAcknowledgements: kind.hearsAcknowledgements,
    ...(kind.knownBy !== undefined && { knownBy: kind.knownBy }),
    send,
  };
}

function readFields(
  given: Given,
  kind: ChannelKind,
  tools: SetupTools,
): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, readonly string[]>();
  const allowed = ["kind", "severity"];
  for (const [name, field] of Object.entries(kind.fields)) {
    const keys = field.form === "secret" ? [`${name}_file`, `${name}_env`] : [name];
    allowed.push(...keys);
    const value = field.form === "secret" ? secretOf(name, given, tools) : plainOf(given[name], field);
    if (value !== undefined) values.set(name, value);
    else if (field.required)
      throw wrong(`it needs ${keys.map((key) => `\`${key}\``).join(" or ")}: ${field.about}`);
  }
  const unknown = Object.keys(given).find((key) => !allowed.includes(key));
  if (unknown === undefined) return values;
  if (kind.fields[unknown]?.form === "secret") {
    throw wrong(`\`${unknown}\` is a secret: write \`${unknown}_file\` or \`${unknown}_env\` instead`);
  }
  throw wrong(`there is no key \`${unknown}\`; expected ${allowed.join(", ")}`);
}

function plainOf(value: unknown, { form }: ChannelField): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  const list = form === "texts" && Array.isArray(value) ? (value as unknown[]) : [value];
  if (!list.every((one) => ["string", "number"].includes(typeof one)) || list.length === 0) {
    throw wrong("its values must be texts");
  }
  return list.map(String);
}

function secretOf(
  name: string,
  given: Given,
  { readSecret, variable }: SetupTools,
): readonly string[] | undefined {
  const [file, key] = [given[`${name}_file`], given[`${name}_env`]];
  if (typeof file === "string") return [readSecret(file).trim()];
  if (typeof key !== "string") return undefined;
  const value = variable(key);
  if (value === undefined || value === "") throw wrong(`the variable ${key} is not set`);
  return [value];
}
