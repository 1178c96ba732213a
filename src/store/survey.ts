/**
 * What the watch asks to know what is usual: counts and extremes of what arrived, the hours of the
 * weeks before, queues, web servers and senders. Part of the event store.
 */
import type { JobName } from "../model/monitor.ts";
import type { LedgerPlace, StoredEvent, TimeRange } from "./store.ts";

/** What arrived after one place of the ledger and up to another. */
export type Stretch = { readonly after: LedgerPlace; readonly until: LedgerPlace };

/** The run in which a value was least or most. */
export type Extreme = { readonly runId: string; readonly release?: string; readonly value: number };

/** What happened to a job in a stretch. */
export type JobTally = JobName & {
  readonly runtime?: string;
  readonly enqueued: number;
  readonly started: number;
  readonly succeeded: number;
  /** Attempts, as `retried` are. */
  readonly failed: number;
  readonly retried: number;
  readonly lastMicros: number;
  readonly someRunId?: string;
  /** Of runs that succeeded. */
  readonly shortest?: Extreme;
  readonly longest?: Extreme;
  readonly leastOutput?: Extreme;
  readonly mostOutput?: Extreme;
  readonly leastRows?: Extreme;
  readonly mostMemory?: Extreme;
  readonly mostProcessorTime?: Extreme;
  /** At most eight of each. */
  readonly hosts: readonly string[];
  readonly actors: readonly string[];
  readonly queues: readonly string[];
  readonly argumentShapes: readonly string[];
  readonly releases: readonly string[];
};

/** Runs asked for or begun in one hour. */
export type HourVolume = { readonly hourMs: number; readonly runs: number };

/** How often a job ran in one hour, and in the same hour of the weeks before; hours without a run are left out. */
export type JobVolume = JobName & {
  readonly firstHourMs: number;
  readonly runs: number;
  readonly week: readonly HourVolume[];
};

/** What was usual of a job in the weeks before an hour; samples are the newest, at most 60. */
export type JobHistory = JobName & {
  readonly firstHourMs: number;
  /** Hours of which anything is known. */
  readonly hours: number;
  readonly durations: {
    readonly week: readonly number[];
    /** Of two hours to both sides of the same hour of the week, not of the last day. */
    readonly near: readonly number[];
    /** Those of them a week ago. */
    readonly lastWeek: readonly number[];
    readonly day: readonly number[];
    /** At most three of an hour, 480 together. */
    readonly all: readonly number[];
    /** One of each hour, newest first. */
    readonly newest: readonly { readonly hourMs: number; readonly release: string; readonly ms: number }[];
  };
  readonly outputs: readonly number[];
  readonly rowCounts: readonly number[];
  readonly memories: readonly number[];
  readonly processorTimes: readonly number[];
  readonly waits: readonly number[];
  readonly succeeded: number;
  readonly failed: number;
  readonly daySucceeded: number;
  readonly dayFailed: number;
  /** Hours of the week, from 0 on Monday, in which it ever ran. */
  readonly activeWeekHours: readonly number[];
  /** When each was first seen. */
  readonly releases: readonly { readonly release: string; readonly firstMs: number }[];
};

/** One hour of one job. */
export type JobHour = {
  readonly hourMs: number;
  readonly enqueued: number;
  readonly started: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly durations: readonly number[];
  readonly releases: readonly string[];
};

export type HistoryQuestion = {
  readonly fromMs: number;
  /** The hour of which is asked; nothing of it or later counts. */
  readonly hourMs: number;
  /** From 0 on Monday at midnight, in the time zone. */
  readonly weekHour: number;
  readonly timeZone: string;
};

export type QueueLoad = {
  readonly queue: string;
  readonly service?: string;
  readonly environment?: string;
  /** Due and not begun. */
  readonly waiting: number;
  readonly oldestMs: number;
  /** In the last quarter of an hour. */
  readonly asked: number;
  readonly taken: number;
};

export type WebLoad = {
  readonly service?: string;
  readonly environment?: string;
  readonly now: WebFigures;
  readonly before: WebFigures;
  readonly slowestRoute?: string;
};
export type WebFigures = {
  readonly requests: number;
  readonly errors: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
};

export type PumaLoad = {
  readonly service?: string;
  readonly environment?: string;
  readonly host: string;
  readonly worker: string;
  readonly samples: number;
  readonly withBacklog: number;
  readonly withoutCapacity: number;
  readonly backlogMost: number;
  readonly threads: number;
  /** How long ago the slowest of its processes reported to the first, by the newest sample. */
  readonly checkinMs: number;
};

export type SourceLoad = {
  readonly service: string;
  readonly host: string;
  readonly stream: string;
  /** Stretches of ten minutes in which it was heard. */
  readonly stretches: number;
  readonly firstMs: number;
  readonly lastMs: number;
};

export type RedactionLoad = {
  readonly service: string;
  readonly job: string;
  readonly rule: string;
  /** Values that were hidden in the last hour, and in the time before it that was asked for. */
  readonly now: number;
  readonly before: number;
  readonly firstMs: number;
  /** When the job was first heard of in the week before; absent: not before this hour. */
  readonly jobKnownMs?: number;
  /** Under which the job ran before this hour, and runs now. */
  readonly releaseBefore?: string;
  readonly release?: string;
};

export type ActionTally = {
  readonly service: string;
  readonly environment?: string;
  readonly action: string;
  readonly job?: string;
  readonly count: number;
  readonly eventId: string;
  readonly lastMs: number;
};

/** What an event must hold for any rule to be about it: one of the texts, or one of the values. */
export type MayMatch = {
  /** Lower case; in the message, the path or the name of the client. */
  readonly texts: readonly string[];
  readonly attributes: readonly { readonly key: string; readonly values: readonly string[] }[];
};

export type SurveyQuestions = {
  jobTallies(arrived: Stretch, limit: number): Promise<readonly JobTally[]>;
  /** The same for a range of time, by when it happened. */
  jobTalliesOf(range: TimeRange, limit: number): Promise<readonly JobTally[]>;
  /** Folds the hours that begin in the range into what `jobHistories` answers from; again is harmless. */
  rollHours(range: TimeRange): Promise<void>;
  /** Of the jobs of these names, whatever their service. */
  jobHistories(jobs: readonly string[], question: HistoryQuestion): Promise<readonly JobHistory[]>;
  /** Of all jobs, in one hour that is over. */
  jobVolumes(question: HistoryQuestion, limit: number): Promise<readonly JobVolume[]>;
  jobHours(name: JobName, range: TimeRange): Promise<readonly JobHour[]>;
  queueLoads(nowMs: number): Promise<readonly QueueLoad[]>;
  webLoads(nowMs: number): Promise<readonly WebLoad[]>;
  pumaLoads(nowMs: number): Promise<readonly PumaLoad[]>;
  sourceLoads(nowMs: number): Promise<readonly SourceLoad[]>;
  redactionLoads(nowMs: number): Promise<readonly RedactionLoad[]>;
  actionTallies(arrived: Stretch): Promise<readonly ActionTally[]>;
  candidates(arrived: Stretch, mayMatch: MayMatch, limit: number): Promise<readonly StoredEvent[]>;
};
