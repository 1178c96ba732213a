/**
 * The life of an incident as pure functions: from what it was and what was found or decided, to
 * what it is and the lines of its timeline. Nothing here asks, stores or tells.
 */
import type { Evidence, Finding } from "../model/finding.ts";
import type { Incident, TimelineAct, TimelineEntry } from "../model/incident.ts";
import type { Monitor } from "../model/monitor.ts";

/** Found again within so long after its end, it is the same incident. */
export const reopenMs = 3_600_000;
/** Opened again so often within a day: it flaps. */
export const flapsMin = 3;
const dayMs = 86_400_000;
/** A flapping incident ends when nothing was found for so long. */
export const calmMs = 3_600_000;
const evidenceMax = 20;

export const midwatch = "Midwatch";

export type Step = { readonly incident: Incident; readonly entries: readonly TimelineEntry[] };

export function entryOf(
  incident: Pick<Incident, "id">,
  atMs: number,
  act: TimelineAct,
  because: string,
  by: string = midwatch,
): TimelineEntry {
  return { incidentId: incident.id, atMs, act, by, because };
}

/** A cause that is new, or whose last incident ended long ago. */
export function openIncident(
  id: string,
  finding: Finding,
  monitor: Monitor | undefined,
  nowMs: number,
): Step {
  const {
    cause,
    kind,
    because,
    job,
    host,
    evidence,
    atMs,
    count = 1,
    unknown = false,
    sharedCause,
  } = finding;
  const incident: Incident = {
    id,
    cause,
    kind,
    state: "open",
    severity: finding.severity ?? monitor?.severity ?? "warning",
    because,
    ...(job && { job }),
    ...(host !== undefined && { host }),
    ...(sharedCause !== undefined && { sharedCause }),
    ...(monitor?.owner !== undefined && { owner: monitor.owner }),
    ...(monitor?.runbook !== undefined && { runbook: monitor.runbook }),
    openedMs: nowMs,
    lastMs: atMs,
    count,
    unknown,
    evidence: mergeEvidence(evidence),
    reopenedMs: [],
    flapping: false,
  };
  return { incident, entries: [entryOf(incident, nowMs, "opened", because)] };
}

/** Found again while it is not over. */
export function countFinding(incident: Incident, finding: Finding, nowMs: number): Step {
  const count = incident.count + (finding.count ?? 1);
  const job = incident.job ?? finding.job;
  const next: Incident = {
    ...without(incident, "successes", "successMs"),
    ...(job && { job }),
    count,
    // A finding that names no job says less than one that does: a worker's death, after that of its run.
    because: incident.job && !finding.job ? incident.because : finding.because,
    lastMs: Math.max(incident.lastMs, finding.atMs),
    unknown: incident.unknown && finding.unknown === true,
    evidence: mergeEvidence(finding.evidence, incident.evidence),
  };
  // A line at 2, 5, 10, 20, 50, 100, …: a storm must not become one of lines.
  const steps = [1, 2, 5].map((first) => first * 10 ** Math.floor(Math.log10(count)));
  const passed = steps.some((step) => incident.count < step && step <= count);
  const because = `Found ${count} times by now: ${finding.because}`;
  return { incident: next, entries: passed ? [entryOf(next, nowMs, "counted", because)] : [] };
}

/** Found again soon after its end: the same incident, and a flapping one if that happens often. */
export function reopenIncident(incident: Incident, finding: Finding, nowMs: number): Step {
  const rest = without(incident, ...ending, ...putOff, ...telling, "parentId", "releasedMs", "children");
  const reopenedMs = [...incident.reopenedMs.filter((ms) => nowMs - ms < dayMs), nowMs];
  const flapping = reopenedMs.length >= flapsMin;
  const counted = countFinding({ ...rest, state: "open", reopenedMs, flapping }, finding, nowMs);
  const entries = [entryOf(incident, nowMs, "reopened", finding.because)];
  if (flapping && !incident.flapping) {
    const because = `Opened again ${reopenedMs.length} times within a day: it comes and goes. It ends when nothing is found for an hour.`;
    entries.push(entryOf(incident, nowMs, "flapping", because));
  }
  return { incident: counted.incident, entries };
}

export function resolveIncident(
  incident: Incident,
  because: string,
  nowMs: number,
  by: string = midwatch,
): Step {
  const rest = without(incident, "snoozedUntilMs", "snoozeReason");
  return {
    incident: { ...rest, state: "resolved", resolvedMs: nowMs, resolvedBecause: because },
    entries: [entryOf(incident, nowMs, "resolved", because, by)],
  };
}

/** A success on the way to the several that its monitor wants. */
export function countSuccess(
  incident: Incident,
  step: {
    readonly count: number;
    readonly wanted: number;
    readonly successMs: number;
    readonly because: string;
  },
  nowMs: number,
): Step {
  const { count, wanted, successMs, because } = step;
  const next = { ...incident, successes: count, successMs };
  const said = `Success ${count} of the ${wanted} that its monitor wants before it is over. ${because}`;
  return { incident: next, entries: [entryOf(next, nowMs, "recovering", said)] };
}

export function acknowledgeIncident(incident: Incident, reason: string, nowMs: number, by: string): Step {
  const because = reason || "Somebody looks at it.";
  return {
    incident: { ...incident, state: "acknowledged", decidedBy: by, decidedBecause: because },
    entries: [entryOf(incident, nowMs, "acknowledged", because, by)],
  };
}

export function snoozeIncident(
  incident: Incident,
  { untilMs, reason }: { readonly untilMs: number; readonly reason: string },
  nowMs: number,
  by: string,
): Step {
  const because = `Until ${new Date(untilMs).toISOString()}: ${reason}`;
  return {
    incident: {
      ...incident,
      snoozedUntilMs: untilMs,
      snoozeReason: reason,
      decidedBy: by,
      decidedBecause: reason,
    },
    entries: [entryOf(incident, nowMs, "snoozed", because, by)],
  };
}

/** The end of a snooze: people are told again, as of something that they had put off. */
export function wakeIncident(incident: Incident, nowMs: number): Step {
  const rest = without(incident, ...putOff, ...telling);
  return {
    incident: rest,
    entries: [
      entryOf(
        incident,
        nowMs,
        "woken",
        `The snooze is over (${incident.snoozeReason ?? "no reason"}), and it is not resolved.`,
      ),
    ],
  };
}

const ending = ["resolvedMs", "resolvedBecause"] as const;
/** What a person decided until something changes. */
const putOff = ["snoozedUntilMs", "snoozeReason", "decidedBy", "decidedBecause"] as const;

/** What was told of it since it was last opened. */
const telling = ["toldMs", "toldTo", "stepsTaken", "remindedMs", "heldFor"] as const;

function without<Key extends keyof Incident>(
  incident: Incident,
  ...keys: readonly Key[]
): Omit<Incident, Key> {
  const kept = Object.entries(incident).filter(([key]) => !keys.includes(key as Key));
  return Object.fromEntries(kept) as Omit<Incident, Key>;
}

function mergeEvidence(newer: Evidence, older: Evidence = { eventIds: [], runIds: [] }): Evidence {
  const merge = (a: readonly string[], b: readonly string[]): readonly string[] =>
    [...new Set([...a, ...b])].slice(0, evidenceMax);
  return {
    eventIds: merge(newer.eventIds, older.eventIds),
    runIds: merge(newer.runIds, older.runIds),
  };
}
