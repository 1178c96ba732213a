/**
 * The rules by which people are told, as data and as pure questions about it: who is on call, which
 * hours are quiet, in which steps a call goes up, what is planned work. Nothing here asks or stores.
 */
import type { Incident } from "../model/incident.ts";
import { type Urgency, urgencies } from "../model/monitor.ts";
import type { Matcher } from "../model/silence.ts";

export type Step = {
  /** After people were first told; the first step has 0. */
  readonly afterMs: number;
  /** Channels, and rotations, which stand for the channel whose turn it is. */
  readonly tell: readonly string[];
};

export type Escalation = { readonly name: string; readonly when: Matcher; readonly steps: readonly Step[] };

export type Rotation = {
  readonly timeZone: string;
  /** Wall clock in that zone, as milliseconds as if it were UTC. */
  readonly startsWallMs: number;
  readonly everyDays: number;
  readonly turns: readonly string[];
  readonly swaps: readonly { readonly fromMs: number; readonly untilMs: number; readonly channel: string }[];
};

export type QuietHours = {
  /** This one and what is less urgent waits. */
  readonly severity: Urgency;
  readonly timeZone: string;
  /** Minutes of the day; when `until` is not later than `from`, they go over midnight. */
  readonly fromMinute: number;
  readonly untilMinute: number;
  /** Days on which they begin, 0 is Sunday. */
  readonly days: readonly number[];
};

/** Work that is planned again and again. */
export type PlannedWork = {
  readonly when: Matcher;
  readonly reason: string;
  readonly days: readonly number[];
  readonly fromMinute: number;
  readonly forMs: number;
  readonly timeZone: string;
};

export type Policy = {
  readonly escalations: readonly Escalation[];
  readonly rotations: Readonly<Record<string, Rotation>>;
  readonly quietHours: readonly QuietHours[];
  readonly plannedWork: readonly PlannedWork[];
  /** How often people are reminded of what nobody has acknowledged; absent: never. */
  readonly remindEveryMs: { readonly [U in Urgency]?: number };
};

export const quietPolicy: Policy = {
  escalations: [],
  rotations: {},
  quietHours: [],
  plannedWork: [],
  remindEveryMs: {},
};

export function isMeant(when: Matcher, incident: Incident): boolean {
  const { job, host, owner, kind, severity } = incident;
  const given: readonly (readonly [string | undefined, string | undefined])[] = [
    [when.job, job?.job],
    [when.service, job?.service],
    [when.environment, job?.environment],
    [when.host, host],
    [when.owner, owner],
    [when.kind, kind],
  ];
  return (
    given.every(([wanted, value]) => wanted === undefined || wanted === value) &&
    (when.severity === undefined || urgencies.indexOf(severity) >= urgencies.indexOf(when.severity))
  );
}

/** The first that means it. */
export function escalationOf({ escalations }: Policy, incident: Incident): Escalation | undefined {
  return escalations.find(({ when }) => isMeant(when, incident));
}

/** The channels of a step; a rotation gives the one whose turn it is. */
export function channelsOf({ rotations }: Policy, { tell }: Step, nowMs: number): readonly string[] {
  return [...new Set(tell.map((name) => (rotations[name] ? onCall(rotations[name], nowMs) : name)))];
}

export function onCall({ timeZone, startsWallMs, everyDays, turns, swaps }: Rotation, nowMs: number): string {
  const swap = swaps.find(({ fromMs, untilMs }) => fromMs <= nowMs && nowMs < untilMs);
  if (swap) return swap.channel;
  // By the wall clock, so that a handover at nine stays at nine when the clocks change.
  const turn = Math.floor((wallMs(nowMs, timeZone) - startsWallMs) / (everyDays * dayMs));
  return turns[((turn % turns.length) + turns.length) % turns.length] ?? "";
}

/** The hours that hold an incident back now, if any do. */
export function quietNow({ quietHours }: Policy, severity: Urgency, nowMs: number): QuietHours | undefined {
  return quietHours.find(
    (one) =>
      urgencies.indexOf(severity) <= urgencies.indexOf(one.severity) &&
      isWithin(one.days, one.fromMinute, lengthOf(one), wallMs(nowMs, one.timeZone)),
  );
}

export function plannedNow(
  { plannedWork }: Policy,
  incident: Incident,
  nowMs: number,
): PlannedWork | undefined {
  return plannedWork.find(
    (one) =>
      isMeant(one.when, incident) &&
      isWithin(one.days, one.fromMinute, one.forMs, wallMs(nowMs, one.timeZone)),
  );
}

const minuteMs = 60_000;
const dayMs = 86_400_000;

function lengthOf({ fromMinute, untilMinute }: QuietHours): number {
  return (((untilMinute - fromMinute + 1440 - 1) % 1440) + 1) * minuteMs;
}

/** Whether a span that begins on one of these days holds the moment; it may reach over midnights. */
function isWithin(days: readonly number[], fromMinute: number, lengthMs: number, atWallMs: number): boolean {
  const midnightMs = Math.floor(atWallMs / dayMs) * dayMs;
  for (let back = 0; back <= Math.ceil(lengthMs / dayMs); back += 1) {
    const begunMs = midnightMs - back * dayMs + fromMinute * minuteMs;
    const day = new Date(begunMs).getUTCDay();
    if (days.includes(day) && begunMs <= atWallMs && atWallMs < begunMs + lengthMs) return true;
  }
  return false;
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** The wall clock of a zone as milliseconds, as if the zone were UTC. Throws `RangeError` for no zone. */
export function wallMs(atMs: number, timeZone: string): number {
  const clock =
    clocks.get(timeZone) ??
    new Intl.DateTimeFormat("en-US", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  clocks.set(timeZone, clock);
  const parts = Object.fromEntries(clock.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

export function showMinute(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
}
