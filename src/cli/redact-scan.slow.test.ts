/** `midwatch redact scan` against a real server: what is stored is read again, all of it and nothing twice. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { eventually } from "../../playground/processes.ts";
import { formatTime } from "../model/time.ts";
import { ndjson, recordAgo, type ServerForTests, startServerForTests } from "./server-for-tests.ts";

/** More than two pages of a scan, and most of them at the same moment: pages end among equals. */
const stored = 2500;
const moments = 3;

describe("midwatch redact scan", () => {
  let server: ServerForTests;
  before(async () => {
    server = await startServerForTests();
    const startMs = Date.now() - 600_000;
    const events = Array.from({ length: stored }, (_, index) =>
      recordAgo(600_000, {
        time: formatTime((startMs + (index % moments)) * 1000),
        job: index % 5 === 0 ? "Fifth" : "Other",
        message: `parcel LOT-${index}`,
      }),
    );
    const answer = await server.post(ndjson(events));
    assert.ok(answer.ok, `status ${answer.status}`);
    writeFileSync(
      join(server.directory, "rules.yaml"),
      "patterns:\n  - { id: lot, pattern: 'LOT-[0-9]+' }\n",
    );
  });
  after(() => server.close());

  type Count = { readonly rule: string; readonly job: string; readonly count: number };
  const scan = async (...words: readonly string[]) => {
    const rules = join(server.directory, "rules.yaml");
    const { out, notes } = await server.midwatch("redact", "scan", "--json", "--rules", rules, ...words);
    const counts = out
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Count);
    const ofJob = (job: string): number =>
      counts
        .filter((one) => one.rule === "user:lot" && one.job === job)
        .reduce((sum, { count }) => sum + count, 0);
    return {
      fifth: ofJob("Fifth"),
      other: ofJob("Other"),
      seen: Number(/^([0-9]+) events/m.exec(notes)?.[1]),
      out,
    };
  };

  test("counts every stored event once, over all its pages, and shows no value", async () => {
    const found = await eventually("all events to be stored", async () => {
      const now = await scan("--from", "-1h");
      return now.seen >= stored ? now : undefined;
    });
    assert.deepEqual([found.fifth, found.other], [stored / 5, (stored / 5) * 4]);
    assert.doesNotMatch(found.out, /LOT-/);
  });

  test("ends at its limit, also in the middle of a page", async () => {
    const { fifth, other, seen } = await scan("--from", "-1h", "--until", "-5m", "--limit", "1500");
    assert.deepEqual([seen, fifth + other], [1500, 1500]);
  });

  test("ends with code 1 where nothing is found", async () => {
    assert.equal((await server.midwatch("redact", "scan", "--from", "-1h")).code, 1);
  });
});
