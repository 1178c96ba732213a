import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { check } from "recheck";
import { builtIn } from "./ruleset.ts";
import { boundary } from "./values.ts";

/**
 * The tool searches at random, within a time, where it cannot prove: on a busy machine it may give
 * up or misjudge, so it is asked again. A pattern that is slow stays slow however often one asks.
 */
async function isLinear(pattern: string, ignoreCase: boolean): Promise<boolean> {
  for (let tries = 0; tries < 5; tries++) {
    const { status } = await check(pattern, ignoreCase ? "i" : "", { timeout: 120_000 });
    if (status === "safe") return true;
    if (status === "vulnerable" && tries > 0) return false;
  }
  return false;
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
