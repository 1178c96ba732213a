/**
 * Reads the value behind a sensitive key: a quoted string, a bracketed structure, a block of YAML,
 * or a bare word, of which the end depends on what stands around it. When in doubt more is taken.
 */
import { blockValue, propertiesAt } from "./block.ts";
import type { KeyRule } from "./key.ts";
import { markPattern } from "./mark.ts";
import { bracketEnd, isQuote, readQuoted } from "./quote.ts";
import type { Ruleset, When } from "./ruleset.ts";

/** A key as it stands in a text. */
export type KeySpan = {
  readonly start: number;
  readonly end: number;
  /** Its quote with backslashes, or empty. */
  readonly quote: string;
  /** Behind the closing quote. */
  readonly after: number;
};

/** What ties a key to its value. */
export type SeparatorKind = "=" | ":" | "=>" | "xml" | "flag" | "quoted";

/** What goes, and where reading continues. An empty span: nothing goes, but the value was read. */
export type ValueFound = {
  readonly start: number;
  readonly end: number;
  readonly after: number;
  readonly quote: string;
};

export type ValueAt = {
  readonly key: KeySpan;
  readonly rule: KeyRule;
  readonly kind: SeparatorKind;
  readonly at: number;
};

export type ValueReader = {
  /** Sticky: a mark, or what another program left in place of a secret. */
  readonly already: RegExp;
  readonly nothing: ReadonlySet<string>;
  readonly plainWords: ReadonlySet<string>;
};

export function compileValueReader(ruleset: Ruleset, classes: readonly string[]): ValueReader {
  return {
    already: new RegExp(`(?:${markPattern(classes)}|${ruleset.already})`, "y"),
    nothing: new Set(ruleset.nothing),
    plainWords: new Set(ruleset.plainWords),
  };
}

/** A whole value is a mark already, or says that there is none. */
export function isSettled(content: string, reader: ValueReader): boolean {
  if (content === "" || reader.nothing.has(content)) return true;
  reader.already.lastIndex = 0;
  const match = reader.already.exec(content);
  return match !== null && match[0].length === content.length;
}

/** Whether a scalar under a key of that kind is what the key says. */
export function fits(when: When, content: string): boolean {
  return fitting[when](content);
}

/** Kinds of keys of which a structure goes as a whole. */
export const holdsWhole: ReadonlySet<When> = new Set(["any", "line", "text", "unlikeWord"]);

