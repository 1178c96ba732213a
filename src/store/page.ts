/** What the screens of the page ask of the event store beyond lists: everything here is counted there. */
import type { RunState } from "../model/run.ts";
import type { Team, TimeRange } from "./store.ts";

/** Runs of one job that began in one stretch of an axis of time. */
export type StretchOfRuns = {
  readonly job: string;
  /** Absent: none of the services that were named, or none at all. */
  readonly service?: string;
  readonly environment?: string;
  /** From 0 at the beginning of the range. */
  readonly stretch: number;
  readonly runs: number;
  /** When the first of them began, and the last ended; where one has not, `nowMicros`. */
  readonly beganMicros: number;
  readonly endedMicros: number;
  /** Of the one that is worst off. */
  readonly state: RunState;
  readonly runId: string;
  /** When they were asked for or began, oldest first, at most 60. */
  readonly askedMicros: readonly number[];
};

/** What happened in a range of time, to those who look after only a part of it too. */
export type TeamRange = TimeRange & { readonly team?: Team };

export type StretchesQuery = TeamRange & {
  readonly stepMicros: number;
  readonly nowMicros: number;
  readonly jobs: readonly string[];
  /** Names that are told apart in the answer. */
  readonly services: readonly string[];
  readonly environments: readonly string[];
};

/** The first sign of a release in a service. */
export type Release = { readonly service: string; readonly release: string; readonly firstMicros: number };

export type PageQuestions = {
  /** At most 20,000 stretches, the newest where there are more. */
  stretchesOfRuns(query: StretchesQuery): Promise<readonly StretchOfRuns[]>;
  /** How many runs were at work in each stretch of the range. */
  runsAtWork(
    query: TeamRange & { readonly stepMicros: number; readonly nowMicros: number },
  ): Promise<readonly number[]>;
  /** Releases that were first heard of in the range, oldest first; not those a service began it with. */
  releases(range: TeamRange): Promise<readonly Release[]>;
};
