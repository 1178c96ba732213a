/** Every ink is held to WCAG AA (4.5 to 1) on every ground that it stands on, in both themes. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const sheet = readFileSync(new URL("tokens.css", import.meta.url), "utf8");

function tokensOf(selector: string): ReadonlyMap<string, string> {
  const block = sheet.slice(sheet.indexOf(`${selector} {`)).split("}", 1)[0] ?? "";
  return new Map(
    [...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = "", value = ""]) => [name, value]),
  );
}

/** Relative luminance as WCAG 2.2 defines it. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

const inks =
  "ink ink-2 ink-3 brass succeeded running waiting retrying failed lost missed discarded cancelled unknown".split(
    " ",
  );
const grounds = ["paper", "sheet", "hover"];

for (const [theme, selector] of [
  ["paper", ":root"],
  ["night", ':root[data-theme="night"]'],
] as const) {
  test(`every ink of ${theme} can be read on every ground`, () => {
    const tokens = tokensOf(selector);
    const pairs = [
      ...inks.flatMap((ink) => grounds.map((ground) => [ink, ground])),
      ["brass", "brass-soft"],
      ["ink", "brass-soft"],
    ];
    for (const [ink = "", ground = ""] of pairs) {
      const [front, back] = [tokens.get(ink), tokens.get(ground)];
      assert.ok(front && back, `${ink} and ${ground} are tokens of ${theme}`);
      const ratio = contrast(front, back);
      assert.ok(ratio >= 4.5, `${ink} on ${ground} has ${ratio.toFixed(2)} to 1`);
    }
    // The edge of a field is no text; 3 to 1 is asked of it.
    assert.ok(contrast(tokens.get("edge") ?? "", tokens.get("sheet") ?? "") >= 3);
  });
}

test("the measure itself knows black from grey", () => {
  assert.equal(contrast("#000000", "#ffffff").toFixed(1), "21.0");
  assert.ok(contrast("#888888", "#ffffff") < 4.5);
});
