/** What the watch must remember between two looks, and over a start. */
import type { LedgerPlace, StoredEvent } from "../store/store.ts";
import type { Away } from "./judge.ts";

export type WatchState = {
  /** What arrived up to here was looked at. */
  readonly after?: LedgerPlace;
  readonly lookedMs: number;
  readonly awakeSinceMs: number;
  /** When the first look was: before a day has passed, errors are only learnt. */
  readonly sinceMs: number;
  readonly aways: readonly Away[];
  /** Failures that are too fresh to know whether a retry follows. */
  readonly pending: readonly Pending[];
  /** When the agent of each host was last heard of. */
  readonly agents: Readonly<Record<string, number>>;
};

export type Pending = { readonly event: StoredEvent; readonly heardMs: number; readonly retried: boolean };

/** Without a look for so long, nobody watched. */
const awayMsMin = 15_000;
const awaysMax = 20;

/** Notes a look, and that nobody looked before it where that is so. */
export function noteLook(state: WatchState | undefined, nowMs: number): WatchState {
  if (!state) {
    return { lookedMs: nowMs, awakeSinceMs: 0, sinceMs: nowMs, aways: [], pending: [], agents: {} };
  }
  if (nowMs - state.lookedMs < awayMsMin) return { ...state, lookedMs: nowMs };
  const away = { fromMs: state.lookedMs, untilMs: nowMs };
  return { ...state, lookedMs: nowMs, awakeSinceMs: nowMs, aways: [...state.aways, away].slice(-awaysMax) };
}