const fitting: { readonly [W in When]: (content: string) => boolean } = {
  any: () => true,
  line: () => true,
  text: isNoNumber,
  unlikeWord: (content) => isNoNumber(content) && !/^[a-z][a-z_-]{0,22}$/.test(content),
  random: looksRandom,
  digits3: (content) => /^[0-9]{3,12}$/.test(content),
  digits12: (content) => /^[0-9][0-9 .-]{10,26}[0-9]$/.test(content) && digitCount(content) >= 12,
  phone: (content) => /^\+?\(?[0-9](?:[0-9 ()./-]|%20){4,24}[0-9]$/.test(content) && digitCount(content) >= 7,
  id: (content) => /^[0-9A-Za-z][0-9A-Za-z ./-]{3,40}$/.test(content) && digitCount(content) >= 4,
};

function isNoNumber(content: string): boolean {
  return !/^[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?$/.test(content);
}

function digitCount(text: string): number {
  return text.replace(/[^0-9]/g, "").length;
}

/** Slashes in it are digits of base 64 and no path. */
const paddedBase64 = /^[0-9A-Za-z+/]{20,510}={1,2}$/;

/** Long, of one alphabet, digits among letters; no path, no UUID, no digest. */
export function looksRandom(given: string): boolean {
  const content = given.replace(/%(?:2[BbFf]|3[Dd])/g, "+");
  if (!/^[0-9A-Za-z+/_=.-]{20,512}$/.test(content)) return false;
  if (/^[0-9a-f-]{20,512}$/.test(content)) return /^(?:[0-9a-f]{32}|[0-9a-f]{64})$/.test(content);
  if (/^[0-9A-Fa-f]{8}-[0-9A-Fa-f-]{27}$/.test(content)) return false;
  const letters = content.replace(/[^A-Za-z]/g, "");
  const digits = digitCount(content);
  return (
    digits >= 3 &&
    letters.length >= 6 &&
    /[a-z]/.test(letters) &&
    /[A-Z]/.test(letters) &&
    (!/[./]/.test(content) || paddedBase64.test(content))
  );
}

export function readValue(text: string, value: ValueAt, reader: ValueReader): ValueFound | undefined {
  const properties = propertiesAt(text, value);
  if (properties > 0) {
    const found = readBehind(text, { ...value, at: value.at + properties }, reader);
    // An anchor or tag goes with its value, which it would make another one.
    if (found) return found.end > found.start ? { ...found, start: value.at, end: found.after } : found;
  }
  return readBehind(text, value, reader);
}

function readBehind(text: string, value: ValueAt, reader: ValueReader): ValueFound | undefined {
  const { kind, rule } = value;
  let at = value.at;
  if (at >= text.length) return undefined;
  if (/[bBuUrRfF]/.test(text.charAt(at)) && isQuote(text.charCodeAt(at + 1))) at++;
  const quoted = readQuoted(text, at);
  if (quoted) {
    // What was cut often says so.
    const isCut = quoted.after === quoted.end && text.endsWith("...", quoted.end);
    const end = quoted.end - (isCut ? 3 : 0);
    const content = text.slice(quoted.start, end);
    if (isSettled(content, reader)) return { start: at, end: at, after: quoted.after, quote: "" };
    if (!fits(rule.when, content)) return undefined;
    // `secret "shop-env" mounted` speaks of a secret; it does not tell one.
    if (kind === "quoted" && rule.class !== "password" && !/[0-9]/.test(content)) return undefined;
    return { start: quoted.start, end, after: quoted.after, quote: "" };
  }
  if (kind === "quoted") return undefined;
  if (kind === "xml") return xmlValue(text, at, rule, reader);
  reader.already.lastIndex = at;
  const already = reader.already.exec(text);
  if (already) {
    const end = at + already[0].length;
    if (end >= text.length || /[^0-9A-Za-z]/.test(text.charAt(end)))
      return { start: at, end: at, after: end, quote: "" };
  }
  if (holdsWhole.has(rule.when)) {
    const whole = blockValue(text, value, reader) ?? structureValue(text, value, at);
    if (whole) return whole;
  }
  return bareValue(text, value, at, reader);
}

function xmlValue(text: string, at: number, rule: KeyRule, reader: ValueReader): ValueFound | undefined {
  const close = text.indexOf("<", at);
  const end = close < 0 ? text.length : close;
  const content = text.slice(at, end);
  if (isSettled(content, reader) || !fits(rule.when, content)) return undefined;
  return { start: at, end, after: end, quote: "" };
}

/** A hash, list, tuple or inspected object: all of it goes. */
function structureValue(text: string, value: ValueAt, at: number): ValueFound | undefined {
  const opener = /^(?:[{[(]|#<|<[A-Z]|%[a-zA-Z]?[{[(]|[A-Za-z_][0-9A-Za-z_.:]{0,80}\()/.exec(
    text.slice(at, at + 90),
  );
  if (!opener) return undefined;
  const end = bracketEnd(text, at + opener[0].length - (opener[0].startsWith("<") ? 2 : 1));
  const content = text.slice(at, end);
  if (/^[{[(][ \t\r\n]*[}\])]$/.test(content)) return { start: at, end: at, after: end, quote: "" };
  return { start: at, end, after: end, quote: value.key.quote };
}

const schemes =
  /^(?:Bearer|Basic|Digest|Token|Negotiate|NTLM|ApiKey|AWS4-HMAC-SHA256|Hawk|SSWS|OAuth|bearer|basic|token|digest)[ ]{1,4}/;

function bareValue(text: string, value: ValueAt, at: number, reader: ValueReader): ValueFound | undefined {
  const { rule, kind, key } = value;
  if (rule.when === "line" && kind !== "=") return headerValue(text, value, at, reader);
  const shape = shapes[rule.when];
  if (shape && key.quote === "") {
    const match = shape.exec(text.slice(at, at + 48));
    if (match && !fits(rule.when, match[0])) return undefined;
    return match
      ? { start: at, end: at + match[0].length, after: at + match[0].length, quote: "" }
      : undefined;
  }
  const end = key.quote !== "" ? scalarEnd(text, at) : bareEnd(text, at, key, kind);
  const content = text.slice(at, end);
  if (isSettled(content, reader))
    return content === "" ? undefined : { start: at, end: at, after: end, quote: "" };
  if (kind === ":" && reader.plainWords.has(content.toLowerCase().replace(/[.,;:!?]+$/, "")))
    return undefined;
  if (!fits(rule.when, content)) return undefined;
  return { start: at, end, after: end, quote: key.quote };
}

/** Bare values that contain blanks are known by their shape alone. */
const shapes: Partial<Record<When, RegExp>> = {
  digits3: /^[0-9]{3,12}(?![0-9A-Za-z])/,
  digits12: /^[0-9][0-9 -]{10,26}[0-9](?![0-9A-Za-z])/,
  phone: /^\+?\(?[0-9](?:[0-9 ().-]|%20){4,22}[0-9](?![0-9A-Za-z])/,
  id: /^(?:[0-9]{3}[ -][0-9]{2}[ -][0-9]{4}(?![0-9A-Za-z])|[A-Z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D](?![0-9A-Za-z])|[A-Z]{2}[0-9]{2}(?: [0-9A-Z]{4}){2,7}(?: [0-9A-Z]{1,3})?(?![0-9A-Za-z])|[0-9A-Za-z][0-9A-Za-z./-]{3,40})/,
};

/** Scheme and credentials, or a list of cookies. */
function headerValue(text: string, value: ValueAt, at: number, reader: ValueReader): ValueFound | undefined {
  const rest = text.slice(at, at + 16_384);
  const scheme = schemes.exec(rest)?.[0] ?? "";
  const wholeLine = value.rule.class === "cookie" || /^(?:Digest|AWS4|Hawk|OAuth|digest)/.test(scheme);
  const pattern = wholeLine
    ? /^(?:="[^"\r\n\\]{0,512}"|=\\"[^"\r\n\\]{0,512}\\"|[^\r\n"\\]){1,4096}/
    : /^[^ \t\r\n"'\\,;<>]{1,16384}/;
  const start = at + scheme.length;
  const match = pattern.exec(rest.slice(scheme.length));
  if (!match) return undefined;
  const content = match[0].replace(/[ \t]+$/, "");
  if (isSettled(content, reader)) return { start, end: start, after: start + content.length, quote: "" };
  if (reader.plainWords.has(content.toLowerCase())) return undefined;
  return { start, end: start + content.length, after: start + content.length, quote: value.key.quote };
}

/** The end of a number, symbol or word after a quoted key. */
function scalarEnd(text: string, at: number): number {
  const match = /^[^ \t\r\n,}\])"'\\]{1,4096}/.exec(text.slice(at, at + 4096));
  return at + (match?.[0].length ?? 0);
}

const bareMax = 8192;
const nextPair = /^[ \t]*[A-Za-z_:"'@][0-9A-Za-z_.[\]%@-]{0,60}["']?[ \t]*(?:=|:)/;

/**
 * The end of a bare value. A comma, ampersand or closing bracket ends it only where something
 * follows that shows it to be punctuation: passwords contain them too.
 */
function bareEnd(text: string, from: number, key: KeySpan, kind: SeparatorKind): number {
  const query = /[?&]/.test(text.charAt(key.start - 1));
  let at = from;
  while (at < text.length && at - from < bareMax) {
    const character = text.charAt(at);
    if (/[ \t\r\n"<>|]/.test(character)) break;
    if (character === "\\" && /^\\+(?:["']|[nrt](?![0-9A-Za-z])|n)/.test(text.slice(at, at + 9))) break;
    if (query && /[&#]/.test(character)) break;
    if (character === "&" && /^&(?:amp;)?[0-9A-Za-z_.[\]%-]{1,80}=|^&$/.test(text.slice(at, at + 96))) break;
    if (/[,;)\]}']/.test(character) && endsValue(text, at, kind)) break;
    at++;
  }
  return kind === ":" ? trimPunctuation(text, from, at) : at;
}

function endsValue(text: string, at: number, kind: SeparatorKind): boolean {
  const next = text.charAt(at + 1);
  if (next === "" || /[ \t\r\n,;)\]}"'.>\\]/.test(next)) return true;
  return /[,;]/.test(text.charAt(at)) && kind !== "flag" && nextPair.test(text.slice(at + 1, at + 80));
}

/** The full stop of a sentence is no part of what it quotes. */
function trimPunctuation(text: string, from: number, to: number): number {
  return to - from > 1 && /[.,;:!?]/.test(text.charAt(to - 1)) ? to - 1 : to;
}
