/**
 * Gathers the facts of one look: what arrived since the last one, what ended well, which runs are
 * open, and which slots are due. Each is one question, and only asked where its answer can matter.
 */
import { type EventRecord, type Kind, sampleMark } from "../model/event.ts";
import type { JobName } from "../model/monitor.ts";
import type { EventStore, JobSuccess, LedgerPlace, RunSummary, StoredEvent } from "../store/store.ts";
import type { Judge } from "./due.ts";
import type { KnownErrors } from "./errors.ts";
import type { Expected } from "./expected.ts";
import type { Facts, Failure } from "./facts.ts";
import { noteLook, type Pending, type WatchState } from "./state.ts";
import { noSurvey } from "./survey.ts";
import type { Surveyor } from "./surveyor.ts";

const kinds: readonly Kind[] = [
  "job.failed",
  "job.retried",
  "job.lost",
  "worker.lost",
  "schedule.declared",
  "schedule.installed",
  "source.gap",
  "metrics.sample",
];

const arrivalsMax = 1000;
/** A failure is final when no retry was told of for so long. */
const settleMs = 1500;
/** After a time in which nobody watched, senders bring what they kept. */
const bringMs = 60_000;
/** Errors are only learnt for so long. */
const learnMs = 86_400_000;
/** Jobs whose success is asked for in one look. More: those whose incidents are older wait. */
const awaitedMax = 1000;
const openRunsMax = 5000;
const openRunsBackMs = 31 * 86_400_000;
/** The question for open runs may take one part in so many of the time. */
const openRunsShare = 20;
const openRunsEveryMs = 2000;

export type Look = {
  readonly facts: Facts;
  readonly successes: readonly JobSuccess[];
  /** All that arrived and was watched for, in the order of the ledger. */
  readonly heard: readonly StoredEvent[];
  readonly state: WatchState;
  /** Not all that has arrived was looked at yet. */
  readonly isBehind: boolean;
};

export type Question = {
  readonly state: WatchState;
  readonly expected: Expected;
  /** Jobs whose success would be news. */
  readonly awaited: readonly JobName[];
  /** What senders sent is still on its way into the store: that nothing is there proves nothing. */
  readonly isLagging: boolean;
};

export type Gatherer = (question: Question, nowMs: number) => Promise<Look>;

export type GathererParts = {
  readonly events: EventStore;
  readonly judge: Judge;
  readonly errors: KnownErrors;
  readonly clock: () => number;
  /** Absent: what is usual is not known. */
  readonly surveyor?: Surveyor;
};

/** Schedules that were told of so long before the first look are taken up. */
const schedulesBackMs = 30 * 86_400_000;

/** The first look of all: from here on, and what is known of schedules. What went wrong before is past. */
export async function firstLook(
  events: EventStore,
  nowMs: number,
): Promise<{ readonly state: WatchState; readonly heard: readonly StoredEvent[] }> {
  const untilMicros = Math.floor((nowMs + 86_400_000) * 1000);
  const { head } = await events.arrivals({ fromMicros: 0, untilMicros, limit: 1 });
  const { rows } = await events.events({
    fromMicros: Math.floor((nowMs - schedulesBackMs) * 1000),
    untilMicros,
    streams: ["jobs"],
    kinds: ["schedule.declared", "schedule.installed"],
    order: "newest",
    limit: arrivalsMax,
  });
  const heard = rows.filter(({ service = "" }) => !service.startsWith(sampleMark)).toReversed();
  return { state: { ...noteLook(undefined, nowMs), after: head ?? { segment: 0, index: 0 } }, heard };
}

