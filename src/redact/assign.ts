/**
 * Finds values by the key before them, in whatever container they stand: JSON at any depth of
 * quoting, logfmt, Ruby `inspect`, Python `repr`, YAML, headers, cookies, forms, command lines,
 * locals in a stack. One tolerant reading of "key, separator, value" serves them all: it starts
 * only where a sensitive word stands, so an ordinary text costs nothing.
 */
import type { EndsHarmless, KeyRule, KeyVerdict } from "./key.ts";
import { readDuplicate, readNamedValue, readPair } from "./pair.ts";
import { backslashesBefore, isQuote, skipBlanks } from "./quote.ts";
import type { Mark, Span } from "./span.ts";
import { type KeySpan, readValue, type SeparatorKind, type ValueFound, type ValueReader } from "./value.ts";

const wordsMax = 3;
const keyBytesMax = 256;

export type AssignmentFinder = (text: string, marks: readonly Mark[], add: (span: Span) => void) => void;

/** `hints` finds every place where a sensitive word may begin. */
export function compileAssignments(
  hints: RegExp,
  verdict: KeyVerdict,
  endsHarmless: EndsHarmless,
  reader: ValueReader,
): AssignmentFinder {
  return (text, marks, add) => {
    hints.lastIndex = 0;
    for (let match = hints.exec(text); match !== null; match = hints.exec(text)) {
      const hit = match.index;
      const mark = marks.find((mark) => mark.start <= hit && hit < mark.end);
      if (mark) {
        hints.lastIndex = mark.end;
        continue;
      }
      const found = assignmentAt(text, match.index);
      if (found) {
        const { value, rule } = found;
        if (value.end > value.start) {
          add({
            start: value.start,
            end: value.end,
            class: rule.class,
            rule: `key:${rule.id}`,
            quote: value.quote,
          });
        }
        hints.lastIndex = Math.max(value.after, match.index + 1);
      } else {
        hints.lastIndex = Math.max(runEnd(text, match.index), match.index + 1);
      }
    }
  };

  function assignmentAt(text: string, hit: number): { value: ValueFound; rule: KeyRule } | undefined {
    const start = runStart(text, hit);
    let end = runEnd(text, hit);
    for (let words = 1; words <= wordsMax; words++) {
      const key = keySpan(text, start, end);
      const name = text.slice(key.start, key.end);
      const found = valueOf(text, key, name, words);
      if (found) return found;
      // "password policy attempt=3": what the first words are of is not secret.
      if (endsHarmless(name)) return undefined;
      const next = text.charCodeAt(end + 1);
      // Behind a blank and a dash an option of a command begins.
      if (text.charCodeAt(end) !== 32 || next === 45 || !isKeyCode(next)) return undefined;
      end = runEnd(text, end + 1);
    }
    return undefined;
  }

  function valueOf(text: string, key: KeySpan, name: string, words: number): ReturnType<typeof assignmentAt> {
    const separator = separatorAfter(text, key);
    if (!separator && words > 1) return undefined;
    const rule = verdict(name);
    if (!rule || verdict(withWordBefore(text, key)) === undefined) return undefined;
    const value = separator
      ? readValue(text, { key, rule, kind: separator.kind, at: separator.at }, reader)
      : (readPair(text, key, rule, reader) ??
        readNamedValue(text, key, rule, reader) ??
        readDuplicate(text, key, rule, reader));
    return value && { value, rule };
  }
}

/** The key with the word before it, which can make it harmless: "unexpected token", "cache key". */
function withWordBefore(text: string, key: KeySpan): string {
  if (
    key.quote !== "" ||
    text.charCodeAt(key.start - 1) !== 32 ||
    !isKeyCode(text.charCodeAt(key.start - 2))
  ) {
    return text.slice(key.start, key.end);
  }
  return text.slice(runStart(text, key.start - 2), key.end);
}

function keySpan(text: string, runStartAt: number, runEndAt: number): KeySpan {
  let start = runStartAt;
  let end = runEndAt;
  while (start < end && (text.charCodeAt(start) === 45 || text.charCodeAt(start) === 46)) start++;
  while (end > start && (text.charCodeAt(end - 1) === 45 || text.charCodeAt(end - 1) === 46)) end--;
  if (start === runStartAt && isQuote(text.charCodeAt(start - 1))) {
    const quote = text.slice(start - 1 - backslashesBefore(text, start - 1), start);
    if (text.startsWith(quote, end)) return { start, end, quote, after: end + quote.length };
  }
  return { start, end, quote: "", after: end };
}

/** What ties a key to its value, and where the value begins. */
export function separatorAfter(
  text: string,
  key: KeySpan,
): { readonly kind: SeparatorKind; readonly at: number } | undefined {
  let at = key.after;
  if (text.charAt(at) === "]") at++;
  else if (text.charAt(at) === "%" && /^%5[Dd]/.test(text.slice(at, at + 3))) at += 3;
  const bare = at;
  at = skipBlanks(text, at, 8, false);
  const two = text.slice(at, at + 2);
  if (two === "=>") return { kind: "=>", at: skipBlanks(text, at + 2, 64, key.quote !== "") };
  if (two === ":=") return { kind: "=", at: skipBlanks(text, at + 2, 8, false) };
  if (two === "::" || (/^=[=~]/.test(two) && /^[ /]?$/.test(text.charAt(at + 2)))) return undefined;
  if (two === "==") return { kind: "=", at: at + 2 };
  if (two.startsWith("=")) return { kind: "=", at: skipBlanks(text, at + 1, 8, false) };
  if (two.startsWith(":") && text.slice(at + 1, at + 3) !== "//") {
    return { kind: ":", at: skipBlanks(text, at + 1, 64, key.quote !== "") };
  }
  if (two.startsWith(">") && at === bare && text.charAt(key.start - 1) === "<")
    return { kind: "xml", at: at + 1 };
  if (at === bare || key.quote !== "") return undefined;
  if (text.slice(key.start - 2, key.start) === "--") return { kind: "flag", at };
  return isQuote(two.charCodeAt(0)) && two.charCodeAt(0) !== 96 ? { kind: "quoted", at } : undefined;
}

/** Letters, digits, `_`, `-`, `.` and everything beyond ASCII. */
export function isKeyCode(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    (code >= 48 && code <= 57) ||
    code === 95 ||
    code === 45 ||
    code === 46 ||
    code >= 128
  );
}

export function runStart(text: string, hit: number): number {
  let start = hit;
  while (hit - start < keyBytesMax && start > 0 && isKeyCode(text.charCodeAt(start - 1))) start--;
  // `%5Bpassword`: the two digits belong to the percent sign; `\npassword`: the letter to the backslash.
  if (text.charAt(start - 1) === "%" && /^[0-9A-Fa-f]{2}/.test(text.slice(start, start + 2))) {
    return Math.min(hit, start + 2);
  }
  if (text.charAt(start - 1) === "\\" && /[bfnrt]/.test(text.charAt(start)) && start < hit) return start + 1;
  return start;
}

export function runEnd(text: string, from: number): number {
  let end = from;
  while (end - from < keyBytesMax && isKeyCode(text.charCodeAt(end))) end++;
  return end;
}
