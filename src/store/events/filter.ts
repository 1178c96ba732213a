/**
 * A filter as fixed fragments of SQL with bound values. Nothing a caller sends is ever pasted:
 * columns come from the table of fields, everything else is a parameter.
 */

import { severities } from "../../model/event.ts";
import { Fault } from "../../model/fault.ts";
import { type FieldName, fields } from "../../model/fields.ts";
import type { Parameters } from "../engine/client.ts";
import type { EventFilter, TimeRange } from "../store.ts";
import { type Bounds, leavesOf, type Term } from "../terms.ts";

/** Conditions of one kind in one question. More: `QUERY_INVALID`. */
const conditionsMax = 50;
/** Leaves of all terms in brackets, and how deep brackets stand in each other. More: `QUERY_INVALID`. */
const termsMax = 100;
const depthMax = 24;
/** Items longer than this are not in the index of attributes (see 0001_events.sql). */
const indexedItemBytesMax = 256;

export type Condition = { readonly sql: string; readonly parameters: Parameters };

/** Collects fragments; each value gets a parameter's name of its own. */
export function conditions(): {
  bind(value: unknown, type: string): string;
  add(sql: string): void;
  all(): Condition;
} {
  const parts: string[] = [];
  const parameters: Record<string, unknown> = {};
  let bound = 0;
  return {
    bind(value, type) {
      const name = `p${bound++}`;
      parameters[name] = value;
      return `{${name}:${type}}`;
    },
    add: (sql) => void parts.push(`(${sql})`),
    all: () => ({ sql: parts.length === 0 ? "1" : parts.join("\n    AND "), parameters }),
  };
}

export type Conditions = ReturnType<typeof conditions>;

export function addTimeRange(list: Conditions, range: TimeRange): void {
  list.add(timeIn(list, range));
}

/** The end of the seconds that the key's first column can hold, which has 32 bits for them. */
const bucketMicrosMax = 2 ** 32 * 1_000_000;

/**
 * A condition on the time alone does not tell the engine which buckets of the key it means, and
 * every row is read for it: so the buckets are named as well, for the key and for nothing else.
 */
export function timeIn(list: Conditions, { fromMicros, untilMicros }: TimeRange): string {
  const [from, until] = [moment(list, fromMicros), moment(list, untilMicros)];
  const inRange = `time >= ${from} AND time < ${until}`;
  // Times before 1970 lie in buckets of a later century.
  if (fromMicros < 0 || untilMicros >= bucketMicrosMax) return inRange;
  const bucket = "toStartOfFiveMinutes(time)";
  return `${inRange} AND indexHint(${bucket} BETWEEN toStartOfFiveMinutes(${from}) AND toStartOfFiveMinutes(${until}))`;
}

/** A moment as the engine's time. */
export function moment(list: Conditions, micros: number): string {
  if (!Number.isSafeInteger(micros)) throw invalid("a time must be a whole number of microseconds");
  return `fromUnixTimestamp64Micro(${list.bind(micros, "Int64")}, 'UTC')`;
}

export function addEventFilter(list: Conditions, filter: EventFilter): void {
  const {
    streams,
    kinds,
    severityMin,
    fields: wanted = [],
    attributes = [],
    words = [],
    terms = [],
  } = filter;
  if (Math.max(wanted.length, attributes.length, words.length) > conditionsMax) {
    throw invalid(`more than ${conditionsMax} conditions of one kind`);
  }
  addTimeRange(list, filter);
  if (filter.withoutLooks) list.add("kind != 'access.sensitive_read'");
  if (streams) list.add(`stream IN ${list.bind(streams, "Array(String)")}`);
  if (kinds) list.add(`kind IN ${list.bind(kinds, "Array(String)")}`);
  if (severityMin) {
    const wanted = severities.slice(severities.indexOf(severityMin));
    list.add(`severity IN ${list.bind(wanted, "Array(String)")}`);
  }
  for (const { name, values, not } of wanted) {
    list.add(`${not ? "NOT " : ""}(${fieldCondition(list, name, values)})`);
  }
  for (const { key, value, not } of attributes) {
    list.add(`${not ? "NOT " : ""}(${attributeCondition(list, key, value)})`);
  }
  for (const { text, not } of words) {
    list.add(`${not ? "NOT " : ""}(${wordsCondition(list, text)})`);
  }
  if (leavesOf(terms).length > termsMax) throw invalid(`more than ${termsMax} terms`);
  for (const term of terms) list.add(termCondition(list, term, 0));
}

