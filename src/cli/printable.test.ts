import assert from "node:assert/strict";
import { test } from "node:test";
import { printable, printableLines } from "./printable.ts";

test("nothing that is printed can command the terminal or turn the text", () => {
  const recorded = "a\u001b[2J\u0007\u009b31m\u202eevil\u2066\u200f\u0000\u007fb\nc\td\u2028e";
  const shown = printable(recorded);
  // oxlint-disable-next-line no-control-regex -- none of them may be left
  assert.doesNotMatch(shown, /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/);
  assert.equal(shown, "a\\x1b[2J\\x07\\x9b31m\\u{202e}evil\\u{2066}\\u{200f}\\x00\\x7fb\\nc  d\\u{2028}e");
});

test("ordinary text of any language stays as it is", () => {
  for (const text of ["plain", "Grüße, 世界", "👩‍👩‍👧", "مرحبا"]) assert.equal(printable(text), text);
  assert.deepEqual(printableLines("one\r\ntwo\u001b\nthree"), ["one", "two\\x1b", "three"]);
});
