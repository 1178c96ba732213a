import assert from "node:assert/strict";
import { test } from "node:test";
import { checkpointOf } from "./ledger.ts";

test("a checkpoint tells who signed how much", () => {
  const note =
    "midwatch.example/ledger\n4221\nqINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=\n\n— midwatch.example/ledger Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n— witness.example 4vnp1SA=\n";
  assert.deepEqual(checkpointOf(note), {
    origin: "midwatch.example/ledger",
    size: 4221,
    root: "qINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=",
    signers: ["midwatch.example/ledger", "witness.example"],
    text: note,
  });
});

test("what is no checkpoint is none", () => {
  for (const text of ["", "<html>", "a\nb\nc\n\n"]) assert.equal(checkpointOf(text), undefined);
});
