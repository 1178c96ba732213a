import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { check } from "recheck";
import { builtIn } from "./ruleset.ts";
import { boundary } from "./values.ts";

/** The tool searches at random where it cannot prove, and gives up where the machine is too busy: then it is asked again. */
async function isLinear(pattern: string, ignoreCase: boolean): Promise<boolean> {
  for (let tries = 0; tries < 3; tries++) {
    const { status } = await check(pattern, ignoreCase ? "i" : "", { timeout: 120_000 });
    if (status !== "unknown") return status === "safe";
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
