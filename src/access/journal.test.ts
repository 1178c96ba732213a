import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { Fault } from "../model/fault.ts";
import type { Intake } from "../model/intake.ts";
import type { OwnFinding } from "../model/own-finding.ts";
import { type AccessEntry, startJournal } from "./journal.ts";

const entry: AccessEntry = {
  kind: "access.sensitive_read",
  actor: "maria",
  outcome: "success",
  message: "maria: searchEvents",
  attributes: { query: "q: bank" },
};

function rig() {
  const taken: { readonly kind: string; readonly attributes: { readonly repeated?: number } }[] = [];
  const findings: OwnFinding[] = [];
  const state = { nowMs: 1_000_000, fails: false };
  const intake: Intake = async ({ body, isOwn }) => {
    if (state.fails) throw new Fault("SPOOL_FULL", "the disk is full");
    assert.equal(isOwn, true);
    const lines = new TextDecoder().decode(body).trim().split("\n");
    taken.push(...lines.map((line) => JSON.parse(line) as (typeof taken)[number]));
    return { accepted: 1, refused: 0, refusals: [], duplicate: false };
  };
  const journal = startJournal({
    intake,
    clock: () => state.nowMs,
    randomBytes: (count) => randomBytes(count),
    base: { service: "midwatch" },
    reportOwnFinding: (finding) => findings.push(finding),
  });
  return { journal, taken, findings, state };
}

test("what is asked again and again is recorded at once, then counted, and none of it is lost", async () => {
  const { journal, taken, state } = rig();
  for (let time = 0; time < 5; time++) await journal.recordOnce("maria search", entry);
  assert.equal(taken.length, 1);
  await journal.recordOnce("jonas search", { ...entry, actor: "jonas" });
  assert.equal(taken.length, 2);
  state.nowMs += 11_000;
  await journal.recordOnce("maria search", entry);
  assert.equal(
    taken[2]?.attributes.repeated,
    5,
    "after a while without a write, what was counted is written",
  );
  await journal.recordOnce("maria search", entry);
  await journal.recordOnce("maria search", entry);
  await journal.close();
  const counted = taken.map(({ attributes }) => attributes.repeated ?? 1);
  assert.equal(
    counted.reduce((sum, one) => sum + one, 0),
    9,
  );
});

test("while it cannot be written, reading is refused; one finding says so, and one that it is over", async () => {
  const { journal, taken, findings, state } = rig();
  await journal.recordOnce("maria search", entry);
  state.fails = true;
  const refused = { code: "ACCESS_UNRECORDED" };
  await assert.rejects(journal.recordOnce("jonas search", entry), refused);
  await assert.rejects(journal.recordOnce("maria search", entry), refused, "what was counted before too");
  await assert.rejects(journal.check(), refused);
  assert.deepEqual(
    findings.map(({ over }) => over ?? false),
    [false],
  );
  state.fails = false;
  await journal.check();
  await journal.record(entry);
  assert.ok(taken.length >= 2);
  assert.equal(findings.at(-1)?.over, true);
  await journal.close();
});
