/** What one look changes: findings become incidents, incidents end, and people are told. */
import type { Look } from "../detect/gather.ts";
import type { Finding } from "../model/finding.ts";
import { lastingKinds } from "../model/finding.ts";
import type { Incident, Message, TimelineEntry } from "../model/incident.ts";
import type { JobName, Monitor } from "../model/monitor.ts";
import type { WatchStore } from "../store/watch.ts";
import {
  countFinding,
  openIncident,
  reopenIncident,
  reopenMs,
  resolveIncident,
  type Step,
  wakeIncident,
} from "./life.ts";
import { recoveryOf } from "./recovery.ts";
import { type TellingParts, type Told, tellLater, tellOpened } from "./telling.ts";

export type Outcome = {
  readonly incidents: readonly Incident[];
  readonly timeline: readonly TimelineEntry[];
  readonly messages: readonly Message[];
};

export type IncidentParts = TellingParts & {
  readonly store: Pick<WatchStore, "incidentOfCause">;
  readonly monitorOf: (name: JobName) => Monitor;
};

/**
 * `unresolved` are all incidents that are not over; `ends` gives the causes that are known to be
 * over, and by what. Answers those that changed.
 */
export async function weigh(
  look: Look,
  findings: readonly Finding[],
  unresolved: readonly Incident[],
  parts: IncidentParts,
  nowMs: number,
  ends: ReadonlyMap<string, string> = new Map(),
): Promise<Outcome> {
  const open = new Map(unresolved.map((incident) => [incident.cause, incident]));
  const changed = new Map<string, Incident>();
  const timeline: TimelineEntry[] = [];
  const messages: Message[] = [];
  const keep = ({ incident, entries }: Step | Told): Incident => {
    changed.set(incident.cause, incident);
    timeline.push(...entries);
    return incident;
  };
  const tell = (told: Told): void => {
    keep(told);
    messages.push(...told.messages);
  };
  const limitOf = ({ job }: Incident): number => (job ? parts.monitorOf(job).failuresBeforeTelling : 1);

  for (const finding of findings) {
    const known = changed.get(finding.cause) ?? open.get(finding.cause);
    const isOpen = known !== undefined && known.state !== "resolved";
    // A lasting finding is the same one in every look.
    if (isOpen && lastingKinds.has(finding.kind)) continue;
    const before = isOpen ? known : await parts.store.incidentOfCause(finding.cause);
    const step = takeFinding(finding, before, parts, nowMs);
    const isNews = !isOpen;
    tell(tellOpened(keep(step), limitOf(step.incident), parts, nowMs, isNews));
  }

  const found = new Set(findings.map(({ cause }) => cause));
  for (const before of unresolved) {
    const incident = changed.get(before.cause) ?? before;
    const over = ends.get(incident.cause) ?? recoveryOf(incident, look, found, nowMs);
    if (over !== undefined) {
      tell(tellLater(keep(resolveIncident(incident, over, nowMs)), "resolved", parts, nowMs));
    } else if (incident.snoozedUntilMs !== undefined && incident.snoozedUntilMs <= nowMs) {
      tell(tellOpened(keep(wakeIncident(incident, nowMs)), limitOf(incident), parts, nowMs, true));
    }
  }
  return { incidents: [...changed.values()], timeline, messages };
}

function takeFinding(
  finding: Finding,
  before: Incident | undefined,
  { newId, monitorOf }: IncidentParts,
  nowMs: number,
): Step {
  if (before && before.state !== "resolved") return countFinding(before, finding, nowMs);
  if (before && nowMs - (before.resolvedMs ?? 0) < reopenMs) return reopenIncident(before, finding, nowMs);
  return openIncident(newId(), finding, finding.job && monitorOf(finding.job), nowMs);
}
