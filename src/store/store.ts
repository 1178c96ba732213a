/**
 * What the rest of the program may ask of storage, in its own words and not in SQL's. The embedded
 * engine and a cluster implement `EventStore` alike (`store.contract.ts` holds them to it), and so
 * do SQLite and PostgreSQL with `ControlStore`. A caller with a new question adds a method here.
 */
import type { EventRecord, Kind, Severity, Stream } from "../model/event.ts";
import type { FieldName } from "../model/fields.ts";
import type { SourceChain } from "../model/intake.ts";
import type { RunState } from "../model/run.ts";
import type { DebugStore } from "./control/debug.ts";
import type { ErasureStore } from "./erasures.ts";
import type { PageQuestions } from "./page.ts";
import type { PeopleStore } from "./people.ts";
import type { Term } from "./terms.ts";
import type { WatchStore } from "./watch.ts";

export type TimeRange = {
  /** Microseconds since 1970, inclusive. */
  readonly fromMicros: number;
  /** Exclusive. */
  readonly untilMicros: number;
};

/** All that is given must hold (and); within a list, one must (or). */
export type EventFilter = TimeRange & {
  readonly streams?: readonly Stream[];
  readonly kinds?: readonly Kind[];
  readonly severityMin?: Severity;
  readonly fields?: readonly {
    readonly name: FieldName;
    readonly values: readonly string[];
    readonly not?: boolean;
  }[];
  /** A value is compared as the string or the JSON text it was sent as. */
  readonly attributes?: readonly { readonly key: string; readonly value: string; readonly not?: boolean }[];
  /** Each phrase must stand in `message` or `error_message`, in any case and with its words whole. */
  readonly words?: readonly { readonly text: string; readonly not?: boolean }[];
  /** What does not fit side by side. */
  readonly terms?: readonly Term[];
  /** Leaves out that somebody looked at something in Midwatch itself. */
  readonly withoutLooks?: boolean;
};

export type Order = "newest" | "oldest";

/** Opaque to callers; stable while events are added. */
export type Cursor = string & { readonly __cursor: never };

export type Page<T> = { readonly rows: readonly T[]; readonly next: Cursor | null };

export type EventQuery = EventFilter & {
  readonly order: Order;
  /** 1 to `limits.pageRowsMax`. */
  readonly limit: number;
  readonly after?: Cursor;
};

/** A stored event: the record, and where the ledger holds it. */
export type StoredEvent = EventRecord & { readonly segment: number; readonly segment_index: number };

/** Where the ledger holds an event; later places hold what arrived later. */
export type LedgerPlace = { readonly segment: number; readonly index: number };

/** `after` absent: nothing is returned but the place to go on from. */
export type ArrivalQuery = EventFilter & {
  readonly after?: LedgerPlace;
  readonly limit: number;
  /** Where more matched than the limit: absent, the newest are given; else the oldest, and `head` is their last. */
  readonly keep?: "oldest";
};

export type Arrivals = {
  /** In the order of the ledger. */
  readonly rows: readonly StoredEvent[];
  /** How many more matched, all of them before `rows`, and were left out for the limit. */
  readonly skipped: number;
  /** The last place that was looked at, whether it matched or not; absent while nothing is stored. */
  readonly head?: LedgerPlace;
};

export type HistogramBucket = {
  readonly fromMicros: number;
  readonly counts: { readonly [S in Severity | "none"]?: number };
};

export type RunSummary = {
  readonly runId: string;
  readonly state: RunState;
  readonly job?: string;
  readonly service?: string;
  readonly environment?: string;
  readonly runtime?: string;
  readonly queue?: string;
  readonly host?: string;
  readonly worker?: string;
  readonly actor?: string;
  readonly release?: string;
  readonly traceId?: string;
  readonly parentRunId?: string;
  /** How often an attempt began. */
  readonly attempts: number;
  readonly enqueuedMicros?: number;
  readonly startedMicros?: number;
  readonly endedMicros?: number;
  readonly lastMicros: number;
  /** Of the attempt that ended last. */
  readonly durationMs?: number;
  readonly waitMs?: number;
  readonly errorClass?: string;
  readonly errorMessage?: string;
  /** The events came from the sample day, not from an application. */
  readonly sample: boolean;
};

export type RunQuery = TimeRange & {
  readonly states?: readonly RunState[];
  readonly jobs?: readonly string[];
  readonly services?: readonly string[];
  readonly environments?: readonly string[];
  readonly queues?: readonly string[];
  readonly traceId?: string;
  readonly runIds?: readonly string[];
  readonly limit: number;
  readonly after?: Cursor;
};

export type JobSummary = {
  readonly job: string;
  readonly service?: string;
  readonly environment?: string;
  readonly runtime?: string;
  /** Runs by state, for runs that had an event in the range. */
  readonly runs: { readonly [S in RunState]?: number };
  readonly lastState: RunState;
  readonly lastMicros: number;
  readonly durationP50Ms?: number;
  readonly durationP95Ms?: number;
  readonly waitP95Ms?: number;
};

/** A sign that a slot of a schedule was served: a run that began, or was asked for. */
export type JobSign = {
  readonly kind: "job.started" | "job.enqueued" | "job.scheduled";
  readonly job: string;
  readonly service?: string;
  readonly environment?: string;
  readonly host?: string;
  readonly actor?: string;
  readonly runId?: string;
  readonly atMicros: number;
};

