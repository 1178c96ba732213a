/**
 * Pairs that have no separator of their own: `["password", "x"]` and
 * `{"name": "password", "value": "x"}`.
 */
import type { KeyRule } from "./key.ts";
import { skipBlanks } from "./quote.ts";
import { type KeySpan, readValue, type ValueFound, type ValueReader } from "./value.ts";

/** The second of two elements of a list or tuple of which the first is a sensitive key. */
export function readPair(
  text: string,
  key: KeySpan,
  rule: KeyRule,
  reader: ValueReader,
): ValueFound | undefined {
  if (key.quote === "" && text.charAt(key.start - 1) !== ":") return undefined;
  const open = key.start - Math.max(1, key.quote.length);
  const before = text.slice(Math.max(0, open - 8), open);
  if (!/[[(][ \t\r\n]*$/.test(before)) return undefined;
  const comma = skipBlanks(text, key.after, 8, true);
  if (text.charAt(comma) !== ",") return undefined;
  return readValue(text, { key, rule, kind: "=>", at: skipBlanks(text, comma + 1, 64, true) }, reader);
}

const nameBefore =
  /["':](?:name|key|field|param|parameter|header|variable|Name|Key|attribute)\\*["']?[ \t\r\n]{0,8}(?:=>|:)[ \t\r\n]{0,8}$/;
const valueAfter =
  /^[ \t\r\n]{0,8},[ \t\r\n]{0,8}\\*["':]{1,2}(?:value|val|content|data|Value|raw)\\*["']?[ \t\r\n]{0,8}(?:=>|:)[ \t\r\n]{0,8}/;

/** The value of an entry that names its key as a value. */
export function readNamedValue(
  text: string,
  key: KeySpan,
  rule: KeyRule,
  reader: ValueReader,
): ValueFound | undefined {
  if (key.quote === "") return undefined;
  const open = key.start - key.quote.length;
  if (!nameBefore.test(text.slice(Math.max(0, open - 48), open))) return undefined;
  const match = valueAfter.exec(text.slice(key.after, key.after + 64));
  if (!match) return undefined;
  return readValue(text, { key, rule, kind: "=>", at: key.after + match[0].length }, reader);
}
