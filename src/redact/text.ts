/**
 * Redacts one text: keys, values and encoded runs each name spans, and the spans are replaced where
 * they stand, so that everything else stays as it was, byte for byte. Texts are strings of bytes
 * (one character a byte), as the two recorders see them too.
 */
import { type AssignmentFinder, compileAssignments } from "./assign.ts";
import { compileDecoder, type Decoder, unescapeUnicode } from "./decode.ts";
import { insertedValues } from "./insert.ts";
import { compileEndsHarmless, type KeyVerdict } from "./key.ts";
import type { Marker } from "./keyring.ts";
import { markFor, markPattern, type VerdictOf } from "./mark.ts";
import { repeatsOf } from "./repeat.ts";
import type { Ruleset } from "./ruleset.ts";
import { type Mark, mergeSpans, type Span } from "./span.ts";
import { compileValueReader, type ValueReader } from "./value.ts";
import { compileValues, type ValueFinder } from "./values.ts";

/** What one event has used of its budget, and what was found in it. */
export type Work = {
  decodeBytesLeft: number;
  readonly hits: Map<string, number>;
};

export type TextRules = {
  readonly ruleset: Ruleset;
  readonly verdictOf: VerdictOf;
  readonly marker: Marker;
  readonly keyVerdict: KeyVerdict;
  readonly reader: ValueReader;
  readonly assignments: AssignmentFinder;
  readonly values: ValueFinder;
  readonly decoder: Decoder;
  readonly marks: RegExp;
  /** Rules of the user, after the built-in ones. */
  readonly custom: (text: string, add: (span: Span) => void) => void;
  /** Values that stay, whatever rule finds them. */
  readonly allowed: ReadonlySet<string>;
};

export function compileTextRules(
  ruleset: Ruleset,
  keyVerdict: KeyVerdict,
  marker: Marker,
  verdictOf: VerdictOf,
  custom: TextRules["custom"],
  allowed: ReadonlySet<string>,
): TextRules {
  const classes = Object.keys(ruleset.classes);
  const reader = compileValueReader(ruleset, classes);
  return {
    ruleset,
    verdictOf,
    marker,
    keyVerdict,
    reader,
    assignments: compileAssignments(
      new RegExp(hintPattern(ruleset), "gi"),
      keyVerdict,
      compileEndsHarmless(ruleset),
      reader,
    ),
    values: compileValues(ruleset, (name) => verdictOf(name) === "off"),
    decoder: compileDecoder(ruleset.encodedWords),
    marks: new RegExp(markPattern(classes), "g"),
    custom,
    allowed,
  };
}

/** Every word and phrase of the key rules; a shorter one makes the longer that contain it needless. */
export function hintWords(ruleset: Pick<Ruleset, "keys" | "endings">): readonly string[] {
  const all = Object.values(ruleset.keys).flatMap((entry) => entry.words);
  const words = [...new Set([...all, ...Object.values(ruleset.endings).flat()])];
  return words
    .filter((word) => !words.some((other) => other !== word && !other.includes(" ") && word.includes(other)))
    .sort();
}

function hintPattern(ruleset: Ruleset): string {
  return hintWords(ruleset)
    .map((word) => word.replaceAll(" ", "[_. -]?"))
    .join("|");
}

/** Fields that identify something are touched only by rules that cannot be mistaken. */
export type Strength = "full" | "strong";

/** The text with what must not stay replaced; the same string when there is nothing. */
export function redactText(
  text: string,
  strength: Strength,
  rules: TextRules,
  work: Work,
  depth = 0,
): string {
  if (text.length > rules.ruleset.limits.textBytesMax) return withheld(text, "overrun", rules, work);
  try {
    return redactPasses(text, strength, rules, work, depth);
  } catch {
    // A fault of a rule: what it could not read is not let through.
    return withheld(text, "failed", rules, work);
  }
}

