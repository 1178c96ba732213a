/**
 * Values of YAML that are more than a word: scalars of several lines, nested lists and mappings,
 * what stands behind an anchor or a tag, and the rest of a line.
 */
import type { KeySpan, ValueAt, ValueFound, ValueReader } from "./value.ts";

const lineEnd = /(?:\r?\n|\\r?\\n|\\n)/g;

/** Where the line of `at` ends, and where the next begins; `\n` written out counts as a line end. */
function lineAfter(text: string, at: number): { readonly end: number; readonly next: number } {
  lineEnd.lastIndex = at;
  const match = lineEnd.exec(text);
  return match ? { end: match.index, next: match.index + match[0].length } : { end: text.length, next: -1 };
}

/** The column of a key that begins its line, apart from `- `, `:` and quotes; -1 if it does not. */
function columnOf(text: string, key: KeySpan): number {
  const before = text.slice(Math.max(0, key.start - 200), key.start);
  const match = /(?:^|\n|\\n)([ ]{0,64})((?:- )*):?$/.exec(before);
  if (!match || (match.index === 0 && key.start > 200 && !/^\\?n|^\n/.test(match[0]))) return -1;
  return (match[1] as string).length + (match[2] as string).length;
}

const nodeProperties = /^(?:[&!][^ \t\r\n"'\\]{0,200}(?:[ \t]{1,8}|(?=\r?\n|\\r?\\n|\\n))){1,4}/;

/** The length of the anchors and tags of YAML before a value: `&1 !ruby/string `. */
export function propertiesAt(text: string, { key, kind, at }: ValueAt): number {
  const first = text.charCodeAt(at);
  if ((first !== 33 && first !== 38) || kind !== ":" || key.quote !== "") return 0;
  const column = columnOf(text, key);
  if (column < 0 || (key.start <= column && lineAfter(text, at).next < 0)) return 0;
  return nodeProperties.exec(text.slice(at, at + 512))?.[0].length ?? 0;
}

/** A line that is this long was perhaps folded, as writers of YAML do at 80. */
const foldedMin = 64;

/** A YAML scalar of several lines, a nested list or mapping, or the rest of a line of YAML. */
export function blockValue(text: string, value: ValueAt, reader: ValueReader): ValueFound | undefined {
  if (value.kind !== ":" || value.key.quote !== "") return undefined;
  const column = columnOf(text, value.key);
  if (column < 0) return undefined;
  const line = lineAfter(text, value.at);
  const first = text.slice(value.at, line.end);
  const isRaw = hasRawLines(text, value.key, column, line);
  if (/^(?:[|>][+-]?[0-9]?)?[ \t]*$/.test(first)) {
    const end = blockEnd(text, line, column);
    return end > line.end
      ? { start: value.at, end: isRaw ? end : trimQuote(text, value.at, end), after: end, quote: "" }
      : undefined;
  }
  // Only text of several lines is read as YAML; in a single line the rest is prose.
  const several = value.key.start > column || line.next >= 0;
  if (!several || value.rule.when !== "any" || /^["'[{!&*]/.test(first)) return undefined;
  const words = first.split(" ");
  if (
    (words.length < 2 && !(isRaw && /["<>|]/.test(first))) ||
    reader.plainWords.has((words[0] as string).toLowerCase())
  )
    return undefined;
  const folded = line.end - value.key.start >= foldedMin ? blockEnd(text, line, column) : line.end;
  const end = isRaw ? folded : trimQuote(text, value.at, folded);
  return { start: value.at, end, after: end, quote: "" };
}

/** The line of a key ends, or begins if it is the last, with no written-out `\n`: no quote is around it. */
function hasRawLines(
  text: string,
  key: KeySpan,
  column: number,
  line: ReturnType<typeof lineAfter>,
): boolean {
  if (line.next >= 0) return text.charAt(line.end) !== "\\";
  return key.start > 0 && text.lastIndexOf("\n", key.start - 1) >= key.start - column - 2;
}

/** The end of the last line that is further in than the column of a key, or an item of its list. */
function blockEnd(text: string, line: ReturnType<typeof lineAfter>, column: number): number {
  let end = line.end;
  let next = line.next;
  while (next >= 0) {
    const inner = lineAfter(text, next);
    const indentation = /^ */.exec(text.slice(next, Math.min(inner.end, next + 200)))?.[0].length ?? 0;
    const blank = indentation === inner.end - next;
    const item =
      indentation === column &&
      text.charAt(next + indentation) === "-" &&
      text.charAt(next + indentation + 1) === " ";
    if (!blank && indentation <= column && !item) break;
    if (!blank) end = inner.end;
    next = inner.next;
  }
  return end;
}

/** A quote of the text around ends a bare value. */
function trimQuote(text: string, start: number, end: number): number {
  const match = /\\*["]/.exec(text.slice(start, end));
  return match ? start + match.index : end;
}
