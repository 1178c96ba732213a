/** `midwatch agent`: ships what recorders wrote on this host, and watches its workers. */
import { homedir } from "node:os";
import { join } from "node:path";
import { Option } from "commander";
import { formats } from "../../agent/formats/formats.ts";
import type { LogSource } from "../../agent/tail.ts";
import type { AddCommand } from "../command-line.ts";
import { CommandFailure } from "../exit.ts";
import type { Environment } from "../terminal.ts";
import { version } from "../version.ts";

type AgentOptions = {
  readonly server: string;
  readonly keyFile: string;
  readonly spool: string;
  readonly state: string;
  readonly host: string;
  readonly log: readonly LogSource[];
};

export const addAgent: AddCommand = (program, terminal) => {
  const option = (flags: string, about: string, variable: string): Option => {
    const value = terminal.environment[variable];
    const made = new Option(flags, `${about} ($${variable})`);
    return value === undefined || value === "" ? made : made.default(value);
  };
  program
    .command("agent")
    .summary("ship what recorders wrote on this host, and watch its workers")
    .description(
      "Ships the spool files of this host's recorders to the server, keeps everything until the\n" +
        "server has acknowledged it, and records the runs that a dead worker took with it.",
    )
    .addOption(
      option("--server <url>", "address of the Midwatch server", "MIDWATCH_SERVER").makeOptionMandatory(),
    )
    .addOption(
      option(
        "--key-file <file>",
        "file that holds an API key that may send",
        "MIDWATCH_KEY_FILE",
      ).makeOptionMandatory(),
    )
    .addOption(
      withDefault(
        option("--spool <directory>", "where recorders write", "MIDWATCH_SPOOL"),
        "/var/spool/midwatch",
      ),
    )
    .addOption(
      withDefault(
        option("--state <directory>", "where the agent keeps its notes", "MIDWATCH_STATE"),
        stateDefault(terminal.environment),
        "/var/lib/midwatch-agent for root, else ~/.local/state/midwatch-agent",
      ),
    )
    .addOption(
      withDefault(option("--host <name>", "name of this host in events", "MIDWATCH_HOST"), terminal.hostname),
    )
    .addOption(
      new Option(
        "--log <format[@service]=file>",
        `follow a log file as well; may be repeated; formats: ${[...formats.keys()].join(", ")}`,
      )
        .argParser((text, before: readonly LogSource[]) => [...before, logSource(text)])
        .default([], "none"),
    )
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  midwatch keys add web1 --scope send > /etc/midwatch/agent.key\n" +
        "  midwatch agent --server https://midwatch.example.com --key-file /etc/midwatch/agent.key\n" +
        "  midwatch agent --log rails@shop=/srv/shop/log/production.log --log nginx=/var/log/nginx/error.log\n",
    )
    .action(async (options: AgentOptions) => {
      const stop = new AbortController();
      terminal.onSignal(() => {
        if (stop.signal.aborted) terminal.abandon(1);
        stop.abort();
      });
      const log = (line: string): void =>
        terminal.note(`${new Date(terminal.clock()).toISOString()} ${line}`);
      const server = serverUrl(options.server);
      if (server.protocol === "http:" && !isLoopback(server.hostname)) {
        log(`warning: ${server.origin} is not encrypted; whoever listens can read the key and the events`);
      }
      const { agentLimits, runAgent } = await import("../../agent/agent.ts");
      const { crontabPlaces } = await import("../../agent/schedules.ts");
      await runAgent(
        {
          server,
          keyFile: options.keyFile,
          spool: options.spool,
          stateDirectory: options.state,
          host: options.host,
          otherHosts: [terminal.hostname],
          clock: terminal.clock,
          randomBytes: terminal.randomBytes,
          log,
          version,
          limits: agentLimits,
          crontabs: crontabPlaces,
          logs: options.log,
          zoneMinutes: (atMs) => -new Date(atMs).getTimezoneOffset(),
        },
        stop.signal,
      );
    });
};

function withDefault(option: Option, value: string, about?: string): Option {
  return option.defaultValue === undefined ? option.default(value, about) : option;
}

function stateDefault(environment: Environment): string {
  if (process.getuid?.() === 0) return "/var/lib/midwatch-agent";
  return join(
    environment["XDG_STATE_HOME"] || join(environment["HOME"] || homedir(), ".local", "state"),
    "midwatch-agent",
  );
}

/** `rails@shop=/srv/shop/log/production.log`: a format, perhaps a service, and the file. */
function logSource(text: string): LogSource {
  const match = /^([a-z]+)(?:@([^=]+))?=(\/.+)$/.exec(text);
  const format = formats.get(match?.[1] ?? "");
  if (!match?.[3] || !format) {
    throw new CommandFailure(
      "usage",
      `--log: "${text}" is none; expected format=/path or format@service=/path, with a format of ${[...formats.keys()].join(", ")}`,
    );
  }
  return { path: match[3], format, ...(match[2] !== undefined && { service: match[2] }) };
}

function serverUrl(text: string): URL {
  const url = URL.parse(text);
  if (url && (url.protocol === "http:" || url.protocol === "https:")) return url;
  throw new CommandFailure(
    "usage",
    `--server: "${text}" is no address; expected https://host or http://host:port`,
  );
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || host.startsWith("127.");
}
