/** Colours of the terminal, where there are any. Colour is never the only carrier of a meaning. */
import type { RunState } from "../model/run.ts";
import type { Terminal } from "./terminal.ts";

const codes = { red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, faint: 2, bold: 1 } as const;
export type Color = keyof typeof codes;
export type Ink = (color: Color, text: string) => string;

export function inkOf({ colors }: Pick<Terminal, "colors">): Ink {
  return (color, text) => (colors ? `\u001b[${codes[color]}m${text}\u001b[0m` : text);
}

/** Each state has a sign and a word of its own. */
export const stateSigns: Readonly<Record<RunState, readonly [sign: string, color: Color]>> = {
  waiting: ["…", "faint"],
  running: ["▶", "blue"],
  retrying: ["↻", "yellow"],
  succeeded: ["✓", "green"],
  failed: ["✗", "red"],
  discarded: ["⊘", "magenta"],
  cancelled: ["■", "magenta"],
  lost: ["†", "red"],
  missed: ["○", "red"],
  unknown: ["?", "faint"],
};
