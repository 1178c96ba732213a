import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import type { Json } from "../model/event.ts";
import { redactJson, toBytes } from "./json.ts";
import { compileRules } from "./rules.ts";
import type { Part } from "./sweep.ts";
import { redactText, type Work } from "./text.ts";

type CaseFile = {
  readonly texts?: readonly { readonly text: string }[];
  readonly structures?: readonly { readonly value: Json }[];
};

const root = new URL("../..", import.meta.url).pathname;
const files = globSync("contract/redaction/cases/*.json", { cwd: root })
  .sort()
  .map((file) => JSON.parse(readFileSync(root + file, "utf8")) as CaseFile);
const texts = files.flatMap((file) => (file.texts ?? []).map(({ text }) => text));
const values = files.flatMap((file) => (file.structures ?? []).map(({ value }) => value));
const rules = compileRules();
const textRules = rules.textFor("", "");
const newWork = (): Work => ({ decodeBytesLeft: 65_536, hits: new Map() });
const around = "order 5 of  a-b_c=\"'\\,:;[]{}()<>%@.\n\t0123456789 --flag token key cc4";

/** Numbers from 0 to below `limit` that depend on the seed alone (linear congruence). */
function seeded(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** A piece of a case, changed in some places, alone or beside another one. */
function mutated(random: (limit: number) => number): string {
  const pick = (): string => texts[random(texts.length)] as string;
  let text = pick();
  if (random(3) === 0) text = text.slice(random(text.length), text.length - random(4));
  if (random(4) === 0) text += around.slice(random(around.length)) + pick();
  for (let change = random(4); change > 0; change--) {
    const at = random(text.length + 1);
    const from = random(around.length);
    text = text.slice(0, at) + around.slice(from, from + 1 + random(2)) + text.slice(at + random(2));
  }
  return text;
}

function isClean(bytes: string, part: Part): boolean {
  // Between other bytes, as in a batch: what stands beside a text must not be read with it.
  const buffer = Buffer.from(`x"${bytes}"=x`, "latin1");
  return rules.sweep(buffer, 2, 2 + bytes.length, part);
}

describe("a text that the sweep calls clean", () => {
  test("is left as it is by the rules, in full and in part", () => {
    const random = seeded(20_261_121);
    const seen = { clean: 0, doubtful: 0, changed: 0 };
    for (let round = 0; round < 2500; round++) {
      const text = toBytes(round < texts.length ? (texts[round] as string) : mutated(random));
      for (const strength of ["full", "strong"] as const) {
        const isChanged = redactText(text, strength, textRules, newWork()) !== text;
        const clean = isClean(text, strength);
        assert.ok(!(clean && isChanged), `${strength}: ${text}`);
        seen[isChanged ? "changed" : clean ? "clean" : "doubtful"]++;
      }
    }
    assert.ok(seen.clean > 500 && seen.changed > 500, JSON.stringify(seen));
  });

  test("is left as it is as a key and its value", () => {
    const random = seeded(7);
    const seen = { clean: 0, changed: 0 };
    for (let round = 0; round < 1500; round++) {
      const key = toBytes(
        random(2) === 0 ? mutated(random).slice(0, 40) : (/[\w.-]+/.exec(mutated(random))?.[0] ?? ""),
      );
      const inner = random(2) === 0 ? (values[random(values.length)] as Json) : mutated(random);
      const value = toBytes(JSON.stringify(inner));
      const safeKey = redactText(key, "full", textRules, newWork());
      const isChanged = safeKey !== key || redactJson(value, safeKey, textRules, newWork()) !== value;
      const clean = isClean(key, "key") && isClean(value, "full");
      assert.ok(!(clean && isChanged), `${key}: ${value}`);
      if (clean) seen.clean++;
      if (isChanged) seen.changed++;
    }
    assert.ok(seen.clean > 50 && seen.changed > 200, JSON.stringify(seen));
  });
});
