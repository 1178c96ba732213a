import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { EventRecord } from "../model/event.ts";
import { formats } from "./formats/formats.ts";
import { OwnEvents } from "./own.ts";
import { AgentState } from "./state.ts";
import { LogTailer } from "./tail.ts";

describe("following a log file", () => {
  let folder = "";
  let path = "";
  let state: AgentState;
  let own: OwnEvents;
  let tailer: LogTailer;
  let nowMs = Date.now();
  const complaints: string[] = [];

  function start(format = "plain"): void {
    state = new AgentState(join(folder, "state"));
    own = new OwnEvents(state, {
      host: "web-1",
      clock: () => nowMs,
      randomBytes: (count) => randomBytes(count),
    });
    const found = formats.get(format);
    assert.ok(found);
    tailer = new LogTailer({
      sources: [{ path, format: found, service: "shop" }],
      state,
      own,
      clock: () => nowMs,
      zoneMinutes: () => 0,
      complain: (_, line) => complaints.push(line),
    });
  }

  function events(): readonly EventRecord[] {
    const numbers = own.oldest(10_000);
    return numbers
      ? own.lines(numbers.first, numbers.last).map((line) => JSON.parse(line) as EventRecord)
      : [];
  }
  const messages = (): readonly (string | undefined)[] => events().map((event) => event.message);

  /** Looks until nothing is left, with the file quiet for long enough. */
  async function settle(): Promise<void> {
    nowMs = Date.now() + 10_000;
    for (let look = 0; look < 10 && (await tailer.look()); look++);
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "midwatch-tail-"));
    path = join(folder, "app.log");
    complaints.length = 0;
    writeFileSync(path, "history\n");
    nowMs = Date.now();
    start();
  });
  afterEach(() => {
    state.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("begins at its end, and takes each line once", async () => {
    await tailer.look();
    appendFileSync(path, "one\ntwo\n");
    await settle();
    appendFileSync(path, "three\n");
    await settle();
    assert.deepEqual(messages(), ["one", "two", "three"]);
    assert.deepEqual([events()[0]?.service, events()[0]?.attributes?.["file"]], ["shop", path]);
  });

  test("waits for the end of a line and for what belongs to it", async () => {
    await tailer.look();
    appendFileSync(path, "error: no price\n  at charge\n");
    nowMs = Date.now();
    await tailer.look();
    assert.deepEqual(messages(), [], "more frames may follow");
    appendFileSync(path, "  at perform\nnext");
    await tailer.look();
    assert.deepEqual(messages(), [], "the next record has not begun for sure");
    appendFileSync(path, " line\n");
    await settle();
    assert.deepEqual(messages(), ["error: no price\n  at charge\n  at perform", "next line"]);
  });

  test("goes on where it was after a restart", async () => {
    await tailer.look();
    appendFileSync(path, "before\n");
    await settle();
    state.close();
    appendFileSync(path, "while away\n");
    start();
    await settle();
    assert.deepEqual(messages(), ["before", "while away"]);
  });

  test("reads a renamed file to its end, and then the new one from its start", async () => {
    await tailer.look();
    appendFileSync(path, "old 1\n");
    await settle();
    appendFileSync(path, "old 2\n");
    renameSync(path, `${path}.1`);
    writeFileSync(path, "new 1\n");
    appendFileSync(`${path}.1`, "old 3\n");
    await settle();
    appendFileSync(path, "new 2\n");
    await settle();
    assert.deepEqual(messages(), ["old 1", "old 2", "old 3", "new 1", "new 2"]);
  });

  test("begins again where somebody truncated it, and says so", async () => {
    await tailer.look();
    appendFileSync(path, "before\n");
    await settle();
    truncateSync(path, 0);
    await settle();
    appendFileSync(path, "after\n");
    await settle();
    assert.deepEqual(messages(), ["before", "after"]);
    assert.match(complaints.join(), /truncated/);
  });

  test("a secret in a line does not come to the agent's own disk", async () => {
    await tailer.look();
    appendFileSync(path, "login with password=hunter2-planted ok\n");
    await settle();
    assert.equal(events().length, 1);
    assert.ok(!JSON.stringify(events()).includes("hunter2-planted"), messages().join());
  });

  test("a line without end is cut, and the next one is read", async () => {
    await tailer.look();
    appendFileSync(path, `${"x".repeat(3 * 1024 * 1024)}\nnext\n`);
    await settle();
    assert.equal(messages().at(-1), "next");
    assert.ok(events().every((event) => (event.message?.length ?? 0) < 40_000));
  });
});
