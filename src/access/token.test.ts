import assert from "node:assert/strict";
import { test } from "node:test";
import { newId, newSecret } from "./token.ts";

test("what a person gives to a command never looks like an option", () => {
  const random = (count: number): Uint8Array => new Uint8Array(count).fill(0xfb);
  assert.match(Buffer.from(random(32)).toString("base64url"), /^-/);
  assert.match(newSecret(random), /^[\w][\w-]{42}$/);
  assert.match(newId(random), /^[\w][\w-]{11}$/);
});
