/** `midwatch agent`: ships what recorders wrote on this host, and watches its workers. */
import { setTimeout as sleep } from "node:timers/promises";
import { keyBeside } from "../agent-authority.ts";
import { agentSettings } from "../agent-settings.ts";
import type { AddCommand } from "../command-line.ts";
import type { Environment } from "../terminal.ts";
import { version } from "../version.ts";

/** A certificate that is another one than expected is looked at again after so long. */
const trustAgainMs = 10_000;

type AgentOptions = {
  readonly config?: string;
  readonly server?: string;
  readonly keyFile?: string;
  readonly certificateFile?: string;
  readonly certificateKeyFile?: string;
  readonly spool?: string;
  readonly state?: string;
  readonly host?: string;
  readonly log: readonly string[];
  readonly puma: readonly string[];
};

export const addAgent: AddCommand = (program, terminal) => {
  const about = (name: keyof typeof agentSettings): string => {
    const { variable, fallback, ...rest } = agentSettings[name];
    const usual = "fallbackAbout" in rest ? rest.fallbackAbout : String(fallback);
    return `${rest.about} ($${variable}); default: ${usual}`;
  };
  const another = (text: string, before: readonly string[]): readonly string[] => [...before, text];
  program
    .command("agent")
    .summary("ship what recorders wrote on this host, and watch its workers")
    .description(
      "Ships the spool files of this host's recorders to the server, keeps everything until the\n" +
        "server has acknowledged it, and records the runs that a dead worker took with it.",
    )
    .option("--config <file>", "YAML file with these settings ($MIDWATCH_AGENT_CONFIG)")
    .option("--server <url>", about("server"))
    .option("--key-file <file>", about("key_file"))
    .option("--certificate-file <file>", about("certificate_file"))
    .option("--certificate-key-file <file>", about("certificate_key_file"))
    .option("--spool <directory>", about("spool"))
    .option("--state <directory>", about("state"))
    .option("--host <name>", about("host"))
    .option("--log <format[@service]=file>", `${about("logs")}; may be repeated`, another, [])
    .option("--puma <service=place>", `${about("puma")}; may be repeated`, another, [])
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  midwatch keys add web1 --scope send > /etc/midwatch/agent.key\n" +
        "  midwatch agent --server https://midwatch.example.com --key-file /etc/midwatch/agent.key\n" +
        "  midwatch agent --log rails@shop=/srv/shop/log/production.log --log nginx=/var/log/nginx/error.log\n",
    )
    .action(async (options: AgentOptions) => {
      const { environment } = terminal;
      const { loadSettings, otherThanAgentVariables } = await import("../config.ts");
      const { config, keyFile, certificateFile, certificateKeyFile, log: logs, puma, ...plain } = options;
      const listed = (entries: readonly string[]) => (entries.length === 0 ? undefined : entries.join("\n"));
      const { values } = loadSettings(agentSettings, {
        file: config ?? (environment["MIDWATCH_AGENT_CONFIG"] || undefined),
        flags: {
          ...plain,
          key_file: keyFile,
          certificate_file: certificateFile,
          certificate_key_file: certificateKeyFile,
          logs: listed(logs),
          puma: listed(puma),
        },
        environment,
        otherVariables: otherThanAgentVariables,
      });
      const stop = new AbortController();
      terminal.onSignal(() => {
        if (stop.signal.aborted) terminal.abandon(1);
        stop.abort();
      });
      const log = (line: string): void =>
        terminal.note(`${new Date(terminal.clock()).toISOString()} ${line}`);
      const { server } = values;
      if (server.protocol === "http:" && !isLoopback(server.hostname)) {
        log(`warning: ${server.origin} is not encrypted; whoever listens can read the key and the events`);
      }
      void trustLater(server, environment, log, stop.signal);
      const { agentLimits, runAgent } = await import("../../agent/agent.ts");
      const { crontabPlaces } = await import("../../agent/schedules.ts");
      await runAgent(
        {
          server,
          keyFile: values.key_file,
          ...(values.certificate_file !== "" && {
            certificate: {
              certificate: values.certificate_file,
              key: values.certificate_key_file || keyBeside(values.certificate_file),
            },
          }),
          spool: values.spool,
          stateDirectory: values.state,
          host: values.host || terminal.hostname,
          otherHosts: [terminal.hostname],
          clock: terminal.clock,
          randomBytes: terminal.randomBytes,
          log,
          version,
          limits: agentLimits,
          crontabs: crontabPlaces,
          logs: values.logs,
          puma: values.puma,
          zoneMinutes: (atMs) => -new Date(atMs).getTimezoneOffset(),
        },
        stop.signal,
      );
    });
};

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || host.startsWith("127.");
}

/** The agent begins whether the server is there or not; until it is trusted, nothing is sent. */
async function trustLater(
  server: URL,
  environment: Environment,
  log: (line: string) => void,
  stop: AbortSignal,
): Promise<void> {
  const { trustServer } = await import("../trust.ts");
  while (!stop.aborted) {
    try {
      return await trustServer(server, environment);
    } catch (error) {
      log(error instanceof Error ? error.message : String(error));
    }
    await sleep(trustAgainMs, undefined, { signal: stop }).catch(() => undefined);
  }
}
