/**
 * Incidents that have one cause: a host that is away takes everything with it that ran there, and a
 * job that is in trouble those that need it; and a broker that is down is one problem, however many
 * jobs cannot reach it.
 */
import { isNamed } from "../detect/expected.ts";
import type { FindingKind } from "../model/finding.ts";
import type { Incident } from "../model/incident.ts";
import { type JobName, type Monitor, urgencies } from "../model/monitor.ts";
import { entryOf, type Step } from "./life.ts";

/** What the silence of a host explains. A failure explains itself. */
const explained: ReadonlySet<FindingKind> = new Set([
  "missed",
  "late",
  "lost",
  "too_long",
  "overlap",
  "waiting",
  "backlog",
  "source_gap",
  "source_silent",
  "drift",
]);

/** What a job that does not get what it needs may come to. */
const comesOfNeed: ReadonlySet<FindingKind> = new Set([
  "missed",
  "late",
  "failed",
  "failing",
  "too_long",
  "too_short",
  "unlike_before",
]);
const isTrouble: ReadonlySet<FindingKind> = new Set([
  "missed",
  "late",
  "failed",
  "failing",
  "lost",
  "too_long",
  "waiting",
]);

/** A cause is known after a while: what was found so long before it may come of the same. */
const beforeMs = 10 * 60_000;

export type MonitorOf = (job: JobName) => Monitor;

/** What parents are looked for among: all that is not over. */
export type Open = {
  readonly byId: ReadonlyMap<string, Incident>;
  /** Hosts that are not heard of. */
  readonly silent: readonly Incident[];
  /** Of each shared cause those that are a part of no other, the first first. */
  readonly byShared: ReadonlyMap<string, readonly Incident[]>;
  /** Trouble of jobs that others may need. */
  readonly ofJobs: readonly Incident[];
};

/** `byId` is looked into again and again: who joins a parent must stand there as it is then. */
export function openOf(open: readonly Incident[], byId: ReadonlyMap<string, Incident>): Open {
  const shared = open.filter(
    ({ sharedCause, parentId }) => sharedCause !== undefined && parentId === undefined,
  );
  return {
    byId,
    byShared: Map.groupBy(shared.toSorted(byOpening), ({ sharedCause = "" }) => sharedCause),
    silent: open.filter(({ kind }) => kind === "agent_silent"),
    ofJobs: open.filter(({ job, kind }) => job !== undefined && isTrouble.has(kind)),
  };
}

function byOpening(a: Incident, b: Incident): number {
  return a.openedMs - b.openedMs || (a.id < b.id ? -1 : 1);
}

/** The incident that this one is a part of: of its host, of a job that its own needs, of the same broker. */
export function parentOf(incident: Incident, open: Open, monitorOf: MonitorOf): Incident | undefined {
  const parent =
    ofHost(incident, open, monitorOf) ?? ofNeed(incident, open, monitorOf) ?? ofShared(incident, open);
  return parent && !isBelow(parent, incident, open) ? parent : undefined;
}

function ofHost(incident: Incident, { silent }: Open, monitorOf: MonitorOf): Incident | undefined {
  if (silent.length === 0 || !explained.has(incident.kind)) return undefined;
  const host = incident.host ?? soleHost(incident, monitorOf);
  if (host === undefined) return undefined;
  return silent.find((one) => one.host === host && incident.openedMs >= one.openedMs - beforeMs);
}

/** Nobody is told of trouble that is only worth a note: nothing may be held for it. */
function ofNeed(incident: Incident, { ofJobs }: Open, monitorOf: MonitorOf): Incident | undefined {
  const { id, job, openedMs, kind } = incident;
  const needs = job && comesOfNeed.has(kind) ? (monitorOf(job).needs ?? []) : [];
  if (needs.length === 0) return undefined;
  return ofJobs.find(
    (one) =>
      one.id !== id &&
      one.severity !== "info" &&
      openedMs >= one.openedMs - beforeMs &&
      needs.some((need) => one.job && isNamed(need, one.job)),
  );
}

/** The first of several jobs that say the same of something outside them. */
function ofShared(incident: Incident, { byShared }: Open): Incident | undefined {
  const { sharedCause, openedMs, severity } = incident;
  // Whoever would be called for this one must not be kept from it by one that calls nobody.
  const isAsGrave = (one: Incident): boolean =>
    urgencies.indexOf(one.severity) >= urgencies.indexOf(severity);
  return byShared
    .get(sharedCause ?? "")
    ?.find((one) => openedMs - one.openedMs < beforeMs && byOpening(one, incident) < 0 && isAsGrave(one));
}

/** Two jobs that need each other must not be held for one another, so that nobody is told. */
function isBelow(parent: Incident, incident: Incident, { byId }: Open): boolean {
  let above = byId.get(parent.id);
  for (let steps = 0; above && steps <= byId.size; steps += 1) {
    if (above.id === incident.id) return true;
    above = above.parentId === undefined ? undefined : byId.get(above.parentId);
  }
  return false;
}

/** A job that is installed on one host only does not run while that is away. */
function soleHost({ job }: Incident, monitorOf: MonitorOf): string | undefined {
  const hosts = new Set(job ? monitorOf(job).schedules.map(({ host }) => host) : []);
  const [host] = hosts;
  return hosts.size === 1 ? host : undefined;
}

export function joinParent(incident: Incident, parent: Incident, nowMs: number): readonly [Step, Step] {
  const { releasedMs: _, ...rest } = incident;
  const told =
    incident.toldMs === undefined
      ? ""
      : " It was told already; nothing more is told of it until that is over.";
  const child = { ...rest, parentId: parent.id };
  const grown = { ...parent, children: (parent.children ?? 0) + 1 };
  return [
    {
      incident: child,
      entries: [
        entryOf(child, nowMs, "grouped", `It is part of incident ${parent.id}: ${parent.because}${told}`),
      ],
    },
    {
      incident: grown,
      entries: [entryOf(grown, nowMs, "grouped", `Incident ${child.id} is part of it: ${child.because}`)],
    },
  ];
}

export function leaveParent(incident: Incident, nowMs: number): Step {
  const { parentId, ...rest } = incident;
  const freed = { ...rest, releasedMs: nowMs };
  const because = `Incident ${parentId ?? ""}, of which it was a part, is over, and this is not.`;
  return { incident: freed, entries: [entryOf(freed, nowMs, "released", because)] };
}