function termCondition(list: Conditions, term: Term, depth: number): string {
  if (depth > depthMax) throw invalid(`brackets inside more than ${depthMax} brackets`);
  switch (term.kind) {
    case "not":
      return `NOT (${termCondition(list, term.term, depth + 1)})`;
    case "all":
    case "any": {
      if (term.terms.length === 0) throw invalid("brackets with nothing in them");
      const parts = term.terms.map((one) => `(${termCondition(list, one, depth + 1)})`);
      return parts.join(term.kind === "all" ? " AND " : " OR ");
    }
    case "field":
      return fieldCondition(list, term.name, term.values);
    case "attribute":
      return attributeCondition(list, term.key, term.value);
    case "words":
      return wordsCondition(list, term.text);
    case "size": {
      const { form } = fields[term.name];
      if (form !== "integer" && form !== "number") throw invalid(`${term.name} has no size`);
      return sizeCondition(list, term.name, term.bounds);
    }
    case "attribute size":
      return sizeCondition(
        list,
        `toFloat64OrNull(attributes[${list.bind(term.key, "String")}])`,
        term.bounds,
      );
    default:
      return term satisfies never;
  }
}

/** What has no number is neither greater nor smaller. */
function sizeCondition(list: Conditions, column: string, { min, max, above, below }: Bounds): string {
  const parts = [
    ...(min === undefined ? [] : [`${column} ${above ? ">" : ">="} ${list.bind(min, "Float64")}`]),
    ...(max === undefined ? [] : [`${column} ${below ? "<" : "<="} ${list.bind(max, "Float64")}`]),
  ];
  if (parts.length === 0) throw invalid("a range needs a bound");
  return `ifNull(${parts.join(" AND ")}, 0)`;
}

function fieldCondition(list: Conditions, name: FieldName, values: readonly string[]): string {
  const { form } = fields[name];
  if (form === "id") {
    if (!values.every((value) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value))) return "0";
    return `${name} IN ${list.bind(values, "Array(UUID)")}`;
  }
  if (form === "time") throw invalid(`${name} is filtered by the time range`);
  if (form === "integer" || form === "number") {
    const numbers = values.map(Number);
    if (!numbers.every((value) => Number.isFinite(value))) throw invalid(`${name} is a number`);
    // A null is neither equal nor unequal; a condition must be one of them.
    return `ifNull(${name} IN ${list.bind(numbers, "Array(Float64)")}, 0)`;
  }
  return `${name} IN ${list.bind(values, "Array(String)")}`;
}

/** As the string, whose JSON text senders write in two ways, or as the JSON text itself. */
function attributeCondition(list: Conditions, key: string, value: string): string {
  const text = JSON.stringify(value);
  const texts = [...new Set([text, asciiOnly(text), value])];
  const items = texts.map((one) => `${key}=${one}`);
  if (items.every((item) => Buffer.byteLength(item) <= indexedItemBytesMax)) {
    return `hasAny(attribute_items, ${list.bind(items, "Array(String)")})`;
  }
  return `attributes[${list.bind(key, "String")}] IN ${list.bind(texts, "Array(String)")}`;
}

function asciiOnly(jsonText: string): string {
  return jsonText.replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Whole words through the index first; then, if there are several, that they stand together. */
function wordsCondition(list: Conditions, text: string): string {
  const lower = text.toLowerCase();
  // As the engine's tokenizer `splitByNonAlpha`: letters and digits of ASCII, and all beyond ASCII.
  const tokens = lower.match(/[a-z0-9\u0080-\u{10ffff}]+/gu) ?? [];
  if (tokens.length === 0 && lower.trim() === "") throw invalid("a search without a word");
  const isOneWord = tokens.length === 1 && tokens[0] === lower;
  const bound = { tokens: list.bind(tokens, "Array(String)"), phrase: list.bind(lower, "String") };
  const sides = ["message", "error_message"].map((column) => {
    const parts: string[] = [];
    if (tokens.length > 0) parts.push(`hasAllTokens(lowerUTF8(${column}), ${bound.tokens})`);
    if (!isOneWord) parts.push(`position(lowerUTF8(${column}), ${bound.phrase}) > 0`);
    return `(${parts.join(" AND ")})`;
  });
  return sides.join(" OR ");
}

export function invalid(because: string): Fault {
  return new Fault("QUERY_INVALID", `The question is not valid: ${because}`);
}
