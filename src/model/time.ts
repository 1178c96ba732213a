/**
 * Time as events carry it: RFC 3339 text in UTC with microseconds, and the same as a count of
 * microseconds since 1970. A JavaScript number holds those exactly until the year 2255.
 */

/** Gives the time now in milliseconds since 1970; a fraction counts as microseconds. */
export type Clock = () => number;

const pattern =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):?(\d\d))$/;

/**
 * Microseconds since 1970 of an RFC 3339 time, or `undefined` if the text is none. Digits below
 * the microsecond are cut. The zone is demanded: a time without one means a different moment on
 * each host.
 */
export function parseTime(text: string): number | undefined {
  const match = pattern.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction, sign, zoneHour, zoneMinute] = match;
  // A leap second is read as the second after it, as POSIX does.
  const atMs = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute));
  const date = new Date(atMs);
  const valid =
    date.getUTCMonth() === Number(month) - 1 &&
    date.getUTCDate() === Number(day) &&
    date.getUTCHours() === Number(hour) &&
    date.getUTCMinutes() === Number(minute) &&
    Number(second) <= 60 &&
    Number(zoneHour ?? 0) <= 23 &&
    Number(zoneMinute ?? 0) <= 59;
  if (!valid) return undefined;
  const micros = Number((fraction ?? "").padEnd(6, "0").slice(0, 6));
  const zoneMinutes = (Number(zoneHour ?? 0) * 60 + Number(zoneMinute ?? 0)) * (sign === "-" ? -1 : 1);
  return (atMs + Number(second) * 1000 - zoneMinutes * 60_000) * 1000 + micros;
}

/** RFC 3339 text in UTC with six digits of fraction, from microseconds since 1970. */
export function formatTime(micros: number): string {
  const wholeMs = Math.floor(micros / 1000);
  const rest = micros - wholeMs * 1000;
  return `${new Date(wholeMs).toISOString().slice(0, -1)}${String(rest).padStart(3, "0")}Z`;
}
