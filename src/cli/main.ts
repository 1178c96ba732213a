/** The whole command line. */
import { runProgram } from "./program.ts";
import { realTerminal } from "./real-terminal.ts";

process.exitCode = await runProgram(process.argv.slice(2), realTerminal);
