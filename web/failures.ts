/** Failed attempts put together by fingerprint, and what became of the runs they belong to. Pure. */
import type { Run } from "../src/api/schemas.ts";
import type { RunState } from "../src/model/run.ts";
import type { StoredEvent } from "../src/store/store.ts";

export type FailureGroup = {
  readonly key: string;
  readonly fingerprint: string | undefined;
  /** Newest first; at least one. */
  readonly events: readonly [StoredEvent, ...StoredEvent[]];
  readonly jobs: readonly string[];
  readonly releases: readonly string[];
  /** How the runs stand by now, of those that are known. */
  readonly runs: { readonly [S in RunState]?: number };
};

/** Events newest first. Where no recorder made a fingerprint, class and job stand in for it. */
export function groupFailures(events: readonly StoredEvent[], runs: readonly Run[]): readonly FailureGroup[] {
  const states = new Map(runs.map((run) => [run.runId, run.state]));
  const groups = new Map<string, [StoredEvent, ...StoredEvent[]]>();
  for (const event of events) {
    const key = event.fingerprint ?? JSON.stringify([event.job, event.error_class ?? event.kind]);
    const group = groups.get(key);
    if (group) group.push(event);
    else groups.set(key, [event]);
  }
  return [...groups]
    .map(([key, members]) => ({
      key,
      fingerprint: members[0].fingerprint,
      events: members,
      jobs: distinct(members.map((event) => event.job)),
      releases: distinct(members.map((event) => event.release)),
      runs: countStates(distinct(members.map((event) => event.run_id)), states),
    }))
    .sort((a, b) => gravity(b) - gravity(a) || (a.events[0].time < b.events[0].time ? 1 : -1));
}

/** Groups that still need somebody stand before those that heal. */
function gravity({ runs }: FailureGroup): number {
  return (runs.failed ?? 0) + (runs.lost ?? 0) > 0 ? 1 : 0;
}

function distinct(values: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(values)].filter((value) => value !== undefined);
}

function countStates(ids: readonly string[], states: ReadonlyMap<string, RunState>): FailureGroup["runs"] {
  const counts: { [S in RunState]?: number } = {};
  for (const id of ids) {
    const state = states.get(id);
    if (state) counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}

/** How many events fell into each of `parts` equal stretches. */
export function shapeOf(
  events: readonly StoredEvent[],
  fromMs: number,
  untilMs: number,
  parts: number,
): readonly number[] {
  const counts = Array.from({ length: parts }, () => 0);
  for (const event of events) {
    const part = Math.floor(((Date.parse(event.time) - fromMs) / (untilMs - fromMs)) * parts);
    if (part >= 0 && part < parts) counts[part] = (counts[part] ?? 0) + 1;
  }
  return counts;
}
