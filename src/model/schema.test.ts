import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fieldNames } from "./fields.ts";
import { eventSchema } from "./schema.ts";

const path = new URL("../../contract/event.schema.json", import.meta.url);

test("the written schema is what the code says", () => {
  const text = `${JSON.stringify(eventSchema(), null, 2)}\n`;
  if (process.env["MIDWATCH_WRITE"]) writeFileSync(path, text);
  assert.equal(readFileSync(path, "utf8"), text, "run the tests with MIDWATCH_WRITE=1 and commit the result");
});

test("the schema knows every field", () => {
  const { properties } = eventSchema() as { properties: object };
  assert.deepEqual(Object.keys(properties).sort(), [...fieldNames, "attributes"].sort());
});
