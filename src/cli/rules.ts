/** Reads the rules that somebody adds to the built-in ones. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readAllRules } from "../detect/sigma/pack.ts";
import type { RuleSet } from "../detect/sigma/rule.ts";
import { Fault } from "../model/fault.ts";
import { CommandFailure } from "./exit.ts";

/** Throws `CommandFailure` that names the file and what is wrong with it. */
export function loadRules(folder: string): RuleSet {
  try {
    return readAllRules(folder === "" ? [] : filesOf(folder));
  } catch (cause) {
    if (!(cause instanceof Fault)) throw cause;
    throw new CommandFailure("usage", cause.message, { cause });
  }
}

function filesOf(folder: string): readonly { readonly name: string; readonly text: string }[] {
  try {
    return readdirSync(folder)
      .filter((name) => /\.ya?ml$/.test(name))
      .toSorted()
      .map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));
  } catch (cause) {
    throw new CommandFailure("usage", `${folder} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
