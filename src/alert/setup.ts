/**
 * The file that says through which channels people are told, and by which rules:
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
import { makeAddressGuard } from "./address-guard.ts";
import { type Beacon, readBeacon } from "./beacons.ts";
import type { ChannelTools, Receiver } from "./channel.ts";
import { type Given, mapOf, readFields, readYaml, type SecretTools, wrong } from "./fields.ts";
import { makePost, type PostTools } from "./http.ts";
import { channelKinds } from "./kinds.ts";
import { type Policy, quietPolicy } from "./policy.ts";
import { policyKeys, readPolicy } from "./policy-file.ts";
import type { Ear } from "./telling.ts";

export type Channel = Ear &
  Receiver & {
    readonly kind: string;
    readonly knownBy?: string;
    readonly closesTests: boolean;
    /** Lines of what was recorded are left out of what is sent here. */
    readonly withoutEvidence: boolean;
  };

export type AlertSetup = {
  /** Without a slash at its end. */
  readonly page?: string;
  readonly channels: readonly Channel[];
  readonly policy: Policy;
  /** Peers that are told again and again that we watch. */
  readonly beacons: readonly Beacon[];
};

export const noAlerts: AlertSetup = { channels: [], policy: quietPolicy, beacons: [] };

export type SetupTools = SecretTools &
  Pick<PostTools, "clock" | "answerMsMax"> & { readonly randomBytes: (count: number) => Uint8Array };

const channelsMax = 50;
const keys = ["page", "allowed_networks", "channels", "watched_by", ...policyKeys];
const channelKeys = ["kind", "severity", "evidence"];

/** Throws `Fault` `CONFIG_INVALID` that names what is wrong. */
export function readAlertSetup(text: string, tools: SetupTools): AlertSetup {
  const file = mapOf(readYaml(text), "the file");
  const unknown = Object.keys(file).find((key) => !keys.includes(key));
  if (unknown !== undefined) throw wrong(`there is no key \`${unknown}\`; expected ${keys.join(", ")}`);
  const { page } = file;
  if (page !== undefined && (typeof page !== "string" || !/^https?:\/\/\S+$/.test(page))) {
    throw wrong("`page` must be an address");
  }
  const guard = makeAddressGuard(networksOf(file["allowed_networks"]));
  const post = makePost({ ...tools, guard });
  const channelTools: ChannelTools = { clock: tools.clock, guard, post };
  const channels = eachOf(file, "channels", "channel", (name, given) =>
    readChannel(name, given, channelTools, tools),
  );
  const policy = readPolicy(
    file,
    channels.map(({ name }) => name),
  );
  const beacons = eachOf(file, "watched_by", "peer", (name, given) =>
    readBeacon(name, given, { ...channelTools, ...tools }),
  );
  return { channels, policy, beacons, ...(page !== undefined && { page: page.replace(/\/+$/, "") }) };
}

function networksOf(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map((one) => (typeof one === "string" ? one : String(one)));
}

function eachOf<T>(
  file: Given,
  key: string,
  what: string,
  read: (name: string, given: Given) => T,
): readonly T[] {
  const entries = Object.entries(mapOf(file[key] ?? {}, `\`${key}\``));
  if (entries.length > channelsMax) throw wrong(`there may be at most ${channelsMax} ${what}s`);
  return entries.map(([name, given]) => {
    try {
      if (!/^[\w.-]{1,64}$/.test(name)) throw wrong("its name must be 1 to 64 letters, digits, dots, dashes");
      return read(name, mapOf(given, "it"));
    } catch (error) {
      if (error instanceof Fault && error.code === "CONFIG_INVALID")
        throw wrong(`${what} \`${name}\`: ${error.message}`);
      throw error;
    }
  });
}

function readChannel(name: string, given: Given, channelTools: ChannelTools, tools: SecretTools): Channel {
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
  const evidence = given["evidence"] ?? true;
  if (typeof evidence !== "boolean") throw wrong("its evidence must be true or false");
  const values = readFields(given, kind.fields, channelKeys, tools);
  const settings = {
    text: (field: string) => values.get(field)?.[0],
    texts: (field: string) => values.get(field) ?? [],
  };
  return {
    name,
    kind: kindName,
    severityMin: severity,
    hearsAcknowledgements: kind.hearsAcknowledgements,
    closesTests: kind.closesTests === true,
    withoutEvidence: !evidence,
    ...(kind.knownBy !== undefined && { knownBy: kind.knownBy }),
    ...kind.make(settings, channelTools),
  };
}