export function makeGatherer({ events, judge, errors, clock, surveyor }: GathererParts): Gatherer {
  let openRuns: readonly RunSummary[] = [];
  let openRunsDueMs = 0;

  async function findOpenRuns(expected: Expected, nowMs: number): Promise<readonly RunSummary[]> {
    const isAsked =
      surveyor !== undefined ||
      expected.all.some(
        ({ monitor }) =>
          monitor.durationMaxMs !== undefined || monitor.waitMaxMs !== undefined || !monitor.overlapAllowed,
      );
    if (!isAsked) return [];
    if (nowMs < openRunsDueMs) return openRuns;
    const begunMs = clock();
    const untilMicros = Math.floor((nowMs + 86_400_000) * 1000);
    const fromMicros = Math.floor((nowMs - openRunsBackMs) * 1000);
    const found = await events.openRuns({ fromMicros, untilMicros }, openRunsMax);
    openRuns = found.filter(({ sample }) => !sample);
    openRunsDueMs = nowMs + Math.max(openRunsEveryMs, (clock() - begunMs) * openRunsShare);
    return openRuns;
  }

  return async ({ state: before, expected, awaited, isLagging }, nowMs) => {
    const state = noteLook(before, nowMs);
    const range = { fromMicros: 0, untilMicros: Math.floor((nowMs + 2 * 86_400_000) * 1000) };
    const after: LedgerPlace = state.after ?? { segment: 0, index: 0 };
    const arrived = await events.arrivals({ ...range, kinds, after, limit: arrivalsMax, keep: "oldest" });
    const heard = arrived.rows.filter(({ service = "" }) => !service.startsWith(sampleMark));
    const until = arrived.head ?? after;
    const successes =
      awaited.length > 0 && (until.segment !== after.segment || until.index !== after.index)
        ? await events.successes(
            { after, until },
            [...new Set(awaited.map(({ job }) => job))].slice(0, awaitedMax),
          )
        : [];
    const isBehind = arrived.rows.length === arrivalsMax;
    const isDeaf = isLagging || isBehind || nowMs - state.awakeSinceMs < bringMs;
    const [pending, settled] = settle(state.pending, heard, nowMs);
    const learning = nowMs - state.sinceMs < learnMs;
    const failures = settled.map(({ event, retried }): Failure => {
      const isNew = errors.meet(event);
      return { event, final: !retried, isNew: isNew && !learning };
    });
    const agents = { ...state.agents, ...agentsIn(heard) };
    const monitors = expected.all;
    const slots = isDeaf ? [] : await judge.look(monitorsOf(monitors), state.aways, nowMs);
    return {
      facts: {
        monitorOf: expected.of,
        failures,
        losses: heard.filter(({ kind }) => kind === "job.lost" || kind === "worker.lost"),
        gaps: heard.filter(({ kind }) => kind === "source.gap"),
        slots,
        openRuns: await findOpenRuns(expected, nowMs),
        drifts: expected.drifts,
        usualOf: (name) => surveyor?.usualOf(name),
        survey: surveyor?.look({ after, until }, nowMs) ?? noSurvey,
        agents: Object.entries(agents).map(([host, lastMs]) => ({ host, lastMs })),
        awakeSinceMs: isLagging || isBehind ? nowMs : state.awakeSinceMs,
      },
      successes,
      heard,
      state: { ...state, after: until, pending, agents },
      isBehind,
    };
  };
}

/** The same list for the same monitors, so that nothing is worked out again. */
const lists = new WeakMap<Expected["all"], ReturnType<typeof plainMonitors>>();
function plainMonitors(all: Expected["all"]) {
  return all.map(({ monitor }) => monitor);
}
function monitorsOf(all: Expected["all"]) {
  const list = lists.get(all) ?? plainMonitors(all);
  lists.set(all, list);
  return list;
}

/** What must wait for a retry, and what has waited long enough. */
function settle(
  before: readonly Pending[],
  heard: readonly EventRecord[],
  nowMs: number,
): readonly [readonly Pending[], readonly Pending[]] {
  const failures = heard.filter(({ kind }) => kind === "job.failed");
  const fresh = failures.map((event) => ({ event: event as StoredEvent, heardMs: nowMs, retried: false }));
  const retries = heard.filter(({ kind }) => kind === "job.retried");
  const all = [...before, ...fresh].map((one) => ({
    ...one,
    retried: one.retried || retries.some((retry) => isRetryOf(retry, one.event)),
  }));
  const isSettled = (one: Pending): boolean => one.retried || nowMs - one.heardMs >= settleMs;
  return [all.filter((one) => !isSettled(one)), all.filter(isSettled)];
}

function isRetryOf(retry: EventRecord, failure: EventRecord): boolean {
  return retry.run_id !== undefined && retry.run_id === failure.run_id && retry.time >= failure.time;
}

function agentsIn(heard: readonly EventRecord[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { kind, runtime, host, time, received_time } of heard) {
    if (kind !== "metrics.sample" || runtime !== "midwatch-agent" || host === undefined) continue;
    found[host] = Math.max(found[host] ?? 0, Date.parse(received_time ?? time));
  }
  return found;
}
