/**
 * The rules by which people are told, as they are written in the file of channels:
 *
 *     rotations:
 *       ops: { starts: 2026-11-23T09:00, every: 7d, time_zone: Europe/Berlin, turns: [ann, bert] }
 *     escalations:
 *       reports: { service: shop, severity: error, steps: [{ tell: team }, { after: 15m, tell: ops }] }
 *     quiet_hours: [{ severity: warning, from: "22:00", until: "07:00", time_zone: Europe/Berlin }]
 *     planned_work: [{ service: shop, reason: backup, days: sun, from: "02:00", for: 3h }]
 *     remind_every: { error: 4h, critical: 1h }
 */
import { findingKinds } from "../model/finding.ts";
import { type Urgency, urgencies } from "../model/monitor.ts";
import type { Matcher } from "../model/silence.ts";
import { type Given, mapOf, wrong } from "./fields.ts";
import { type Escalation, type Policy, type QuietHours, type Rotation, type Step, wallMs } from "./policy.ts";

export const policyKeys = [
  "rotations",
  "escalations",
  "quiet_hours",
  "planned_work",
  "remind_every",
] as const;

const dayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
const entriesMax = 100;

/** Throws `Fault` `CONFIG_INVALID`; `channels` are the names that may be told. */
export function readPolicy(file: Given, channels: readonly string[]): Policy {
  const rotations = namedOf(file["rotations"], "`rotations`", (given) => readRotation(given, channels));
  const tellable = [...channels, ...Object.keys(rotations)];
  const escalations = namedOf(file["escalations"], "`escalations`", (given) =>
    readEscalation(given, tellable),
  );
  const twice = Object.keys(rotations).find((name) => channels.includes(name));
  if (twice !== undefined) throw wrong(`\`${twice}\` is both a channel and a rotation`);
  return {
    rotations,
    escalations: Object.entries(escalations).map(([name, one]) => ({ name, ...one })),
    quietHours: listOf(file["quiet_hours"], "quiet_hours").map(readQuietHours),
    plannedWork: listOf(file["planned_work"], "planned_work").map((given) => {
      const { days, from, for: length, reason, time_zone, ...rest } = given;
      return {
        when: readMatcher(rest),
        reason: textOf({ reason }, "reason") ?? fail("it needs a `reason`"),
        days: daysOf(days),
        fromMinute: minuteOf({ from }, "from"),
        forMs: spanOf(length, "for"),
        timeZone: zoneOf({ time_zone }),
      };
    }),
    remindEveryMs: readReminders(file["remind_every"]),
  };
}

function fail(message: string): never {
  throw wrong(message);
}

function namedOf<T>(value: unknown, what: string, read: (given: Given) => T): Readonly<Record<string, T>> {
  const entries = Object.entries(mapOf(value ?? {}, what));
  if (entries.length > entriesMax) throw wrong(`${what} may have at most ${entriesMax} entries`);
  return Object.fromEntries(
    entries.map(([name, one]) => [name, within(`${what}: \`${name}\``, () => read(mapOf(one, "it")))]),
  );
}

function listOf(value: unknown, name: string): readonly Given[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw wrong(`\`${name}\` must be a list`);
  if (value.length > entriesMax) throw wrong(`\`${name}\` may have at most ${entriesMax} entries`);
  return (value as readonly unknown[]).map((one, index) => mapOf(one, `entry ${index + 1} of \`${name}\``));
}

function within<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    throw wrong(`${what}: ${cause.message}`);
  }
}

function readKeys(given: Given, keys: readonly string[]): void {
  const unknown = Object.keys(given).find((key) => !keys.includes(key));
  if (unknown !== undefined) throw wrong(`there is no key \`${unknown}\`; expected ${keys.join(", ")}`);
}

const matcherKeys = ["job", "service", "environment", "host", "owner", "kind", "severity"] as const;

/** Throws `Fault` `CONFIG_INVALID` for keys and values that no incident can have. */
export function readMatcher(given: Given): Matcher {
  readKeys(given, matcherKeys);
  const texts = (["job", "service", "environment", "host", "owner"] as const).flatMap((key) => {
    const text = textOf(given, key);
    return text === undefined ? [] : [[key, text] as const];
  });
  const kind = textOf(given, "kind");
  const known = findingKinds.find((one) => one === kind);
  if (kind !== undefined && known === undefined)
    throw wrong(`\`kind\` must be one of ${findingKinds.join(", ")}`);
  const severity = severityOf(given["severity"]);
  return {
    ...Object.fromEntries(texts),
    ...(known !== undefined && { kind: known }),
    ...(severity !== undefined && { severity }),
  };
}

function readEscalation(given: Given, tellable: readonly string[]): Omit<Escalation, "name"> {
  const { steps, ...rest } = given;
  const read = listOf(steps, "steps").map((one): Step => {
    readKeys(one, ["after", "tell"]);
    const tell = textsOf(one["tell"], "tell");
    const unknown = tell.find((name) => !tellable.includes(name));
    if (unknown !== undefined) throw wrong(`there is no channel and no rotation \`${unknown}\``);
    return { afterMs: one["after"] === undefined ? 0 : spanOf(one["after"], "after"), tell };
  });
  if (read.length === 0) throw wrong("it needs `steps`");
  if (read.some(({ afterMs }, index) => afterMs < (read[index - 1]?.afterMs ?? 0))) {
    throw wrong(
      "a step may not be earlier than the one before it: `after` counts from when people were first told",
    );
  }
  return { when: readMatcher(rest), steps: read };
}

