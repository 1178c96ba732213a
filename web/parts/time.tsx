/** Times on the screen. Relative ones tick by themselves, and tell the whole time on hover. */
import type { JSX } from "preact";
import { nowMs } from "../clock.ts";
import { fullText, stampText } from "../times.ts";
import { age, relative } from "../words.ts";

type Given = { readonly time: string | undefined };

function title(atMs: number): string {
  return `${fullText(atMs)}\n${relative(atMs, nowMs.value)}`;
}

/** "3 s ago" */
export function Ago({ time }: Given): JSX.Element | null {
  if (time === undefined) return null;
  const atMs = Date.parse(time);
  return (
    <time dateTime={time} title={title(atMs)}>
      {relative(atMs, nowMs.value)}
    </time>
  );
}

/** "3 s": how long something has lasted. */
export function Since({ time }: Given): JSX.Element | null {
  if (time === undefined) return null;
  const atMs = Date.parse(time);
  return (
    <time dateTime={time} title={title(atMs)}>
      {age(nowMs.value - atMs)}
    </time>
  );
}

/** "03:12:40.123", with the day when it is not today. */
export function Stamp({ time }: Given): JSX.Element | null {
  if (time === undefined) return null;
  const atMs = Date.parse(time);
  return (
    <time dateTime={time} title={title(atMs)}>
      {stampText(atMs, nowMs.peek())}
    </time>
  );
}
