/** The file of monitors: what it may say, what it is told where it is wrong, and what applying it changes. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { quietMonitor } from "../model/monitor.ts";
import { planMonitors, readMonitorFile } from "./monitor-file.ts";

const file = `
calendars:
  working days: { weekdays: [mon, tuesday, Wed, thu, fri], holidays: [2026-12-25] }
monitors:
  - job: ReportJob
    service: shop
    schedule: "0 2 * * *"
    time_zone: Europe/Berlin
    duration_min: 5s
    output_min: 2kB
    calendar: working days
    needs: [ImportJob, { job: SyncJob, service: shop }]
`;

describe("the file of monitors", () => {
  test("says limits, calendars and what a job needs", () => {
    const [monitor] = readMonitorFile(file, "monitors.yaml");
    assert.partialDeepStrictEqual(monitor, {
      job: "ReportJob",
      durationMinMs: 5000,
      outputMinBytes: 2000,
      calendar: { weekdays: [0, 1, 2, 3, 4], holidays: ["2026-12-25"] },
      needs: [{ job: "ImportJob" }, { job: "SyncJob", service: "shop" }],
    });
  });

  const wrong: readonly (readonly [change: readonly [string, string], because: RegExp])[] = [
    [
      ["calendar: working days", "calendar: working day"],
      /there is no calendar `working day`, did you mean `working days`/,
    ],
    [["[mon,", "[moonday,"], /calendar `working days`: `weekdays` must be of mon, tue/],
    [["2026-12-25", "25.12.2026"], /`25\.12\.2026` is no date such as 2026-12-25/],
    [["output_min: 2kB", "output_min: much"], /`output_min` must be a size such as 200B/],
    [["needs: [ImportJob,", "needs: [7,"], /`needs` must be names of jobs|names no/],
    [["holidays:", "holiday:"], /there is no key `holiday`, did you mean `holidays`/],
  ];
  for (const [[before, after], because] of wrong) {
    test(`is refused where it says ${after}`, () => {
      assert.ok(file.includes(before));
      assert.throws(() => readMonitorFile(file.replace(before, after), "monitors.yaml"), because);
    });
  }

  test("shows what it would change, and changes nothing twice", () => {
    const wanted = readMonitorFile(file, "monitors.yaml");
    const old = quietMonitor({ job: "OldJob" });
    const plan = planMonitors(wanted, [old], { prune: true });
    assert.deepEqual([plan.set.length, plan.remove.length], [1, 1]);
    assert.ok(
      plan.lines.some((line) => line.includes("calendar:")),
      plan.lines.join("\n"),
    );
    assert.deepEqual(planMonitors(wanted, wanted, { prune: true }).lines, []);
  });
});
