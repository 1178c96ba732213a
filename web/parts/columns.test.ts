/** Columns leave in the order that was given to them, and never stick out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { columnsThatFit } from "./columns.ts";

const columns = [
  { name: "state", width: "100px" },
  { name: "job", width: "minmax(200px, 1fr)" },
  { name: "where", width: "minmax(150px, 0.5fr)", drop: 2 },
  { name: "waited", width: "90px", drop: 3 },
];
const names = (pixels: number): readonly string[] | undefined =>
  columnsThatFit(columns, pixels)?.map(({ name }) => name);

test("columns leave by their number as the room shrinks", () => {
  assert.deepEqual(names(600), ["state", "job", "where", "waited"]);
  assert.deepEqual(names(599), ["state", "job", "where"]);
  assert.deepEqual(names(497), ["state", "job"]);
  assert.deepEqual(names(336), ["state", "job"]);
});

test("when what must stay does not fit, rows are told in another way", () => {
  assert.equal(names(335), undefined);
});
