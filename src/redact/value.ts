/**
 * Reads the value behind a sensitive key: a quoted string, a bracketed structure, a block of YAML,
 * or a bare word, of which the end depends on what stands around it. When in doubt more is taken.
 */
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

const fitting: { readonly [W in When]: (content: string) => boolean } = {
  any: () => true,
  line: () => true,
  text: (content) => !/^[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?$/.test(content),
  random: looksRandom,
  digits3: (content) => /^[0-9]{3,12}$/.test(content),
  digits12: (content) => /^[0-9][0-9 .-]{10,26}[0-9]$/.test(content) && digitCount(content) >= 12,
  phone: (content) => /^\+?\(?[0-9](?:[0-9 ()./-]|%20){4,24}[0-9]$/.test(content) && digitCount(content) >= 7,
  id: (content) => /^[0-9A-Za-z][0-9A-Za-z ./-]{3,40}$/.test(content) && digitCount(content) >= 4,
};

function digitCount(text: string): number {
  return text.replace(/[^0-9]/g, "").length;
}

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
    !/[./]/.test(content)
  );
}

export function readValue(text: string, value: ValueAt, reader: ValueReader): ValueFound | undefined {
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
  if (rule.when === "any" || rule.when === "line" || rule.when === "text") {
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

const lineEnd = /(?:\r?\n|\\r?\\n|\\n)/g;

/** Where the line of `at` ends, and where the next begins; `\n` written out counts as a line end. */
function lineAfter(text: string, at: number): { readonly end: number; readonly next: number } {
  lineEnd.lastIndex = at;
  const match = lineEnd.exec(text);
  return match ? { end: match.index, next: match.index + match[0].length } : { end: text.length, next: -1 };
}

/** The column of a key that begins its line, apart from `- `, `:` and quotes; -1 if it does not. */
function columnOf(text: string, key: KeySpan): number {
  const before = text.slice(Math.max(0, key.start - 200), key.start);
  const match = /(?:^|\n|\\n)([ ]{0,64})((?:- )*):?$/.exec(before);
  if (!match || (match.index === 0 && key.start > 200 && !/^\\?n|^\n/.test(match[0]))) return -1;
  return (match[1] as string).length + (match[2] as string).length;
}

/** A YAML scalar of several lines, a nested list or mapping, or the rest of a line of YAML. */
function blockValue(text: string, value: ValueAt, reader: ValueReader): ValueFound | undefined {
  if (value.kind !== ":" || value.key.quote !== "") return undefined;
  const column = columnOf(text, value.key);
  if (column < 0) return undefined;
  const line = lineAfter(text, value.at);
  const first = text.slice(value.at, line.end);
  if (/^(?:[|>][+-]?[0-9]?)?[ \t]*$/.test(first)) {
    let end = line.end;
    let next = line.next;
    while (next >= 0) {
      const inner = lineAfter(text, next);
      const indentation = /^ */.exec(text.slice(next, Math.min(inner.end, next + 200)))?.[0].length ?? 0;
      const blank = indentation === inner.end - next;
      const item =
        indentation === column &&
        text.charAt(next + indentation) === "-" &&
        text.charAt(next + indentation + 1) === " ";
      if (!blank && indentation <= column && !item) break;
      if (!blank) end = inner.end;
      next = inner.next;
    }
    return end > line.end
      ? { start: value.at, end: trimQuote(text, value.at, end), after: end, quote: "" }
      : undefined;
  }
  // Only text of several lines is read as YAML; in a single line the rest is prose.
  const several = value.key.start > column || line.next >= 0;
  if (!several || value.rule.when !== "any" || /^["'[{!&*]/.test(first)) return undefined;
  const words = first.split(" ");
  if (words.length < 2 || reader.plainWords.has((words[0] as string).toLowerCase())) return undefined;
  const end = trimQuote(text, value.at, line.end);
  return { start: value.at, end, after: end, quote: "" };
}

/** A quote of the text around ends a bare value. */
function trimQuote(text: string, start: number, end: number): number {
  const match = /\\*["]/.exec(text.slice(start, end));
  return match ? start + match.index : end;
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
