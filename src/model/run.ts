/**
 * The life of a run, folded from its events. The store keeps the same fold as SQL so that a run's
 * state is one read; a test holds the two to each other.
 *
 * What the kinds mean, for every runtime:
 * - `job.enqueued`: asked for, and the asking is committed. `job.scheduled`: a slot is due.
 * - `job.started`: an attempt began. Every `job.started` is a new attempt, whatever number the
 *   runtime gives it: Delayed::Job counts nothing when a worker is killed.
 * - `job.failed`: an attempt ended in an error. Final, unless `job.retried` follows it.
 * - `job.retried`: another attempt will come (`attributes.next_time`).
 * - `job.discarded`: given up on purpose, by the application or the runtime.
 * - `job.lost`: the worker died and took the attempt with it; said by an agent or the server.
 */
import type { EventRecord, Kind } from "./event.ts";

export const runStates = [
  "waiting",
  "running",
  "retrying",
  "succeeded",
  "failed",
  "discarded",
  "cancelled",
  "lost",
  "missed",
  "unknown",
] as const;
export type RunState = (typeof runStates)[number];

/** The state that a run has after an event of this kind; kinds not named leave it as it was. */
export const stateAfter: { readonly [K in Kind]?: RunState } = {
  "job.enqueued": "waiting",
  "job.scheduled": "waiting",
  "job.started": "running",
  "job.retried": "retrying",
  "job.succeeded": "succeeded",
  "job.failed": "failed",
  "job.discarded": "discarded",
  "job.cancelled": "cancelled",
  "job.lost": "lost",
};

/**
 * Among events of one microsecond, and between an enqueue and everything else, the greater rank
 * is the later. Clocks of hosts differ by more than a short job takes, so an enqueue never comes
 * after a start.
 */
export const rankOf: { readonly [K in Kind]?: number } = {
  "job.scheduled": 0,
  "job.enqueued": 0,
  "job.started": 1,
  "job.lost": 2,
  "job.failed": 3,
  "job.retried": 4,
  "job.discarded": 5,
  "job.cancelled": 5,
  "job.succeeded": 5,
};

export type Attempt = {
  /** From 1, in the order in which attempts began. */
  readonly number: number;
  readonly state: Exclude<RunState, "waiting" | "missed">;
  readonly startedTime?: string;
  readonly endedTime?: string;
  readonly worker?: string;
  readonly durationMs?: number;
  /** When the next attempt is due, where this one is to be retried. */
  readonly nextTime?: string;
  readonly errorClass?: string;
  readonly errorMessage?: string;
  readonly errorStack?: string;
  readonly events: readonly EventRecord[];
};

export function lifeOrder(a: EventRecord, b: EventRecord): number {
  const rankA = rankOf[a.kind] ?? 1;
  const rankB = rankOf[b.kind] ?? 1;
  if ((rankA === 0) !== (rankB === 0)) return rankA - rankB;
  if (a.time !== b.time) return a.time < b.time ? -1 : 1;
  return rankA - rankB || (a.source_seq ?? 0) - (b.source_seq ?? 0);
}

/** The state of a run after all its events, given in any order. */
export function foldState(events: readonly EventRecord[]): RunState {
  let state: RunState = "unknown";
  for (const event of [...events].sort(lifeOrder)) state = stateAfter[event.kind] ?? state;
  return state;
}

/**
 * The attempts of a run, from its events in any order. An end is given to the newest open attempt
 * of the same worker, else to the newest open one. Where none is open it is a second witness of an
 * end already told (the agent and Celery's parent process both see a child die), and joins that
 * attempt; if the number of the attempt differs, the start was never told and it stands alone.
 */
export function foldAttempts(events: readonly EventRecord[]): readonly Attempt[] {
  type Draft = { events: EventRecord[]; state: Attempt["state"] };
  const drafts: Draft[] = [];
  for (const event of [...events].sort(lifeOrder)) {
    const state = stateAfter[event.kind];
    if (state === undefined || state === "waiting" || state === "missed") continue;
    if (state === "running") {
      drafts.push({ events: [event], state });
      continue;
    }
    // `job.retried` follows the failure of the same attempt, so an attempt that failed is open to it.
    const open = drafts.filter((draft) =>
      state === "retrying" || state === "discarded"
        ? draft.state === "running" || draft.state === "failed"
        : draft.state === "running",
    );
    const told = drafts.findLast((draft) => isSameAttempt(draft.events[0], event));
    const draft = open.findLast((one) => one.events[0]?.worker === event.worker) ?? open.at(-1) ?? told;
    if (draft) {
      draft.events.push(event);
      draft.state = state;
    } else {
      drafts.push({ events: [event], state });
    }
  }
  return drafts.map((draft, index) => toAttempt(draft.events, draft.state, index + 1));
}

function isSameAttempt(first: EventRecord | undefined, event: EventRecord): boolean {
  return first?.attempt === undefined || event.attempt === undefined || first.attempt === event.attempt;
}

function toAttempt(events: readonly EventRecord[], state: Attempt["state"], number: number): Attempt {
  const start = events.find((event) => event.kind === "job.started");
  const end = events.find((event) => event.kind !== "job.started");
  const failed = events.find((event) => event.error_class !== undefined);
  const next = events.find((event) => event.kind === "job.retried")?.attributes?.["next_time"];
  const worker = start?.worker ?? end?.worker;
  return {
    number,
    state,
    events,
    ...(start && { startedTime: start.time }),
    ...(end && { endedTime: end.time }),
    ...(worker !== undefined && { worker }),
    ...(end?.duration_ms !== undefined && { durationMs: end.duration_ms }),
    ...(typeof next === "string" && { nextTime: next }),
    ...(failed?.error_class !== undefined && { errorClass: failed.error_class }),
    ...(failed?.error_message !== undefined && { errorMessage: failed.error_message }),
    ...(failed?.error_stack !== undefined && { errorStack: failed.error_stack }),
  };
}
