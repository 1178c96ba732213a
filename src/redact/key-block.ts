/**
 * Private keys that come one line an event: from BEGIN to END the lines of that source lose what
 * looks like the body of a key. Bounded in lines and in sources, so that a BEGIN without an END does
 * not hide a log for ever.
 */
import type { Work } from "./text.ts";

const linesMax = 200;
const sourcesMax = 1000;

/** Lines that may still follow, by source. Written by `hideKeyBody` alone. */
export type KeyBlocks = Map<string, number>;

/** The message without key lines, if a block of its source is open; opens and closes blocks. */
export function hideKeyBody(source: string, message: string, blocks: KeyBlocks, work: Work): string {
  const left = blocks.get(source);
  const begins = message.lastIndexOf("-----BEGIN ");
  const ends = message.lastIndexOf("-----END ");
  if (
    begins >= 0 &&
    ends < begins &&
    /^-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY/.test(message.slice(begins, begins + 80))
  ) {
    if (blocks.size < sourcesMax || left !== undefined) blocks.set(source, linesMax);
    return message;
  }
  if (left === undefined) return message;
  if (ends >= 0 || left <= 1) blocks.delete(source);
  else blocks.set(source, left - 1);
  const body = bodyOf(ends >= 0 ? message.slice(0, ends) : message);
  if (!body) return message;
  work.hits.set("key_block_line", (work.hits.get("key_block_line") ?? 0) + 1);
  return `${message.slice(0, body.start)}[REDACTED:private_key]${message.slice(body.end)}`;
}

/** A long run of base64 at the end of a line; a shorter one too, where little stands before it. */
function bodyOf(line: string): { readonly start: number; readonly end: number } | undefined {
  const tail = line.slice(-4096);
  const match = /(?<![0-9A-Za-z+/])[0-9A-Za-z+/]{4,4096}={0,2}(?=[ \t"',\\nr]{0,8}$)/.exec(tail);
  if (!match) return undefined;
  const start = line.length - tail.length + match.index;
  if (match[0].length < 24 && !/[0-9+/=]|[a-z][A-Z]/.test(match[0])) return undefined;
  if (match[0].length < 24 && line.slice(0, start).split(/[ \t]/).length > 5) return undefined;
  return { start, end: start + match[0].length };
}
