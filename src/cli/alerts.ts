/** Reads the file that says through which channels people are told, and the secrets that it names. */
import { type AlertSetup, noAlerts, readAlertSetup } from "../alert/setup.ts";
import { readSetup, readText } from "./setup-file.ts";
import type { Environment, Terminal } from "./terminal.ts";

/** Throws `CommandFailure` that says what is wrong. */
export function loadAlerts(
  file: string,
  environment: Environment,
  { clock, randomBytes }: Pick<Terminal, "clock" | "randomBytes">,
): AlertSetup {
  if (file === "") return noAlerts;
  const variable = (name: string): string | undefined => environment[name];
  return readSetup(file, (text) =>
    readAlertSetup(text, { clock, randomBytes, readSecret: readText, variable }),
  );
}
