/** When people are told, by which step, and what holds it back: at times around every edge. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Incident } from "../model/incident.ts";
import type { Silence } from "../model/silence.ts";
import { readYaml } from "./fields.ts";
import { madeIncident } from "./made.ts";
import { quietPolicy } from "./policy.ts";
import { readPolicy } from "./policy-file.ts";
import { type Around, releaseMs, tellLater, tellOpen } from "./telling.ts";

const minute = 60_000;
const ears = ["team", "night", "chief"].map(
  (name) => ({ name, severityMin: "warning", hearsAcknowledgements: name === "night" }) as const,
);
const incident = madeIncident({ job: { job: "J", service: "shop" } });
const silence: Silence = {
  id: "s1",
  purpose: "silence",
  when: { job: "J" },
  fromMs: minute,
  untilMs: 5 * minute,
  reason: "the supplier is down",
  by: "ann",
  madeMs: 0,
};

/** One incident over time, as each look would tell of it. */
function play(rules = "", silences: readonly Silence[] = []) {
  const policy =
    rules === ""
      ? quietPolicy
      : readPolicy(
          readYaml(rules) as Record<string, unknown>,
          ears.map(({ name }) => name),
        );
  let ids = 0;
  const parts = { ears, policy, silences, newId: () => `m${++ids}` };
  let now = incident;
  return {
    get incident() {
      return now;
    },
    change(more: Partial<Incident>) {
      now = { ...now, ...more };
    },
    look(atMs: number, around: Partial<Around> = {}): readonly string[] {
      const told = tellOpen(now, { failuresBeforeTelling: 1, parent: undefined, ...around }, parts, atMs);
      now = told.incident;
      const said = told.entries.map(({ act, because }) => `${act}: ${because}`);
      return [...said, ...told.messages.map(({ tiding, channel }) => `${tiding} to ${channel}`)];
    },
    later: (tiding: "acknowledged" | "resolved") =>
      tellLater(now, tiding, parts, 0).messages.map(({ channel }) => channel),
  };
}

describe("an incident is told", () => {
  test("at once and to all where there is no rule, and no second time", () => {
    const life = play();
    assert.deepEqual(life.look(0), [
      "told: That it is opened, through team, night, chief.",
      "opened to team",
      "opened to night",
      "opened to chief",
    ]);
    assert.deepEqual([life.look(1), life.look(1000 * minute)], [[], []]);
    assert.deepEqual(
      [life.later("resolved"), life.later("acknowledged")],
      [["team", "night", "chief"], ["night"]],
    );
  });

  test("step by step, until somebody acknowledges it", () => {
    const rules =
      "escalations: { all: { steps: [{ tell: team }, { after: 15m, tell: night }, { after: 30m, tell: chief }] } }";
    const life = play(rules);
    assert.deepEqual(life.look(0).slice(1), ["opened to team"]);
    assert.deepEqual(life.look(15 * minute - 1), []);
    const [why, ...messages] = life.look(15 * minute);
    assert.match(
      why ?? "",
      /^escalated: Step 2 of the rule all: nobody has acknowledged it for 15 min, through night\.$/,
    );
    assert.deepEqual([messages, life.look(15 * minute)], [["escalated to night"], []]);
    assert.deepEqual(life.later("resolved"), ["team", "night"], "only who was told hears of the end");
    life.change({ state: "acknowledged" });
    assert.deepEqual(life.look(60 * minute), []);
  });

  test("again and again, as often as reminders are wanted, to those who were told", () => {
    const life = play("remind_every: { error: 1h }\nescalations: { all: { steps: [{ tell: team }] } }");
    life.look(0);
    assert.deepEqual(life.look(60 * minute - 1), []);
    assert.deepEqual(life.look(60 * minute).slice(1), ["reminded to team"]);
    assert.deepEqual([life.look(119 * minute), life.look(120 * minute).length], [[], 2]);
  });
});

describe("an incident is held", () => {
  test("while it is silenced, says so once, and is told when that is over and it is not", () => {
    const life = play("", [silence]);
    const why = "held: Silenced until 1970-01-01 00:05 UTC by ann: the supplier is down";
    assert.deepEqual([life.look(minute), life.look(2 * minute)], [[why], []]);
    assert.equal(life.look(5 * minute).length, 4);
  });

  test("by maintenance that was planned, and not by a silence that somebody ended", () => {
    const planned = play("", [{ ...silence, purpose: "maintenance" }]);
    assert.match(planned.look(minute)[0] ?? "", /^held: Maintenance until/);
    assert.equal(play("", [{ ...silence, endedMs: 2 * minute }]).look(2 * minute).length, 4);
    assert.equal(play("", [{ ...silence, when: { job: "K" } }]).look(2 * minute).length, 4);
  });

  test("in quiet hours and by planned work, and its reminders and steps with it", () => {
    const quiet = play('quiet_hours: [{ severity: error, from: "00:00", until: "00:10" }]');
    assert.deepEqual(quiet.look(minute), ["held: Quiet hours for error until 00:10 (UTC)."]);
    assert.equal(quiet.look(10 * minute).length, 4);
    const work = play('planned_work: [{ service: shop, reason: backup, from: "00:00", for: 10m }]');
    assert.deepEqual(work.look(minute), ["held: Planned work of every week: backup"]);

    const reminded = play("remind_every: 2m", [{ ...silence, fromMs: 1 }]);
    reminded.look(0);
    assert.match(reminded.look(2 * minute)[0] ?? "", /^held: A reminder: .* waits\. Silenced until/);
    assert.deepEqual(reminded.look(3 * minute), []);
    assert.deepEqual(reminded.look(5 * minute).slice(1, 2), ["reminded to team"]);
  });

  test("as a part of another, and for a while after that one is over", () => {
    const life = play();
    const parent = { ...incident, id: "p", because: "The agent of db-1 has not been heard." };
    assert.deepEqual(life.look(0, { parent }), [
      "held: It is part of incident p, which is told instead: The agent of db-1 has not been heard.",
    ]);
    life.change({ releasedMs: minute });
    assert.deepEqual(life.look(minute), ["held: What caused it is over; it has 5 min to be over as well."]);
    assert.equal(life.look(minute + releaseMs).length, 4);
  });

  test("by what its monitor allows, and where nobody would hear it", () => {
    const life = play();
    assert.match(life.look(0, { failuresBeforeTelling: 2 })[0] ?? "", /Failure 1 of the 2/);
    life.change({ count: 2 });
    assert.equal(life.look(1, { failuresBeforeTelling: 2 }).length, 4);
    const quiet = play();
    quiet.change({ severity: "info" });
    assert.match(quiet.look(0)[0] ?? "", /^held: No channel takes info: team takes warning and more/);
    assert.deepEqual(quiet.look(1), []);
  });
});
