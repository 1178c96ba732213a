/** The simulator in small: two weeks to learn, one with a fault of each kind, a look every quarter of an hour. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { f1Of, judgeSeries } from "./series.ts";
import { simulate } from "./simulate.ts";

const scenario = { seed: 23, jobs: 7, weeks: 3, quietWeeks: 2, faults: 1, lookEveryMs: 900_000 };

describe("three weeks of made jobs", () => {
  test("has every hard fault found, and next to nothing told that is none", async () => {
    const { found, mistaken, runs } = await simulate(scenario);
    assert.ok(runs > 5000, `only ${runs} runs`);
    const hard = found.filter(({ fault }) => fault.kind.hard);
    assert.ok(hard.length >= 4, `only ${hard.length} faults`);
    const unseen = hard
      .filter(({ incident }) => !incident)
      .map(({ fault }) => `${fault.kind.name}: ${fault.job.name}`);
    assert.deepEqual(unseen, []);
    assert.ok(mistaken.length <= 1, mistaken.map(({ because }) => because).join("\n"));
  });

  test("has nothing found where nothing is planted", async () => {
    const { found, mistaken } = await simulate({ ...scenario, weeks: 1, quietWeeks: 1, faults: 0 });
    assert.deepEqual(found, []);
    assert.deepEqual(
      mistaken.map(({ because }) => because),
      [],
    );
  });
});

describe("the band of what is usual", () => {
  test("tells anomalies of labelled series, and is rarely wrong where they have one way to end", () => {
    const results = judgeSeries(70_000, 1);
    assert.equal(results.length, 7);
    const constant = results.find(({ name }) => name === "almost constant");
    assert.ok(constant && f1Of(constant).f1 > 0.9);
    for (const { name, mistaken, judged } of results) {
      assert.ok(mistaken / judged < 0.03, `${name}: ${mistaken} of ${judged}`);
    }
  });
});
