import assert from "node:assert/strict";
import { test } from "node:test";
import { makeSlowDown } from "./slow-down.ts";

function rig() {
  const state = { nowMs: 0 };
  const slowDown = makeSlowDown(() => state.nowMs);
  const guess = (guesser: Parameters<typeof slowDown.check>[0]): boolean => {
    try {
      slowDown.check(guesser);
    } catch {
      return false;
    }
    slowDown.failed(guesser);
    return true;
  };
  return { state, slowDown, guess };
}

test("an hour of guessing at one account from many addresses comes to few tries", () => {
  const { state, guess } = rig();
  let tries = 0;
  for (let second = 0; second < 3600; second++) {
    state.nowMs = second * 1000;
    for (const address of ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"]) {
      if (guess({ account: "maria", address, known: false })) tries += 1;
    }
  }
  assert.ok(tries >= 10 && tries <= 75, `${tries} tries`);
});

test("an hour of trying one password on many accounts from one address comes to few tries", () => {
  const { state, guess } = rig();
  let tries = 0;
  for (let second = 0; second < 3600; second++) {
    state.nowMs = second * 1000;
    if (guess({ account: `person ${second}`, address: "192.0.2.1", known: false })) tries += 1;
  }
  assert.ok(tries >= 10 && tries <= 30, `${tries} tries`);
});

test("a browser that is known is not kept waiting by strangers, and success forgets its failures", () => {
  const { slowDown, guess } = rig();
  for (let time = 0; time < 50; time++) guess({ account: "maria", address: "192.0.2.1", known: false });
  const stranger = { account: "maria", address: "198.51.100.1", known: false };
  assert.throws(() => slowDown.check(stranger), { code: "SLOW_DOWN" });
  const own = { account: "Maria", address: "192.0.2.1", known: true };
  slowDown.check(own);
  for (let time = 0; time < 6; time++) guess(own);
  assert.throws(() => slowDown.check(own), { code: "SLOW_DOWN" });
  slowDown.succeeded(own);
  slowDown.check(own);
});
