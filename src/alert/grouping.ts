/** Incidents that have one cause: a host that is away takes everything with it that ran there. */
import { isNamed } from "../detect/expected.ts";
import type { FindingKind } from "../model/finding.ts";
import type { Incident } from "../model/incident.ts";
import type { Monitor } from "../model/monitor.ts";
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

/** An agent is missed after a while: what was found so long before may come of the same. */
const beforeMs = 10 * 60_000;

export type MonitorOf = (job: NonNullable<Incident["job"]>) => Monitor;

/** The incident that this one is a part of; `silent` are hosts that are not heard of. */
export function parentOf(
  incident: Incident,
  silent: readonly Incident[],
  monitorOf: MonitorOf,
): Incident | undefined {
  if (silent.length === 0 || !explained.has(incident.kind)) return undefined;
  const host = incident.host ?? soleHost(incident, monitorOf);
  if (host === undefined) return undefined;
  return silent.find((one) => one.host === host && incident.openedMs >= one.openedMs - beforeMs);
}

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

/** The incident of a job that this one's job needs, as its monitor says. */
export function neededOf(
  incident: Incident,
  open: readonly Incident[],
  monitorOf: MonitorOf,
): Incident | undefined {
  const needs = incident.job ? (monitorOf(incident.job).needs ?? []) : [];
  if (needs.length === 0 || !comesOfNeed.has(incident.kind)) return undefined;
  return open.find(
    ({ id, job, kind, parentId }) =>
      id !== incident.id &&
      parentId === undefined &&
      job !== undefined &&
      isTrouble.has(kind) &&
      needs.some((name) => isNamed(name, job)),
  );
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
