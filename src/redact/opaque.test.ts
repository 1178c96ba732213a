import assert from "node:assert/strict";
import { test } from "node:test";
import { hideOpaque } from "./opaque.ts";

test("words that may be credentials are hidden, and identifiers, times and names stay", () => {
  assert.equal(hideOpaque('q: "qXk9VjOSge5on"\nlimit: 100'), 'q: "[REDACTED:secret]"\nlimit: 100');
  for (const kept of [
    "from: 2026-11-21T02:00:00.000Z",
    "id: 0192f0a1-b2c3-7d4e-8f90-a1b2c3d4e5f6",
    "job: Billing::InvoiceJob",
    "q: trace_id:4bf92f3577b34da6a3ce929d0e0e4736",
  ])
    assert.equal(hideOpaque(kept), kept);
});
