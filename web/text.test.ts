/** Hostile text must reach the screen as text, and what is invisible must be seen. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { pieces, stackLines } from "./text.ts";

test("control and direction characters become visible, line breaks stay", () => {
  assert.deepEqual(pieces("a\u0007b\u202Ec\nd\te"), [
    { kind: "text", text: "a" },
    { kind: "control", text: "⟨BEL⟩", code: "U+0007" },
    { kind: "text", text: "b" },
    { kind: "control", text: "⟨U+202E⟩", code: "U+202E" },
    { kind: "text", text: "c\nd\te" },
  ]);
});

test("marks of every kind become chips, and a text in brackets does not", () => {
  const text =
    "[email:v1:abcdefghijklmnop234] [email:example.org] [ip:192.0.2.0/24] [REDACTED:password] [note: x]";
  assert.deepEqual(
    pieces(text)
      .map((piece) => piece.text.trim())
      .filter((one) => one !== ""),
    ["email #abcd", "email at example.org", "ip 192.0.2.0/24", "removed: password", "[note: x]"],
  );
});

test("redaction marks become chips that say what was removed", () => {
  assert.deepEqual(pieces("key: [REDACTED:api_key:1f2e3d4c], card [card:4242]"), [
    { kind: "text", text: "key: " },
    { kind: "redacted", text: "removed: api key #1f2e", mark: "[REDACTED:api_key:1f2e3d4c]" },
    { kind: "text", text: ", card " },
    { kind: "redacted", text: "card ····4242", mark: "[card:4242]" },
  ]);
});

test("terminal colours are honoured only where they were asked for", () => {
  const text = "\u001b[1;31mred\u001b[0m plain";
  assert.deepEqual(pieces(text, { colours: true }), [
    { kind: "text", text: "red", ansi: "ansi-bold ansi-red" },
    { kind: "text", text: " plain" },
  ]);
  assert.equal(pieces(text)[0]?.text, "⟨ESC⟩");
});

test("a text that is too long is cut, and the cut is said", () => {
  const [shown, cut] = pieces("x".repeat(1000), { lengthMax: 10 });
  assert.equal(shown?.text, "x".repeat(10));
  assert.deepEqual(cut, { kind: "control", text: "…", code: "cut, 990 characters more" });
});

test("the application's own frames are told from those of libraries", () => {
  const lines = stackLines(
    "Error: x\napp/jobs/a.rb:1:in `perform'\n/usr/share/rubygems-integration/all/gems/x/y.rb:3",
  );
  assert.deepEqual(
    lines.map((line) => line.own),
    [true, true, false],
  );
});
