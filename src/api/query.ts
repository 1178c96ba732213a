/**
 * The language of the search box: words, "phrases", `field:value`, `field:(a or b)`, ranges such as
 * `duration_ms:>1000`, any other `key:value` as an attribute; `and`, `or`, `not` and brackets.
 * Documented in docs/reference/search.md; errors name the position.
 */
import { kinds, severities, streams } from "../model/event.ts";
import { type FieldName, fieldNames, fields } from "../model/fields.ts";
import type { EventFilter } from "../store/store.ts";
import type { Bounds, Leaf, Term } from "../store/terms.ts";
import { didYouMean } from "./nearest.ts";
import { type TermToken, wrong } from "./query-tokens.ts";
import { type Tree, treeOf } from "./query-tree.ts";

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

export type ParsedQuery = Required<Pick<EventFilter, "fields" | "attributes" | "words" | "terms">>;
type Draft = { -readonly [Name in keyof ParsedQuery]: ParsedQuery[Name][number][] };

/**
 * What stands side by side is answered as plain conditions, which indexes serve; only what does not
 * is answered as terms. Throws `QUERY_INVALID` with the position, from 1, of what it did not
 * understand.
 */
export function parseQuery(text: string): ParsedQuery {
  if (text.length > queryLengthMax) {
    throw wrong(queryLengthMax - 1, `a query has at most ${queryLengthMax} characters`);
  }
  let count = 0;
  const tree = treeOf(text, (token) => {
    count += token.values.length;
    if (count > termsMax) throw wrong(token.position - 1, `a query has at most ${termsMax} terms`);
    return leafOf(token);
  });
  const draft: Draft = { fields: [], attributes: [], words: [], terms: [] };
  for (const one of tree === undefined ? [] : tree.kind === "all" ? tree.trees : [tree]) addTo(draft, one);
  return draft;
}

function addTo(draft: Draft, tree: Tree<Leaf>): void {
  const isNot = tree.kind === "not" && tree.tree.kind === "leaf";
  const leaf =
    tree.kind === "leaf" ? tree.leaf : isNot && tree.tree.kind === "leaf" ? tree.tree.leaf : undefined;
  const not = isNot ? { not: true } : {};
  if (leaf?.kind === "field") draft.fields.push({ name: leaf.name, values: leaf.values, ...not });
  else if (leaf?.kind === "attribute") draft.attributes.push({ key: leaf.key, value: leaf.value, ...not });
  else if (leaf?.kind === "words") draft.words.push({ text: leaf.text, ...not });
  else draft.terms.push(termOf(tree));
}

function termOf(tree: Tree<Leaf>): Term {
  if (tree.kind === "leaf") return tree.leaf;
  if (tree.kind === "not") return { kind: "not", term: termOf(tree.tree) };
  return { kind: tree.kind, terms: tree.trees.map(termOf) };
}

function leafOf(token: TermToken): Leaf {
  const { key, values, position } = token;
  if (key === undefined) {
    const text = values[0] ?? "";
    if (!/[\p{L}\p{N}]/u.test(text)) throw wrong(position - 1, "a word needs a letter or a digit");
    return { kind: "words", text };
  }
  const name = fieldOf(key);
  const bounds = token.quoted ? undefined : boundsOf(values);
  if (name !== undefined) return fieldLeaf(name, token, bounds);
  const attribute = key.startsWith("attributes.") ? key.slice("attributes.".length) : key;
  if (bounds) return { kind: "attribute size", key: attribute, bounds };
  const [value] = values;
  if (value === undefined || values.length > 1) {
    throw wrong(
      position - 1,
      `\`${key}\` is an attribute, and an attribute takes one value at a time: write (${key}:a or ${key}:b)`,
    );
  }
  return { kind: "attribute", key: attribute, value };
}

function fieldLeaf(name: FieldName, token: TermToken, bounds: Bounds | undefined): Leaf {
  const { values, position } = token;
  const { form } = fields[name];
  if (bounds && (form === "integer" || form === "number")) return { kind: "size", name, bounds };
  if (name === "severity" && !token.quoted && /^[<>]/.test(values[0] ?? "")) {
    return { kind: "field", name, values: severitiesOf(values[0] ?? "", position) };
  }
  for (const value of values) checkValue(name, value, position);
  return { kind: "field", name, values: form === "id" ? values.map((value) => value.toLowerCase()) : values };
}

const comparison = /^(>=|<=|>|<)(-?\d+(?:\.\d+)?)$/;
const between = /^(-?\d+(?:\.\d+)?)\.\.(-?\d+(?:\.\d+)?)$/;

/** `>10`, `>=10`, `<10`, `<=10`, `10..20`. */
function boundsOf([value = "", ...more]: readonly string[]): Bounds | undefined {
  if (more.length > 0) return undefined;
  const compared = comparison.exec(value);
  if (compared) {
    const bound = Number(compared[2]);
    if (compared[1] === ">") return { min: bound, above: true };
    if (compared[1] === ">=") return { min: bound };
    return compared[1] === "<" ? { max: bound, below: true } : { max: bound };
  }
  const range = between.exec(value);
  return range ? { min: Number(range[1]), max: Number(range[2]) } : undefined;
}

/** `>=warn`: severities have an order. */
function severitiesOf(value: string, position: number): readonly string[] {
  const [, sign = "", name = ""] = /^(>=|<=|>|<)(.*)$/.exec(value) ?? [];
  const at = severities.findIndex((one) => one === name);
  if (at === -1) {
    throw wrong(
      position - 1,
      `there is no severity \`${name}\`${didYouMean(name, severities).replace(/\.$/, "")}`,
    );
  }
  const rest = { ">": severities.slice(at + 1), ">=": severities.slice(at), "<": severities.slice(0, at) }[
    sign
  ];
  return rest ?? severities.slice(0, at + 1);
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
  const refuse = (reason: string): never => {
    throw wrong(position - 1, reason.replace(/\.$/, ""));
  };
  if (form === "time") refuse(`\`${name}\` cannot be searched: choose a range of time instead`);
  if (form === "id" && !uuid.test(value)) refuse(`\`${name}\` is a UUID`);
  const isNumber = form === "integer" || form === "number";
  if (isNumber && !/^-?\d+(\.\d+)?$/.test(value)) {
    refuse(`\`${name}\` is a number: 7, >7, <=7 or 7..9`);
  }
  const known = closedLists[name];
  if (known && !known.includes(value) && !value.startsWith("access.")) {
    refuse(`there is no ${name} \`${value}\`${didYouMean(value, known)}`);
  }
}
