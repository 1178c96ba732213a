/**
 * Finds values by what they look like: keys and tokens of vendors, key blocks, passwords in URLs,
 * cards, bank accounts, addresses. A pattern runs only when one of its keywords stands in the text.
 */
import { compileAutomaton, endsBit, literal, unknown } from "./automaton.ts";
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
  const worded = compileWorded(rules);
  return (text, strongOnly, add) => {
    const hasWord = worded(text);
    for (const [index, rule] of rules.entries()) {
      if (strongOnly && !rule.entry.strong) continue;
      if (rule.shape ? rule.shape.test(text) : hasWord[index] === 1) findOne(text, rule, checks, add);
    }
  };
}

/** Which rules have one of their keywords in a text, told by one pass over it; valid until the next. */
function compileWorded(rules: readonly ValueRule[]): (text: string) => Uint8Array {
  const automaton = compileAutomaton(
    rules.flatMap(({ entry, keywords }, id) =>
      keywords.map((word) => ({ id, sets: literal(word, entry.ignoreCase === true) })),
    ),
  );
  const { columns } = automaton;
  const hasWord = new Uint8Array(rules.length);
  return (text) => {
    hasWord.fill(0);
    let state = 0;
    for (let at = 0; at < text.length; at++) {
      const column = columns[text.charCodeAt(at)] as number;
      const next = automaton.table()[state + column] as number;
      const entry = next === unknown ? automaton.resolve(state, column) : next;
      state = entry & (endsBit - 1);
      if (entry >= endsBit) for (const id of automaton.ends(state)) hasWord[id] = 1;
    }
    return hasWord;
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
