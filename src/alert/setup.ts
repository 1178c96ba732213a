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
import { Fault } from "../model/fault.ts";
import { urgencies } from "../model/monitor.ts";
import type { ChannelTools, Send } from "./channel.ts";
import { type Given, mapOf, readFields, readYaml, type SecretTools, wrong } from "./fields.ts";
import { channelKinds } from "./kinds.ts";
import type { Ear } from "./telling.ts";

export type Channel = Ear & {
  readonly kind: string;
  readonly knownBy?: string;
  readonly send: Send;
};

export type AlertSetup = { readonly page?: string; readonly channels: readonly Channel[] };

export type SetupTools = ChannelTools & SecretTools;

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
  const values = readFields(given, kind.fields, ["kind", "severity"], tools);
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
