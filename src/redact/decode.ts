/**
 * Secrets that stand encoded: percent, `\uXXXX`, base64 and hexadecimal. A run of such text is
 * decoded and read like any other; if something is found in it, the whole run goes. Base64 and
 * hexadecimal are tried only where the encoded form of a telling word occurs, since identifiers
 * and digests look alike.
 */
import type { Span } from "./span.ts";

export type Decoder = {
  /** Calls `inner` for each decoded run, and `add` for those that it says hold a secret. */
  readonly runs: (text: string, inner: (decoded: string) => boolean, add: (span: Span) => void) => void;
};

/** Encoded forms of the words: base64 at its three alignments, and lower-case hexadecimal. */
export function encodedForms(words: readonly string[]): {
  readonly base64: readonly string[];
  readonly hex: readonly string[];
} {
  const base64 = words.flatMap((word) => [0, 1, 2].map((offset) => alignedBase64(word, offset)));
  return { base64, hex: words.map((word) => Buffer.from(word, "latin1").toString("hex")) };
}

/** The characters of base64 that a word alone decides, when `offset` bytes stand before it. */
function alignedBase64(word: string, offset: number): string {
  const text = Buffer.from("\0".repeat(offset) + word, "latin1").toString("base64");
  return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + word.length) * 8) / 6));
}

const isBase64 = /[0-9A-Za-z+/_-]/;
const isHex = /[0-9A-Fa-f]/;
const percentRun = /[0-9A-Za-z._~+*!:@/$%-]{0,4096}%[0-9A-Fa-f]{2}[0-9A-Za-z._~+*!:@/$%-]{0,8192}/g;

export function compileDecoder(words: readonly string[]): Decoder {
  const forms = encodedForms(words);
  return {
    runs: (text, inner, add) => {
      if (text.includes("%")) percentRuns(text, inner, add);
      for (const form of forms.base64) {
        if (text.includes(form)) runsAround(text, form, isBase64, decodeBase64, inner, add);
      }
      const lower = forms.hex.length > 0 ? text.toLowerCase() : text;
      for (const form of forms.hex) {
        if (lower.includes(form)) runsAround(text, form, isHex, decodeHex, inner, add);
      }
    },
  };
}

function percentRuns(text: string, inner: (decoded: string) => boolean, add: (span: Span) => void): void {
  // Over a copy of the pattern: what is decoded may hold such runs again.
  for (const match of text.matchAll(percentRun)) {
    const decoded = decodePercent(match[0]);
    // In a form a plus sign is a blank, elsewhere it is itself.
    const isForm = match[0].includes("+");
    if (inner(decoded) || (isForm && inner(decodePercent(match[0].replaceAll("+", " "))))) {
      add({
        start: match.index,
        end: match.index + match[0].length,
        class: "encoded",
        rule: "percent",
        quote: "",
      });
    }
  }
}

function decodePercent(run: string): string {
  return run.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}

/** Base64 of either alphabet, up to a padding or the end, which may be missing. */
export function decodeBase64(run: string): string {
  const padding = run.indexOf("=");
  return Buffer.from(padding < 0 ? run : run.slice(0, padding), "base64").toString("latin1");
}

function decodeHex(run: string): string {
  return Buffer.from(run.slice(run.length % 2), "hex").toString("latin1");
}

const runMax = 65_536;

function runsAround(
  text: string,
  form: string,
  belongs: RegExp,
  decode: (run: string) => string,
  inner: (decoded: string) => boolean,
  add: (span: Span) => void,
): void {
  const haystack = belongs === isHex ? text.toLowerCase() : text;
  for (let hit = haystack.indexOf(form); hit >= 0; ) {
    let start = hit;
    while (start > 0 && hit - start < runMax && belongs.test(text.charAt(start - 1))) start--;
    let end = hit + form.length;
    while (end < text.length && end - start < runMax && belongs.test(text.charAt(end))) end++;
    const rule = belongs === isHex ? "hex" : "base64";
    if (end - start >= 16 && inner(decode(text.slice(start, end)))) {
      if (rule === "base64") while (text.charAt(end) === "=") end++;
      add({ start, end, class: "encoded", rule, quote: "" });
    }
    hit = haystack.indexOf(form, end);
  }
}

const escapes = /(\\+)u00([2-7][0-9A-Fa-f])/g;

/**
 * The text with `\u0070` written as `p`, which means the same in every string that knows the
 * escape; a quote keeps its backslashes. The text itself when there is nothing to write.
 */
export function unescapeUnicode(text: string): string {
  if (!text.includes("\\u00")) return text;
  return text.replace(escapes, (all: string, backslashes: string, digits: string) => {
    const code = Number.parseInt(digits, 16);
    if (code === 92 || code === 127 || backslashes.length % 2 === 0) return all;
    const kept = backslashes.slice(1);
    return code === 34 ? `${kept}\\"` : `${kept}${String.fromCharCode(code)}`;
  });
}
