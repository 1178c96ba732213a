/**
 * One selection of a Sigma rule as a predicate, and what an event must hold for it to be true: so
 * that the store gives only events that may match.
 */
import { BlockList, isIP } from "node:net";
import { RE2JS } from "re2js";
import type { EventRecord } from "../../model/event.ts";
import type { MayMatch } from "../../store/survey.ts";
import { BadRule } from "./condition.ts";
import { attributesOf, isEncoded, valuesOf, wholeTexts } from "./fields.ts";

export type Selection = {
  readonly matches: (event: EventRecord) => boolean;
  /** `undefined`: nothing that could be looked for. */
  readonly mayMatch: MayMatch | undefined;
};

/** The modifiers that are understood. */
const known: ReadonlySet<string> = new Set([
  "contains",
  "startswith",
  "endswith",
  "all",
  "re",
  "i",
  "m",
  "s",
  "cidr",
  "exists",
  "cased",
  "neq",
  "lt",
  "lte",
  "gt",
  "gte",
]);
const valuesMax = 2000;
/** Shorter words are in everything. */
const wordMin = 3;

type Value = string | number | boolean | null;

export function readSelection(given: unknown): Selection {
  if (Array.isArray(given)) {
    const parts = (given as readonly unknown[]).map((one) =>
      typeof one === "object" && one !== null ? readSelection(one) : keyword(one as Value),
    );
    if (parts.length === 0) throw new BadRule("a selection is empty");
    return {
      matches: (event) => parts.some(({ matches }) => matches(event)),
      mayMatch: any(parts.map(({ mayMatch }) => mayMatch)),
    };
  }
  if (typeof given !== "object" || given === null) return keyword(given as Value);
  const items = Object.entries(given).map(([key, value]) => readItem(key, value));
  if (items.length === 0) throw new BadRule("a selection is empty");
  return {
    matches: (event) => items.every(({ matches }) => matches(event)),
    mayMatch: every(items.map(({ mayMatch }) => mayMatch)),
  };
}

/** One of them must hold: all must be looked for. */
export function any(parts: readonly (MayMatch | undefined)[]): MayMatch | undefined {
  if (parts.some((part) => part === undefined)) return undefined;
  const all = parts as readonly MayMatch[];
  return {
    texts: all.flatMap(({ texts }) => texts),
    attributes: all.flatMap(({ attributes }) => attributes),
  };
}

/** All must hold: to look for one is enough. A value is rarer than a text, and few texts rarer than many. */
export function every(parts: readonly (MayMatch | undefined)[]): MayMatch | undefined {
  const found = parts.filter((part) => part !== undefined);
  const weight = ({ texts, attributes }: MayMatch): number => texts.length * 10 + attributes.length;
  return found.toSorted((a, b) => weight(a) - weight(b))[0];
}

function keyword(value: Value): Selection {
  const text = String(value);
  const test = wildcard(text, { cased: false, before: true, after: true });
  return { matches: (event) => wholeTexts(event).some(test), mayMatch: textsOf([text], true) };
}

function readItem(key: string, given: unknown): Selection {
  const [field = "", ...modifiers] = key.split("|");
  const unknown = modifiers.find((modifier) => !known.has(modifier));
  if (unknown !== undefined) throw new BadRule(`the modifier \`${unknown}\` is not supported`);
  const list = (Array.isArray(given) ? given : [given]) as readonly Value[];
  if (list.length === 0 || list.length > valuesMax) throw new BadRule(`\`${key}\` has no value, or too many`);
  if (list.some((value) => typeof value === "object" && value !== null))
    throw new BadRule(`\`${key}\` must be texts or numbers`);
  if (modifiers.includes("exists")) {
    const wanted = list[0] === true;
    return { matches: (event) => valuesOf(event, field).length > 0 === wanted, mayMatch: undefined };
  }
  const tests = list.map((value) => testOf(value, modifiers));
  const isAll = modifiers.includes("all");
  const isNot = modifiers.includes("neq");
  const holds = (event: EventRecord): boolean => {
    const values = field === "" ? wholeTexts(event) : valuesOf(event, field);
    const one = ({ isAbsent, test }: Test): boolean => (isAbsent ? values.length === 0 : values.some(test));
    return isAll ? tests.every(one) : tests.some(one);
  };
  return {
    matches: (event) => holds(event) !== isNot,
    mayMatch: isNot ? undefined : mayMatchOf(field, list, modifiers, isAll),
  };
}

type Test = { readonly isAbsent: boolean; readonly test: (text: string) => boolean };

