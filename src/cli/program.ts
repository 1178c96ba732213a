/**
 * The command line: every command is one file in `commands/` whose function adds it here. Help,
 * the reference page and the checks of arguments all come from what a command declares.
 */
import type { Command } from "commander";
import { type AddCommand, programOf, runCommandLine } from "./command-line.ts";
import { addAgent } from "./commands/agent.ts";
import { addAudit } from "./commands/audit.ts";
import { addConfig } from "./commands/config.ts";
import { addDebug } from "./commands/debug.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addEncryption } from "./commands/encryption.ts";
import { addEnrol } from "./commands/enrol.ts";
import { addErase } from "./commands/erase.ts";
import { addExec } from "./commands/exec.ts";
import { addIncidents } from "./commands/incidents.ts";
import { addJobs } from "./commands/jobs.ts";
import { addKeys } from "./commands/keys.ts";
import { addLedger } from "./commands/ledger.ts";
import { addMonitors } from "./commands/monitors.ts";
import { addOpenapi } from "./commands/openapi.ts";
import { addPeople } from "./commands/people.ts";
import { addRedact } from "./commands/redact.ts";
import { addRetention } from "./commands/retention.ts";
import { addRules } from "./commands/rules.ts";
import { addRuns } from "./commands/runs.ts";
import { addSearch } from "./commands/search.ts";
import { addSend } from "./commands/send.ts";
import { addServe } from "./commands/serve.ts";
import { addSilences } from "./commands/silences.ts";
import { addTail } from "./commands/tail.ts";
import { addVerify } from "./commands/verify.ts";
import { addWhy } from "./commands/why.ts";
import type { Terminal } from "./terminal.ts";

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
  addSilences,
  addMonitors,
  addRules,
  addDebug,
  addWhy,
  addKeys,
  addEnrol,
  addPeople,
  addDoctor,
  addRetention,
  addEncryption,
  addVerify,
  addLedger,
  addErase,
  addRedact,
  addConfig,
  addOpenapi,
];

export function makeProgram(terminal: Terminal): Command {
  return programOf(commands, terminal);
}

/** Runs one command line and gives its exit code. `words` are the arguments after `midwatch`. */
export function runProgram(words: readonly string[], terminal: Terminal): Promise<number> {
  return runCommandLine(makeProgram(terminal), words, terminal);
}
