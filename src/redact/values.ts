/**
 * Finds values by what they look like: keys and tokens of vendors, key blocks, passwords in URLs,
 * cards, bank accounts, addresses. A pattern runs only when one of its keywords stands in the text.
 */
import { type Checks, compileChecks, hasChecksum } from "./checks.ts";
import type { Ruleset, ValueEntry } from "./ruleset.ts";
import type { Span } from "./span.ts";

export type ValueRule = {
  readonly entry: ValueEntry;
  readonly pattern: RegExp;
  readonly keywords: readonly string[];
  readonly shape: RegExp | undefined;
};

/** Shapes of digits that stand in for keywords. */
const shapes: Readonly<Record<string, RegExp>> = {
  "#card": /[0-9]{14}|[0-9]{4}[ -][0-9]{4,6}[ -][0-9]{4}/,
  "#iban": /[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4}/,
  "#ssn": /[0-9]{3}-[0-9]{2}-[0-9]{4}/,
  "#phone": /\+[1-9]/,
  "#ip": /[0-9]\.[0-9]{1,3}\.[0-9]/,
};

/** A letter, digit or `_` before is no boundary, but the `n` of a written-out `\n` is one. */
export const boundary = "(?:(?<![0-9A-Za-z_])|(?<=\\\\[nrt]))";

export function compileValueRules(entries: readonly ValueEntry[]): readonly ValueRule[] {
  return entries.map((entry) => ({
    entry,
    pattern: new RegExp((entry.boundary ? boundary : "") + entry.pattern, entry.ignoreCase ? "gi" : "g"),
    keywords: entry.keywords.filter((word) => !word.startsWith("#")),
    shape: shapes[entry.keywords[0] ?? ""],
  }));
}

export type ValueFinder = (text: string, strongOnly: boolean, add: (span: Span) => void) => void;

export function compileValues(ruleset: Ruleset, off: (className: string) => boolean): ValueFinder {
  const checks = compileChecks(ruleset);
  const rules = compileValueRules(ruleset.values.filter((entry) => !off(entry.class)));
  return (text, strongOnly, add) => {
    const lower = lowerCase(text);
    for (const rule of rules) {
      if (strongOnly && !rule.entry.strong) continue;
      if (
        rule.shape
          ? !rule.shape.test(text)
          : !rule.keywords.some((word) => (rule.entry.ignoreCase ? lower : text).includes(word))
      )
        continue;
      findOne(text, rule, checks, add);
    }
  };
}

function findOne(
  text: string,
  { entry, pattern }: ValueRule,
  checks: Checks,
  add: (span: Span) => void,
): void {
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const start = match.index + (entry.keep ? (match[1] as string).length : 0);
    const end = match.index + match[0].length;
    const range = entry.check
      ? checks[entry.check]({ text, start, end, keywords: entry.keywords })
      : { start, end };
    const rule = entry.checksum && hasChecksum(text.slice(start, end)) ? `${entry.id}:verified` : entry.id;
    if (range) add({ ...range, class: entry.class, rule, quote: "" });
    pattern.lastIndex = Math.max(range?.end ?? end, match.index + 1);
  }
}

export function lowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
