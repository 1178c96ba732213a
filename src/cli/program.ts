/**
 * The command line: every command is one file in `commands/` whose function adds it here. Help,
 * the reference page and the checks of arguments all come from what a command declares.
 */
import { Command, CommanderError } from "commander";
import { addAgent } from "./commands/agent.ts";
import { addAudit } from "./commands/audit.ts";
import { addConfig } from "./commands/config.ts";
import { addExec } from "./commands/exec.ts";
import { addIncidents } from "./commands/incidents.ts";
import { addJobs } from "./commands/jobs.ts";
import { addKeys } from "./commands/keys.ts";
import { addLedger } from "./commands/ledger.ts";
import { addMonitors } from "./commands/monitors.ts";
import { addOpenapi } from "./commands/openapi.ts";
import { addRedact } from "./commands/redact.ts";
import { addRuns } from "./commands/runs.ts";
import { addSearch } from "./commands/search.ts";
import { addSend } from "./commands/send.ts";
import { addServe } from "./commands/serve.ts";
import { addTail } from "./commands/tail.ts";
import { addVerify } from "./commands/verify.ts";
import { addWhy } from "./commands/why.ts";
import { exitCodes, exitOf } from "./exit.ts";
import type { Terminal } from "./terminal.ts";
import { version } from "./version.ts";

/** Adds one command, with its options, help and examples, to the program. */
export type AddCommand = (program: Command, terminal: Terminal) => void;

/** In the order in which help lists them. */
const commands: readonly AddCommand[] = [
  addServe,
  addAgent,
  addExec,
  addAudit,
  addSend,
  addSearch,
  addTail,
  addRuns,
  addJobs,
  addIncidents,
  addMonitors,
  addWhy,
  addKeys,
  addVerify,
  addLedger,
  addRedact,
  addConfig,
  addOpenapi,
];

export function makeProgram(terminal: Terminal): Command {
  const program = new Command("midwatch")
    .description("Records, guards and watches the work that runs when nobody looks.")
    .version(version, "--version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help for a command")
    .showHelpAfterError("(add --help for what is expected)")
    .configureOutput({ writeErr: (text) => terminal.note(text.trimEnd()) })
    .exitOverride();
  for (const add of commands) add(program, terminal);
  return program;
}

/** Runs one command line and gives its exit code. `words` are the arguments after `midwatch`. */
export async function runProgram(words: readonly string[], terminal: Terminal): Promise<number> {
  try {
    await makeProgram(terminal).parseAsync([...words], { from: "user" });
    return exitCodes.ok.code;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version are answers, not errors; anything else of commander's is wrong usage.
      return error.exitCode === 0 ? exitCodes.ok.code : exitCodes.usage.code;
    }
    const exit = exitOf(error);
    const message = error instanceof Error ? error.message : String(error);
    if (message !== "") terminal.note(`midwatch: ${message}`);
    if (exit === "broken" && error instanceof Error) terminal.note(error.stack ?? "");
    return exitCodes[exit].code;
  }
}
