/** Numbers from the bytes of JSON, as the scanner checks them and the encoder stores them. */

const powersOfTen = Float64Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);

/**
 * The number whose JSON text stands from `start` to `end`, exactly as `JSON.parse` reads it; NaN
 * for a text that is no plain integer where `isInteger` asks for one.
 *
 * Up to 15 digits, the digits and the power of ten are both exact in a double, so that one division
 * rounds correctly (Clinger, "How to read floating point numbers accurately", 1990). Anything
 * longer is left to the engine.
 */
export function readNumber(bytes: Uint8Array, start: number, end: number, isInteger: boolean): number {
  let at = start;
  const isNegative = bytes[at] === 0x2d;
  if (isNegative) at++;
  let value = 0;
  let digits = 0;
  let fraction = 0;
  let isFraction = false;
  for (; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte === 0x2e) isFraction = true;
    else if (byte > 0x39 || byte < 0x30) return isInteger ? Number.NaN : slowNumber(bytes, start, end);
    else {
      value = value * 10 + (byte - 0x30);
      digits++;
      if (isFraction) fraction++;
    }
  }
  if (isInteger) {
    // At 16 digits the sum above is still exact below 2^53, and limits end there.
    if (isFraction || digits > 16 || value > Number.MAX_SAFE_INTEGER) return Number.NaN;
  } else if (digits > 15) return slowNumber(bytes, start, end);
  else if (fraction > 0) value /= powersOfTen[fraction] as number;
  return isNegative ? -value : value;
}

const decoder = new TextDecoder("latin1");

function slowNumber(bytes: Uint8Array, start: number, end: number): number {
  return Number(decoder.decode(bytes.subarray(start, end)));
}