function readRotation(given: Given, channels: readonly string[]): Rotation {
  readKeys(given, ["starts", "every", "time_zone", "turns", "swaps"]);
  const timeZone = zoneOf(given);
  const starts = textOf(given, "starts") ?? fail("it needs `starts`, such as 2026-11-23T09:00");
  const startsWallMs = /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(starts) ? Date.parse(`${starts}Z`) : Number.NaN;
  if (Number.isNaN(startsWallMs))
    throw wrong("`starts` must be a time by the wall clock, such as 2026-11-23T09:00");
  const everyDays = spanOf(given["every"] ?? "7d", "every") / 86_400_000;
  if (!Number.isInteger(everyDays) || everyDays < 1) throw wrong("`every` must be whole days, such as 7d");
  const turns = textsOf(given["turns"], "turns");
  const swaps = listOf(given["swaps"], "swaps").map((one) => {
    readKeys(one, ["from", "until", "tell"]);
    const [fromMs, untilMs] = [momentOf(one, "from"), momentOf(one, "until")];
    return { fromMs, untilMs, channel: textOf(one, "tell") ?? fail("a swap needs `tell`") };
  });
  const unknown = [...turns, ...swaps.map(({ channel }) => channel)].find((name) => !channels.includes(name));
  if (unknown !== undefined) throw wrong(`there is no channel \`${unknown}\``);
  return { timeZone, startsWallMs, everyDays, turns, swaps };
}

function readQuietHours(given: Given): QuietHours {
  readKeys(given, ["severity", "from", "until", "days", "time_zone"]);
  return {
    severity: severityOf(given["severity"]) ?? "warning",
    timeZone: zoneOf(given),
    fromMinute: minuteOf(given, "from"),
    untilMinute: minuteOf(given, "until"),
    days: daysOf(given["days"]),
  };
}

function readReminders(value: unknown): Policy["remindEveryMs"] {
  if (value === undefined || value === null) return {};
  const given = typeof value === "string" ? Object.fromEntries(urgencies.map((one) => [one, value])) : value;
  const map = mapOf(given, "`remind_every`");
  readKeys(map, urgencies);
  return Object.fromEntries(
    Object.entries(map).map(([severity, span]) => [severity, spanOf(span, `remind_every.${severity}`)]),
  );
}

function textOf(given: Given, key: string): string | undefined {
  const value = given[key];
  if (value === undefined || value === null) return undefined;
  // YAML takes an unquoted time for a text and a number for a number; both mean what is written.
  if (typeof value !== "string" && typeof value !== "number") throw wrong(`\`${key}\` must be a text`);
  return String(value);
}

function textsOf(value: unknown, key: string): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0 || !list.every((one) => typeof one === "string"))
    throw wrong(`\`${key}\` must name somebody`);
  return list;
}

function severityOf(value: unknown): Urgency | undefined {
  if (value === undefined || value === null) return undefined;
  return (
    urgencies.find((one) => one === value) ?? fail(`\`severity\` must be one of ${urgencies.join(", ")}`)
  );
}

function zoneOf(given: Given): string {
  const timeZone = textOf(given, "time_zone") ?? "UTC";
  try {
    wallMs(0, timeZone);
  } catch {
    throw wrong(`\`${timeZone}\` is no time zone; expected one such as Europe/Berlin`);
  }
  return timeZone;
}

function minuteOf(given: Given, key: string): number {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(textOf(given, key) ?? "");
  if (!match) throw wrong(`\`${key}\` must be a time of day in quotes, such as "22:00"`);
  return Number(match[1]) * 60 + Number(match[2]);
}

function momentOf(given: Given, key: string): number {
  const ms = Date.parse(textOf(given, key) ?? "");
  if (Number.isNaN(ms))
    throw wrong(`\`${key}\` must be a time with its zone, such as 2026-12-24T09:00+01:00`);
  return ms;
}

/** Absent: every day. */
function daysOf(value: unknown): readonly number[] {
  if (value === undefined || value === null) return [0, 1, 2, 3, 4, 5, 6];
  return textsOf(value, "days").map((name) => {
    const day = dayNames.findIndex((one) => one === name.toLowerCase());
    return day >= 0 ? day : fail(`\`days\` must be some of ${dayNames.join(", ")}`);
  });
}

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function spanOf(value: unknown, key: string): number {
  const match = typeof value === "string" ? /^(\d{1,6})\s*([smhd])$/.exec(value) : null;
  if (!match) throw wrong(`\`${key}\` must be a duration such as 90s, 10m, 2h or 1d`);
  return Number(match[1]) * (unitMs[match[2] ?? "s"] ?? 1000);
}
