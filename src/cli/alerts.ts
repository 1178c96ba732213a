/** Reads the file that says through which channels people are told, and the secrets that it names. */
import { readFileSync } from "node:fs";
import { type AlertSetup, readAlertSetup } from "../alert/setup.ts";
import { Fault } from "../model/fault.ts";
import { CommandFailure } from "./exit.ts";
import type { Environment } from "./terminal.ts";

/** Throws `CommandFailure` that says what is wrong. */
export function loadAlerts(file: string, environment: Environment, clock: () => number): AlertSetup {
  if (file === "") return { channels: [] };
  try {
    return readAlertSetup(readText(file), {
      clock,
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
