/**
 * Cuts a query into terms, brackets and the words between them. A term is an optional `key:` and
 * one value, a list of them, or a range.
 */
import { Fault } from "../model/fault.ts";

export type TermToken = {
  readonly kind: "term";
  /** Absent for a word or phrase. */
  readonly key?: string;
  readonly values: readonly string[];
  /** The one value stood in quotes: it means itself, whatever it holds. */
  readonly quoted: boolean;
  /** Of the first character, counted from 1. */
  readonly position: number;
};

export type Token =
  | TermToken
  | { readonly kind: "(" | ")" | "and" | "or" | "not"; readonly position: number };

const space = /\s/;
/** A key is letters, digits and `_ . - / @ $`, up to the first colon. */
const keyBeforeColon = /[\p{L}\p{N}_.\-/@$]+:/uy;

/** A `-` right before a term or a bracket is a `not`. */
export function tokens(text: string): readonly Token[] {
  const reader = { text, at: 0 };
  const found: Token[] = [];
  for (skipSpace(reader); reader.at < text.length; skipSpace(reader)) found.push(readToken(reader));
  return found;
}

type Reader = { readonly text: string; at: number };

function readToken(reader: Reader): Token {
  const position = reader.at + 1;
  const character = reader.text[reader.at];
  if (character === "(" || character === ")") {
    reader.at += 1;
    return { kind: character, position };
  }
  if (character === "-") {
    reader.at += 1;
    const next = reader.text[reader.at];
    if (next === undefined || space.test(next) || next === ")") {
      throw wrong(position - 1, "`-` stands right before the term that must not hold");
    }
    return { kind: "not", position };
  }
  const term = readTerm(reader);
  const word = term.key === undefined && !term.quoted ? (term.values[0] ?? "").toLowerCase() : "";
  return word === "and" || word === "or" || word === "not" ? { kind: word, position } : term;
}

function readTerm(reader: Reader): TermToken {
  const position = reader.at + 1;
  keyBeforeColon.lastIndex = reader.at;
  const key = keyBeforeColon.exec(reader.text)?.[0].slice(0, -1);
  if (key !== undefined) reader.at += key.length + 1;
  const quoted = reader.text[reader.at] === '"';
  const isList = key !== undefined && reader.text[reader.at] === "(";
  const values = isList ? readList(reader) : [readValue(reader)];
  return { kind: "term", ...(key !== undefined && { key }), values, quoted, position };
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

/** `at` counts from 0. */
export function wrong(at: number, reason: string): Fault {
  return new Fault("QUERY_INVALID", `q, position ${at + 1}: ${reason}`);
}