function redactPasses(text: string, strength: Strength, rules: TextRules, work: Work, depth: number): string {
  const plain = strength === "full" ? unescapeUnicode(text) : text;
  let redacted = redactPlain(plain, strength, rules, work, depth);
  if (redacted === plain) return plain === text ? text : redactPlain(text, strength, rules, work, depth);
  // What went may have hidden where something else begins; marks themselves are never touched again.
  for (let pass = 1; pass < passesMax; pass++) {
    const again = redactPlain(redacted, strength, rules, work, depth);
    if (again === redacted) return redacted;
    redacted = again;
  }
  return redacted;
}

const passesMax = 6;

/** The whole text replaced, because it could not be read to its end. */
export function withheld(
  text: string,
  why: "overrun" | "depth" | "failed",
  rules: TextRules,
  work: Work,
): string {
  const span = {
    start: 0,
    end: text.length,
    class: why === "failed" ? "overrun" : why,
    rule: why,
    quote: "",
  };
  return splice(text, [span], rules, work);
}

function redactPlain(text: string, strength: Strength, rules: TextRules, work: Work, depth: number): string {
  const spans = findSpans(text, strength, rules, work, depth);
  return spans.length === 0 ? text : splice(text, spans, rules, work);
}

/** Every span of a text that goes, in order. */
export function findSpans(
  text: string,
  strength: Strength,
  rules: TextRules,
  work: Work,
  depth: number,
): readonly Span[] {
  const spans: Span[] = [];
  const add = (span: Span): void => {
    spans.push(span);
  };
  rules.values(text, strength === "strong", add);
  if (strength === "full") {
    rules.assignments(text, marksOf(text, rules), add);
    insertedValues(text, rules.keyVerdict, rules.reader, add);
    if (depth < rules.ruleset.limits.decodeDepthMax)
      rules.decoder.runs(text, decoded(rules, work, depth), add);
    rules.custom(text, add);
  }
  if (spans.length === 0) return spans;
  const marks = marksOf(text, rules);
  const isFresh = (span: Span): boolean =>
    !marks.some((mark) => mark.start <= span.start && span.end <= mark.end && span.end > span.start);
  const merged = mergeSpans(spans.filter(isFresh));
  const again = repeatsOf(text, merged, rules.verdictOf).filter(isFresh);
  return (again.length === 0 ? merged : mergeSpans([...merged, ...again]))
    .filter((span) => span.end > span.start && rules.verdictOf(span.class) !== "off")
    .filter((span) => !rules.allowed.has(text.slice(span.start, span.end)))
    .map((span) => wholeCharacters(text, span));
}

/** Where marks stand already; nothing in them is looked at again. */
function marksOf(text: string, rules: TextRules): readonly Mark[] {
  if (!text.includes("[")) return [];
  return [...text.matchAll(rules.marks)].map(({ index, 0: mark }) => ({
    start: index,
    end: index + mark.length,
  }));
}

/** Reads a decoded run as a text of its own, on the budget of its event. */
function decoded(rules: TextRules, work: Work, depth: number): (run: string) => boolean {
  return (run) => {
    work.decodeBytesLeft -= run.length;
    // Over budget the run counts as secret: it is not let through unread.
    if (work.decodeBytesLeft < 0) return true;
    const inner: Work = { decodeBytesLeft: work.decodeBytesLeft, hits: new Map() };
    const found = findSpans(run, "full", rules, inner, depth + 1).length > 0;
    work.decodeBytesLeft = inner.decodeBytesLeft;
    return found;
  };
}

/** Never cuts a character of several bytes. */
function wholeCharacters(text: string, span: Span): Span {
  let { start, end } = span;
  while (start > 0 && isContinuation(text.charCodeAt(start))) start--;
  while (end < text.length && isContinuation(text.charCodeAt(end))) end++;
  return start === span.start && end === span.end ? span : { ...span, start, end };
}

function isContinuation(code: number): boolean {
  return code >= 0x80 && code < 0xc0;
}

function splice(text: string, spans: readonly Span[], rules: TextRules, work: Work): string {
  let result = "";
  let from = 0;
  for (const span of spans) {
    const mark = markFor(text, span, rules.verdictOf(span.class), rules.marker);
    result += `${text.slice(from, span.start)}${span.quote}${mark}${span.quote}`;
    from = span.end;
    work.hits.set(span.rule, (work.hits.get(span.rule) ?? 0) + 1);
  }
  return result + text.slice(from);
}
