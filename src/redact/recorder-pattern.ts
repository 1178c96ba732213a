/**
 * Patterns of the user for the recorders, whose engines backtrack and read bytes. A pattern goes
 * there only if it means the same to all of them and if its work at each place of a text is bounded;
 * it is written anew in the few forms that JavaScript, Ruby and Python read alike.
 */

/** The pattern for recorders, or why only the server may use it. */
export type RecorderPattern = { readonly pattern: string } | { readonly serverOnly: string };

/** More ways to match at one place, or longer matches, are left to the server's engine. */
const waysMax = 1000;
const lengthMax = 256;
const depthMax = 20;

/** A part of a pattern: its text, in how many ways it can be gone through, and its longest match. */
type Part = { readonly source: string; readonly ways: number; readonly length: number };

class NotForRecorders extends Error {}

const classes: Readonly<Record<string, string>> = {
  d: "0-9",
  w: "0-9A-Z_a-z",
  s: "\\x09\\x0a\\x0c\\x0d\\x20",
};
const controls: Readonly<Record<string, number>> = { t: 9, n: 10, f: 12, r: 13, v: 11 };
const word = "[0-9A-Z_a-z]";
const wordEdge = `(?:(?<!${word})(?=${word})|(?<=${word})(?!${word}))`;
const noWordEdge = `(?:(?<!${word})(?!${word})|(?<=${word})(?=${word}))`;

/**
 * A backtracking engine goes through each way of a pattern at most once at a place, and through at
 * most `lengthMax` characters on each: with no repetition without an end, the time is linear.
 */
export function forRecorders(pattern: string): RecorderPattern {
  try {
    const ignoreCase = pattern.startsWith("(?i)");
    const reader: Reader = { text: pattern, at: ignoreCase ? 4 : 0, ignoreCase };
    const { source, ways, length } = readAlternatives(reader, 0);
    if (reader.at < pattern.length) refuse("has a bracket too many");
    if (ways > waysMax) refuse(`can be gone through in more than ${waysMax} ways`);
    if (length > lengthMax) refuse(`can match more than ${lengthMax} characters`);
    return { pattern: source };
  } catch (error) {
    if (error instanceof NotForRecorders) return { serverOnly: error.message };
    throw error;
  }
}

/** `at` is written by the functions below alone. */
type Reader = { readonly text: string; at: number; readonly ignoreCase: boolean };

function refuse(why: string): never {
  throw new NotForRecorders(why);
}

function readAlternatives(reader: Reader, depth: number): Part {
  if (depth > depthMax) refuse(`has more than ${depthMax} groups in each other`);
  const branches = [readSequence(reader, depth)];
  while (reader.text[reader.at] === "|") {
    reader.at++;
    branches.push(readSequence(reader, depth));
  }
  return {
    source: branches.map(({ source }) => source).join("|"),
    ways: branches.reduce((sum, { ways }) => sum + ways, 0),
    length: Math.max(...branches.map(({ length }) => length)),
  };
}

function readSequence(reader: Reader, depth: number): Part {
  let whole: Part = { source: "", ways: 1, length: 0 };
  while (reader.at < reader.text.length && !"|)".includes(reader.text[reader.at] as string)) {
    const part = readRepeated(reader, readAtom(reader, depth));
    whole = {
      source: whole.source + part.source,
      ways: whole.ways * part.ways,
      length: whole.length + part.length,
    };
  }
  return whole;
}

function readAtom(reader: Reader, depth: number): Part {
  const character = reader.text[reader.at] as string;
  if (character === "(") return readGroup(reader, depth);
  if (character === "[") return one(readClass(reader));
  if (character === "\\") return readEscape(reader);
  if (character === ".") refuse("has a . outside brackets, which may stand for part of a character");
  if ("^$".includes(character)) refuse("is bound to the beginning or end of the text");
  reader.at++;
  return one(literal(codeOf(character), reader.ignoreCase));
}

function one(source: string): Part {
  return { source, ways: 1, length: 1 };
}

