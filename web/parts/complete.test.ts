/** What completion puts into the box must be what the query language of the server reads back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseQuery } from "../../src/api/query.ts";
import { completeFields, completeValues, idOf, narrowed, quoted, tokenAt } from "./complete.ts";

test("the word at the caret is found, quotes and all", () => {
  const text = 'timeout job:"Charge Card" que';
  assert.equal(tokenAt(text, text.length).text, "que");
  assert.equal(tokenAt(text, 20).text, 'job:"Charge Card"');
  assert.equal(tokenAt("a  b", 2).text, "");
});

test("a field is completed in place and keeps its minus", () => {
  const [queue] = completeFields("x -que y", tokenAt("x -que y", 6));
  assert.deepEqual([queue?.label, queue?.text, queue?.caret], ["-queue:", "x -queue:y", 9]);
});

test("values are found by a part, and written so that the server reads the same value", () => {
  const odd = ["InvoiceMailer#receipt", 'say "no"', "a\\b", "(or)", "plain", "Billing::Job", "-x"];
  for (const value of odd) {
    const [found] = completeValues("job:", tokenAt("job:", 4), [{ value, count: 1 }]);
    assert.deepEqual(parseQuery(found?.text ?? "").fields, [{ name: "job", values: [value] }]);
    assert.deepEqual(parseQuery(narrowed("", "job", value, true)).fields, [
      { name: "job", values: [value], not: true },
    ]);
  }
  assert.equal(quoted("plain"), "plain");
});

test("narrowing twice adds nothing", () => {
  assert.equal(narrowed(narrowed("timeout", "host", "web-1"), "host", "web-1"), "timeout host:web-1");
});

test("what is narrowed stays what it was, with `or` in it too", () => {
  assert.equal(narrowed("a or b", "host", "web-1"), "(a or b) host:web-1");
  assert.equal(narrowed("(a or b)", "host", "web-1"), "(a or b) host:web-1");
  assert.equal(narrowed("(a or b) host:web-1", "queue", "x"), "((a or b) host:web-1) queue:x");
  assert.equal(tokenAt("(que", 4).text, "que");
  assert.equal(tokenAt("-(host:we", 9).text, "host:we");
});

test("what could be an id is told from words and fields", () => {
  const ids = ["01a1fbee-56ab-728a-9fdd-f06c3aade0d5", "dj-10231", "0123456789abcdef"];
  assert.deepEqual(ids.map(idOf), ids);
  assert.deepEqual(["timeout", "job:Charge", "two words 1-2", "-kind:log"].map(idOf), [
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
