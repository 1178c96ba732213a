/**
 * Every setting of the server: its name in the configuration file, its environment variable, its
 * default, and how its value is read. The reference page and all checks come from this table.
 */
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { accessModes } from "../access/access.ts";
import { agentModes } from "../access/agent-modes.ts";
import { isRole, type Role, roleNames } from "../access/policy.ts";
import { type Severity, type Stream, severities } from "../model/event.ts";
import { retentionDefault } from "../store/events/retention.ts";
import { BadValue, oneOf, type Setting, setting, shortText, wholeNumber } from "./setting.ts";

type Listen = { readonly host: string; readonly port: number };

function days(stream: Stream): Setting<number> {
  return setting({
    variable: `MIDWATCH_RETENTION_${stream.toUpperCase()}`,
    about: `days for which events of the stream ${stream} are kept`,
    fallback: String(retentionDefault[stream]),
    read: wholeNumber(1, 36_500),
  });
}

export const settings = {
  listen: setting({
    variable: "MIDWATCH_LISTEN",
    about:
      "address and port of the page and the interface; beyond loopback only with TLS and without open access",
    fallback: "127.0.0.1:4180",
    read: readListen,
  }),
  "tls.mode": setting({
    variable: "MIDWATCH_TLS",
    about:
      "off; self: a certificate that the server makes itself and whose fingerprint it prints; files: see below",
    fallback: "off",
    read: oneOf(["off", "self", "files"] as const),
  }),
  "tls.certificate": setting({
    variable: "MIDWATCH_TLS_CERTIFICATE",
    about: "file with the certificate and those that vouch for it, in PEM",
    fallback: "",
    fallbackAbout: "none",
    read: filePath,
  }),
  "tls.key": setting({
    variable: "MIDWATCH_TLS_KEY",
    about: "file with the key of the certificate, in PEM, for its owner alone",
    fallback: "",
    fallbackAbout: "none",
    read: filePath,
  }),
  "tls.agents": setting({
    variable: "MIDWATCH_TLS_AGENTS",
    about:
      "accepted: agents may show a certificate that `midwatch enrol` got them; required: whoever sends events must; off",
    fallback: "off",
    read: oneOf(agentModes),
  }),
  plaintext: setting({
    variable: "MIDWATCH_PLAINTEXT",
    about: "allowed: listen beyond loopback without TLS, behind a proxy that has it; refused",
    fallback: "refused",
    read: oneOf(["refused", "allowed"] as const),
  }),
  hosts: setting({
    variable: "MIDWATCH_HOSTS",
    about: "names by which the server is asked beside localhost and its addresses, with commas in between",
    fallback: "",
    fallbackAbout: "none",
    read: readHosts,
  }),
  "oidc.issuer": setting({
    variable: "MIDWATCH_OIDC_ISSUER",
    about: "address of the OpenID provider at which people sign in",
    fallback: "",
    fallbackAbout: "none",
    read: readIssuer,
  }),
  "oidc.client": setting({
    variable: "MIDWATCH_OIDC_CLIENT",
    about: "by which the provider knows Midwatch",
    fallback: "midwatch",
    read: shortText,
  }),
  "oidc.secret_file": setting({
    variable: "MIDWATCH_OIDC_SECRET_FILE",
    about: "file with the secret that the provider gave Midwatch",
    fallback: "",
    fallbackAbout: "none",
    read: filePath,
  }),
  "oidc.name": setting({
    variable: "MIDWATCH_OIDC_NAME",
    about: "what people call the provider",
    fallback: "the company's sign-in",
    read: (text) => text.slice(0, 64),
  }),
  "oidc.scope": setting({
    variable: "MIDWATCH_OIDC_SCOPE",
    about: "what is asked of the provider",
    fallback: "openid profile email",
    read: (text) => text,
  }),
  "oidc.groups_claim": setting({
    variable: "MIDWATCH_OIDC_GROUPS_CLAIM",
    about: "the claim in which the provider lists groups",
    fallback: "groups",
    read: shortText,
  }),
  "oidc.roles": setting({
    variable: "MIDWATCH_OIDC_ROLES",
    about: "role of each group, such as ops=responder,security=auditor; who is in none does not come in",
    fallback: "",
    fallbackAbout: "none",
    read: readGroupRoles,
  }),
  "oidc.page": setting({
    variable: "MIDWATCH_OIDC_PAGE",
    about: "where people open the page, as the provider was told; default: as they asked",
    fallback: "",
    fallbackAbout: "none",
    read: readIssuer,
  }),
  data: setting({
    variable: "MIDWATCH_DATA",
    about: "directory that holds everything; made with mode 0700",
    fallback: (environment) =>
      join(
        environment["XDG_DATA_HOME"] || join(environment["HOME"] || homedir(), ".local", "share"),
        "midwatch",
      ),
    fallbackAbout: "$XDG_DATA_HOME/midwatch, else ~/.local/share/midwatch",
    read: (text) => (isAbsolute(text) ? text : resolve(text)),
  }),
  "encryption.key_file": setting({
    variable: "MIDWATCH_ENCRYPTION_KEY_FILE",
    about:
      "file with the key under which the data directory is encrypted, 32 bytes in hexadecimal or base64, outside of it; chosen before the first start",
    fallback: "",
    fallbackAbout: "none: nothing is encrypted",
    read: filePath,
  }),
  "encryption.key_command": setting({
    variable: "MIDWATCH_ENCRYPTION_KEY_COMMAND",
    about:
      "command that prints that key, such as one that asks a key service; run by `/bin/sh` at each start",
    fallback: "",
    fallbackAbout: "none",
    read: (text) => text,
  }),
  access: setting({
    variable: "MIDWATCH_ACCESS",
    about:
      "people: everyone signs in or shows a key; open: whoever reaches the loopback address is an administrator",
    fallback: "people",
    read: oneOf(accessModes),
  }),
  environment: setting({
    variable: "MIDWATCH_ENVIRONMENT",
    about: "environment that the server's own jobs and lines are recorded under",
    fallback: "production",
    read: shortText,
  }),
  "log.format": setting({
    variable: "MIDWATCH_LOG_FORMAT",
    about: "form of the server's own lines: text, or json (one object a line)",
    fallback: "text",
    read: oneOf(["text", "json"] as const),
  }),
  "log.level": setting({
    variable: "MIDWATCH_LOG_LEVEL",
    about: "least severity of the server's own lines",
    fallback: "info",
    read: oneOf<Severity>(severities),
  }),
  "retention.jobs": days("jobs"),
  "retention.logs": days("logs"),
  "retention.http": days("http"),
  "retention.audit": days("audit"),
  "redaction.rules": setting({
    variable: "MIDWATCH_REDACTION_RULES",
    about: "file with further redaction rules; see docs/guides/redaction.md",
    fallback: "",
    fallbackAbout: "none",
    read: filePath,
  }),
  rules: setting({
    variable: "MIDWATCH_RULES",
    about: "folder with rules of your own in Sigma's form (*.yml); see docs/guides/rules.md",
    fallback: "",
    fallbackAbout: "the built-in rules alone",
    read: filePath,
  }),
  "ledger.memory": setting({
    variable: "MIDWATCH_LEDGER_MEMORY",
    about:
      "file in which the ledger remembers its last signature a second time; on another disk, so that a data directory put back from a backup is noticed",
    fallback: "",
    fallbackAbout: "ledger.head in the data directory",
    read: filePath,
  }),
  "ledger.anchors": setting({
    variable: "MIDWATCH_LEDGER_ANCHORS",
    about:
      "file with the places outside of this server where checkpoints of the ledger are kept, and the ledgers that it witnesses; see docs/guides/anchors.md",
    fallback: "",
    fallbackAbout: "none",
    read: filePath,
  }),
  alerts: setting({
    variable: "MIDWATCH_ALERTS",
    about: "file with the channels through which people are told; see docs/guides/telling.md",
    fallback: "",
    fallbackAbout: "none",
    read: filePath,
  }),
  "spool.bytes": setting({
    variable: "MIDWATCH_SPOOL_BYTES",
    about: "bytes that may wait for the engine; more: senders are asked to keep theirs",
    fallback: String(4 * 1024 ** 3),
    read: wholeNumber(1024 * 1024, 2 ** 50),
  }),
} as const;

