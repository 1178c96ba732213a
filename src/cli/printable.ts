/**
 * Recorded text on its way to a terminal. It may have been written by anyone, so nothing in it may
 * move the cursor, change colours, or turn the reading direction: such characters are shown as
 * their escapes.
 */

// C0 and C1 controls and DEL; marks that turn direction; separators that break lines.
// oxlint-disable-next-line no-control-regex -- these are the very characters that must be found
const unsafe = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;

const named: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "  " };

/** One line of text that is safe to print. */
export function printable(text: string): string {
  return text.replace(unsafe, (character) => named[character] ?? escapeOf(character));
}

/** The lines of a text, each safe to print; for stacks and output. */
export function printableLines(text: string): readonly string[] {
  return text.split(/\r?\n/).map(printable);
}

function escapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
}
