import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { check } from "recheck";
import { builtIn } from "./ruleset.ts";
import { boundary } from "./values.ts";

async function isLinear(pattern: string, ignoreCase: boolean): Promise<boolean> {
  const { status } = await check(pattern, ignoreCase ? "i" : "", { timeout: 120_000 });
  return status === "safe";
}

describe("every built-in pattern", () => {
  test("takes time that grows with the text and no faster", async () => {
    let proven = 0;
    for (const { id, pattern, ignoreCase = false, boundary: isBounded } of builtIn.values) {
      // The boundary only lets a pattern begin less often, and without it the proof is quicker.
      const linear =
        (await isLinear(pattern, ignoreCase)) ||
        (isBounded === true && (await isLinear(boundary + pattern, ignoreCase)));
      assert.ok(linear, id);
      proven++;
    }
    assert.ok(proven > 50);
  });
});
