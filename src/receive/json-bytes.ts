/**
 * JSON (RFC 8259) over bytes, without objects and without recursion: the sender chooses how deep
 * his JSON is, and must not choose our stack. Every function takes a position and returns the one
 * behind what it read, or `notJson - position` (negative) where the text stops being JSON. The
 * bytes must end in a line feed, which no JSON on one line contains, so that no loop needs an end.
 */

export const quote = 0x22;
export const backslash = 0x5c;
export const comma = 0x2c;
export const colon = 0x3a;
export const openBrace = 0x7b;
export const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
export const space = 0x20;
export const lineFeed = 0x0a;
export const carriageReturn = 0x0d;
const minus = 0x2d;
const zero = 0x30;
const nine = 0x39;

/** 1 for each byte that stands for itself in a JSON string: all but controls, quote, backslash. */
export const plainText: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte !== quote && byte !== backslash ? 1 : 0,
);

/** Value of a hexadecimal digit, 255 for any other byte. */
export const hexValue: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  const value = "0123456789abcdef".indexOf(String.fromCharCode(byte).toLowerCase());
  return value < 0 ? 255 : value;
});

/** Failures are negative; the deepest failure of all is that the text nests too deep. */
export function failedAt(position: number): number {
  return -1 - position;
}
export const tooDeep = -0x7fffffff;

export function skipSpace(bytes: Uint8Array, position: number): number {
  let at = position;
  while (bytes[at] === space || bytes[at] === 0x09 || bytes[at] === carriageReturn) at++;
  return at;
}

/** From the backslash to behind the escape sequence. */
export function skipEscape(bytes: Uint8Array, position: number): number {
  switch (bytes[position + 1] as number) {
    case quote:
    case backslash:
    case 0x2f: // slash
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return position + 2;
    case 0x75: {
      for (let at = position + 2; at < position + 6; at++) {
        if (hexValue[bytes[at] as number] === 255) return failedAt(at);
      }
      return position + 6;
    }
    default:
      return failedAt(position);
  }
}

/** From the opening quote to behind the closing one. */
export function skipString(bytes: Uint8Array, position: number): number {
  let at = position + 1;
  for (;;) {
    while (plainText[bytes[at] as number] === 1) at++;
    if (bytes[at] === quote) return at + 1;
    if (bytes[at] !== backslash) return failedAt(at);
    at = skipEscape(bytes, at);
    if (at < 0) return at;
  }
}

export function skipNumber(bytes: Uint8Array, position: number): number {
  let at = bytes[position] === minus ? position + 1 : position;
  if (bytes[at] === zero) at++;
  else {
    const digits = skipDigits(bytes, at);
    if (digits === at) return failedAt(at);
    at = digits;
  }
  if (bytes[at] === 0x2e) {
    const digits = skipDigits(bytes, at + 1);
    if (digits === at + 1) return failedAt(digits);
    at = digits;
  }
  if (bytes[at] === 0x65 || bytes[at] === 0x45) {
    at++;
    if (bytes[at] === 0x2b || bytes[at] === minus) at++;
    const digits = skipDigits(bytes, at);
    if (digits === at) return failedAt(at);
    at = digits;
  }
  return at;
}

function skipDigits(bytes: Uint8Array, position: number): number {
  let at = position;
  while ((bytes[at] as number) >= zero && (bytes[at] as number) <= nine) at++;
  return at;
}

function skipLiteral(bytes: Uint8Array, position: number): number {
  const rest = bytes[position + 1];
  // true, null: four letters; false: five.
  switch (bytes[position] as number) {
    case 0x74:
      return rest === 0x72 && bytes[position + 2] === 0x75 && bytes[position + 3] === 0x65
        ? position + 4
        : failedAt(position);
    case 0x6e:
      return rest === 0x75 && bytes[position + 2] === 0x6c && bytes[position + 3] === 0x6c
        ? position + 4
        : failedAt(position);
    case 0x66:
      return rest === 0x61 &&
        bytes[position + 2] === 0x6c &&
        bytes[position + 3] === 0x73 &&
        bytes[position + 4] === 0x65
        ? position + 5
        : failedAt(position);
    default:
      return failedAt(position);
  }
}

function skipScalar(bytes: Uint8Array, position: number): number {
  const first = bytes[position] as number;
  if (first === quote) return skipString(bytes, position);
  if (first === minus || (first >= zero && first <= nine)) return skipNumber(bytes, position);
  return skipLiteral(bytes, position);
}

