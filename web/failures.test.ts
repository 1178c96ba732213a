import assert from "node:assert/strict";
import { test } from "node:test";
import type { FailureRow } from "../src/api/failure-schemas.ts";
import { attemptWords, healWords, releaseWords } from "./failures.ts";

const row: FailureRow = {
  key: "one",
  attempts: 12,
  runs: 10,
  firstTime: "2026-11-21T00:00:00Z",
  lastTime: "2026-11-21T01:00:00Z",
  lost: false,
  newestEventId: "",
  jobs: [],
  services: [],
  byStretch: [],
  states: {},
  heals: [],
};

test("how many heal is told with the attempt by which most do", () => {
  const heals = [
    { attempt: 2, runs: 7 },
    { attempt: 5, runs: 1 },
  ];
  assert.equal(
    healWords({ ...row, heals, states: { succeeded: 8, failed: 2 } }),
    "70 % heal by the second attempt, 80 % in the end.",
  );
  assert.equal(
    healWords({ ...row, heals: [{ attempt: 3, runs: 4 }], states: { succeeded: 4 } }),
    "100 % heal by the third attempt.",
  );
  assert.equal(healWords({ ...row, states: { failed: 3 } }), "None healed.");
  assert.equal(healWords({ ...row, states: { retrying: 3 } }), undefined);
});

test("releases and attempts are told in as few words as they need", () => {
  assert.equal(releaseWords({ ...row, firstRelease: "a", lastRelease: "a" }), "only in release a");
  assert.equal(
    releaseWords({ ...row, firstRelease: "a", lastRelease: "b" }),
    "first in release a, last in b",
  );
  assert.equal(releaseWords(row), "");
  assert.equal(attemptWords(row), "12 attempts of 10 runs");
  assert.equal(attemptWords({ ...row, attempts: 10 }), "10 attempts");
});
