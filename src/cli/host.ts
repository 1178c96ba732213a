/**
 * What runs on monitored hosts, often and beside the work: these commands alone, so that the server's
 * modules are not loaded for each cron job. `scripts/bundle.mjs` makes one file of it.
 */
import { programOf, runCommandLine } from "./command-line.ts";
import { addAgent } from "./commands/agent.ts";
import { addAudit } from "./commands/audit.ts";
import { addExec } from "./commands/exec.ts";
import { realTerminal } from "./real-terminal.ts";

const program = programOf([addAgent, addExec, addAudit], realTerminal);
process.exitCode = await runCommandLine(program, process.argv.slice(2), realTerminal);
