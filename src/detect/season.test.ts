/** Which samples say what is usual at an hour, and how far a run may lie from them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { amountBand } from "./band.ts";
import { isNearWeekHour, seasonalBand } from "./season.ts";

const dayMs = 86_400_000;
const hourly = { runsPerWeek: 168, knownMs: 40 * dayMs };
/** Never twice the same, and always the same list. */
const around = (middle: number, count: number, spread = 0.2): readonly number[] =>
  Array.from({ length: count }, (_, index) => {
    const share = ((index * 0.618_034) % 1) * 2 - 1;
    return middle * Math.exp(share * 2 * spread);
  });

describe("what is usual at an hour", () => {
  test("is told by all samples where the hour is like every other", () => {
    const band = seasonalBand(
      { week: [], near: around(1000, 30), lastWeek: [], day: around(1000, 50), all: around(1000, 400) },
      hourly,
    );
    assert.equal(band?.basis, "all");
    assert.equal(band?.samples, 400);
  });

  test("is told by the hours near it where a day of the week is unlike the others", () => {
    const all = [...around(60_000, 300), ...around(5000, 100)];
    const day = [...around(60_000, 40), ...around(5000, 16)];
    const band = seasonalBand(
      { week: [], near: around(5000, 30), lastWeek: around(5000, 5), day, all },
      hourly,
    );
    assert.equal(band?.basis, "near");
    assert.ok(band.middle < 6000 && band.highLimit < 60_000);
  });

  test("is told by the newest runs where all hours have changed since", () => {
    const samples = { week: [], near: around(5000, 30), day: [], all: around(20_000, 400) };
    assert.equal(seasonalBand({ ...samples, lastWeek: around(19_000, 5) }, hourly)?.basis, "all");
    assert.equal(seasonalBand({ ...samples, lastWeek: around(5500, 5) }, hourly)?.basis, "near");
  });

  test("is not known where the little that is known of the hour is unlike the rest", () => {
    const samples = { week: [], near: around(5000, 5), lastWeek: [], day: [], all: around(60_000, 100) };
    assert.equal(seasonalBand(samples, hourly), undefined);
    assert.ok(seasonalBand({ ...samples, near: around(60_000, 5) }, hourly));
  });

  test("makes no run too short on a day of the week that was never seen", () => {
    const samples = { week: [], near: [], lastWeek: [], day: [], all: around(60_000, 100) };
    const band = seasonalBand(samples, { ...hourly, knownMs: 5 * dayMs });
    const later = seasonalBand(samples, hourly);
    assert.equal(band?.lowLimit, 0);
    assert.ok(later && later.lowLimit > 0 && band.highLimit > 3 * later.highLimit);
  });

  test("has the hours around midnight of Sunday beside each other", () => {
    assert.ok(isNearWeekHour(167, 1) && isNearWeekHour(1, 167) && isNearWeekHour(20, 22));
    assert.ok(!isNearWeekHour(20, 23) && !isNearWeekHour(0, 24));
  });
});

describe("the limits", () => {
  test("stand further out for a job that runs more often", () => {
    const limits = [1, 168, 100_000].map(
      (runsPerWeek) => amountBand(around(1000, 100), "all", runsPerWeek)?.highLimit ?? 0,
    );
    assert.ok((limits[0] ?? 0) < (limits[1] ?? 0) && (limits[1] ?? 0) < (limits[2] ?? 0));
  });

  test("take in a second way to end, and not a single wild run", () => {
    const usual = around(1000, 90, 0.1);
    const twoWays = amountBand([...usual, ...around(20_000, 10, 0.1)], "all", 168);
    const wild = amountBand([...usual, 20_000], "all", 168);
    assert.ok(twoWays && twoWays.highLimit > 20_000);
    assert.ok(wild && wild.highLimit < 10_000);
  });

  test("stand further out where the tail is long", () => {
    const tail = Array.from({ length: 200 }, (_, index) => 1000 * ((index + 0.5) / 200) ** -0.6);
    const band = amountBand(tail, "all", 168);
    assert.ok(band && band.highLimit > Math.max(...tail), `${band?.highLimit}`);
  });
});
