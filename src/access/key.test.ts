import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { mintKey, parseKey, secretMatches } from "./key.ts";

const random = (count: number): Uint8Array => randomBytes(count);

test("a minted key is read back, and its secret matches only its own hash", () => {
  const made = mintKey(random);
  const parsed = parseKey(made.key);
  assert.equal(parsed?.id, made.id);
  assert.ok(secretMatches(parsed?.secret ?? "", made.secretSha256));
  assert.ok(!secretMatches(parsed?.secret ?? "", mintKey(random).secretSha256));
  assert.ok(!secretMatches("", made.secretSha256));
});

test("no single mistyped, missing or added character passes the check", () => {
  const { key } = mintKey(random);
  for (let at = 0; at < key.length; at++) {
    const other = key[at] === "a" ? "b" : "a";
    assert.equal(parseKey(key.slice(0, at) + other + key.slice(at + 1)), undefined, `changed at ${at}`);
    assert.equal(parseKey(key.slice(0, at) + key.slice(at + 1)), undefined, `missing at ${at}`);
    assert.equal(parseKey(key.slice(0, at) + other + key.slice(at)), undefined, `added at ${at}`);
  }
});

test("keys have the form that scanners look for, and do not repeat", () => {
  const keys = Array.from({ length: 200 }, () => mintKey(random).key);
  for (const key of keys) assert.match(key, /^mwk_[0-9A-Za-z]{10}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/);
  assert.equal(new Set(keys).size, keys.length);
});
