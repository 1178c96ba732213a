/** What the screens of the page ask of the event store beyond lists: everything here is counted there. */
import type { Json, Kind } from "../model/event.ts";
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

/** By name, and apart where services or environments have queues of the same name. */
export type QueueName = { readonly queue: string; readonly service?: string; readonly environment?: string };

export type OpenInQueue = QueueName & {
  readonly waiting: number;
  readonly running: number;
  readonly retrying: number;
  /** When the run that waits longest was asked for. */
  readonly oldestMicros?: number;
};

export type QueueFlow = QueueName & {
  readonly stretch: number;
  readonly came: number;
  /** First attempts of runs that were asked for. */
  readonly taken: number;
  readonly went: number;
};

export type WorkerSeen = {
  readonly worker: string;
  readonly host?: string;
  readonly service?: string;
  readonly environment?: string;
  readonly release?: string;
  readonly runtime?: string;
  readonly lastMicros: number;
  readonly startedMicros?: number;
  /** When it last said that it is there. */
  readonly heardMicros?: number;
  readonly newestKind: Kind;
  readonly runs: number;
};

export type PumaStretch = {
  readonly worker: string;
  readonly stretch: number;
  readonly busy: number;
  readonly threads: number;
  readonly backlog: number;
};

export type PumaSeen = {
  readonly worker: string;
  readonly host?: string;
  readonly service?: string;
  readonly environment?: string;
  readonly release?: string;
  readonly lastMicros: number;
  /** As the recorder sent them. */
  readonly attributes: Readonly<Record<string, Json>>;
  /** Answered in the range. */
  readonly requests: number;
};

export type WebStretch = {
  readonly service?: string;
  readonly environment?: string;
  readonly host?: string;
  readonly stretch: number;
  readonly requests: number;
  readonly errors: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
};

export type FailureQuery = Stretches & {
  readonly limit: number;
  readonly job?: string;
  readonly service?: string;
  readonly environment?: string;
};

/** Failed attempts that are the same. */
export type FailureGroup = {
  readonly key: string;
  readonly fingerprint?: string;
  readonly attempts: number;
  readonly runs: number;
  readonly firstMicros: number;
  readonly lastMicros: number;
  readonly newestKind: Kind;
  readonly errorClass?: string;
  readonly errorMessage?: string;
  readonly errorStack?: string;
  readonly newestEventId: string;
  readonly newestRunId?: string;
  readonly firstRelease?: string;
  readonly lastRelease?: string;
  readonly jobs: readonly string[];
  readonly services: readonly string[];
  /** How many attempts failed in each stretch in which any did. */
  readonly byStretch: Readonly<Record<string, number>>;
  /** What became of the runs, and after how many attempts. */
  readonly outcomes: readonly { readonly state: RunState; readonly attempt: number; readonly runs: number }[];
};

export type JobDaysQuery = TeamRange & {
  readonly job: string;
  readonly service?: string;
  readonly environment?: string;
  /** IANA name: where days begin and end. */
  readonly timeZone: string;
};

export type JobDay = {
  /** `2026-11-21` */
  readonly day: string;
  readonly runs: { readonly [S in RunState]?: number };
  /** Of the runs that succeeded. */
  readonly durationMiddleMs?: number;
};

/** An axis of time, cut into stretches of equal length. */
export type Stretches = TeamRange & { readonly stepMicros: number };

export type PageQuestions = {
  /** At most 20,000 stretches, the newest where there are more. */
  stretchesOfRuns(query: StretchesQuery): Promise<readonly StretchOfRuns[]>;
  /** How many runs were at work in each stretch of the range. */
  runsAtWork(
    query: TeamRange & { readonly stepMicros: number; readonly nowMicros: number },
  ): Promise<readonly number[]>;
  /** Releases that were first heard of in the range, oldest first; not those a service began it with. */
  releases(range: TeamRange): Promise<readonly Release[]>;
  /** Runs that have not ended and were heard of in the range; the longest queue first. */
  openByQueue(range: TeamRange): Promise<readonly OpenInQueue[]>;
  queueFlow(query: Stretches): Promise<readonly QueueFlow[]>;
  /** Newest first, at most 2,000. */
  workers(range: TeamRange): Promise<readonly WorkerSeen[]>;
  pumaStretches(query: Stretches): Promise<readonly PumaStretch[]>;
  pumaNewest(range: TeamRange): Promise<readonly PumaSeen[]>;
  /** Newest first. */
  failures(query: FailureQuery): Promise<readonly FailureGroup[]>;
  /** Days on which it ran, oldest first. */
  jobDays(query: JobDaysQuery): Promise<readonly JobDay[]>;
  webStretches(query: Stretches): Promise<readonly WebStretch[]>;
};
