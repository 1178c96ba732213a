/** Why a job did or did not run, in sentences: the causes that are more than a run or its absence. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { quietMonitor } from "../model/monitor.ts";
import type { RunSummary } from "../store/store.ts";
import { amountBand } from "./band.ts";
import { concerns, explain, type WhyFacts } from "./why.ts";

const job = { job: "ReportJob", service: "shop" };
const atMs = Date.UTC(2026, 11, 25, 2);
const schedule = { expression: "0 2 * * *", timeZone: "UTC" };
const usual = amountBand(
  Array.from({ length: 30 }, (_, index) => 40_000 + index * 500),
  "day",
  7,
);
const run: RunSummary = {
  ...job,
  runId: "r-1",
  state: "succeeded",
  attempts: 1,
  lastMicros: atMs * 1000,
  startedMicros: atMs * 1000,
  endedMicros: (atMs + 540_000) * 1000,
  durationMs: 540_000,
  release: "v2",
  sample: false,
};

function sentences(more: Partial<WhyFacts> = {}): string {
  const facts: WhyFacts = {
    job,
    atMs,
    nowMs: atMs + 3_600_000,
    monitor: { ...quietMonitor(job), schedules: [schedule] },
    source: "set",
    runs: [],
    troubles: [],
    aways: [],
    silentAgents: [],
    ...more,
  };
  return explain(facts).sentences.join("\n");
}

describe("why", () => {
  test("names the holiday on which nothing is due", () => {
    const monitor = { ...quietMonitor(job), schedules: [schedule], calendar: { holidays: ["2026-12-25"] } };
    assert.match(
      sentences({ monitor }),
      /By the calendar of ReportJob \(shop\) nothing is due then: 2026-12-25 is one of its holidays\./,
    );
    const weekend = { ...monitor, calendar: { weekdays: [5, 6] } };
    assert.match(sentences({ monitor: weekend }), /2026-12-25 is not one of its weekdays/);
  });

  test("says how a run lies beside what is usual, and which release was new", () => {
    assert.ok(usual);
    const releases = [
      { release: "v1", firstMs: atMs - 30 * 86_400_000 },
      { release: "v2", firstMs: atMs - 3_600_000 },
    ];
    const told = sentences({ runs: [run], usual: { duration: usual }, releases });
    assert.match(told, /It usually takes \d+ to \d+ s at this hour; this is unlike that\./);
    assert.match(told, /It ran release v2, which was first seen at 2026-12-25 01:00 UTC\./);
    assert.match(
      sentences({ runs: [{ ...run, durationMs: 45_000 }], usual: { duration: usual } }),
      /this is as usual\./,
    );
  });

  test("says whether a retry can help", () => {
    const failed = { ...run, state: "failed", errorClass: "NoMethodError" } as const;
    assert.match(sentences({ runs: [failed] }), /It is a fault of the program/);
  });

  test("tells of drift", () => {
    assert.match(sentences({ drifts: ["ReportJob stands in no crontab."] }), /stands in no crontab/);
  });

  test("takes in incidents of what it needs, of its queue and of its host, and no others", () => {
    const monitor = {
      ...quietMonitor(job),
      schedules: [{ ...schedule, host: "h-1" }],
      needs: [{ job: "ImportJob" }],
    };
    const runs = [{ ...run, queue: "mail" }];
    const is = (incident: Parameters<typeof concerns>[0]): boolean => concerns(incident, job, monitor, runs);
    assert.ok(is({ kind: "failed", cause: "c", job: { job: "ImportJob", service: "shop" } }));
    assert.ok(is({ kind: "backlog", cause: JSON.stringify(["backlog", "shop", "", "mail"]) }));
    assert.ok(is({ kind: "agent_silent", cause: "c", host: "h-1" }));
    assert.ok(!is({ kind: "backlog", cause: JSON.stringify(["backlog", "shop", "", "other"]) }));
    assert.ok(!is({ kind: "agent_silent", cause: "c", host: "h-2" }));
    assert.ok(!is({ kind: "failed", cause: "c", job: { job: "OtherJob" } }));
  });
});
