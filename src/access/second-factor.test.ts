import assert from "node:assert/strict";
import { test } from "node:test";
import type { Person } from "../store/people.ts";
import { newRecoveryCodes, withCodeUsed } from "./second-factor.ts";

// RFC 6238, appendix B: the secret "12345678901234567890" at 59 s gives 94287082, of which six digits.
const person: Person = {
  id: "p",
  name: "maria",
  role: "viewer",
  createdMs: 0,
  totp: { secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" },
};

test("a code of the RFC's own example is good once, a step early or late, and never before the last", () => {
  const used = withCodeUsed(person, "287082", 59_000);
  assert.equal(used?.totp?.lastStep, 1);
  assert.equal(used && withCodeUsed(used, "287082", 59_000), undefined);
  assert.ok(withCodeUsed(person, "287082", 89_000));
  assert.equal(withCodeUsed(person, "287082", 150_000), undefined);
  assert.equal(withCodeUsed(person, "287083", 59_000), undefined);
});

test("recovery codes are good once each, however they are typed", () => {
  const { codes, hashes } = newRecoveryCodes((count) => crypto.getRandomValues(new Uint8Array(count)));
  const kept: Person = { ...person, recoveryHashes: hashes };
  const typed = (codes[3] ?? "").replace("-", " ").toUpperCase();
  const used = withCodeUsed(kept, typed, 0);
  assert.equal(used?.recoveryHashes?.length, 9);
  assert.equal(used && withCodeUsed(used, typed, 0), undefined);
  assert.equal(new Set(codes).size, 10);
});
