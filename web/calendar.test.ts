import assert from "node:assert/strict";
import { test } from "node:test";
import { weeksOf } from "./calendar.ts";

test("days stand in weeks from Monday, and only those of the range", () => {
  const rows = [
    { day: "2026-11-20", runs: { succeeded: 3, failed: 1 }, durationMiddleMs: 61_000 },
    { day: "2026-11-21", runs: { failed: 2 } },
    { day: "2026-11-19", runs: { succeeded: 1 } },
  ];
  const weeks = weeksOf(rows, "2026-11-21", 10);
  assert.deepEqual(
    weeks.map((week) => week.map((day) => day?.day.slice(8) ?? "--").join(" ")),
    ["-- -- -- 12 13 14 15", "16 17 18 19 20 21 --"],
  );
  const [, last = []] = weeks;
  assert.deepEqual(
    last.map((day) => day?.mood),
    ["none", "none", "none", "well", "mixed", "bad", undefined],
  );
  assert.equal(last[4]?.words, "4 runs, 1 failed for good or lost and 1 min 1 s in the middle");
});
