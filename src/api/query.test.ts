import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../model/fault.ts";
import type { Term } from "../store/terms.ts";
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
  assert.deepEqual(parseQuery("  "), { fields: [], attributes: [], words: [], terms: [] });
});

test("not binds before and, and before or, and brackets before all", () => {
  const of = (text: string): readonly Term[] => parseQuery(text).terms;
  const word = (text: string): Term => ({ kind: "words", text });
  assert.deepEqual(of("a or b c"), [
    { kind: "any", terms: [word("a"), { kind: "all", terms: [word("b"), word("c")] }] },
  ]);
  assert.deepEqual(of("(a or b) and c"), [{ kind: "any", terms: [word("a"), word("b")] }]);
  assert.deepEqual(parseQuery("(a or b) and c").words, [{ text: "c" }]);
  assert.deepEqual(of("not (a b)"), [{ kind: "not", term: { kind: "all", terms: [word("a"), word("b")] } }]);
  assert.deepEqual(of("-(host:web-1 or tenant:acme)"), [
    {
      kind: "not",
      term: {
        kind: "any",
        terms: [
          { kind: "field", name: "host", values: ["web-1"] },
          { kind: "attribute", key: "tenant", value: "acme" },
        ],
      },
    },
  ]);
  assert.deepEqual(parseQuery("not b AND NOT c").words, [
    { text: "b", not: true },
    { text: "c", not: true },
  ]);
});

test("numbers and severities have an order", () => {
  const size = (bounds: object): readonly object[] => [{ kind: "size", name: "duration_ms", bounds }];
  assert.deepEqual(parseQuery("duration_ms:>1000").terms, size({ min: 1000, above: true }));
  assert.deepEqual(parseQuery("duration_ms:>=1000").terms, size({ min: 1000 }));
  assert.deepEqual(parseQuery("duration_ms:<0.5").terms, size({ max: 0.5, below: true }));
  assert.deepEqual(parseQuery("duration_ms:100..500").terms, size({ min: 100, max: 500 }));
  assert.deepEqual(parseQuery("status:>=500").terms, [
    { kind: "attribute size", key: "status", bounds: { min: 500 } },
  ]);
  assert.deepEqual(parseQuery('status:">=500"').attributes, [{ key: "status", value: ">=500" }]);
  assert.deepEqual(parseQuery("severity:>=warn").fields, [
    { name: "severity", values: ["warn", "error", "fatal"] },
  ]);
  assert.deepEqual(parseQuery("severity:<info").fields, [{ name: "severity", values: ["trace", "debug"] }]);
});

const wrong: readonly (readonly [string, RegExp])[] = [
  ['job:"never closed', /position 5: this quote is never closed/],
  ["job:(a or b", /position 5: this bracket is never closed/],
  ["job:(a b)", /position 8: expected `or`/],
  ["a -", /position 3: `-` stands right before/],
  ["or b", /position 1: `or` stands between terms/],
  ["a or", /position 5: expected a term/],
  ["a and or b", /position 7: `or` stands between/],
  ["(a or b", /position 1: this bracket is never closed/],
  ["a) b", /position 2: this bracket was never opened/],
  ["()", /position 2: expected a term before/],
  ["(".repeat(21) + "a" + ")".repeat(21), /position 21: at most 20 brackets/],
  ["severity:>=warning", /no severity `warning`, did you mean/],
  ["duration_ms:>fast", /`duration_ms` is a number: 7, >7/],
  ["job:", /position 5: expected a value/],
  ['""', /position 1: there is nothing/],
  ["!!!", /position 1: a word needs a letter/],
  ["kind:job.faild", /did you mean `job\.failed`\?/],
  ["severity:warning", /no severity `warning`, did you mean/],
  ["attempt:two", /`attempt` is a number/],
  ["id:7", /`id` is a UUID/],
  ["time:now", /choose a range of time/],
  ["tenant:(a or b)", /attribute takes one value/],
  [")", /position 1: expected a term before/],
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
