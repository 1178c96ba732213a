/** The life of an incident: counted, over, opened again, flapping, put off; and who hears of it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Look } from "../detect/gather.ts";
import { noSurvey } from "../detect/survey.ts";
import type { Finding } from "../model/finding.ts";
import type { Incident } from "../model/incident.ts";
import { type Monitor, quietMonitor } from "../model/monitor.ts";
import type { Silence } from "../model/silence.ts";
import type { JobSuccess, StoredEvent } from "../store/store.ts";
import { weigh } from "./incidents.ts";
import { calmMs, flapsMin, openIncident, reopenMs, resolveIncident, snoozeIncident } from "./life.ts";
import { settleMessage } from "./outbox.ts";
import { type Policy, quietPolicy } from "./policy.ts";
import { releaseMs } from "./telling.ts";

const job = { job: "J", service: "s" };
const second = 1000;

function finding(atMs: number, more: Partial<Finding> = {}): Finding {
  return {
    kind: "failed",
    cause: "c",
    atMs,
    because: "It failed.",
    job,
    evidence: { eventIds: [], runIds: [`r${atMs}`] },
    ...more,
  };
}

test("others are answered while thousands of incidents are weighed", async () => {
  const before = Array.from(
    { length: 2000 },
    (_, number) => openIncident(`i${number}`, finding(0, { cause: `c${number}` }), undefined, 0).incident,
  );
  let turns = 0;
  const isWeighed = new AbortController();
  const count = (): void => {
    turns += 1;
    if (!isWeighed.signal.aborted) setImmediate(count);
  };
  setImmediate(count);
  const parts = {
    ears: [],
    policy: quietPolicy,
    silences: [],
    newId: () => assert.fail("nothing is new"),
    store: { incidentOfCause: () => assert.fail("nothing is asked of what is known") },
    monitorOf: quietMonitor,
  };
  const facts = { facts: { survey: noSurvey }, heard: [], successes: [] } as unknown as Look;
  const { incidents } = await weigh(facts, [], before, parts, second);
  isWeighed.abort();
  assert.equal(incidents.length, before.length, "each is held, for nobody hears");
  assert.ok(turns >= 8, `${turns} turns`);
});

/** Plays looks, one after the other, over a store that is a map. */
function play(
  monitor: Partial<Monitor> = {},
  ears = [{ name: "mail", severityMin: "warning" as const, hearsAcknowledgements: false }],
  policy: Policy = quietPolicy,
  needs: Readonly<Record<string, Partial<Monitor>>> = {},
) {
  let silences: readonly Silence[] = [];
  const kept = new Map<string, Incident>();
  const told: string[] = [];
  const acts: string[] = [];
  let ids = 0;
  const one = (): Incident => [...kept.values()].at(-1) as Incident;
  return {
    kept,
    told,
    acts,
    one,
    silence: (...given: readonly Silence[]) => {
      silences = given;
    },
    change: (incident: Incident) => kept.set(incident.id, incident),
    async look(
      nowMs: number,
      findings: readonly Finding[],
      successAtMs?: number,
      heard: readonly StoredEvent[] = [],
    ): Promise<void> {
      const successes: JobSuccess[] =
        successAtMs === undefined ? [] : [{ ...job, atMicros: successAtMs * 1000, runId: "ok" }];
      const facts = {
        monitorOf: () => quietMonitor(job),
        failures: [],
        losses: [],
        gaps: [],
        slots: [],
        openRuns: [],
        drifts: [],
        usualOf: () => undefined,
        survey: noSurvey,
        agents: [],
        awakeSinceMs: 0,
      };
      const state = { lookedMs: nowMs, awakeSinceMs: 0, sinceMs: 0, aways: [], pending: [], agents: {} };
      const outcome = await weigh(
        { facts, successes, heard, state, isBehind: false },
        findings,
        [...kept.values()].filter((incident) => incident.state !== "resolved"),
        {
          ears,
          policy,
          silences,
          newId: () => `i${++ids}`,
          monitorOf: (name) => ({ ...quietMonitor(name), ...monitor, ...needs[name.job] }),
          store: {
            incidentOfCause: async (cause) =>
              [...kept.values()].findLast((incident) => incident.cause === cause),
          },
        },
        nowMs,
      );
      for (const incident of outcome.incidents) kept.set(incident.id, incident);
      told.push(...outcome.messages.map(({ tiding }) => tiding));
      acts.push(...outcome.timeline.map(({ act }) => act));
    },
  };
}

