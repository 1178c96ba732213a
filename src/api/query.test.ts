import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../model/fault.ts";
import { parseQuery } from "./query.ts";

test("words and phrases stand side by side, and a minus turns one round", () => {
  assert.deepEqual(parseQuery('timeout "could not connect" -healthz and late').words, [
    { text: "timeout" },
    { text: "could not connect" },
    { text: "healthz", not: true },
    { text: "late" },
  ]);
});

test("a known key is a field, with one value or several", () => {
  assert.deepEqual(parseQuery('job:MailJob -host:(web-1 or "web 2") run:dj/7 attempt:2').fields, [
    { name: "job", values: ["MailJob"] },
    { name: "host", values: ["web-1", "web 2"], not: true },
    { name: "run_id", values: ["dj/7"] },
    { name: "attempt", values: ["2"] },
  ]);
});

test("any other key is an attribute", () => {
  assert.deepEqual(parseQuery('http.method:POST -tenant:"Müller & Co" attributes.job:x').attributes, [
    { key: "http.method", value: "POST" },
    { key: "tenant", value: "Müller & Co", not: true },
    { key: "job", value: "x" },
  ]);
});

test("a value may hold colons, and a quoted one quotes", () => {
  assert.deepEqual(parseQuery("worker:web-1:42:99").fields, [{ name: "worker", values: ["web-1:42:99"] }]);
  assert.deepEqual(parseQuery('"say \\"hi\\" or not"').words, [{ text: 'say "hi" or not' }]);
  assert.deepEqual(parseQuery('"or"').words, [{ text: "or" }]);
});

test("a query of spaces asks for everything", () => {
  assert.deepEqual(parseQuery("  "), { fields: [], attributes: [], words: [] });
});

const wrong: readonly (readonly [string, RegExp])[] = [
  ['job:"never closed', /position 5: this quote is never closed/],
  ["job:(a or b", /position 5: this bracket is never closed/],
  ["job:(a b)", /position 8: expected `or`/],
  ["a -", /position 3: `-` stands right before/],
  ["a or b", /position 3: `or` stands inside brackets/],
  ["not b", /position 1: write `-`/],
  ["job:", /position 5: expected a value/],
  ['""', /position 1: there is nothing/],
  ["!!!", /position 1: a word needs a letter/],
  ["kind:job.faild", /did you mean `job\.failed`\?/],
  ["severity:warning", /no severity `warning`, did you mean/],
  ["attempt:two", /`attempt` is a number/],
  ["id:7", /`id` is a UUID/],
  ["time:now", /choose a range of time/],
  ["tenant:(a or b)", /attribute takes one value/],
  [")", /expected a value here/],
  ['ab"cd"', /position 3: expected a space/],
  ["x".repeat(2001), /at most 2000 characters/],
  ["x ".repeat(65), /at most 64 terms/],
];

for (const [query, reason] of wrong) {
  test(`${query.slice(0, 20)} is refused with its position`, () => {
    assert.throws(
      () => parseQuery(query),
      (error) => error instanceof Fault && error.code === "QUERY_INVALID" && reason.test(error.message),
    );
  });
}
