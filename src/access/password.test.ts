import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { makePasswords, passwordComplaint } from "./password.ts";

const passwords = makePasswords((count) => randomBytes(count));

test("a password matches its hash alone, in whatever form its letters were typed", async () => {
  const hash = await passwords.hash("Grüße aus Köln 17");
  assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  assert.equal(await passwords.matches("Grüße aus Köln 17".normalize("NFD"), hash), true);
  assert.equal(await passwords.matches("Grüße aus Köln 18", hash), false);
  assert.equal(await passwords.matches("anything at all", undefined), false);
});

test("what would be tried first is refused", () => {
  for (const bad of [
    "short",
    "password1234",
    "qwerty123456",
    "aaaaaaaaaaaaaa",
    "maria-maria-1",
    "123456789012",
  ]) {
    assert.ok(passwordComplaint(bad, "maria"), bad);
  }
  for (const good of ["correct horse battery", "Fischers Fritz 7", "x9-kelp-orbit-van"]) {
    assert.equal(passwordComplaint(good, "maria"), undefined, good);
  }
});
