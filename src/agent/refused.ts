/**
 * Lines that were refused, by us or by the server, in a file for the person who looks into it. Two
 * files of bounded size; the older one is overwritten.
 */
import { appendFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Clock, formatTime } from "../model/time.ts";

export type RefusedLine = {
  readonly from: string;
  readonly reason: string;
  readonly sample: string;
  /** Offset in the file, where the line was refused before it was sent. */
  readonly at?: number;
};

const fileBytesMax = 1024 * 1024;

export class RefusedLines {
  readonly path: string;
  readonly #clock: Clock;

  constructor(directory: string, clock: Clock) {
    this.path = join(directory, "refused.ndjson");
    this.#clock = clock;
  }

  /** Best effort: that the lines were refused is reported as an event in any case. */
  add(lines: readonly RefusedLine[]): void {
    if (lines.length === 0) return;
    const time = formatTime(Math.round(this.#clock() * 1000));
    const text = lines.map((line) => `${JSON.stringify({ time, ...line })}\n`).join("");
    try {
      const bytes = statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
      if (bytes + text.length > fileBytesMax) renameSync(this.path, `${this.path}.1`);
      appendFileSync(this.path, text, { mode: 0o600 });
    } catch {
      // A full disk must not stop the sending that empties it.
    }
  }
}