describe("an incident", () => {
  test("is opened and told once, however often it is found, and over with a later success", async () => {
    const life = play();
    await life.look(10 * second, [finding(9 * second)]);
    await life.look(20 * second, [finding(19 * second), finding(19.5 * second)]);
    assert.deepEqual([life.one().count, life.told], [3, ["opened"]]);
    await life.look(30 * second, [], 5 * second);
    assert.equal(life.one().state, "open", "an earlier success ends nothing");
    await life.look(40 * second, [], 35 * second);
    assert.deepEqual([life.one().state, life.told, life.kept.size], ["resolved", ["opened", "resolved"], 1]);
    assert.match(life.one().resolvedBecause ?? "", /J \(s\) succeeded .*run ok/);
  });

  test("is the same when it is soon found again, and another one long after", async () => {
    const life = play();
    await life.look(0, [finding(0)]);
    await life.look(second, [], second);
    await life.look(2 * second, [finding(2 * second)]);
    assert.deepEqual([life.kept.size, life.one().state, life.one().count], [1, "open", 2]);
    await life.look(3 * second, [], 3 * second);
    await life.look(3 * second + reopenMs, [finding(3 * second + reopenMs)]);
    assert.equal(life.kept.size, 2);
  });

  test("that comes and goes is told of once more and then held until it is calm", async () => {
    const life = play();
    for (let turn = 0; turn <= flapsMin + 3; turn += 1) {
      await life.look((2 * turn + 1) * second, [finding((2 * turn + 1) * second)]);
      await life.look((2 * turn + 2) * second, [], (2 * turn + 2) * second);
    }
    assert.equal(life.one().flapping, true);
    assert.equal(life.one().state, "open");
    assert.equal(life.acts.filter((act) => act === "flapping").length, 1);
    assert.equal(life.told.filter((tiding) => tiding === "opened").length, flapsMin + 1);
    await life.look(100 * second + calmMs, []);
    assert.equal(life.one().state, "resolved");
  });

  test("is held until the failures that its monitor allows have been", async () => {
    const life = play({ failuresBeforeTelling: 3 });
    await life.look(0, [finding(0)]);
    await life.look(second, [finding(second)]);
    assert.deepEqual([life.told, life.acts], [[], ["opened", "held", "counted"]]);
    await life.look(2 * second, [finding(2 * second)]);
    assert.deepEqual(life.told, ["opened"]);
  });

  test("whose end nobody knew of is not told when it ends", async () => {
    const life = play({ severity: "info" });
    await life.look(0, [finding(0)]);
    await life.look(second, [], second);
    assert.deepEqual([life.told, life.acts], [[], ["opened", "held", "resolved"]]);
  });

  test("that is snoozed is told when the snooze is over and it is not", async () => {
    const life = play({ failuresBeforeTelling: 2 });
    await life.look(0, [finding(0)]);
    life.change(snoozeIncident(life.one(), { untilMs: 10 * second, reason: "wait" }, 0, "ann").incident);
    await life.look(second, [finding(second)]);
    assert.deepEqual(life.told, []);
    await life.look(11 * second, []);
    assert.deepEqual(life.told, ["opened"]);
    assert.ok(life.acts.includes("woken"));
  });

  test("that somebody resolved is opened again by the next finding", async () => {
    const life = play();
    await life.look(0, [finding(0)]);
    life.change(resolveIncident(life.one(), "mended", second, "ann").incident);
    await life.look(2 * second, [finding(2 * second)]);
    assert.deepEqual([life.one().state, life.told], ["open", ["opened", "opened"]]);
  });

  test("is over after as many successes as its monitor wants, each counted once", async () => {
    const life = play({ successesBeforeOver: 2 });
    await life.look(0, [finding(0)]);
    await life.look(second, [], second);
    await life.look(2 * second, [], second);
    assert.deepEqual([life.one().state, life.one().successes], ["open", 1]);
    await life.look(3 * second, [finding(3 * second)]);
    await life.look(4 * second, [], 4 * second);
    assert.deepEqual([life.one().state, life.one().successes], ["open", 1], "a failure begins it anew");
    await life.look(5 * second, [], 5 * second);
    assert.deepEqual(
      [life.one().state, life.acts.filter((act) => act === "recovering").length],
      ["resolved", 2],
    );
  });

  test("of a host that is away takes what is missed there with it; what outlives it is told", async () => {
    const life = play();
    const away = finding(0, { kind: "agent_silent", cause: "away", host: "db-1", severity: "error" });
    const missed = finding(0, { kind: "missed", cause: "missed", host: "db-1" });
    await life.look(0, [finding(0, { kind: "missed", cause: "other", host: "db-2" })]);
    await life.look(second, [away, missed]);
    await life.look(2 * second, [away]);
    const [other, parent, child] = [...life.kept.values()];
    assert.deepEqual([other?.parentId, parent?.children, child?.parentId], [undefined, 1, parent?.id]);
    assert.deepEqual(life.told, ["opened", "opened"], "the other host, and the one that is away");
    await life.look(3 * second, []);
    assert.deepEqual(life.told, ["opened", "opened", "resolved"]);
    await life.look(3 * second + releaseMs, []);
    assert.deepEqual(life.told, ["opened", "opened", "resolved", "opened"]);
    assert.deepEqual(
      life.acts.filter((act) => act === "grouped" || act === "released"),
      ["grouped", "grouped", "released"],
    );
  });

  test("of a job takes those that need it with it; two that need each other do not silence both", async () => {
    const [first, second] = ["First", "Second"].map((name) => ({ job: name, service: "s" }));
    assert.ok(first && second);
    const failing = [
      finding(0, { cause: "second", job: second }),
      finding(0, { cause: "first", job: first }),
    ];
    const life = play({}, undefined, undefined, { Second: { needs: [{ job: "First" }] } });
    await life.look(0, failing);
    const [child, parent] = [...life.kept.values()];
    assert.deepEqual([child?.parentId, parent?.children, life.told], [parent?.id, 1, ["opened"]]);

    const both = { Second: { needs: [{ job: "First" }] }, First: { needs: [{ job: "Second" }] } };
    const knot = play({}, undefined, undefined, both);
    await knot.look(0, failing);
    assert.equal([...knot.kept.values()].filter(({ parentId }) => parentId === undefined).length, 1);
    assert.deepEqual(knot.told, ["opened"]);
  });

  test("of something outside is one problem for all jobs that say the same of it, and told once", async () => {
    const life = play();
    const said = (name: string, sharedCause: string): Finding =>
      finding(0, { cause: name, job: { job: name, service: "s" }, sharedCause });
    await life.look(0, [said("A", "redis"), said("B", "redis"), said("C", "postgres"), said("D", "redis")]);
    const parents = [...life.kept.values()].map(({ parentId }) => parentId);
    const [first] = life.kept.values();
    assert.deepEqual(parents, [undefined, first?.id, undefined, first?.id]);
    assert.deepEqual([first?.children, life.told], [2, ["opened", "opened"]]);
    await life.look(11 * 60 * second, [said("E", "redis")]);
    const later = life.one();
    assert.equal(later.parentId, undefined, "much later, it is worth a call of its own");
    await life.look(12 * 60 * second, [said("F", "redis")]);
    assert.equal(life.one().parentId, later.id);
  });

  test("is over when a retry is told of late", async () => {
    const life = play();
    await life.look(0, [finding(0)]);
    const retry = {
      id: "e",
      time: "",
      stream: "jobs",
      kind: "job.retried",
      segment: 1,
      segment_index: 1,
    } as const;
    await life.look(second, [], undefined, [{ ...retry, run_id: "another" }]);
    assert.equal(life.one().state, "open");
    await life.look(second, [], undefined, [{ ...retry, run_id: "r0" }]);
    assert.match(life.one().resolvedBecause ?? "", /tried again/);
  });

  test("that lasts is counted once, and over when it is not found any more", async () => {
    const life = play();
    const long = finding(0, { kind: "too_long", cause: "long" });
    await life.look(0, [long]);
    await life.look(second, [long]);
    assert.deepEqual([life.one().count, life.one().state], [1, "open"]);
    await life.look(2 * second, []);
    assert.equal(life.one().state, "resolved");
  });
});

