/**
 * SQL's `INSERT INTO users (email, password) VALUES ('a', 'b'), …`: the key of a value is the
 * column at the same place.
 */
import type { KeyRule, KeyVerdict } from "./key.ts";
import { readQuoted } from "./quote.ts";
import type { Span } from "./span.ts";
import { fits, isSettled, type ValueReader } from "./value.ts";

const statement =
  /insert[ \t\r\n]{1,8}into[ \t\r\n]{1,8}[^ \t\r\n(]{1,128}[ \t\r\n]{0,8}\(([^()]{1,4000})\)[ \t\r\n]{0,8}values[ \t\r\n]{0,8}/gi;

export function insertedValues(
  text: string,
  verdict: KeyVerdict,
  reader: ValueReader,
  add: (span: Span) => void,
): void {
  statement.lastIndex = 0;
  for (let match = statement.exec(text); match !== null; match = statement.exec(text)) {
    const columns = (match[1] as string).split(",").map((column) => verdict(column));
    if (columns.every((rule) => rule === undefined)) continue;
    let at = statement.lastIndex;
    while (text.charAt(at) === "(") {
      at = readTuple(text, at + 1, columns, reader, add);
      const more = /^[ \t\r\n]{0,8},[ \t\r\n]{0,8}(?=\()/.exec(text.slice(at, at + 20));
      if (!more) break;
      at += more[0].length;
    }
    statement.lastIndex = Math.max(at, statement.lastIndex);
  }
}

/** Reads to behind the closing parenthesis. */
function readTuple(
  text: string,
  from: number,
  columns: readonly (KeyRule | undefined)[],
  reader: ValueReader,
  add: (span: Span) => void,
): number {
  let at = from;
  for (let column = 0; at < text.length; column++) {
    while (/[ \t\r\n]/.test(text.charAt(at))) at++;
    const quoted = readQuoted(text, at);
    const word = quoted
      ? undefined
      : (/^[^,)"']{0,4000}/.exec(text.slice(at, at + 4000)) as RegExpExecArray)[0].replace(/[ \t\r\n]+$/, "");
    const start = quoted ? quoted.start : at;
    const end = quoted ? quoted.end : at + (word as string).length;
    const rule = columns[column];
    const content = text.slice(start, end);
    if (rule && !isSettled(content, reader) && fits(rule.when, content)) {
      add({ start, end, class: rule.class, rule: `key:${rule.id}`, quote: quoted ? "" : "'" });
    }
    at = quoted ? quoted.after : end;
    while (at < text.length && !/[,)]/.test(text.charAt(at))) at++;
    if (text.charAt(at) !== ",") return Math.min(at + 1, text.length);
    at++;
  }
  return at;
}