function readGroup(reader: Reader, depth: number): Part {
  const opening = /^\((?:\?:|\?P?<[A-Za-z_]\w{0,40}>|(?!\?))/.exec(
    reader.text.slice(reader.at, reader.at + 50),
  );
  if (!opening) refuse("has a group that sets flags");
  reader.at += opening[0].length;
  const inner = readAlternatives(reader, depth + 1);
  reader.at++;
  return { ...inner, source: `(?:${inner.source})` };
}

function readEscape(reader: Reader): Part {
  const letter = reader.text[reader.at + 1] ?? "";
  if (letter === "b" || letter === "B") {
    reader.at += 2;
    return { source: letter === "b" ? wordEdge : noWordEdge, ways: 2, length: 0 };
  }
  const set = classes[letter];
  if (set === undefined) return one(literal(readEscapedCode(reader), reader.ignoreCase));
  reader.at += 2;
  return one(`[${set}]`);
}

/** The character that `\\.`, `\\n` or `\\x2d` stands for. */
function readEscapedCode(reader: Reader): number {
  const [whole, hex] = /^\\(?:x([0-9A-Fa-f]{2})|.)/s.exec(reader.text.slice(reader.at, reader.at + 4)) ?? [];
  if (whole === undefined) return refuse("ends in a backslash");
  reader.at += whole.length;
  if (hex !== undefined) return asciiOf(Number.parseInt(hex, 16));
  const character = whole.charAt(1);
  const control = controls[character];
  if (control !== undefined) return control;
  if (/[0-9A-Za-z]/.test(character)) refuse(`has \\${character}`);
  return codeOf(character);
}

function readClass(reader: Reader): string {
  reader.at++;
  if (reader.text[reader.at] === "^") refuse("has a negated class, which may stand for part of a character");
  let source = "";
  for (let first = true; first || reader.text[reader.at] !== "]"; first = false) {
    if (reader.text.startsWith("[:", reader.at)) refuse("has a named class");
    const set = reader.text[reader.at] === "\\" ? classes[reader.text[reader.at + 1] ?? ""] : undefined;
    if (set !== undefined) {
      reader.at += 2;
      source += set;
    } else source += readRange(reader);
  }
  reader.at++;
  return `[${source}]`;
}

function readRange(reader: Reader): string {
  const from = readClassCode(reader);
  const isRange = reader.text[reader.at] === "-" && reader.text[reader.at + 1] !== "]";
  if (isRange) reader.at++;
  const to = isRange ? readClassCode(reader) : from;
  let source = rangeText(from, to);
  if (reader.ignoreCase) {
    for (const [first, last, step] of [
      [65, 90, 32],
      [97, 122, -32],
    ] as const) {
      const [low, high] = [Math.max(from, first), Math.min(to, last)];
      if (low <= high) source += rangeText(low + step, high + step);
    }
  }
  return source;
}

function rangeText(from: number, to: number): string {
  return from === to ? escaped(from) : `${escaped(from)}-${escaped(to)}`;
}

function readClassCode(reader: Reader): number {
  if (reader.text[reader.at] === "\\") return readEscapedCode(reader);
  return codeOf(reader.text[reader.at++] ?? "");
}

/** Bounded repetitions alone, written as `{from,to}` with a `?` where the shortest is tried first. */
function readRepeated(reader: Reader, part: Part): Part {
  const found = /^(?:([*+?])|\{([0-9]{1,4})(,?)([0-9]{0,4})\})(\??)/.exec(
    reader.text.slice(reader.at, reader.at + 13),
  );
  if (!found) return part;
  const [whole, sign, least = "", comma, most, lazy = ""] = found;
  if (sign === "*" || sign === "+" || (comma === "," && most === ""))
    refuse("repeats something without an end");
  const from = sign === "?" ? 0 : Number(least);
  const to = sign === "?" ? 1 : comma === "," ? Number(most) : from;
  reader.at += whole.length;
  if (/^(?:[*+?]|\{[0-9])/.test(reader.text.slice(reader.at, reader.at + 2))) refuse("repeats a repetition");
  let ways = 0;
  for (let count = from; count <= to && ways <= waysMax; count++) ways += part.ways ** count;
  const counts = from === to ? `{${from}}` : `{${from},${to}}${lazy}`;
  return { source: part.source + counts, ways, length: part.length * to };
}

function literal(code: number, ignoreCase: boolean): string {
  const letter = String.fromCharCode(code);
  if (!ignoreCase || !/[A-Za-z]/.test(letter)) return escaped(code);
  return `[${letter.toUpperCase()}${letter.toLowerCase()}]`;
}

/** Letters and digits as they are, everything else by its number: no engine reads that as a sign. */
function escaped(code: number): string {
  const character = String.fromCharCode(code);
  return /[0-9A-Za-z]/.test(character) ? character : `\\x${code.toString(16).padStart(2, "0")}`;
}

function codeOf(character: string): number {
  if (character === "") refuse("ends too early");
  return asciiOf(character.charCodeAt(0));
}

function asciiOf(code: number): number {
  return code < 128 ? code : refuse("has characters beyond ASCII");
}
