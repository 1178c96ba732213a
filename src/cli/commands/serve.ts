/** `midwatch serve`: the server, until it is told to stop. */

import type { AddCommand } from "../command-line.ts";
import { type Flags, loadConfig } from "../config.ts";
import type { RunningServer } from "../server-process.ts";
import type { Terminal } from "../terminal.ts";
import { version } from "../version.ts";

export const addServe: AddCommand = (program, terminal) => {
  program
    .command("serve")
    .summary("run the server")
    .description(
      "Runs the server: receives, redacts, seals and stores events, answers questions, and serves the\n" +
        "page. Everything it needs has a default; see docs/reference/cli.md for all settings.",
    )
    .option("--config <file>", "configuration file ($MIDWATCH_CONFIG)")
    .option("--data <directory>", "directory that holds everything ($MIDWATCH_DATA)")
    .option("--listen <address>", "address and port ($MIDWATCH_LISTEN)")
    .option("--tls <mode>", "off, self or files ($MIDWATCH_TLS); self makes a certificate")
    .option(
      "--encryption-key-file <file>",
      "encrypt what is stored under this key ($MIDWATCH_ENCRYPTION_KEY_FILE); chosen before the first start",
    )
    .option("--access <mode>", "people or open ($MIDWATCH_ACCESS)")
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  midwatch serve\n" +
        "  midwatch serve --config /etc/midwatch/midwatch.yaml\n" +
        "  midwatch serve --data ./data --listen 127.0.0.1:4999\n" +
        "\nSIGTERM or SIGINT finishes what is at hand and ends; a second one ends at once.\n",
    )
    .action(async (flags: Flags) => {
      const { values: config, given } = loadConfig(flags, terminal.environment);
      const stopped = stopSignal(terminal);
      // The server's parts take a second to load, which no other command should wait for.
      const { startServer } = await import("../server-process.ts");
      const server = await startServer({ config, ...terminal });
      await welcome(server, given.data.from === "default" ? "" : ` --data ${config.data}`, terminal);
      await stopped;
      await server.close();
    });
};

/** Resolves at the first signal; the second one ends the process. */
function stopSignal(terminal: Terminal): Promise<void> {
  return new Promise((resolve) => {
    let signals = 0;
    terminal.onSignal((signal) => {
      signals += 1;
      if (signals > 1) terminal.abandon(1);
      terminal.note(`${signal}: finishing what is at hand; once more to end at once.`);
      resolve();
    });
  });
}

async function welcome(
  { address, control, firstLink, fingerprint }: RunningServer,
  dataFlag: string,
  terminal: Terminal,
): Promise<void> {
  const keys = await control.keys();
  const next = [
    "  Nothing can send yet. Make a key for your first host, and run the agent there with it:",
    "",
    `    bin/midwatch keys add ${terminal.hostname} --scope send${dataFlag} > midwatch.key`,
    `    bin/midwatch agent --server ${address} --key-file midwatch.key`,
    "",
    "  The page can show a sample day meanwhile.",
  ];
  const first = [
    "  Nobody can sign in yet. Become the first administrator here; the link is good once, for a day:",
    "",
    `    ${firstLink}`,
    "",
  ];
  const lines = [
    "",
    `  Midwatch ${version} is on watch: ${address}/`,
    "",
    ...(fingerprint === undefined
      ? []
      : [`  Its certificate, for agents as MIDWATCH_SERVER_FINGERPRINT:`, `    ${fingerprint}`, ""]),
    ...(firstLink === undefined ? [] : first),
    ...(keys.length === 0 ? [...next, ""] : []),
  ];
  await terminal.write(`${lines.join("\n")}\n`);
}
