import assert from "node:assert/strict";
import { test } from "node:test";
import type { IncidentAnswer } from "../src/api/watch-schemas.ts";
import { sorted } from "./triage.ts";

test("what nobody is called for does not stand among what needs somebody", () => {
  const nowMs = Date.UTC(2026, 11, 1, 3);
  const incident = (id: string, more: Partial<IncidentAnswer>): IncidentAnswer =>
    ({
      id,
      state: "open",
      severity: "error",
      openedTime: `2026-12-01T02:0${id}:00Z`,
      ...more,
    }) as IncidentAnswer;
  const { open, noted, quiet } = sorted(
    [
      incident("1", { severity: "info" }),
      incident("2", { severity: "warning" }),
      incident("3", { severity: "critical" }),
      incident("4", { severity: "info", state: "acknowledged" }),
      incident("5", { snoozedUntilTime: "2026-12-01T08:00:00Z" }),
      incident("6", { severity: "info", parentId: "3" }),
      incident("7", { state: "resolved" }),
      incident("8", { severity: "info" }),
    ],
    nowMs,
  );
  const ids = (rows: readonly IncidentAnswer[]): string => rows.map(({ id }) => id).join(" ");
  assert.deepEqual([ids(open), ids(noted), ids(quiet)], ["3 2", "1 8", "5 4"]);
});
