import assert from "node:assert/strict";
import { test } from "node:test";
import { laterShapes } from "./later.ts";
import { frozenMaterial, implementations, measureUnseen, unseenShapes } from "./unseen.ts";
import { heldOutLines, workedOnLines } from "./whole-lines.ts";

test("the frozen material is as it was, and a change of it is refused", () => {
  const material = frozenMaterial(laterShapes);
  assert.equal(material.cases.length, 1728);
  assert.throws(() => frozenMaterial({ ...laterShapes, seed: 1 }), /has changed/);
  const [server] = implementations;
  assert.ok(server);
  const few = { cases: material.cases.slice(0, 200), harmless: material.harmless.slice(0, 500) };
  const { cases, touched } = measureUnseen(few, server);
  const leaking = cases.filter(({ leaked, secret }) => leaked > 0 && secret !== "Slack webhook");
  assert.deepEqual([leaking, touched], [[], []]);
});

test("the first set is frozen too", () => {
  assert.equal(frozenMaterial(unseenShapes).cases.length, 13_924);
});

test("of the whole lines few leak and no harmless one is touched", () => {
  const [server] = implementations;
  assert.ok(server);
  for (const [shapes, leakingMax] of [
    [workedOnLines, 2],
    [heldOutLines, 5],
  ] as const) {
    const { cases, harmless } = frozenMaterial(shapes);
    const result = measureUnseen({ cases, harmless: harmless.slice(0, 2000) }, server);
    assert.ok(result.cases.filter(({ leaked }) => leaked > 0).length <= leakingMax);
    assert.deepEqual([result.cases.filter(({ lost }) => lost > 0), result.touched], [[], []]);
  }
});
