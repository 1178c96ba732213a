/**
 * For how long the watch holds the event loop, in which the server must also take batches and answer
 * people: while ten thousand schedules are taken up, in the look in which all their slots are found
 * missed, and while their incidents stand open.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { noAlerts } from "../../src/alert/setup.ts";
import { startWatch } from "../../src/alert/watch.ts";
import { openSqliteControl } from "../../src/store/control/sqlite.ts";
import type { Arrivals, EventStore, StoredEvent } from "../../src/store/store.ts";

/** While nothing works, the clock of this stands still for at most so long. */
const patienceMs = 120_000;

export type Held = {
  readonly declaring_held_ms: number;
  readonly missing_held_ms: number;
  readonly standing_held_ms: number;
};

export async function heldByWatch(jobs: number, directory: string): Promise<Held> {
  const store = openSqliteControl(join(directory, "held.db"));
  let nowMs = Date.UTC(2026, 10, 21, 1, 30);
  const ledger: StoredEvent[] = [];
  const watch = await startWatch({
    events: eventsOf(ledger),
    store,
    setup: noAlerts,
    clock: () => nowMs,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    lagMs: () => 0,
    everyMs: 10,
    timeZone: "UTC",
    record: () => undefined,
    report: (_severity, message) => assert.fail(message),
    holder: "bench",
  });
  const turns = monitorEventLoopDelay({ resolution: 1 });
  turns.enable();
  const held = (): number => {
    const ms = Math.round(turns.max / 1e6);
    turns.reset();
    return ms;
  };
  const until = async (isSo: () => Promise<boolean>): Promise<void> => {
    const giveUpMs = performance.now() + patienceMs;
    while (!(await isSo())) {
      assert.ok(performance.now() < giveUpMs, "the watch comes to an end with it");
      await pause(100);
      nowMs += 5000;
    }
  };
  try {
    for (let number = 0; number < jobs; number += 1) ledger.push(declared(number, nowMs));
    await until(async () => (await watch.monitors()).length === jobs);
    const declaring = held();
    // In steps in which nobody believes that Midwatch was away, past the slots and what they are given.
    for (const dueMs = Date.UTC(2026, 10, 21, 3); nowMs < dueMs; nowMs += 10_000) await pause(20);
    held();
    const open = async (): Promise<number> => (await store.unresolvedIncidents()).length;
    await until(async () => (await open()) === jobs);
    const missing = held();
    await pause(1000);
    return { declaring_held_ms: declaring, missing_held_ms: missing, standing_held_ms: held() };
  } finally {
    turns.disable();
    await watch.close();
    await store.close();
  }
}

function declared(number: number, atMs: number): StoredEvent {
  return {
    id: `declared-${number}`,
    time: new Date(atMs).toISOString(),
    stream: "jobs",
    kind: "schedule.declared",
    runtime: "celery",
    service: "shop",
    environment: "production",
    worker: "beat-1",
    job: `Job${number}`,
    attributes: {
      entry: `entry-${number}`,
      schedule: { type: "crontab", expression: "0 3 * * *" },
      time_zone: "UTC",
    },
    segment: 0,
    segment_index: number + 1,
  };
}

/** Nothing ever ran: what is measured is the watch and its control store, not the engine. */
function eventsOf(ledger: readonly StoredEvent[]): EventStore {
  return {
    async arrivals({ after, limit }): Promise<Arrivals> {
      const from = after?.index ?? 0;
      const rows = ledger.slice(from, from + limit);
      return {
        rows: after ? rows : [],
        skipped: 0,
        head: { segment: 0, index: after ? from + rows.length : 0 },
      };
    },
    events: async () => ({ rows: [], next: null }),
    successes: async () => [],
    runs: async () => ({ rows: [], next: null }),
    openRuns: async () => [],
    jobSigns: async () => [],
  } as Partial<EventStore> as EventStore;
}
