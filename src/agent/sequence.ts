/**
 * Holes in the numbers of a sender (`source_seq`). A process with several threads may write two
 * numbers in the wrong order, so a hole is reported only when it has stayed open for a while.
 */
import type { OwnEvents } from "./own.ts";
import type { AgentState } from "./state.ts";

/** Holes that are remembered for one sender; further ones are reported at once. */
const holesMax = 1000;
const senderForgottenMs = 7 * 86_400_000;

export type SeenNumbers = ReadonlyMap<string, readonly number[]>;

/** Notes the numbers that were read, in the order of reading. Must be called inside `change`. */
export function noteNumbers(state: AgentState, seen: SeenNumbers, nowMs: number): void {
  for (const [source, numbers] of seen) {
    const row = state.get("SELECT last FROM sender WHERE source = ?", source);
    // Of a sender that is new to us we cannot say where it began.
    let last = row ? Number(row["last"]) : (numbers[0] as number) - 1;
    for (const number of numbers) {
      if (number === last + 1) {
        last = number;
      } else if (number > last) {
        state.run("INSERT OR REPLACE INTO hole VALUES (?, ?, ?, ?)", source, last + 1, number - 1, nowMs);
        last = number;
      } else {
        fill(state, source, number);
      }
    }
    state.run("INSERT OR REPLACE INTO sender VALUES (?, ?, ?)", source, last, nowMs);
  }
}

function fill(state: AgentState, source: string, number: number): void {
  const hole = state.get(
    "SELECT first, last, noticed_ms FROM hole WHERE source = ? AND first <= ? AND last >= ?",
    source,
    number,
    number,
  );
  if (!hole) return;
  const [first, last, noticedMs] = [Number(hole["first"]), Number(hole["last"]), Number(hole["noticed_ms"])];
  state.run("DELETE FROM hole WHERE source = ? AND first = ?", source, first);
  if (number > first) state.run("INSERT INTO hole VALUES (?, ?, ?, ?)", source, first, number - 1, noticedMs);
  if (number < last) state.run("INSERT INTO hole VALUES (?, ?, ?, ?)", source, number + 1, last, noticedMs);
}

/** Reports the holes that nobody filled since `olderThanMs`. */
export function reportHoles(state: AgentState, own: OwnEvents, olderThanMs: number): void {
  const count = Number(state.get("SELECT count(*) AS count FROM hole")?.["count"]);
  if (count === 0) return;
  const holes = state.all(
    "SELECT source, min(first) AS first, max(last) AS last, sum(last - first + 1) AS missing FROM hole WHERE noticed_ms <= ? GROUP BY source",
    count > holesMax ? Number.MAX_SAFE_INTEGER : olderThanMs,
  );
  if (holes.length === 0) return;
  state.change(() => {
    for (const hole of holes) {
      const [first, last, missing] = [Number(hole["first"]), Number(hole["last"]), Number(hole["missing"])];
      const source = hole["source"] as string;
      own.add({
        kind: "source.gap",
        severity: "error",
        message: `${missing === 1 ? "One event" : `${missing} events`} of ${source} never reached this agent (numbers ${first} to ${last})`,
        attributes: { gap_source: source, first, last, missing },
      });
      state.run("DELETE FROM hole WHERE source = ? AND first >= ? AND last <= ?", source, first, last);
    }
  });
}

/** Must be called inside `change`. */
export function forgetSenders(state: AgentState, nowMs: number): void {
  state.run("DELETE FROM sender WHERE seen_ms < ?", nowMs - senderForgottenMs);
}
