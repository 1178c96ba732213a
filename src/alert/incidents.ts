/** What one look changes: findings become incidents, incidents end, and people are told. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Look } from "../detect/gather.ts";
import type { Finding } from "../model/finding.ts";
import { lastingKinds } from "../model/finding.ts";
import type { Incident, Message, TimelineEntry } from "../model/incident.ts";
import type { JobName, Monitor } from "../model/monitor.ts";
import type { WatchStore } from "../store/watch.ts";
import { joinParent, leaveParent, openOf, parentOf } from "./grouping.ts";
import {
  countFinding,
  countSuccess,
  openIncident,
  reopenIncident,
  reopenMs,
  resolveIncident,
  type Step,
  wakeIncident,
} from "./life.ts";
import { type Recovery, recoveryOf, recoverySigns } from "./recovery.ts";
import { type TellingParts, type Told, tellLater, tellOpen } from "./telling.ts";

export type Outcome = {
  readonly incidents: readonly Incident[];
  readonly timeline: readonly TimelineEntry[];
  readonly messages: readonly Message[];
};

export type IncidentParts = TellingParts & {
  readonly store: Pick<WatchStore, "incidentOfCause">;
  readonly monitorOf: (name: JobName) => Monitor;
};

/** Incidents that are weighed without a pause, so that thousands keep nobody else from being answered. */
const withoutPause = 250;

/** The same, with pauses. Whoever changes something meanwhile is noticed when all of it is kept. */
async function* unhurried<T>(all: Iterable<T>): AsyncGenerator<T> {
  let count = 0;
  for (const one of all) {
    yield one;
    count += 1;
    if (count % withoutPause === 0) await nextTurn();
  }
}

/** All that is not over, as it changes, and everything that follows from the changes. */
class Board {
  readonly #all: Map<string, Incident>;
  readonly #changed = new Map<string, Incident>();
  readonly #timeline: TimelineEntry[] = [];
  readonly #messages: Message[] = [];

  constructor(unresolved: readonly Incident[]) {
    this.#all = new Map(unresolved.map((incident) => [incident.cause, incident]));
  }

  of(cause: string): Incident | undefined {
    return this.#all.get(cause);
  }

  all(): readonly Incident[] {
    return [...this.#all.values()];
  }

  keep(step: Step | Told): Incident {
    const { incident, entries } = step;
    if (this.#all.get(incident.cause) !== incident) {
      this.#all.set(incident.cause, incident);
      this.#changed.set(incident.cause, incident);
    }
    this.#timeline.push(...entries);
    if ("messages" in step) this.#messages.push(...step.messages);
    return incident;
  }

  outcome(): Outcome {
    return { incidents: [...this.#changed.values()], timeline: this.#timeline, messages: this.#messages };
  }
}

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
  const board = new Board(unresolved);
  for await (const finding of unhurried(findings)) await take(finding, board, parts, nowMs);
  const found = new Set(findings.map(({ cause }) => cause));
  const signs = recoverySigns(look);
  for await (const { cause } of unhurried(unresolved)) {
    const incident = board.of(cause);
    if (!incident) continue;
    const end = ends.get(cause);
    const over = end === undefined ? recoveryOf(incident, signs, found, nowMs) : { because: end };
    if (over) recover(incident, over, board, parts, nowMs);
    else if (incident.snoozedUntilMs !== undefined && incident.snoozedUntilMs <= nowMs)
      board.keep(wakeIncident(incident, nowMs));
  }
  await group(board, parts, nowMs);
  const byId = new Map(board.all().map((incident) => [incident.id, incident]));
  for await (const incident of unhurried(board.all())) {
    const parent = incident.parentId === undefined ? undefined : byId.get(incident.parentId);
    const failuresBeforeTelling = incident.job ? parts.monitorOf(incident.job).failuresBeforeTelling : 1;
    board.keep(tellOpen(incident, { failuresBeforeTelling, parent }, parts, nowMs));
  }
  return board.outcome();
}

async function take(finding: Finding, board: Board, parts: IncidentParts, nowMs: number): Promise<void> {
  const known = board.of(finding.cause);
  const isOpen = known !== undefined && known.state !== "resolved";
  // A lasting finding is the same one in every look.
  if (isOpen && lastingKinds.has(finding.kind)) return;
  const before = isOpen ? known : await parts.store.incidentOfCause(finding.cause);
  board.keep(takeFinding(finding, before, parts, nowMs));
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

/** Over, or one success nearer to it where its monitor wants several. */
function recover(
  incident: Incident,
  { because, successMs }: Recovery,
  board: Board,
  parts: IncidentParts,
  nowMs: number,
): void {
  const wanted = incident.job ? (parts.monitorOf(incident.job).successesBeforeOver ?? 1) : 1;
  if (successMs !== undefined && wanted > 1) {
    // The same success is seen in several looks.
    if (successMs <= (incident.successMs ?? 0)) return;
    const count = (incident.successes ?? 0) + 1;
    if (count < wanted) {
      board.keep(countSuccess(incident, { count, wanted, successMs, because }, nowMs));
      return;
    }
  }
  const over = board.keep(resolveIncident(incident, because, nowMs));
  board.keep(tellLater(over, "resolved", parts, nowMs));
}

/** Joins what has one cause, and lets go what outlives it. */
async function group(board: Board, { monitorOf }: IncidentParts, nowMs: number): Promise<void> {
  const unresolved = board.all().filter(({ state }) => state !== "resolved");
  const byId = new Map(unresolved.map((incident) => [incident.id, incident]));
  const open = openOf(unresolved, byId);
  for await (const { cause } of unhurried(unresolved)) {
    const incident = board.of(cause);
    if (!incident) continue;
    if (incident.parentId !== undefined) {
      if (!byId.has(incident.parentId)) board.keep(leaveParent(incident, nowMs));
      continue;
    }
    const parent = parentOf(incident, open, monitorOf);
    const current = parent && board.of(parent.cause);
    if (incident.state === "open" && current) {
      for (const step of joinParent(incident, current, nowMs)) {
        byId.set(step.incident.id, board.keep(step));
      }
    }
  }
}
