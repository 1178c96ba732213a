/** Reads the file that says through which channels people are told, and the secrets that it names. */
import { readFileSync } from "node:fs";
import { type AlertSetup, noAlerts, readAlertSetup } from "../alert/setup.ts";
import { Fault } from "../model/fault.ts";
import { CommandFailure } from "./exit.ts";
import type { Environment, Terminal } from "./terminal.ts";

/** Throws `CommandFailure` that says what is wrong. */
export function loadAlerts(
  file: string,
  environment: Environment,
  { clock, randomBytes }: Pick<Terminal, "clock" | "randomBytes">,
): AlertSetup {
  if (file === "") return noAlerts;
  try {
    return readAlertSetup(readText(file), {
      clock,
      randomBytes,
      readSecret: readText,
      variable: (name) => environment[name],
    });
  } catch (cause) {
    if (!(cause instanceof Fault)) throw cause;
    throw new CommandFailure("usage", `${file}: ${cause.message}`, { cause });
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new CommandFailure("usage", `${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
