/**
 * Runs put together by job and cause, so that a thousand failures of one kind are one thing to
 * look at: what heals by itself, and what needs a person in the sample day, which is not watched.
 */
import type { Job, Run, RunPage } from "../src/api/schemas.ts";
import { type Answer, address, useAnswer } from "./ask.ts";
import { counted } from "./words.ts";

export type Group = {
  readonly key: string;
  readonly state: Run["state"];
  readonly job: string;
  readonly service: string | undefined;
  /** Newest first; at least one. */
  readonly runs: readonly [Run, ...Run[]];
};

/** Runs with the same state, job and class of error, newest group first. */
export function groupRuns(runs: readonly Run[]): readonly Group[] {
  const groups = new Map<string, { first: Run; rest: Run[] }>();
  for (const run of runs) {
    const key = JSON.stringify([run.state, run.job, run.service, run.errorClass]);
    const group = groups.get(key);
    if (group) group.rest.push(run);
    else groups.set(key, { first: run, rest: [] });
  }
  return [...groups].map(([key, { first, rest }]) => ({
    key,
    state: first.state,
    job: first.job ?? first.runId,
    service: first.service,
    runs: [first, ...rest],
  }));
}

export const neededStates = ["failed", "lost", "missed"] as const;
const groupedRunsMax = 500;

/** No state asks nothing. */
export function useRunGroups(
  state: readonly string[],
  from: string,
  until?: string,
): Answer<RunPage> & { readonly groups: readonly Group[] } {
  const url = address("/runs", { state, from, until, limit: groupedRunsMax });
  const answer = useAnswer<RunPage>(state.length === 0 ? null : url, 10_000);
  return { ...answer, groups: groupRuns(answer.data?.rows ?? []) };
}

/** The first line of a problem: what happened to which job. */
export function problemTitle({ state, job, runs }: Group): string {
  const [first] = runs;
  const many = runs.length > 1 ? `, ${counted(runs.length, "time")}` : "";
  if (state === "lost") return `${job} died with its worker${first.host ? ` on ${first.host}` : ""}${many}`;
  if (state === "missed") return `${job} did not start when it was due${many}`;
  return `${job} failed for good${many}`;
}

/** How the job has done since, in a sentence; empty when nothing is known. */
export function sinceThen(group: Group, jobs: readonly Job[]): string {
  const job = jobs.find((one) => one.job === group.job && one.service === group.service);
  if (!job || job.lastTime <= group.runs[0].lastTime) return "It has not run since.";
  if (job.lastState === "succeeded") return "Later runs of it succeeded; these will not be tried again.";
  if (job.lastState === "failed" || job.lastState === "lost") return "It has not succeeded since.";
  return "";
}
