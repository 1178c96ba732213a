/** The rules by which people are told, read from a file and asked at times around every edge. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Fault } from "../model/fault.ts";
import { readYaml } from "./fields.ts";
import { madeIncident } from "./made.ts";
import { channelsOf, escalationOf, onCall, type Policy, plannedNow, quietNow } from "./policy.ts";
import { readPolicy } from "./policy-file.ts";

const channels = ["ann", "bert", "team", "night"];
const policyOf = (text: string): Policy => readPolicy(readYaml(text) as Record<string, unknown>, channels);
const at = (text: string): number => Date.parse(text);

const incident = madeIncident({ job: { job: "J", service: "shop" }, owner: "reports" });

describe("a rotation", () => {
  const rotation = `rotations: { ops: { starts: 2026-10-19T09:00, every: 7d, time_zone: Europe/Berlin, turns: [ann, bert],
    swaps: [{ from: "2026-11-03T00:00+01:00", until: "2026-11-04T00:00+01:00", tell: team }] } }`;
  const who = (text: string): string => {
    const { ops } = policyOf(rotation).rotations;
    return ops ? onCall(ops, at(text)) : "";
  };

  test("hands over at nine by the wall clock, also after the clocks have changed", () => {
    // Summer time ends on 25 October 2026.
    assert.deepEqual(
      [
        "2026-10-19T08:59+02:00",
        "2026-10-19T09:00+02:00",
        "2026-10-26T08:59+01:00",
        "2026-10-26T09:00+01:00",
      ].map(who),
      ["bert", "ann", "ann", "bert"],
    );
  });

  test("lets somebody stand in for a time", () => {
    assert.deepEqual(
      ["2026-11-02T23:59+01:00", "2026-11-03T12:00+01:00", "2026-11-04T00:00+01:00"].map(who),
      ["ann", "team", "ann"],
    );
  });
});

describe("an escalation", () => {
  const policy = policyOf(`
rotations: { ops: { starts: 2026-11-16T09:00, every: 1d, turns: [ann, bert] } }
escalations:
  reports: { owner: reports, severity: error, steps: [{ tell: team }, { after: 15m, tell: [ops, night] }] }
  others: { steps: [{ tell: night }] }
`);

  test("is the first whose conditions all hold", () => {
    const names = [
      incident,
      { ...incident, severity: "warning" as const },
      { ...incident, owner: "other" },
    ].map((one) => escalationOf(policy, one)?.name);
    assert.deepEqual(names, ["reports", "others", "others"]);
  });

  test("tells channels, and of a rotation the one whose turn it is", () => {
    const [first, second] = escalationOf(policy, incident)?.steps ?? [];
    assert.ok(first && second);
    assert.deepEqual(channelsOf(policy, first, 0), ["team"]);
    assert.deepEqual(channelsOf(policy, second, at("2026-11-17T10:00Z")), ["bert", "night"]);
    assert.equal(second.afterMs, 900_000);
  });
});

describe("quiet hours and planned work", () => {
  const policy = policyOf(`
quiet_hours: [{ severity: warning, from: "22:00", until: "07:00", days: [mon, fri], time_zone: Europe/Berlin }]
planned_work: [{ service: shop, reason: backup, days: sun, from: "23:00", for: 3h }]
`);
  const isQuiet = (text: string, severity: "warning" | "error" = "warning"): boolean =>
    quietNow(policy, severity, at(text)) !== undefined;

  test("go over midnight from the day on which they begin", () => {
    // 20 November 2026 is a Friday.
    assert.deepEqual(
      [
        "2026-11-20T21:59",
        "2026-11-20T22:00",
        "2026-11-21T06:59",
        "2026-11-21T07:00",
        "2026-11-21T23:00",
      ].map((one) => isQuiet(`${one}+01:00`)),
      [false, true, true, false, false],
    );
    assert.equal(isQuiet("2026-11-20T23:00+01:00", "error"), false, "what is more urgent does not wait");
  });

  test("hold what they mean, for as long as they say", () => {
    const isPlanned = (text: string, one = incident): boolean =>
      plannedNow(policy, one, at(text)) !== undefined;
    assert.deepEqual(
      ["2026-11-22T22:59Z", "2026-11-22T23:00Z", "2026-11-23T01:59Z", "2026-11-23T02:00Z"].map((one) =>
        isPlanned(one),
      ),
      [false, true, true, false],
    );
    assert.equal(isPlanned("2026-11-22T23:30Z", { ...incident, job: { job: "J", service: "other" } }), false);
  });
});

describe("the rules in the file of channels", () => {
  const wrongs: readonly (readonly [string, RegExp])[] = [
    [
      "escalations: { a: { steps: [{ tell: nobody }] } }",
      /`a`: there is no channel and no rotation `nobody`/,
    ],
    ["escalations: { a: {} }", /it needs `steps`/],
    ["escalations: { a: { steps: [{ after: 5m, tell: ann }, { tell: bert }] } }", /may not be earlier/],
    ["escalations: { a: { jobb: J, steps: [{ tell: ann }] } }", /no key `jobb`/],
    ["escalations: { a: { kind: broken, steps: [{ tell: ann }] } }", /`kind` must be one of missed/],
    ["rotations: { ann: { starts: 2026-11-16T09:00, turns: [bert] } }", /both a channel and a rotation/],
    ["rotations: { o: { starts: 2026-11-16, turns: [ann] } }", /`starts` must be a time by the wall clock/],
    ["rotations: { o: { starts: 2026-11-16T09:00, every: 12h, turns: [ann] } }", /whole days/],
    ["rotations: { o: { starts: 2026-11-16T09:00, turns: [cleo] } }", /no channel `cleo`/],
    ["rotations: { o: { starts: 2026-11-16T09:00, turns: [ann], time_zone: Mars/Base } }", /is no time zone/],
    ["quiet_hours: [{ from: 22, until: '07:00' }]", /`from` must be a time of day in quotes/],
    ["quiet_hours: [{ from: '22:00', until: '07:00', days: [friday] }]", /`days` must be some of sun/],
    ["planned_work: [{ from: '22:00', for: 3h }]", /needs a `reason`/],
    ["remind_every: { error: often }", /`remind_every.error` must be a duration/],
    ["remind_every: { loud: 1h }", /no key `loud`/],
  ];
  for (const [text, because] of wrongs) {
    test(`are refused with a sentence: ${text}`, () => {
      assert.throws(
        () => policyOf(text),
        (error) => error instanceof Fault && error.code === "CONFIG_INVALID" && because.test(error.message),
      );
    });
  }
});
