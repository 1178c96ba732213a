/** Words are read at three in the morning; these tests hold them to what a person would say. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as words from "./words.ts";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

describe("figures in words", () => {
  test("a duration has at most two units and never sixty of the smaller", () => {
    const said = [
      0,
      0.42,
      9.96,
      367.4,
      999.7,
      1060,
      31_000,
      59_999,
      190_000,
      119_600,
      2 * hour + 5 * minute,
      49 * hour,
      60 * 24 * hour,
    ];
    assert.deepEqual(said.map(words.duration), [
      "0 ms",
      "0.4 ms",
      "10 ms",
      "367 ms",
      "1.00 s",
      "1.06 s",
      "31.0 s",
      "1 min",
      "3 min 10 s",
      "2 min",
      "2 h 5 min",
      "2 d 1 h",
      "60 d",
    ]);
    assert.equal(words.duration(-1500), "−1.50 s");
  });

  test("a relative time looks both ways and calls small clock differences now", () => {
    assert.equal(words.relative(0, 3000), "3 s ago");
    assert.equal(words.relative(10 * minute, 0), "in 10 min");
    assert.equal(words.relative(1500, 0), "now");
    assert.equal(words.relative(0, 50 * hour), "2 d ago");
  });

  test("percentages are not rounded to a promise", () => {
    assert.equal(words.percent(9999, 10_000), "99.9 %");
    assert.equal(words.percent(1, 100_000), "under 0.1 %");
    assert.equal(words.percent(1, 2), "50 %");
    assert.equal(words.percent(0, 0), "–");
  });

  test("sizes, counts, ordinals and lists read as people say them", () => {
    assert.equal(words.size(2_143_008_000), "2.1 GB");
    assert.equal(words.size(212_000_000), "212 MB");
    assert.equal(words.size(999), "999 B");
    assert.equal(words.counted(1, "run"), "1 run");
    assert.equal(words.counted(4212, "run"), "4,212 runs");
    assert.deepEqual([1, 2, 11, 22, 113].map(words.ordinal), ["first", "second", "11th", "22nd", "113th"]);
    assert.equal(words.listed(["a", "b", "c"]), "a, b and c");
    assert.equal(words.rangeWords("-7d", null), "last 7 days");
    assert.equal(words.rangeWords("2026-11-21T00:00:00Z", null), "chosen time");
  });
});

describe("the sentence of a run", () => {
  const run = { job: "ChargeCardJob", attempts: 3, host: "web-3", queue: "payments" };

  test("a failure says how often it was tried and why", () => {
    const sentence = words.runSentence({ ...run, state: "failed", cause: "Net::ReadTimeout." }, 0);
    assert.equal(sentence, "ChargeCardJob failed for good after three attempts: Net::ReadTimeout.");
  });

  test("a retry says when, and does not promise a time that has passed", () => {
    const retry = { ...run, state: "retrying", attempts: 2, nextMs: 5 * minute } as const;
    assert.equal(words.runSentence(retry, 0), "ChargeCardJob failed twice and will be tried again in 5 min.");
    assert.equal(
      words.runSentence(retry, hour),
      "ChargeCardJob failed twice and will be tried again any moment.",
    );
  });

  test("every state has a sentence of its own", () => {
    const states = Object.keys(words.stateWords) as (keyof typeof words.stateWords)[];
    const sentences = states.map((state) => words.runSentence({ ...run, state }, 0));
    assert.equal(states.length, 10);
    assert.equal(new Set(sentences).size, 10);
    for (const sentence of sentences) assert.match(sentence, /ChargeCardJob.*\.$/);
  });
});
