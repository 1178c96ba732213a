import assert from "node:assert/strict";
import { test } from "node:test";
import { fieldNames } from "../model/fields.ts";
import type { StoredEvent } from "../store/store.ts";
import { csvHead, csvLine } from "./csv.ts";

const event: StoredEvent = {
  id: "01a1f8d3-ea1e-7000-8000-ffffffffffff",
  time: "2026-11-21T00:00:00.000000Z",
  stream: "logs",
  kind: "log",
  segment: 4,
  segment_index: 2,
};

const cellsOf = (more: Partial<StoredEvent>): string => csvLine({ ...event, ...more });

test("each field has its column, and a line has as many cells as the head", () => {
  assert.equal(csvHead.trimEnd().split(",").length, fieldNames.length + 3);
  assert.equal(cellsOf({}).trimEnd().split(",").length, fieldNames.length + 3);
  assert.match(cellsOf({}), /,4,2\r\n$/);
});

test("a text that a spreadsheet would compute is a text", () => {
  for (const text of ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", '"=1', "＝1", "=cmd|' /C calc'!A0"]) {
    const cell = cellsOf({ message: text });
    assert.ok(/,'|,"'/.test(cell), `${JSON.stringify(text)} became ${JSON.stringify(cell)}`);
  }
  assert.doesNotMatch(cellsOf({ message: "1-1=0" }), /'/);
  assert.match(cellsOf({ priority: -5 }), /,-5,/);
});

test("commas, quotes and line ends stay inside their cell", () => {
  assert.match(cellsOf({ message: 'a "b",\nc' }), /,"a ""b"",\nc",/);
  assert.match(cellsOf({ attributes: { a: 1, b: "x" } }), /,"\{""a"":1,""b"":""x""\}",/);
});
