/**
 * Pairs that have no separator of their own: `["password", "x"]` and
 * `{"name": "password", "value": "x"}`.
 */
import type { KeyRule } from "./key.ts";
import { backslashesBefore, isQuote, skipBlanks } from "./quote.ts";
import { fits, isSettled, type KeySpan, readValue, type ValueFound, type ValueReader } from "./value.ts";

const columnsOpen = /into[ \t\r\n]{1,8}[^ \t\r\n(]{1,128}[ \t\r\n]{0,8}\([ \t\r\n]{0,8}$/i;

/** An option among the words of a command: `["psql", "--password", "x"]`. */
function readOption(text: string, key: KeySpan, rule: KeyRule, reader: ValueReader): ValueFound | undefined {
  const quoteAt = key.start - 3;
  if (text.slice(key.start - 2, key.start) !== "--" || !isQuote(text.charCodeAt(quoteAt))) return undefined;
  const quote = text.slice(quoteAt - backslashesBefore(text, quoteAt), key.start - 2);
  if (!text.startsWith(quote, key.end)) return undefined;
  const comma = skipBlanks(text, key.end + quote.length, 8, true);
  if (text.charAt(comma) !== ",") return undefined;
  return readValue(text, { key, rule, kind: "=>", at: skipBlanks(text, comma + 1, 64, true) }, reader);
}

/** The second of two elements of a list or tuple of which the first is a sensitive key. */
export function readPair(
  text: string,
  key: KeySpan,
  rule: KeyRule,
  reader: ValueReader,
): ValueFound | undefined {
  if (key.quote === "" && text.charAt(key.start - 1) === "-") return readOption(text, key, rule, reader);
  if (key.quote === "" && text.charAt(key.start - 1) !== ":") return undefined;
  const open = key.start - Math.max(1, key.quote.length);
  const before = text.slice(Math.max(0, open - 8), open);
  if (!/[[(][ \t\r\n]*$/.test(before)) return undefined;
  // Columns of a statement, of which the values come behind.
  if (columnsOpen.test(text.slice(Math.max(0, open - 180), open))) return undefined;
  const comma = skipBlanks(text, key.after, 8, true);
  if (text.charAt(comma) !== ",") return undefined;
  return readValue(text, { key, rule, kind: "=>", at: skipBlanks(text, comma + 1, 64, true) }, reader);
}

const nameBefore =
  /["':](?:name|key|field|param|parameter|header|variable|Name|Key|attribute)\\*["']?[ \t\r\n]{0,8}(?:=>|:)[ \t\r\n]{0,8}$/;
const valueAfter =
  /^[ \t\r\n]{0,8},[ \t\r\n]{0,8}\\*["':]{1,2}(?:value|val|content|data|Value|raw)\\*["']?[ \t\r\n]{0,8}(?:=>|:)[ \t\r\n]{0,8}/;

/** The same in YAML, where name and value stand on lines of their own. */
const nameOfLine = /(?:^|[ \n]|\\n)(?:name|key): {1,8}$/;
const valueOfLine = /^ {0,8}(?:\r?\n|\\r?\\n|\\n) {0,64}(?:value|val|content|data): {1,8}/;

/** The value of an entry that names its key as a value. */
export function readNamedValue(
  text: string,
  key: KeySpan,
  rule: KeyRule,
  reader: ValueReader,
): ValueFound | undefined {
  const open = key.start - key.quote.length;
  const before = text.slice(Math.max(0, open - 48), open);
  const after = text.slice(key.after, key.after + 96);
  const match =
    (key.quote !== "" && nameBefore.test(before) && valueAfter.exec(after)) ||
    (nameOfLine.test(before) && valueOfLine.exec(after));
  if (!match) return undefined;
  return readValue(text, { key, rule, kind: "=>", at: key.after + match[0].length }, reader);
}

const duplicateAfter = /^"?\)=\(/;

/** PostgreSQL on a duplicate: `Key (email, token)=(bob@example.com, x) already exists`. All values go. */
export function readDuplicate(
  text: string,
  key: KeySpan,
  rule: KeyRule,
  reader: ValueReader,
): ValueFound | undefined {
  const match = duplicateAfter.exec(text.slice(key.end, key.end + 4));
  if (!match || !/[( ,"]/.test(text.charAt(key.start - 1))) return undefined;
  const start = key.end + match[0].length;
  const close = text.indexOf(") ", start);
  const line = text.slice(start, close < 0 ? text.length : close);
  const end = start + line.replace(/\)[.]?$/, "").length;
  const content = text.slice(start, end);
  if (isSettled(content, reader)) return { start, end: start, after: end, quote: "" };
  return fits(rule.when, content) || content.includes(", ")
    ? { start, end, after: end, quote: "" }
    : undefined;
}
