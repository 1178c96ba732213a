import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { seededRandom } from "../../bench/corpus.ts";
import { fuzzOnce, fuzzText } from "../../bench/redact/fuzz.ts";
import { measureMatrix } from "../../bench/redact/matrix.ts";
import { fromBytes, redactJson, toBytes } from "./json.ts";
import { compileRules } from "./rules.ts";

describe("redaction", () => {
  test("holds its properties on texts put together at random", () => {
    const random = seededRandom(20_261_121);
    for (let index = 0; index < 1200; index++) assert.equal(fuzzOnce(random), undefined);
  });

  test("leaves JSON that is still JSON, at any depth of quoting", () => {
    const random = seededRandom(4);
    const rules = compileRules();
    let changed = 0;
    for (let index = 0; index < 500; index++) {
      const text = JSON.stringify({
        a: JSON.stringify({ password: fuzzText(random, 6), n: index }),
        b: [fuzzText(random, 6)],
      });
      const work = { decodeBytesLeft: 65_536, hits: new Map<string, number>() };
      const safe = fromBytes(redactJson(toBytes(text), undefined, rules.textFor("", ""), work));
      assert.doesNotThrow(() => JSON.parse(safe), text);
      if (safe !== text) changed++;
    }
    assert.ok(changed > 400);
  });

  test("reads a text full of beginnings in time that grows with its length", () => {
    const rules = compileRules();
    for (const piece of [
      "password=",
      'password="',
      "password={",
      "eyJ-",
      "a@",
      "://a:",
      "%70",
      "card 4111 ",
      "token: |\n ",
      "-----BEGIN RSA PRIVATE KEY-----",
    ]) {
      const work = { decodeBytesLeft: 65_536, hits: new Map<string, number>() };
      const text = JSON.stringify(piece.repeat(Math.floor(60_000 / piece.length)));
      redactJson(text, undefined, rules.textFor("", ""), work);
    }
  });

  test("finds 99 % of secrets in containers that the rules were not written with, and spares harmless lines", () => {
    const { cells, benignLines, benignTouched } = measureMatrix(3, 4, 4000);
    const cases = cells.reduce((sum, cell) => sum + cell.cases, 0);
    const leaking = cells.reduce((sum, cell) => sum + cell.leaking, 0);
    assert.ok(cases > 1500, `${cases} cases`);
    assert.ok(leaking / cases <= 0.01, `${leaking} of ${cases} leak`);
    assert.ok(benignTouched.length / benignLines <= 0.001, benignTouched.slice(0, 5).join("\n"));
  });
});
