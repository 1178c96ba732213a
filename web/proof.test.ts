/** Proofs made of the golden vectors, judged as a browser does. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { judgeProof } from "./proof.ts";

type Vectors = {
  readonly key: string;
  readonly checkpoint: string;
  readonly segments: readonly {
    readonly entry: string;
    readonly entryLeaf: string;
    readonly events: readonly {
      readonly event: Readonly<Record<string, unknown>>;
      readonly header: string;
      readonly content: string;
      readonly salt: string;
      readonly leaf: string;
    }[];
  }[];
};

const vectors = JSON.parse(
  readFileSync(new URL("../contract/ledger/vectors.json", import.meta.url), "utf8"),
) as Vectors;

const node = (left: string, right: string): string =>
  createHash("sha256").update(`01${left}${right}`, "hex").digest("hex");

function rootOf(leaves: readonly string[]): string {
  if (leaves.length === 1) return leaves[0] ?? "";
  let half = 1;
  while (half * 2 < leaves.length) half *= 2;
  return node(rootOf(leaves.slice(0, half)), rootOf(leaves.slice(half)));
}

function pathOf(leaves: readonly string[], index: number): readonly string[] {
  if (leaves.length === 1) return [];
  let half = 1;
  while (half * 2 < leaves.length) half *= 2;
  const [left, right] = [leaves.slice(0, half), leaves.slice(half)];
  return index < half
    ? [...pathOf(left, index), rootOf(right)]
    : [...pathOf(right, index - half), rootOf(left)];
}

const base64 = (hex: string): string => Buffer.from(hex, "hex").toString("base64");

function proofOf(segment: number, index: number, change: Readonly<Record<string, unknown>> = {}): string {
  const { events, entry } = vectors.segments[segment] ?? assert.fail();
  const { header, content, salt } = events[index] ?? assert.fail();
  const extra = {
    header: base64(header),
    content: base64(content),
    salt: base64(salt),
    index,
    count: events.length,
    path: pathOf(
      events.map(({ leaf }) => leaf),
      index,
    ).map(base64),
    entry: Buffer.from(entry).toString("base64"),
    ...change,
  };
  const outer = pathOf(
    vectors.segments.map(({ entryLeaf }) => entryLeaf),
    segment,
  ).map(base64);
  const encoded = Buffer.from(JSON.stringify(extra)).toString("base64");
  return `${["c2sp.org/tlog-proof@v1", `extra ${encoded}`, `index ${segment}`, ...outer].join("\n")}\n\n${vectors.checkpoint}`;
}

test("every event of the vectors is proven, with its id, kind and texts", async () => {
  let judged = 0;
  for (const [segment, { events }] of vectors.segments.entries()) {
    for (const [index, { event }] of events.entries()) {
      const verdict = await judgeProof(proofOf(segment, index), vectors.key);
      if (!verdict.proven) assert.fail(verdict.because);
      assert.equal(verdict.id, event["id"]);
      assert.equal(verdict.kind, event["kind"]);
      for (const [name, text] of Object.entries(verdict.texts)) assert.equal(text, event[name], name);
      assert.equal(verdict.texts["message"], event["message"] === "" ? undefined : event["message"]);
      judged += 1;
    }
  }
  assert.equal(judged, 17);
});

test("a changed event, another place, another key and a broken signature are not", async () => {
  const good = proofOf(1, 2);
  const { content } = vectors.segments[1]?.events[2] ?? assert.fail();
  const changed = base64(`${content.slice(0, -2)}${content.endsWith("00") ? "01" : "00"}`);
  const wrongs: readonly (readonly [string, string, RegExp])[] = [
    [proofOf(1, 2, { content: changed }), vectors.key, /the event is not in its segment/],
    [proofOf(1, 2, { index: 3 }), vectors.key, /the event is not in its segment/],
    [proofOf(1, 2, { index: 99 }), vectors.key, /outside of the tree/],
    [good.replace("index 1", "index 0"), vectors.key, /not in the ledger that was signed/],
    [good.replace(/(— \S+ .{20})./, "$1_"), vectors.key, /no proof|not signed/],
    [good.replace(/(— \S+ .{20})./, "$1A"), vectors.key, /not signed/],
    [
      good,
      vectors.key.replace(/\+([0-9a-f])/, (_, digit: string) => `+${digit === "0" ? "1" : "0"}`),
      /own number/,
    ],
    [good, "nonsense", /malformed/],
    ["nonsense", vectors.key, /no proof of an event/],
  ];
  for (const [proof, key, because] of wrongs) {
    const verdict = await judgeProof(proof, key);
    assert.equal(verdict.proven, false);
    assert.match(verdict.proven ? "" : verdict.because, because);
  }
});
