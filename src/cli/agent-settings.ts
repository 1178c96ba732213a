/**
 * Every setting of the agent: on the command line, in the environment, in a YAML file. The reference
 * page and all checks come from this table.
 */
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { formats } from "../agent/formats/formats.ts";
import type { PumaPlace } from "../agent/puma.ts";
import type { LogSource } from "../agent/tail.ts";
import { BadValue, setting } from "./setting.ts";

export const agentSettings = {
  server: setting({
    variable: "MIDWATCH_SERVER",
    about: "address of the Midwatch server",
    fallback: "",
    fallbackAbout: "none; must be given",
    read: serverUrl,
  }),
  key_file: setting({
    variable: "MIDWATCH_KEY_FILE",
    about: "file that holds an API key that may send",
    fallback: "",
    fallbackAbout: "none; must be given",
    read: (text) => {
      if (text === "") throw new BadValue("must be given: a file that holds a key with the scope `send`");
      return absolute(text);
    },
  }),
  certificate_file: setting({
    variable: "MIDWATCH_CERTIFICATE_FILE",
    about: "file with the certificate that `midwatch enrol` got; the agent renews it",
    fallback: "",
    fallbackAbout: "none; the key alone says who sends",
    read: (text) => (text === "" ? "" : absolute(text)),
  }),
  certificate_key_file: setting({
    variable: "MIDWATCH_CERTIFICATE_KEY_FILE",
    about: "file with the private key of that certificate",
    fallback: "",
    fallbackAbout: "the name of the certificate's file with -key before its ending",
    read: (text) => (text === "" ? "" : absolute(text)),
  }),
  spool: setting({
    variable: "MIDWATCH_SPOOL",
    about: "where recorders write",
    fallback: "/var/spool/midwatch",
    read: absolute,
  }),
  state: setting({
    variable: "MIDWATCH_STATE",
    about: "where the agent keeps its notes",
    fallback: (environment) =>
      process.getuid?.() === 0
        ? "/var/lib/midwatch-agent"
        : join(
            environment["XDG_STATE_HOME"] || join(environment["HOME"] || homedir(), ".local", "state"),
            "midwatch-agent",
          ),
    fallbackAbout: "/var/lib/midwatch-agent for root, else ~/.local/state/midwatch-agent",
    read: absolute,
  }),
  host: setting({
    variable: "MIDWATCH_HOST",
    about: "name of this host in events",
    fallback: "",
    fallbackAbout: "the host's own name",
    read: (text) => text,
  }),
  logs: setting({
    variable: "MIDWATCH_LOGS",
    about: `log files to follow as well, each as format=/path or format@service=/path; formats: ${[...formats.keys()].join(", ")}`,
    fallback: "",
    fallbackAbout: "none",
    isList: true,
    read: (text) => entries(text).map(logSource),
  }),
  puma: setting({
    variable: "MIDWATCH_PUMA",
    about:
      "Pumas to ask how busy they are, each as service=/path/to/puma.state, or service=unix:///path?token=… or service=tcp://127.0.0.1:9293?token=… of the control server",
    fallback: "",
    fallbackAbout: "none",
    isList: true,
    read: (text) => entries(text).map(pumaPlace),
  }),
} as const;

/** A list on the command line and in a file has an entry a line, in a variable commas between them. */
function entries(text: string): readonly string[] {
  return text
    .split(/[\n,]/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}

function absolute(text: string): string {
  return isAbsolute(text) ? text : resolve(text);
}

function serverUrl(text: string): URL {
  const url = URL.parse(text);
  if (url && (url.protocol === "http:" || url.protocol === "https:")) return url;
  if (text === "") throw new BadValue("must be given: https://host or http://host:port");
  throw new BadValue(`is no address: "${text}"; expected https://host or http://host:port`);
}

/** `rails@shop=/srv/shop/log/production.log`: a format, perhaps a service, and the file. */
function logSource(text: string): LogSource {
  const match = /^([a-z]+)(?:@([^=]+))?=(\/.+)$/.exec(text);
  const format = formats.get(match?.[1] ?? "");
  if (!match?.[3] || !format) {
    throw new BadValue(
      `cannot read "${text}"; expected format=/path or format@service=/path, with a format of ${[...formats.keys()].join(", ")}`,
    );
  }
  return { path: match[3], format, ...(match[2] !== undefined && { service: match[2] }) };
}

/** `shop=/srv/shop/tmp/puma.state`: a service, and where its Puma can be asked. */
function pumaPlace(text: string): PumaPlace {
  const match = /^([^=]{1,100})=(\/.+|unix:\/\/\/.+|tcp:\/\/.+)$/.exec(text);
  if (!match?.[1] || !match[2]) {
    throw new BadValue(
      `cannot read "${text}"; expected service=/path/to/puma.state, service=unix:///path?token=… or service=tcp://host:port?token=…`,
    );
  }
  return { service: match[1], place: match[2] };
}
