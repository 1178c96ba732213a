/** What is known of the usual in one look: part of the facts. */
import type { FindingKind } from "../model/finding.ts";
import type { JobName } from "../model/monitor.ts";
import type {
  JobTally,
  JobVolume,
  PumaLoad,
  QueueLoad,
  RedactionLoad,
  SourceLoad,
  WebLoad,
} from "../store/survey.ts";
import type { RuleMatch } from "./sigma/matcher.ts";
import type { Usual } from "./usual.ts";

export type Tallied = { readonly tally: JobTally; readonly usual?: Usual };

/** Something that never was before. */
export type News = {
  readonly what: "enqueuer" | "job" | "host" | "arguments" | "action" | "hour";
  readonly job?: JobName;
  readonly service?: string;
  readonly value: string;
  /** What was known until then. */
  readonly before: readonly string[];
  readonly atMs: number;
  readonly runId?: string;
  readonly eventId?: string;
  /** The release that it came with, where that is new too. */
  readonly release?: string;
};

export type Survey = {
  /** What arrived since the last of these; answered once. */
  readonly ended: readonly Tallied[];
  /** An hour that is over; answered once. */
  readonly volumes: readonly { readonly volume: JobVolume; readonly hourMs: number }[];
  readonly news: readonly News[];
  readonly matches: readonly RuleMatch[];
  /** Jobs of which attempts failed or were retried in the last hour. */
  readonly hour: readonly Tallied[];
  readonly queues: readonly QueueLoad[];
  readonly webs: readonly WebLoad[];
  readonly pumas: readonly PumaLoad[];
  readonly sources: readonly SourceLoad[];
  readonly redactions: readonly RedactionLoad[];
  /** Kinds of which nothing can be said yet. */
  readonly unasked: ReadonlySet<FindingKind>;
};

export const noSurvey: Survey = {
  ended: [],
  volumes: [],
  news: [],
  matches: [],
  hour: [],
  queues: [],
  webs: [],
  pumas: [],
  sources: [],
  redactions: [],
  unasked: new Set(),
};
