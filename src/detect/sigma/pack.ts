/** The rules that come with Midwatch, and those that somebody adds in files of their own. */
import { readdirSync, readFileSync } from "node:fs";
import { type RuleSet, readRules } from "./rule.ts";

type File = { readonly name: string; readonly text: string };

export function builtInRules(): readonly File[] {
  const folder = new URL("rules/", import.meta.url);
  return readdirSync(folder)
    .filter((name) => name.endsWith(".yml"))
    .toSorted()
    .map((name) => ({ name: `built-in ${name}`, text: readFileSync(new URL(name, folder), "utf8") }));
}

/** Throws `CONFIG_INVALID`. A rule with the id of a built-in one takes its place. */
export function readAllRules(own: readonly File[]): RuleSet {
  const mine = readRules(own);
  const ids = new Set([...mine.rules, ...mine.correlations].map(({ id }) => id));
  const built = readRules(builtInRules());
  return {
    rules: [...built.rules.filter(({ id }) => !ids.has(id)), ...mine.rules],
    correlations: [...built.correlations.filter(({ id }) => !ids.has(id)), ...mine.correlations],
  };
}