export type SettingName = keyof typeof settings;
export const settingNames = Object.keys(settings) as readonly SettingName[];

function readListen(text: string): Listen {
  const match = /^(\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2] ?? -1);
  const host = match?.[1] ?? "";
  if (!match || port > 65_535) throw new BadValue("must be an address and a port, such as 127.0.0.1:4180");
  return { host: host.replace(/^\[(.*)\]$/, "$1"), port };
}

function filePath(text: string): string {
  return text === "" || isAbsolute(text) ? text : resolve(text);
}

function readHosts(text: string): readonly string[] {
  const names = text
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");
  const wrong = names.find((name) => !/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name));
  if (wrong === undefined) return names;
  throw new BadValue("must be host names without a port, such as midwatch.example.com");
}

function readIssuer(text: string): string {
  if (text === "") return text;
  const url = URL.parse(text);
  if (url?.protocol === "https:" || url?.protocol === "http:") return text.replace(/\/$/, "");
  throw new BadValue("must be an address such as https://sign-in.example.com");
}

function readGroupRoles(text: string): ReadonlyMap<string, Role> {
  const pairs = text
    .split(",")
    .map((pair) => pair.trim())
    .filter((pair) => pair !== "");
  return new Map(
    pairs.map((pair) => {
      const at = pair.lastIndexOf("=");
      const role = pair.slice(at + 1).trim();
      if (at < 1 || !isRole(role)) {
        throw new BadValue(
          `must be groups and roles such as ops=responder; roles are ${roleNames.join(", ")}`,
        );
      }
      return [pair.slice(0, at).trim(), role] as const;
    }),
  );
}