function testOf(value: Value, modifiers: readonly string[]): Test {
  const has = (name: string): boolean => modifiers.includes(name);
  if (value === null) return { isAbsent: true, test: () => false };
  const plain = (test: (text: string) => boolean): Test => ({ isAbsent: false, test });
  if (has("cidr")) return plain(inNetwork(String(value)));
  if (has("re")) {
    const flags =
      (has("i") ? RE2JS.CASE_INSENSITIVE : 0) |
      (has("m") ? RE2JS.MULTILINE : 0) |
      (has("s") ? RE2JS.DOTALL : 0);
    try {
      const pattern = RE2JS.compile(String(value), flags);
      return plain((text) => pattern.matcher(text).find());
    } catch (error) {
      throw new BadRule(`the pattern \`${String(value)}\` cannot be read: ${(error as Error).message}`);
    }
  }
  const order = {
    lt: (a: number, b: number) => a < b,
    lte: (a: number, b: number) => a <= b,
    gt: (a: number, b: number) => a > b,
    gte: (a: number, b: number) => a >= b,
  };
  for (const [name, compare] of Object.entries(order)) {
    if (!has(name)) continue;
    const limit = Number(value);
    if (!Number.isFinite(limit)) throw new BadRule(`\`${String(value)}\` is no number`);
    return plain((text) => text !== "" && compare(Number(text), limit));
  }
  const around = { before: has("contains") || has("endswith"), after: has("contains") || has("startswith") };
  return plain(wildcard(String(value), { cased: has("cased"), ...around }));
}

/** `*` and `?` stand for texts and for one character, unless a backslash says that they do not. */
function wildcard(
  value: string,
  { cased, before, after }: { readonly cased: boolean; readonly before: boolean; readonly after: boolean },
): (text: string) => boolean {
  const fold = cased ? (text: string) => text : (text: string) => text.toLowerCase();
  const plain = plainOf(value);
  if (plain !== undefined) {
    const wanted = fold(plain);
    if (before && after) return (text) => fold(text).includes(wanted);
    if (before) return (text) => fold(text).endsWith(wanted);
    if (after) return (text) => fold(text).startsWith(wanted);
    return (text) => fold(text) === wanted;
  }
  const body = value.replace(
    /\\([*?\\])|([*])|([?])|([\s\S])/g,
    (_, escaped?: string, star?: string, one?: string, other?: string) =>
      star ? "[\\s\\S]*" : one ? "[\\s\\S]" : (escaped ?? other ?? "").replace(/[.+^${}()|[\]\\*?]/g, "\\$&"),
  );
  const pattern = RE2JS.compile(
    `^${before ? "[\\s\\S]*" : ""}${body}${after ? "[\\s\\S]*" : ""}$`,
    cased ? 0 : RE2JS.CASE_INSENSITIVE,
  );
  return (text) => pattern.matcher(text).find();
}

/** The text that a value without wildcards means. */
function plainOf(value: string): string | undefined {
  if (/(?:^|[^\\])(?:\\\\)*[*?]/.test(value)) return undefined;
  return value.replace(/\\([*?\\])/g, "$1");
}

function inNetwork(network: string): (text: string) => boolean {
  const [address = "", bits = ""] = network.split("/");
  const kind = isIP(address) === 6 ? "ipv6" : "ipv4";
  const list = new BlockList();
  try {
    list.addSubnet(address, Number(bits), kind);
  } catch {
    throw new BadRule(`\`${network}\` is no network`);
  }
  return (text) => isIP(text) > 0 && list.check(text, isIP(text) === 6 ? "ipv6" : "ipv4");
}

function mayMatchOf(
  field: string,
  list: readonly Value[],
  modifiers: readonly string[],
  isAll: boolean,
): MayMatch | undefined {
  if (modifiers.some((modifier) => ["re", "cidr", "lt", "lte", "gt", "gte"].includes(modifier)))
    return undefined;
  if (list.some((value) => value === null || value === "")) return undefined;
  const texts = list.map(String);
  const isWhole = !modifiers.some((modifier) => ["contains", "startswith", "endswith"].includes(modifier));
  const attributes = attributesOf(field);
  const isAttribute = !["", "message", "error_message", ...searchedAttributes].includes(attributes[0] ?? "");
  if (isAttribute) {
    if (!isWhole || texts.some((text) => plainOf(text) === undefined)) return undefined;
    return { texts: [], attributes: attributes.map((key) => ({ key, values: texts })) };
  }
  return textsOf(isAll ? texts.slice(0, 1) : texts, field === "" || isEncoded(field));
}

/** The store looks for texts in these, and in messages. */
const searchedAttributes = ["path", "query", "user_agent"];

function textsOf(values: readonly string[], mayBeEncoded: boolean): MayMatch | undefined {
  const words = values.map((value) => wordsOf(value, mayBeEncoded));
  if (words.some((list) => list.length === 0)) return undefined;
  return { texts: [...new Set(words.flat())], attributes: [] };
}

/** The longest part that stays itself when it is encoded; else the whole, plain and encoded. */
function wordsOf(value: string, mayBeEncoded: boolean): readonly string[] {
  const parts = value
    .toLowerCase()
    .split(/(?<!\\)[*?]/)
    .map((part) => part.replace(/\\([*?\\])/g, "$1"));
  const longest = parts.toSorted((a, b) => b.length - a.length)[0] ?? "";
  if (!mayBeEncoded) return longest.length >= wordMin ? [longest] : [];
  const word = (longest.match(/[a-z0-9_]+/g) ?? []).toSorted((a, b) => b.length - a.length)[0] ?? "";
  if (word.length > wordMin) return [word];
  if (longest.length < 2) return [];
  const escape = (text: string): string =>
    Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
  const once = longest.replace(/[^a-z0-9_.-]/g, escape);
  const all = longest.replace(/[^a-z0-9_-]/g, escape);
  return [...new Set([longest, once, all, once.replaceAll("%", "%25"), all.replaceAll("%", "%25")])];
}
