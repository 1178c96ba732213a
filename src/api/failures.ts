/** Groups of failures as they are answered: what needs somebody first, and how many heal when. Pure. */
import type { RunState } from "../model/run.ts";
import { formatTime } from "../model/time.ts";
import type { FailureGroup } from "../store/page.ts";
import type { FailureRow } from "./failure-schemas.ts";

export function failureRows(groups: readonly FailureGroup[], stretches: number): readonly FailureRow[] {
  return groups.map((group) => rowOf(group, stretches)).sort((a, b) => gravity(b) - gravity(a));
}

/** Groups in which runs were given up stand before those that heal; within both the newest first. */
function gravity({ states }: FailureRow): number {
  return (states.failed ?? 0) + (states.lost ?? 0) > 0 ? 1 : 0;
}

function rowOf(group: FailureGroup, stretches: number): FailureRow {
  const { firstMicros, lastMicros, newestKind, byStretch, outcomes, jobs, services, ...rest } = group;
  const states: { [S in RunState]?: number } = {};
  for (const { state, runs } of outcomes) states[state] = (states[state] ?? 0) + runs;
  return {
    ...rest,
    firstTime: formatTime(firstMicros),
    lastTime: formatTime(lastMicros),
    lost: newestKind === "job.lost",
    jobs: [...jobs],
    services: [...services],
    byStretch: Array.from({ length: stretches }, (_, at) => byStretch[at] ?? 0),
    states,
    heals: outcomes
      .filter(({ state }) => state === "succeeded")
      .map(({ attempt, runs }) => ({ attempt: Math.max(1, attempt), runs })),
  };
}