/** The newest success of a job among what arrived in a stretch of the ledger. */
export type JobSuccess = {
  readonly job: string;
  readonly service?: string;
  readonly environment?: string;
  readonly runId?: string;
  readonly atMicros: number;
};

/** A distinct value of a field and how often it stands in the range, most frequent first. */
export type FieldValue = { readonly value: string; readonly count: number };

/** Spool files that are inserted together, exactly once however often this is asked. */
export type InsertGroup = { readonly token: string; readonly files: readonly string[] };

/** Only what belongs to these; a list that is absent holds everything. */
export type Team = { readonly services?: readonly string[]; readonly environments?: readonly string[] };

export interface EventStore extends PageQuestions {
  /**
   * Resolves when all rows are durable and can be queried. The same token again adds nothing.
   * Rejects with `BATCH_UNREADABLE`, and then nothing is added, when a file can never be read.
   */
  insert(group: InsertGroup): Promise<void>;
  events(query: EventQuery): Promise<Page<StoredEvent>>;
  event(id: string): Promise<StoredEvent | undefined>;
  /** What matches and arrived after a place in the ledger; the newest `limit` of it. For the live tail. */
  arrivals(query: ArrivalQuery): Promise<Arrivals>;
  /** Buckets of equal length over the whole range; at most `bucketsMax` (1 to 500). */
  histogram(filter: EventFilter, bucketsMax: number): Promise<readonly HistogramBucket[]>;
  fieldValues(filter: EventFilter, field: FieldName, limit: number): Promise<readonly FieldValue[]>;
  /**
   * Runs that lived in the range (begun before its end, heard of after its start), by the time of
   * their last change of state, newest first.
   */
  runs(query: RunQuery): Promise<Page<RunSummary>>;
  run(runId: string): Promise<RunSummary | undefined>;
  jobs(range: TimeRange, limit: number, team?: Team): Promise<readonly JobSummary[]>;
  /** Runs that wait, run, or will be tried again, and were heard of in the range; the longest open first. */
  openRuns(range: TimeRange, limit: number): Promise<readonly RunSummary[]>;
  /** What began or was asked for of these jobs, oldest first. */
  jobSigns(range: TimeRange, jobs: readonly string[], limit: number): Promise<readonly JobSign[]>;
  /** Successes of these jobs that arrived after one place and up to another. */
  successes(
    arrived: { readonly after: LedgerPlace; readonly until: LedgerPlace },
    jobs: readonly string[],
  ): Promise<readonly JobSuccess[]>;
  /** Counts for the first sentence of a page: runs by state, events, newest event. */
  overview(range: TimeRange, team?: Team): Promise<Overview>;
  /** Removes events whose `service` starts with the mark of the sample day. */
  deleteSample(): Promise<void>;
  /** Refuses further calls with `STORE_CLOSED`. Safe to call twice. */
  close(): Promise<void>;
}

export type Overview = {
  readonly runs: { readonly [S in RunState]?: number };
  readonly events: number;
  readonly lastEventMicros?: number;
  readonly hosts: number;
};

/** A machine's key as it is kept: never the secret itself. */
export type ApiKey = {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  readonly secretSha256: string;
  readonly createdMs: number;
  readonly expiresMs?: number;
  readonly lastUsedMs?: number;
  readonly revokedMs?: number;
  /** It sends under this name and no other. */
  readonly source?: string;
  /** It is good from these addresses and networks only, such as `10.1.0.0/16`. */
  readonly addresses?: readonly string[];
};

export type KeyScope = "send" | "read" | "metrics" | "verify" | "admin";

/** What a sender was answered for a batch, so that it is answered the same when it asks again. */
export type BatchReceipt = {
  readonly source: string;
  readonly batchId: string;
  readonly accepted: number;
  readonly refused: number;
  readonly receivedMs: number;
  /** What the ledger appends for the batch, in base64. Kept while the batch is in the spool. */
  readonly seal?: string;
  /** The link of its sender's chain. */
  readonly chain?: SourceChain;
};

export interface ControlStore extends ErasureStore, WatchStore, PeopleStore, DebugStore {
  addKey(key: ApiKey): Promise<void>;
  keys(): Promise<readonly ApiKey[]>;
  keyById(id: string): Promise<ApiKey | undefined>;
  revokeKey(id: string, atMs: number): Promise<boolean>;
  /** No later than this; false where it is revoked, or not there. */
  expireKey(id: string, atMs: number): Promise<boolean>;
  noteKeyUse(id: string, atMs: number): Promise<void>;
  receipt(source: string, batchId: string): Promise<BatchReceipt | undefined>;
  /** Durable when it resolves. */
  addReceipts(receipts: readonly BatchReceipt[]): Promise<void>;
  dropReceiptsBefore(atMs: number): Promise<number>;
  /** The newest link of every sender's chain, as `addReceipts` was given it. */
  sourceChains(): Promise<readonly (readonly [source: string, chain: SourceChain])[]>;
  setting(name: string): Promise<string | undefined>;
  setSetting(name: string, value: string): Promise<void>;
  close(): Promise<void>;
}
