/**
 * A program of some commands, and one run of it: help, wrong usage, faults and exit codes are the
 * same for all of them.
 */
import { Command, CommanderError } from "commander";
import { exitCodes, exitOf } from "./exit.ts";
import type { Terminal } from "./terminal.ts";
import { version } from "./version.ts";

/** Adds one command, with its options, help and examples, to the program. */
export type AddCommand = (program: Command, terminal: Terminal) => void;

export function programOf(commands: readonly AddCommand[], terminal: Terminal): Command {
  const program = new Command("midwatch")
    .description("Records, guards and watches the work that runs when nobody looks.")
    .version(version, "--version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help for a command")
    .showHelpAfterError("(add --help for what is expected)")
    // Lines of a description end where the source does; a terminal has its own width.
    .configureHelp({ commandDescription: (command) => unbroken(command.description()) })
    .configureOutput({ writeErr: (text) => terminal.note(text.trimEnd()) })
    .exitOverride();
  for (const add of commands) add(program, terminal);
  return program;
}

/** The same paragraphs, each in one line. */
function unbroken(text: string): string {
  return text.replaceAll(/(\S)\n(?=\S)/g, "$1 ");
}

/** Runs one command line and gives its exit code. `words` are the arguments after `midwatch`. */
export async function runCommandLine(
  program: Command,
  words: readonly string[],
  terminal: Terminal,
): Promise<number> {
  try {
    await program.parseAsync([...words], { from: "user" });
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
