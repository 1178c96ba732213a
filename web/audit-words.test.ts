import assert from "node:assert/strict";
import { test } from "node:test";
import type { StoredEvent } from "../src/store/store.ts";
import { deedOf } from "./audit-words.ts";

const event = (more: Partial<StoredEvent>): StoredEvent => ({
  id: "",
  time: "2026-11-21T00:00:00.000000Z",
  stream: "audit",
  kind: "access.sensitive_read",
  segment: 1,
  segment_index: 0,
  ...more,
});

test("a look at Midwatch is told by what was looked at", () => {
  assert.deepEqual(
    deedOf(
      event({
        message: "mara: listJobDays (3 more times within a minute)",
        attributes: { query: "job: Export\nzone: UTC" },
      }),
    ),
    { did: "looked at", what: "job days job: Export, zone: UTC (3 more times within a minute)" },
  );
  const asked = (query: string): string =>
    deedOf(event({ message: "mara: listRuns", attributes: { query } })).what;
  assert.equal(asked("from: -24h\njob: Export\nlimit: 200"), "runs job: Export in the last 24 hours");
  assert.equal(asked("from: -6h\nuntil: -1h"), "runs from: -6h, until: -1h");
  assert.equal(asked("q: limit: all of it"), "runs q: limit: all of it");
  assert.deepEqual(deedOf(event({ kind: "access.authn_login_fail", message: "unknown" })), {
    did: "could not sign in",
    what: "unknown",
  });
});

test("an action inside a job is told by its name and what it was done to", () => {
  assert.deepEqual(
    deedOf(
      event({
        kind: "audit.action",
        message: "x",
        attributes: { action: "stock.corrected", subject: "sku:7" },
      }),
    ),
    { did: "stock.corrected", what: "sku:7" },
  );
  assert.deepEqual(deedOf(event({ kind: "access.new_thing", message: "something" })), {
    did: "access.new_thing",
    what: "something",
  });
});
