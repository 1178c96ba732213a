/**
 * The one pass over the bytes of a text that calls it clean. It may err only to one side: a text
 * that the rules would change is never called clean. Most rows end here.
 */
import { isKeyCode, runEnd, runStart } from "./assign.ts";
import {
  type Automaton,
  compileAutomaton,
  endsBit,
  literal,
  type Sequence,
  setOf,
  unknown,
} from "./automaton.ts";
import { isCard } from "./checks.ts";
import { encodedForms } from "./decode.ts";
import type { KeyVerdict } from "./key.ts";
import type { Ruleset, ValueEntry } from "./ruleset.ts";
import { hintWords, type Strength } from "./text.ts";

/** A text that the rules are used on in full or only in part, or the key of an attribute. */
export type Part = Strength | "key";

/** Whether a text, from `start` to `end`, holds nothing that a rule would change; a key, also its value. */
export type Sweep = (bytes: Uint8Array, start: number, end: number, part: Part) => boolean;

/** Looks at the bytes around the end of a pattern: is there cause to read the text? */
type Doubt = (bytes: Uint8Array, at: number, start: number, end: number, part: Part) => boolean;

const digits = setOf("0123456789");
const hexDigits = setOf("0123456789abcdefABCDEF");
const capitals = setOf("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
const capitalsAndDigits = setOf("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
const wordBytes = setOf("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
const blanks = setOf(" \t\r\n\\");
const always: Doubt = () => true;

export type SweepRules = {
  readonly ruleset: Ruleset;
  readonly keyVerdict: KeyVerdict;
  readonly off: (className: string) => boolean;
  /** Literal texts, in any case, without which the rules of the user cannot match. */
  readonly customKeywords: readonly string[];
};

export function compileSweep({ ruleset, keyVerdict, off, customKeywords }: SweepRules): Sweep {
  const doubts: Doubt[] = [];
  const sequences: Sequence[] = [];
  const strong = (sets: readonly Uint8Array[], doubt: Doubt): void => {
    sequences.push({ id: doubts.length, sets });
    doubts.push(doubt);
  };
  /** Patterns of rules that leave alone what identifies something. */
  const watch: Watch = (sets, doubt) => {
    strong(sets, (bytes, at, start, end, part) => part !== "strong" && doubt(bytes, at, start, end, part));
  };
  watchKeys(ruleset, watch, (length) => keyDoubt(keyVerdict, ruleset.limits.keyBytesMax, length));
  for (const entry of ruleset.values) {
    if (!off(entry.class)) watchValue(entry, ruleset, entry.strong === true ? strong : watch);
  }
  watchEncoded(ruleset, watch);
  watch([...literal("insert", true), blanks], always);
  for (const word of customKeywords) strong(literal(word.slice(0, 60), true), always);
  return sweepWith(compileAutomaton(sequences), doubts);
}

type Watch = (sets: readonly Uint8Array[], doubt: Doubt) => void;

function sweepWith(automaton: Automaton, doubts: readonly Doubt[]): Sweep {
  const { columns } = automaton;
  return (bytes, start, end, part) => {
    let table = automaton.table();
    let state = 0;
    for (let at = start; at < end; at++) {
      const column = columns[bytes[at] as number] as number;
      const next = table[state + column] as number;
      if (next < endsBit) {
        state = next;
        continue;
      }
      // The bit operations keep the compiler from making the state a floating-point number.
      const ending = (next === unknown ? automaton.resolve(state, column) : next) | 0;
      table = automaton.table();
      state = ending & (endsBit - 1);
      if (ending < endsBit) continue;
      const ends = automaton.ends(state);
      for (let index = 0; index < ends.length; index++) {
        if ((doubts[ends[index] as number] as Doubt)(bytes, at, start, end, part)) return false;
      }
    }
    return true;
  };
}

/** Every word of the key rules; between the words of a phrase one separator may stand. */
function watchKeys(ruleset: Ruleset, watch: Watch, doubt: (length: number) => Doubt): void {
  const gap = setOf("_-. ");
  for (const hint of hintWords(ruleset)) {
    let variants: Uint8Array[][] = [[]];
    for (const [index, word] of hint.split(" ").entries()) {
      const gaps = index === 0 ? [[]] : [[], [gap]];
      variants = variants.flatMap((variant) =>
        gaps.map((between) => variant.concat(between, literal(word, true))),
      );
    }
    for (const variant of variants) watch(variant, doubt(variant.length));
  }
}

const windowBytes = 288;

/** A sensitive word that is part of a sensitive key, with something behind it that could set a value. */
function keyDoubt(verdict: KeyVerdict, keyBytesMax: number, length: number): Doubt {
  return (bytes, last, start, end, part) => {
    const at = last - length + 1;
    if (part === "key")
      return !isPlainKey(bytes, start, end) || verdict(asText(bytes, start, end)) !== undefined;
    if (!isBeforeValue(bytes, at, start, end)) return false;
    const from = Math.max(start, at - windowBytes);
    const text = asText(bytes, from, Math.min(end, at + windowBytes));
    const hit = at - from;
    const first = runStart(text, hit);
    let behind = runEnd(text, hit);
    if (behind - first >= keyBytesMax) return true;
    const flag = text.slice(first, behind).includes("--");
    for (let words = 1; words <= wordsMax; words++) {
      if (mayAssign(text, behind, flag) && verdict(text.slice(first, behind))) return true;
      if (text.charAt(behind) !== " " || !isKeyCode(text.charCodeAt(behind + 1))) return false;
      behind = runEnd(text, behind + 1);
    }
    return false;
  };
}

const wordsMax = 5;

/** A key that is no text of its own: nothing in it can set a value. */
function isPlainKey(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (!isKeyCode(bytes[at] as number)) return false;
  return end - start < windowBytes;
}

const assigning = setOf("=:\"'\\");
const afterKey = setOf("=:\"'\\`]%>");

/** What `mayAssign` says of the words from `at`, or true; without making texts of them. */
function isBeforeValue(bytes: Uint8Array, at: number, start: number, end: number): boolean {
  let behind = at;
  for (let words = 1; words <= wordsMax; words++) {
    while (behind < end && isKeyCode(bytes[behind] as number)) behind++;
    if (behind - at >= windowBytes - 24) return true;
    if (behind === end) return false;
    let next = behind;
    while (next < end && next - behind < 8 && (bytes[next] === 32 || bytes[next] === 9)) next++;
    if (next === behind) return afterKey[bytes[next] as number] === 1 || isLineOrBracket(bytes, next);
    if (next < end && assigning[bytes[next] as number] === 1) return true;
    if (bytes[behind] !== 32) return false;
    if (isFlag(bytes, at, start)) return true;
    if (next !== behind + 1 || next === end || !isKeyCode(bytes[next] as number)) return false;
    behind = next;
  }
  return false;
}

/** The end of a line, behind which YAML may have the value, or `)=(`. */
function isLineOrBracket(bytes: Uint8Array, at: number): boolean {
  const byte = bytes[at];
  return byte === 10 || byte === 13 || (byte === 41 && bytes[at + 1] === 61);
}

/** Whether the run of key bytes around `at` may begin with a dash. */
function isFlag(bytes: Uint8Array, at: number, start: number): boolean {
  for (let before = at; before >= start && isKeyCode(bytes[before] as number); before--) {
    if (bytes[before] === 45) return true;
  }
  return false;
}

function mayAssign(text: string, end: number, flag: boolean): boolean {
  const rest = text.slice(end, end + 96);
  return (
    rest === "" ||
    /^(?:[\\"'`\]%>]|[ \t]{0,8}[=:"'\\]|\)=\(| {0,8}\r?\n {0,64}(?:value|val|content|data):)/.test(rest) ||
    (flag && rest.startsWith(" "))
  );
}

function asText(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}

function watchValue(entry: ValueEntry, ruleset: Ruleset, watch: Watch): void {
  const ignoreCase = entry.ignoreCase === true;
  switch (entry.keywords[0] ?? "") {
    case "#card":
      return watchCards(watch);
    case "#iban": {
      const countries = new Set(Object.keys(ruleset.ibanLengths));
      const known: Doubt = (bytes, at) =>
        countries.has(asText(bytes, at - 7, at - 5)) || countries.has(asText(bytes, at - 8, at - 6));
      const head = [capitals, capitals, digits, digits];
      const group = [capitalsAndDigits, capitalsAndDigits, capitalsAndDigits, capitalsAndDigits];
      watch([...head, ...group], known);
      return watch([...head, setOf(" "), ...group], known);
    }
    case "#ssn":
      return watch(
        [digits, digits, digits, setOf("-"), digits, digits, setOf("-"), digits, digits, digits, digits],
        boundaryDoubt(11),
      );
    case "#phone":
      return watch([setOf("+"), setOf("123456789")], phoneDoubt);
    case "#ip":
      watch([digits, setOf("."), digits, setOf("."), digits], always);
      watch([digits, setOf("."), digits, digits, setOf("."), digits], always);
      return watch([digits, setOf("."), digits, digits, digits, setOf("."), digits], always);
    case "@":
      return watch(
        [setOf("@")],
        (bytes, at) => wordBytes[bytes[at - 1] as number] === 1 || /[.%+-]/.test(asText(bytes, at - 1, at)),
      );
    case "://":
      return watch(literal("://", false), urlDoubt);
    default:
      for (const word of entry.keywords) {
        const sets = [...literal(word, ignoreCase), ...setsBehind(word, entry.pattern)];
        watch(sets, entry.boundary === true ? boundaryDoubt(sets.length) : always);
      }
  }
}

/** So many bytes behind a keyword tell it from a word that begins alike. */
const setsBehindMax = 8;

/** Where a pattern is its keyword and then a run of one class, the first bytes of that run: `path` is no `pat…`. */
function setsBehind(word: string, pattern: string): readonly Uint8Array[] {
  const literalWord = word.replace(/[.$^*+?()[\]{}|\\/]/g, "\\$&");
  if (!pattern.startsWith(literalWord)) return [];
  const run = /^(\[[^\]\\]+\])\{(\d+)[,}]/.exec(pattern.slice(literalWord.length));
  if (!run) return [];
  const oneOf = new RegExp(run[1] as string);
  const every = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
  const set = setOf(every.filter((character) => oneOf.test(character)).join(""));
  return Array.from({ length: Math.min(Number(run[2]), setsBehindMax) }, () => set);
}

/** A rule that wants a boundary wants one here too; an escape such as `\n` before it is one. */
function boundaryDoubt(length: number): Doubt {
  return (bytes, at, start) => {
    const before = at - length;
    if (before < start || wordBytes[bytes[before] as number] !== 1) return true;
    return before > start && bytes[before - 1] === 92;
  };
}

function watchCards(watch: Watch): void {
  const four = [digits, digits, digits, digits];
  const separator = setOf(" -");
  const alone = (length: number): Doubt => {
    const bounded = boundaryDoubt(length);
    return (bytes, at, start, end, part) =>
      bounded(bytes, at, start, end, part) && !isHexRun(bytes, at + 1, Math.min(end, at + 9));
  };
  watch([...four, separator, ...four, separator, ...four, separator, ...four], alone(19));
  watch([...four, separator, ...four, digits, digits, separator, ...four], boundaryDoubt(16));
  watch(
    Array.from({ length: 14 }, () => digits),
    (bytes, at, start, end) => {
      let first = at - 13;
      while (first > start && digits[bytes[first - 1] as number] === 1) first--;
      // Only the fourteenth digit of a run asks, and asks for the whole run.
      if (at - first !== 13) return false;
      let last = at + 1;
      while (last < end && last - first < 19 && digits[bytes[last] as number] === 1) last++;
      for (; last > at; last--) if (isCard(asText(bytes, first, last))) return true;
      return false;
    },
  );
}

/** The last group of a UUID, of which the groups before look like those of a card. */
function isHexRun(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (hexDigits[bytes[at] as number] !== 1) return false;
  return to - from === 8;
}

function phoneDoubt(bytes: Uint8Array, at: number, _start: number, end: number): boolean {
  let count = 0;
  for (let next = at; next < end && next - at < 28; next++) {
    const byte = bytes[next] as number;
    if (digits[byte] === 1) count++;
    else if (byte !== 32 && byte !== 45 && byte !== 46 && byte !== 40 && byte !== 41) break;
  }
  return count >= 8;
}

/** An at sign before the slash, blank or quote that ends the authority of a URL. */
function urlDoubt(bytes: Uint8Array, at: number, _start: number, end: number): boolean {
  for (let next = at + 1; next < end && next - at < 520; next++) {
    const byte = bytes[next] as number;
    if (byte === 64) return true;
    if (byte === 47 || byte === 32 || byte === 34 || byte === 63 || byte === 35) return false;
  }
  return false;
}

function watchEncoded(ruleset: Ruleset, watch: Watch): void {
  const forms = encodedForms(ruleset.encodedWords);
  for (const form of forms.base64) watch(literal(form, false), always);
  for (const form of forms.hex) watch(literal(form, true), always);
  watch([setOf("%"), hexDigits, hexDigits], always);
  // Escapes that write plain letters another way: `\u0070`, and the `\/` of some JSON writers.
  watch(literal("\\u00", false), always);
  watch(literal("\\/", false), always);
}
