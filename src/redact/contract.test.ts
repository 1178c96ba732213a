import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { generatedRules } from "../../scripts/redaction-rules.ts";
import type { Json } from "../model/event.ts";
import { fromBytes, redactJson, toBytes } from "./json.ts";
import { deriveKeyring } from "./keyring.ts";
import { compileRules } from "./rules.ts";
import { redactText, type Work } from "./text.ts";

type TextCase = {
  readonly name: string;
  readonly text: string;
  readonly secrets: readonly string[];
  readonly keeps?: string;
  readonly expected: string;
};
type StructureCase = { readonly name: string; readonly value: Json; readonly expected: Json };
type CaseFile = { readonly texts?: readonly TextCase[]; readonly structures?: readonly StructureCase[] };

const root = new URL("../..", import.meta.url).pathname;
const files = globSync("contract/redaction/cases/*.json", { cwd: root }).sort();
const rules = compileRules({ keyring: deriveKeyring(Buffer.from("midwatch test key")) });
const newWork = (): Work => ({ decodeBytesLeft: 65_536, hits: new Map() });

describe("the redaction contract", () => {
  let seen = 0;
  for (const file of files) {
    const { texts = [], structures = [] } = JSON.parse(readFileSync(root + file, "utf8")) as CaseFile;
    for (const { name, text, secrets, keeps, expected } of texts) {
      test(`${file}: ${name}: ${text.slice(0, 40)}`, () => {
        seen++;
        const redacted = fromBytes(redactText(toBytes(text), "full", rules.textFor("", ""), newWork()));
        assert.equal(redacted, expected);
        for (const secret of secrets) assert.equal(redacted.includes(secret), false);
        if (keeps !== undefined) assert.ok(redacted.includes(keeps));
        assert.equal(
          fromBytes(redactText(toBytes(redacted), "full", rules.textFor("", ""), newWork())),
          redacted,
        );
      });
    }
    for (const { name, value, expected } of structures) {
      test(`${file}: ${name}`, () => {
        seen++;
        const redacted = redactJson(
          toBytes(JSON.stringify(value)),
          undefined,
          rules.textFor("", ""),
          newWork(),
        );
        assert.deepEqual(JSON.parse(fromBytes(redacted)), expected);
      });
    }
  }

  test("has cases, and they were seen", () => {
    assert.ok(seen >= 80, `${seen} cases`);
  });

  test("is what the recorders carry", () => {
    const generated = generatedRules();
    assert.equal(generated.length, 2);
    for (const { path, text } of generated) assert.equal(readFileSync(root + path, "utf8"), text, path);
  });
});
