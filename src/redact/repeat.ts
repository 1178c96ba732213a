/**
 * Where a secret that was known by its key stands once more, without it: the arguments that Django
 * lists behind a statement, the exception that quotes what it was given.
 */
import { isOpaque } from "./checks.ts";
import type { Verdict } from "./ruleset.ts";
import type { Span } from "./span.ts";

const valuesMax = 16;

/** Long enough to be no word of the text by chance, and without blanks. */
const whole = /^[^ \t\r\n]{8,512}$/;

/** `found` are spans in order, without overlap; what is answered may overlap them. */
export function repeatsOf(
  text: string,
  found: readonly Span[],
  verdictOf: (className: string) => Verdict,
): readonly Span[] {
  const spans: Span[] = [];
  const seen = new Set<string>();
  for (const span of found) {
    if (!span.rule.startsWith("key:") || verdictOf(span.class) !== "drop") continue;
    const value = text.slice(span.start, span.end);
    if (seen.has(value) || !whole.test(value) || !/[A-Za-z]/.test(value) || !isOpaque(value)) continue;
    if (seen.size === valuesMax) break;
    seen.add(value);
    for (let start = text.indexOf(value); start >= 0; start = text.indexOf(value, start + value.length)) {
      const end = start + value.length;
      if (start !== span.start && standsAlone(text, start, end))
        spans.push({ ...span, start, end, quote: "" });
    }
  }
  return spans;
}

/** No part of a longer word; the `n` of a written-out `\n` is no letter before it. */
function standsAlone(text: string, start: number, end: number): boolean {
  if (/[0-9A-Za-z_]/.test(text.charAt(end))) return false;
  const before = text.slice(Math.max(0, start - 2), start);
  return /\\[nrt]$/.test(before) || !/[0-9A-Za-z_\\]$/.test(before);
}
