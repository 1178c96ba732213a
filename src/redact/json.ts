/**
 * Redacts JSON text where it stands: keys are read, values that fall under them are replaced, and
 * every other byte stays, so that large numbers, order and spelling are as they were sent. The
 * text must be valid JSON, as `receive` has made sure.
 */
import type { Json } from "../model/event.ts";
import type { KeyRule } from "./key.ts";
import { markFor } from "./mark.ts";
import { redactText, type TextRules, type Work } from "./text.ts";
import { fits, holdsWhole, isSettled } from "./value.ts";

type Edit = { readonly start: number; readonly end: number; readonly text: string };

/** A key in the document and the value behind it. */
type Entry = { readonly key: string; readonly start: number; readonly end: number };

/** The same string when nothing had to go. `key` is the (redacted) key that the value stands under. */
export function redactJson(text: string, key: string | undefined, rules: TextRules, work: Work): string {
  const edits: Edit[] = [];
  const rule = key === undefined ? undefined : keyRule(key, rules);
  walk({ text, rules, work, edits }, 0, rule, 1);
  if (edits.length === 0) return text;
  let result = "";
  let from = 0;
  for (const edit of edits) {
    result += text.slice(from, edit.start) + edit.text;
    from = edit.end;
  }
  return result + text.slice(from);
}

/** The words of a mark in a key say nothing of its value. */
export function keyRule(safeKey: string, rules: TextRules): KeyRule | undefined {
  return rules.keyVerdict(safeKey.includes("[") ? safeKey.replace(rules.marks, " ") : safeKey);
}

type Document = {
  readonly text: string;
  readonly rules: TextRules;
  readonly work: Work;
  /** Written by the walk, in order. */
  readonly edits: Edit[];
};

/** Reads the value at `from` under a key of that rule; answers where it ends. */
function walk(document: Document, from: number, rule: KeyRule | undefined, depth: number): number {
  const { text } = document;
  const at = skipSpace(text, from);
  const character = text.charAt(at);
  if (character === '"') return walkString(document, at, rule);
  if (character !== "{" && character !== "[") return walkScalar(document, at, rule);
  const whole = rule !== undefined && holdsWhole.has(rule.when);
  if (whole || depth > document.rules.ruleset.limits.depthMax + 1) {
    const end = valueEnd(text, at);
    if (!/^.[ \t\r\n]*.$/.test(text.slice(at, end))) replaceWhole(document, at, end, rule);
    return end;
  }
  return character === "{" ? walkObject(document, at, depth) : walkArray(document, at, rule, depth);
}

function walkObject(document: Document, from: number, depth: number): number {
  const { text, rules } = document;
  const entries = entriesOf(text, from);
  const named = namedValue(document, entries);
  let at = from + 1;
  for (const entry of entries) {
    const keyStart = text.indexOf('"', at);
    const key = readString(text, keyStart, stringEnd(text, keyStart));
    const safeKey = redactText(key, "full", rules, document.work);
    if (safeKey !== key)
      document.edits.push({ start: keyStart, end: stringEnd(text, keyStart), text: quote(safeKey) });
    at = walk(
      document,
      entry.start,
      named?.entry === entry ? named.rule : keyRule(safeKey, rules),
      depth + 1,
    );
  }
  return entries.length === 0 ? valueEnd(text, from) : text.indexOf("}", at) + 1;
}

/** The rule for a value of which the key stands as a value itself: only what can be a key counts. */
export function namedRule(name: string, rules: TextRules): KeyRule | undefined {
  return /^[0-9A-Za-z_.-]{1,60}(?: [0-9A-Za-z_.-]{1,60}){0,2}$/.test(name)
    ? rules.keyVerdict(name)
    : undefined;
}

export function isValueKey(key: string): boolean {
  return /^(?:value|val|content|data|raw)$/i.test(key);
}

export function isNameKey(key: string): boolean {
  return /^(?:name|key|field|param|parameter|header|variable|attribute)$/i.test(key);
}

/** `{"name": "password", "value": "x"}`: the name is the key of the value. */
function namedValue(
  { text, rules }: Document,
  entries: readonly Entry[],
): { readonly entry: Entry; readonly rule: KeyRule } | undefined {
  const value = entries.find((entry) => isValueKey(entry.key));
  const name = entries.find((entry) => isNameKey(entry.key));
  if (!value || !name || text.charAt(name.start) !== '"') return undefined;
  const rule = namedRule(readString(text, name.start, name.end), rules);
  return rule && { entry: value, rule };
}

function entriesOf(text: string, from: number): readonly Entry[] {
  const entries: Entry[] = [];
  for (let at = skipSpace(text, from + 1); text.charAt(at) === '"'; ) {
    const keyEnd = stringEnd(text, at);
    const start = skipSpace(text, text.indexOf(":", keyEnd) + 1);
    const end = valueEnd(text, start);
    entries.push({ key: readString(text, at, keyEnd), start, end });
    at = skipSpace(text, end);
    if (text.charAt(at) !== ",") break;
    at = skipSpace(text, at + 1);
  }
  return entries;
}

