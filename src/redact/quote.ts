/**
 * Quotes and brackets in text that may itself be quoted: inside a JSON string a quote is `\"`, one
 * level deeper `\\\"`. A value whose quote never closes ends with the text, because runtimes cut
 * what they print.
 */

/** How many backslashes stand directly before `at`. */
export function backslashesBefore(text: string, at: number): number {
  let count = 0;
  while (count < 64 && text.charCodeAt(at - 1 - count) === 92) count++;
  return count;
}

export function isQuote(code: number): boolean {
  return code === 34 || code === 39 || code === 96;
}

/** The depth of quoting that a quote after so many backslashes belongs to; -1 if to none. */
function quoteLevel(backslashes: number): number {
  if (backslashes === 0) return 0;
  if (backslashes === 1) return 1;
  if (backslashes === 3) return 2;
  return backslashes === 7 ? 3 : -1;
}

export type Quoted = {
  /** Backslashes and quote, as they stood before and after. */
  readonly quote: string;
  readonly start: number;
  readonly end: number;
  readonly closed: boolean;
  /** Behind the closing quote. */
  readonly after: number;
};

/** The quoted string that opens at `at`, backslashes included, if one does. */
export function readQuoted(text: string, at: number): Quoted | undefined {
  let open = at;
  while (open - at <= 7 && text.charCodeAt(open) === 92) open++;
  const code = text.charCodeAt(open);
  const level = quoteLevel(open - at);
  if (!isQuote(code) || level < 0) return undefined;
  const character = text.charAt(open);
  const quote = text.slice(at, open + 1);
  const start = open + 1;
  for (let next = text.indexOf(character, start); next >= 0; next = text.indexOf(character, next + 1)) {
    let backslashes =
      next - start < 64
        ? Math.min(backslashesBefore(text, next), next - start)
        : backslashesBefore(text, next);
    const found = backslashes;
    let outer = false;
    for (let step = 0; step < level && !outer; step++) {
      if (backslashes % 2 === 0) outer = true;
      backslashes = (backslashes - 1) / 2;
    }
    // A quote of the text around: ours was cut before it closed.
    if (outer) return { quote, start, end: next - found, closed: false, after: next - found };
    if (backslashes % 2 !== 0) continue;
    // SQL and YAML double a quote that is meant.
    if (level === 0 && next > start && text.charAt(next + 1) === character && code !== 96) {
      next++;
      continue;
    }
    const end = next - (level === 0 ? 0 : (1 << level) - 1);
    return { quote, start, end, closed: true, after: next + 1 };
  }
  return { quote, start, end: text.length, closed: false, after: text.length };
}

const closers: Readonly<Record<string, string>> = { "{": "}", "[": "]", "(": ")", "<": ">" };

/**
 * Behind the bracket that closes the one at `at`, or the end of the text. Quoted strings inside are
 * skipped; an arrow is no closing bracket. A quote of the text around ends it.
 */
export function bracketEnd(text: string, at: number): number {
  const stack: string[] = [];
  let position = at;
  while (position < text.length) {
    const character = text.charAt(position);
    const closer = closers[character];
    if (closer !== undefined && (character !== "<" || position === at || text.charAt(position - 1) === "#")) {
      if (stack.length >= 64) return text.length;
      stack.push(closer);
    } else if (character === stack.at(-1) && !(character === ">" && text.charAt(position - 1) === "=")) {
      stack.pop();
      if (stack.length === 0) return position + 1;
    } else if (character === '"' || character === "'" || character === "\\") {
      const quoted = startsString(text, position) ? readQuoted(text, position) : undefined;
      if (quoted) {
        position = quoted.after;
        continue;
      }
    }
    position++;
  }
  return text.length;
}

/** An apostrophe inside a word opens nothing. */
function startsString(text: string, at: number): boolean {
  return text.charAt(at) !== "'" || !/[0-9A-Za-z]/.test(text.charAt(at - 1));
}

/** Behind at most `max` blanks, line ends among them if `lines`. */
export function skipBlanks(text: string, from: number, max: number, lines: boolean): number {
  let at = from;
  while (at - from < max) {
    const code = text.charCodeAt(at);
    if (code === 32 || code === 9 || (lines && (code === 10 || code === 13))) at++;
    else break;
  }
  return at;
}
