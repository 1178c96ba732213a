/**
 * Reads a time from bytes without making a string or a Date: the forms of RFC 3339 that
 * `parseTime` of the model also takes, with the same result (a test holds the two together).
 */
import { hexValue } from "./json-bytes.ts";

const zero = 0x30;

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= zero && byte <= 0x39;
}

/** The two digits at a position, or NaN. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const high = hexValue[bytes[at] as number] as number;
  const low = hexValue[bytes[at + 1] as number] as number;
  return high < 10 && low < 10 ? high * 10 + low : Number.NaN;
}

/** Days of the Gregorian calendar since 1970-01-01; the year begins in March for this purpose. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const shiftedYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(shiftedYear / 400);
  const yearOfEra = shiftedYear - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Microseconds since 1970 of the text from `start` to `end`, or NaN if it is no RFC 3339 time. */
export function readInstant(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 20) return Number.NaN;
  if (bytes[start + 4] !== 0x2d || bytes[start + 7] !== 0x2d) return Number.NaN;
  if (bytes[start + 13] !== 0x3a || bytes[start + 16] !== 0x3a) return Number.NaN;
  const separator = bytes[start + 10] as number;
  if (separator !== 0x54 && separator !== 0x74 && separator !== 0x20) return Number.NaN;
  const year = twoDigits(bytes, start) * 100 + twoDigits(bytes, start + 2);
  const month = twoDigits(bytes, start + 5);
  const day = twoDigits(bytes, start + 8);
  const hour = twoDigits(bytes, start + 11);
  const minute = twoDigits(bytes, start + 14);
  const second = twoDigits(bytes, start + 17);
  // Written so that a NaN fails each comparison.
  const inRange =
    year >= 100 && month >= 1 && month <= 12 && day >= 1 && hour <= 23 && minute <= 59 && second <= 60;
  if (!inRange || !(day <= daysInMonth(year, month))) return Number.NaN;

  let at = start + 19;
  let micros = 0;
  if (bytes[at] === 0x2e) {
    const first = ++at;
    let scale = 100_000;
    while (at < end && isDigit(bytes[at])) {
      micros += ((bytes[at++] as number) - zero) * scale;
      scale = scale === 1 ? 0 : scale / 10;
    }
    if (at === first || at - first > 9) return Number.NaN;
  }
  const zone = readZone(bytes, at, end);
  const seconds = daysSinceEpoch(year, month, day) * 86_400 + hour * 3600 + (minute - zone) * 60 + second;
  return seconds * 1_000_000 + micros;
}

/** Minutes east of UTC of `Z`, `+hh:mm` or `+hhmm`, or NaN. A time without a zone is refused. */
function readZone(bytes: Uint8Array, start: number, end: number): number {
  const sign = bytes[start] as number;
  if (sign === 0x5a || sign === 0x7a) return end === start + 1 ? 0 : Number.NaN;
  if (sign !== 0x2b && sign !== 0x2d) return Number.NaN;
  const minutesAt = bytes[start + 3] === 0x3a ? start + 4 : start + 3;
  if (end !== minutesAt + 2) return Number.NaN;
  const hours = twoDigits(bytes, start + 1);
  const minutes = twoDigits(bytes, minutesAt);
  if (!(hours <= 23 && minutes <= 59)) return Number.NaN;
  return (hours * 60 + minutes) * (sign === 0x2d ? -1 : 1);
}