function walkArray(document: Document, from: number, rule: KeyRule | undefined, depth: number): number {
  const { text, rules } = document;
  let at = skipSpace(text, from + 1);
  if (text.charAt(at) === "]") return at + 1;
  let elementRule = rule;
  for (let index = 0; ; index++) {
    const start = skipSpace(text, at);
    const end = walk(document, start, elementRule, depth + 1);
    // The pair of a list of pairs: its first element is the key of its second. So is an option of a command.
    const isKey = text.startsWith('"--', start) || (index === 0 && isPairAt(text, start, end));
    elementRule = (isKey ? namedRule(readString(text, start, end), rules) : undefined) ?? rule;
    at = skipSpace(text, end);
    if (text.charAt(at) !== ",") return at + 1;
    at++;
  }
}

/** A string with one element behind it. */
function isPairAt(text: string, firstStart: number, firstEnd: number): boolean {
  if (text.charAt(firstStart) !== '"') return false;
  const comma = skipSpace(text, firstEnd);
  if (text.charAt(comma) !== ",") return false;
  return text.charAt(skipSpace(text, valueEnd(text, skipSpace(text, comma + 1)))) === "]";
}

function walkString(document: Document, at: number, rule: KeyRule | undefined): number {
  const { text, rules, work } = document;
  const end = stringEnd(text, at);
  const content = readString(text, at, end);
  if (rule && fits(rule.when, content)) {
    if (!isSettled(content, rules.reader) && !rules.allowed.has(content)) {
      document.edits.push({
        start: at,
        end,
        text: quote(mark(document, content, rule.class, `key:${rule.id}`)),
      });
    }
    return end;
  }
  const safe = redactText(content, "full", rules, work);
  if (safe !== content) document.edits.push({ start: at, end, text: quote(safe) });
  return end;
}

/** A number, or `true`, `false`, `null`, which hide nothing. */
function walkScalar(document: Document, at: number, rule: KeyRule | undefined): number {
  const { text, rules, work } = document;
  const end = valueEnd(text, at);
  const content = text.slice(at, end);
  if (!/[0-9]/.test(content)) return end;
  if (rule && fits(rule.when, content)) {
    replace(document, at, end, rule.class, `key:${rule.id}`);
  } else if (content.length >= 12) {
    const safe = redactText(content, "full", rules, work);
    if (safe !== content) document.edits.push({ start: at, end, text: `"${safe}"` });
  }
  return end;
}

/** A structure leaves the fingerprint of its canonical text, whatever order its keys came in. */
function replaceWhole(document: Document, start: number, end: number, rule: KeyRule | undefined): void {
  const canonical = rule
    ? canonicalBytes(JSON.parse(fromBytes(document.text.slice(start, end))) as Json)
    : "";
  const text = mark(document, canonical, rule?.class ?? "depth", rule ? `key:${rule.id}` : "depth");
  document.edits.push({ start, end, text: `"${rule ? text : "[REDACTED:depth]"}"` });
}

/** JSON without blanks and with keys in the order of their bytes, as bytes. */
export function canonicalBytes(value: Json): string {
  if (Array.isArray(value)) return `[${value.map((item: Json) => canonicalBytes(item)).join(",")}]`;
  if (value === null || typeof value !== "object") return toBytes(JSON.stringify(value));
  const pairs = Object.entries(value).map(([key, item]): [string, Json] => [toBytes(key), item]);
  pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${pairs.map(([key, item]) => `${quote(key)}:${canonicalBytes(item)}`).join(",")}}`;
}

/** A text as its UTF-8 bytes, one character a byte; and back. */
export function toBytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

export function fromBytes(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}

function replace(document: Document, start: number, end: number, className: string, rule: string): void {
  const text = mark(document, document.text.slice(start, end), className, rule);
  document.edits.push({ start, end, text: `"${text}"` });
}

function mark({ rules, work }: Document, content: string, className: string, rule: string): string {
  work.hits.set(rule, (work.hits.get(rule) ?? 0) + 1);
  const span = { start: 0, end: content.length, class: className, rule, quote: "" };
  return markFor(content, span, rules.verdictOf(className), rules.marker);
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) <= 32) at++;
  return at;
}

/** Behind the closing quote of the string at `at`. */
function stringEnd(text: string, at: number): number {
  let position = at + 1;
  while (position < text.length) {
    const code = text.charCodeAt(position);
    if (code === 34) return position + 1;
    position += code === 92 ? 2 : 1;
  }
  return text.length;
}

function valueEnd(text: string, at: number): number {
  const character = text.charAt(at);
  if (character === '"') return stringEnd(text, at);
  if (character !== "{" && character !== "[") {
    let end = at;
    while (end < text.length && !/[ \t\r\n,}\]]/.test(text.charAt(end))) end++;
    return end;
  }
  let depth = 0;
  for (let position = at; position < text.length; position++) {
    const code = text.charCodeAt(position);
    if (code === 34) position = stringEnd(text, position) - 1;
    else if (code === 123 || code === 91) depth++;
    else if (code === 125 || code === 93) {
      depth--;
      if (depth === 0) return position + 1;
    }
  }
  return text.length;
}

/** The bytes that a JSON string stands for. */
function readString(text: string, start: number, end: number): string {
  const inner = text.slice(start + 1, end - 1);
  return inner.includes("\\") ? toBytes(JSON.parse(fromBytes(text.slice(start, end))) as string) : inner;
}

function quote(bytes: string): string {
  return toBytes(JSON.stringify(fromBytes(bytes)));
}