describe("a message", () => {
  const life = play();
  const made = async () => {
    await life.look(0, [finding(0)]);
    return {
      id: "m",
      incidentId: "i1",
      channel: "mail",
      tiding: "opened",
      incident: life.one(),
      madeMs: 0,
      dueMs: 0,
      attempts: 1,
      state: "sending",
    } as const;
  };
  test("is tried again later and later, and not before the receiver asks", async () => {
    const message = await made();
    const failed = { outcome: "failed", permanent: false, receipt: "500" } as const;
    const due = (attempts: number, retryAfterMs = 0): number =>
      settleMessage({ ...message, attempts }, { ...failed, retryAfterMs }, 0, 0.5)[0].dueMs;
    assert.deepEqual([due(1), due(2), due(3), due(30)], [5000, 10_000, 20_000, 3_600_000]);
    assert.equal(due(1, 60_000), 60_000);
    assert.equal(
      settleMessage({ ...message, attempts: 2 }, failed, 0, 0.5)[1],
      undefined,
      "one line for all attempts",
    );
  });
  test("is given up when a repetition cannot help, or after three days", async () => {
    const message = await made();
    const answer = (permanent: boolean, nowMs: number) =>
      settleMessage(message, { outcome: "failed", permanent, receipt: "410" }, nowMs, 0)[0].state;
    assert.deepEqual(
      [answer(true, 0), answer(false, 0), answer(false, 4 * 86_400_000)],
      ["failed", "waiting", "failed"],
    );
  });
});
