/**
 * Brings each new checkpoint to every anchor, one after its own interval, and tries again when it
 * was not taken. How far each one is lies in a file beside the ledger, so that a restart knows it.
 */
import { existsSync, readFileSync } from "node:fs";
import { writeDurableFile } from "../seal/durable-file.ts";
import type { Ledger } from "../seal/ledger.ts";
import type { Anchor } from "./setup.ts";

/** What is known of one anchor. */
export type AnchorState = {
  readonly name: string;
  readonly kind: string;
  readonly everyMs: number;
  /** Entries of the newest checkpoint that it took, and when; 0 for none. */
  readonly size: number;
  readonly atMs: number;
  /** What it said last. */
  readonly receipt: string;
  /** Attempts in a row that failed, and when the first of them did. */
  readonly failures: number;
  readonly failingSinceMs?: number;
};

export type Anchors = {
  readonly states: () => readonly AnchorState[];
  /** Brings what is due; resolves when each of them has answered. */
  readonly bring: () => Promise<void>;
};

const retryFromMs = 5000;
const retryMsMax = 3_600_000;

export type AnchorsOptions = {
  readonly anchors: readonly Anchor[];
  readonly ledger: Pick<Ledger, "head" | "consistency">;
  /** The file in which is kept how far each anchor is. */
  readonly path: string;
  readonly clock: () => number;
  /** Told when an anchor begins to be behind, and when it is not any more. */
  readonly report: (state: AnchorState, isBehind: boolean) => void;
};

export function makeAnchors({ anchors, ledger, path, clock, report }: AnchorsOptions): Anchors {
  const kept = new Map(readStates(path).map((state) => [state.name, state]));
  const states = new Map<string, AnchorState>(
    anchors.map((anchor) => {
      const { name, kind, everyMs } = anchor;
      const fresh = { size: 0, atMs: 0, receipt: "", failures: 0 };
      const known = kept.get(name);
      return [name, { ...fresh, ...(known?.kind === kind && known), name, kind, everyMs }];
    }),
  );
  const behind = new Set<string>();
  const startedMs = clock();
  const busy = new Set<string>();

  async function bringTo(anchor: Anchor, before: AnchorState): Promise<void> {
    const { head } = ledger;
    const delivery = await anchor.drop({
      head,
      lastSize: before.size,
      consistency: (oldSize) => ledger.consistency(oldSize, head.size),
    });
    const nowMs = clock();
    const { failingSinceMs = nowMs, ...rest } = before;
    states.set(
      anchor.name,
      delivery.outcome === "delivered"
        ? { ...rest, size: head.size, atMs: nowMs, receipt: delivery.receipt, failures: 0 }
        : { ...rest, receipt: delivery.receipt, failures: before.failures + 1, failingSinceMs },
    );
  }

  function tell(): void {
    for (const state of states.values()) {
      const isBehind = isAnchorBehind(state, ledger.head.size, clock(), startedMs);
      if (isBehind === behind.has(state.name)) continue;
      if (isBehind) behind.add(state.name);
      else behind.delete(state.name);
      report(state, isBehind);
    }
  }

  return {
    states: () => [...states.values()],
    bring: async () => {
      const nowMs = clock();
      const due = anchors.flatMap((anchor) => {
        const state = states.get(anchor.name) as AnchorState;
        return !busy.has(anchor.name) && isDue(state, ledger.head.size, nowMs) ? [{ anchor, state }] : [];
      });
      await Promise.all(
        due.map(async ({ anchor, state }) => {
          busy.add(anchor.name);
          try {
            await bringTo(anchor, state);
          } finally {
            busy.delete(anchor.name);
          }
        }),
      );
      if (due.length > 0) await writeDurableFile(path, Buffer.from(formatStates(states.values())), 0o600);
      tell();
    },
  };
}

/** When the next attempt is made: after the interval, or a while after a failure, longer each time. */
function isDue(
  { size, atMs, everyMs, failures, failingSinceMs }: AnchorState,
  headSize: number,
  nowMs: number,
) {
  if (headSize === 0 || headSize === size) return false;
  if (failures === 0) return nowMs >= atMs + everyMs;
  // The sum of all waits so far: each is twice the one before, up to the longest.
  const doublings = Math.log2(retryMsMax / retryFromMs);
  const waited =
    retryFromMs * (2 ** Math.min(failures, doublings) - 1) + retryMsMax * Math.max(0, failures - doublings);
  return nowMs >= (failingSinceMs ?? 0) + waited;
}

/** A late answer is no news; an anchor that missed its time twice is. */
const slackMs = 60_000;

function isAnchorBehind(
  { size, atMs, everyMs }: AnchorState,
  headSize: number,
  nowMs: number,
  startedMs: number,
): boolean {
  return size < headSize && nowMs - Math.max(atMs, startedMs) > 2 * everyMs + slackMs;
}

/** One sentence for people. */
export function anchorSentence(state: AnchorState, headSize: number, nowMs: number): string {
  const { name, kind, size, atMs, failures, receipt, everyMs } = state;
  const what = `${name} (${kind})`;
  const age = size === 0 ? "" : ` ${span(nowMs - atMs)} ago`;
  const has = size === 0 ? "holds no checkpoint yet" : `holds ${size} of ${headSize} entries, taken${age}`;
  if (failures > 0) return `${what} ${has}; ${failures} attempts failed since: ${receipt}`;
  const isBehind = isAnchorBehind(state, headSize, nowMs, 0);
  return `${what} ${has}${isBehind ? `, though one is due every ${span(everyMs)}` : ""}`;
}

function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

const formatStates = (states: Iterable<AnchorState>): string =>
  `${JSON.stringify([...states], undefined, 1)}\n`;

/** How far each anchor was, by the last server; none where there was no such file, or it is broken. */
export function readStates(path: string): readonly AnchorState[] {
  if (!existsSync(path)) return [];
  try {
    const states: unknown = JSON.parse(readFileSync(path, "utf8"));
    return Array.isArray(states) ? (states as readonly AnchorState[]) : [];
  } catch {
    return [];
  }
}
