/** Cuts a query into terms: an optional `-`, an optional `key:`, and one value or a list of them. */
import { Fault } from "../model/fault.ts";

export type Token = {
  readonly not: boolean;
  /** Absent for a word or phrase. */
  readonly key?: string;
  readonly values: readonly string[];
  /** Of the term's first character, counted from 1. */
  readonly position: number;
};

const space = /\s/;
/** A key is letters, digits and `_ . - / @ $`, up to the first colon. */
const keyBeforeColon = /[\p{L}\p{N}_.\-/@$]+:/uy;

/** The terms in order. `and` between terms is allowed and means what their neighbourhood means. */
export function tokens(text: string): readonly Token[] {
  const reader = { text, at: 0 };
  const found: Token[] = [];
  for (skipSpace(reader); reader.at < text.length; skipSpace(reader)) {
    const token = readTerm(reader);
    const isJoin = token.key === undefined && !token.not && /^(and|or|not)$/i.test(token.values[0] ?? "");
    if (!isJoin || text[token.position - 1] === '"') {
      found.push(token);
      continue;
    }
    const word = (token.values[0] ?? "").toLowerCase();
    if (word === "and") continue;
    throw wrong(
      token.position - 1,
      word === "or"
        ? '`or` stands inside brackets, as in `job:(a or b)`; for the word itself write "or"'
        : 'write `-` before a term for not; for the word itself write "not"',
    );
  }
  return found;
}

type Reader = { readonly text: string; at: number };

function readTerm(reader: Reader): Token {
  const start = reader.at;
  const not = reader.text[reader.at] === "-";
  if (not) reader.at += 1;
  if (reader.at >= reader.text.length || space.test(reader.text[reader.at] ?? "")) {
    throw wrong(start, "`-` stands right before the term that must not hold");
  }
  keyBeforeColon.lastIndex = reader.at;
  const key = keyBeforeColon.exec(reader.text)?.[0].slice(0, -1);
  if (key === undefined) return { not, values: [readValue(reader)], position: start + 1 };
  reader.at += key.length + 1;
  const values = reader.text[reader.at] === "(" ? readList(reader) : [readValue(reader)];
  return { not, key, values, position: start + 1 };
}

/** `(a or "b c" or d)`. */
function readList(reader: Reader): readonly string[] {
  const start = reader.at;
  reader.at += 1;
  const values: string[] = [];
  for (;;) {
    skipSpace(reader);
    if (reader.at >= reader.text.length) throw wrong(start, "this bracket is never closed");
    values.push(readValue(reader));
    skipSpace(reader);
    if (reader.text[reader.at] === ")") break;
    if (reader.at >= reader.text.length) throw wrong(start, "this bracket is never closed");
    if (!/^or[\s(]/i.test(reader.text.slice(reader.at))) throw wrong(reader.at, "expected `or` or `)`");
    reader.at += 2;
  }
  reader.at += 1;
  return values;
}

function readValue(reader: Reader): string {
  if (reader.text[reader.at] === '"') return readPhrase(reader);
  const start = reader.at;
  while (reader.at < reader.text.length && !/[\s()"]/.test(reader.text[reader.at] ?? "")) reader.at += 1;
  if (reader.at === start) {
    throw wrong(start, "expected a value here; one with spaces or brackets stands in quotes");
  }
  const next = reader.text[reader.at];
  if (next === "(" || next === '"') throw wrong(reader.at, "expected a space; quote the whole value");
  return reader.text.slice(start, reader.at);
}

/** A backslash takes the next character as it is. */
function readPhrase(reader: Reader): string {
  const start = reader.at;
  let value = "";
  for (reader.at += 1; reader.at < reader.text.length; reader.at += 1) {
    const character = reader.text[reader.at];
    if (character === '"') {
      reader.at += 1;
      if (value === "") throw wrong(start, "there is nothing between these quotes");
      return value;
    }
    if (character === "\\" && reader.at + 1 < reader.text.length) reader.at += 1;
    value += reader.text[reader.at] ?? "";
  }
  throw wrong(start, "this quote is never closed");
}

function skipSpace(reader: Reader): void {
  while (space.test(reader.text[reader.at] ?? "")) reader.at += 1;
}

function wrong(at: number, reason: string): Fault {
  return new Fault("QUERY_INVALID", `q, position ${at + 1}: ${reason}`);
}