/**
 * From the first byte of any value to behind it. `tooDeep` if objects and arrays nest deeper than
 * `depthMax` (at most 31: which of the two each level is, is one bit of a number).
 */
export function skipValue(bytes: Uint8Array, position: number, depthMax: number): number {
  let at = position;
  let depth = 0;
  let objects = 0;
  for (;;) {
    // At the start of a value.
    const first = bytes[at];
    if (first === openBrace || first === openBracket) {
      if (depth === depthMax) return tooDeep;
      depth++;
      const isObject = first === openBrace;
      objects = isObject ? objects | (1 << depth) : objects & ~(1 << depth);
      at = skipSpace(bytes, at + 1);
      if (bytes[at] !== (isObject ? closeBrace : closeBracket)) {
        if (isObject) at = skipKey(bytes, at);
        if (at < 0) return at;
        continue;
      }
      at++;
      depth--;
    } else {
      at = skipScalar(bytes, at);
      if (at < 0) return at;
    }
    // Behind a value: close what ends here, then on to the next member or element.
    for (;;) {
      if (depth === 0) return at;
      at = skipSpace(bytes, at);
      const isObject = (objects & (1 << depth)) !== 0;
      if (bytes[at] === comma) {
        at = skipSpace(bytes, at + 1);
        if (isObject) at = skipKey(bytes, at);
        if (at < 0) return at;
        break;
      }
      if (bytes[at] !== (isObject ? closeBrace : closeBracket)) return failedAt(at);
      at++;
      depth--;
    }
  }
}

/** From the opening quote of a key to the first byte of its value. */
export function skipKey(bytes: Uint8Array, position: number): number {
  if (bytes[position] !== quote) return failedAt(position);
  let at = skipString(bytes, position);
  if (at < 0) return at;
  at = skipSpace(bytes, at);
  if (bytes[at] !== colon) return failedAt(at);
  return skipSpace(bytes, at + 1);
}

/**
 * Resolves the escapes of a string in place, from its first byte to the closing quote (exclusive);
 * returns the new end. Text only shrinks by this. A surrogate without its pair becomes U+FFFD,
 * as in every UTF-8 encoder. The text must have passed `skipString`.
 */
export function unescape(bytes: Uint8Array, start: number, end: number): number {
  let from = start;
  while (from < end && bytes[from] !== backslash) from++;
  let to = from;
  while (from < end) {
    const byte = bytes[from] as number;
    if (byte !== backslash) {
      bytes[to++] = byte;
      from++;
      continue;
    }
    const letter = bytes[from + 1] as number;
    if (letter !== 0x75) {
      bytes[to++] = escapedByte(letter);
      from += 2;
      continue;
    }
    let point = hexAt(bytes, from + 2);
    from += 6;
    if (point >= 0xd800 && point <= 0xdfff) {
      const low =
        point < 0xdc00 && bytes[from] === backslash && bytes[from + 1] === 0x75 ? hexAt(bytes, from + 2) : 0;
      if (low >= 0xdc00 && low <= 0xdfff) {
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
        from += 6;
      } else point = 0xfffd;
    }
    to = writePoint(bytes, to, point);
  }
  return to;
}

function escapedByte(letter: number): number {
  switch (letter) {
    case 0x62:
      return 0x08;
    case 0x66:
      return 0x0c;
    case 0x6e:
      return 0x0a;
    case 0x72:
      return 0x0d;
    case 0x74:
      return 0x09;
    default:
      return letter;
  }
}

function hexAt(bytes: Uint8Array, position: number): number {
  let value = 0;
  for (let at = position; at < position + 4; at++) {
    value = (value << 4) | (hexValue[bytes[at] as number] as number);
  }
  return value;
}

function writePoint(bytes: Uint8Array, position: number, point: number): number {
  let to = position;
  if (point < 0x80) {
    bytes[to++] = point;
    return to;
  }
  if (point < 0x800) {
    bytes[to++] = 0xc0 | (point >> 6);
  } else {
    if (point < 0x10000) {
      bytes[to++] = 0xe0 | (point >> 12);
    } else {
      bytes[to++] = 0xf0 | (point >> 18);
      bytes[to++] = 0x80 | ((point >> 12) & 0x3f);
    }
    bytes[to++] = 0x80 | ((point >> 6) & 0x3f);
  }
  bytes[to++] = 0x80 | (point & 0x3f);
  return to;
}
