/** A file that somebody wrote by hand; what is wrong with it is said with its name. */
import { readFileSync } from "node:fs";
import { Fault } from "../model/fault.ts";
import { CommandFailure } from "./exit.ts";

/** Throws `CommandFailure` that says why `file` cannot be read. */
export function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new CommandFailure("usage", `${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** What `read` makes of the text of `file`. Throws `CommandFailure` that says what is wrong. */
export function readSetup<Setup>(file: string, read: (text: string) => Setup): Setup {
  try {
    return read(readText(file));
  } catch (cause) {
    if (!(cause instanceof Fault)) throw cause;
    throw new CommandFailure("usage", `${file}: ${cause.message}`, { cause });
  }
}
