import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { generatedRules } from "../../scripts/redaction-rules.ts";
import type { Json } from "../model/event.ts";
import { canonicalBytes, fromBytes, redactJson, toBytes } from "./json.ts";
import { createKeyring, deriveKeyring, rotateKey, shareKeyring } from "./keyring.ts";
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
type Shared = {
  readonly secret: string;
  readonly text: string;
  readonly expected: string;
  readonly value: Json;
  readonly digest: string;
};
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

  test("a secret that the server gave out leaves the same marks in all three languages", () => {
    const shared = JSON.parse(readFileSync(`${root}contract/redaction/shared.json`, "utf8")) as Shared;
    const given = Buffer.from(shared.secret.split(".")[1] as string, "base64url");
    let asked = 0;
    const { keyring, secret } = shareKeyring(
      rotateKey(
        createKeyring(() => Buffer.alloc(32, 1)),
        "email",
        () => Buffer.alloc(32, 2),
      ),
      () => {
        asked++;
        return given;
      },
    );
    assert.deepEqual([secret, asked], [shared.secret, 1]);
    const server = compileRules({ keyring });
    const text = redactText(toBytes(shared.text), "full", server.textFor("", ""), newWork());
    assert.equal(fromBytes(text), shared.expected);
    assert.equal(server.marker.digest(canonicalBytes(shared.value)), shared.digest);
  });

  test("has cases, and they were seen", () => {
    assert.ok(seen >= 80, `${seen} cases`);
  });

  test("is what the recorders carry", () => {
    const generated = generatedRules();
    assert.equal(generated.length, 2);
    for (const { path, text } of generated) assert.equal(readFileSync(root + path, "utf8"), text, path);
  });
});
