/**
 * The small language of the search box: words, "phrases", `field:value`, `field:(a or b)`, any
 * other `key:value` as an attribute, and `-` before a term for not. Terms stand side by side and
 * all must hold. Documented in docs/reference/search.md; errors name the position.
 */
import { kinds, severities, streams } from "../model/event.ts";
import { Fault } from "../model/fault.ts";
import { type FieldName, fieldNames, fields } from "../model/fields.ts";
import type { EventFilter } from "../store/store.ts";
import { didYouMean } from "./nearest.ts";
import { type Token, tokens } from "./query-tokens.ts";

/** Characters in a query. More: refused. */
const queryLengthMax = 2000;
/** Terms in a query, each value in brackets counted. More: refused. */
const termsMax = 64;

/** Short names for fields that are asked for often. */
const shortNames: Readonly<Record<string, FieldName>> = {
  run: "run_id",
  trace: "trace_id",
  parent: "parent_run_id",
  error: "error_class",
};

export type ParsedQuery = Required<Pick<EventFilter, "fields" | "attributes" | "words">>;
type Draft = { -readonly [Name in keyof ParsedQuery]: ParsedQuery[Name][number][] };

/** Throws `QUERY_INVALID` with the position, from 1, of what it did not understand. */
export function parseQuery(text: string): ParsedQuery {
  if (text.length > queryLengthMax) {
    throw invalid(queryLengthMax, `a query has at most ${queryLengthMax} characters`);
  }
  const draft: Draft = { fields: [], attributes: [], words: [] };
  let terms = 0;
  for (const token of tokens(text)) {
    terms += token.values.length;
    if (terms > termsMax) throw invalid(token.position, `a query has at most ${termsMax} terms`);
    addTerm(draft, token);
  }
  return draft;
}

function addTerm(draft: Draft, { key, values, not, position }: Token): void {
  if (key === undefined) {
    const text = values[0] ?? "";
    if (!/[\p{L}\p{N}]/u.test(text)) throw invalid(position, "a word needs a letter or a digit");
    draft.words.push({ text, ...(not && { not }) });
    return;
  }
  const name = fieldOf(key);
  if (name !== undefined) {
    for (const value of values) checkValue(name, value, position);
    const wanted = fields[name].form === "id" ? values.map((value) => value.toLowerCase()) : values;
    draft.fields.push({ name, values: wanted, ...(not && { not }) });
    return;
  }
  const [value] = values;
  if (value === undefined || values.length > 1) {
    throw invalid(position, `\`${key}\` is an attribute, and an attribute takes one value at a time`);
  }
  const attribute = key.startsWith("attributes.") ? key.slice("attributes.".length) : key;
  draft.attributes.push({ key: attribute, value, ...(not && { not }) });
}

function fieldOf(key: string): FieldName | undefined {
  if (Object.hasOwn(shortNames, key)) return shortNames[key];
  return fieldNames.find((name) => name === key);
}

const closedLists: Readonly<Partial<Record<FieldName, readonly string[]>>> = {
  stream: streams,
  severity: severities,
  kind: Object.keys(kinds),
};

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

function checkValue(name: FieldName, value: string, position: number): void {
  const { form } = fields[name];
  if (form === "time")
    throw invalid(position, `\`${name}\` cannot be searched: choose a range of time instead`);
  if (form === "id" && !uuid.test(value)) throw invalid(position, `\`${name}\` is a UUID`);
  const isNumber = form === "integer" || form === "number";
  if (isNumber && !/^-?\d+(\.\d+)?$/.test(value)) throw invalid(position, `\`${name}\` is a number`);
  const known = closedLists[name];
  if (known && !known.includes(value) && !value.startsWith("access.")) {
    throw invalid(position, `there is no ${name} \`${value}\`${didYouMean(value, known).replace(/\.$/, "")}`);
  }
}

function invalid(position: number, reason: string): Fault {
  return new Fault("QUERY_INVALID", `q, position ${position}: ${reason.replace(/\.$/, "")}`);
}
