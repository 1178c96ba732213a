/**
 * A hash chain over each spool file. The watcher makes it as soon as lines are written and notes it
 * now and then; the shipper makes it again from what it is about to send, maybe days later. Where they
 * differ, somebody changed or removed lines that lay waiting.
 */
import { hash } from "node:crypto";
import type { Lines } from "./lines.ts";
import type { AgentState } from "./state.ts";

/** The newest note within so many bytes of a file is enough: fewer notes, and none is far away. */
const noteEveryBytes = 64 * 1024;

/** Of a file of which nothing was read the chain is empty. */
export function extendChain(chain: string, lines: readonly Uint8Array[]): string {
  let head = chain;
  for (const line of lines) head = hash("sha256", Buffer.concat([Buffer.from(head, "hex"), line]), "hex");
  return head;
}

/** Notes what the chain was at the end of these lines. Must be called inside `change`. */
export function noteChain(state: AgentState, file: number, { good, goodEnds }: Lines, chain: string): string {
  const head = extendChain(chain, good);
  const at = goodEnds.at(-1);
  if (at === undefined) return head;
  const place = Math.floor(at / noteEveryBytes);
  state.run("INSERT OR REPLACE INTO chain_note VALUES (?, ?, ?, ?)", file, place, at, head);
  return head;
}

export type Checked = {
  readonly after: string;
  /** Up to this offset the lines are not those that were there when they were first read. */
  readonly brokenAt?: number;
};

/** Goes on with the chain over lines from `start` on that are about to be sent, past every note on the way. */
export function checkChain(
  state: AgentState,
  file: number,
  { good, goodEnds, end }: Lines,
  start: number,
  chain: string,
): Checked {
  const notes = state.all(
    "SELECT at, head FROM chain_note WHERE file = ? AND at > ? AND at <= ? ORDER BY at LIMIT 10000",
    file,
    start,
    end,
  );
  let head = chain;
  let next = 0;
  let brokenAt: number | undefined;
  for (const note of notes) {
    const at = Number(note["at"]);
    let last = next;
    while (last < good.length && (goodEnds[last] as number) <= at) last += 1;
    head = extendChain(head, good.slice(next, last));
    next = last;
    if (head === note["head"]) continue;
    brokenAt = at;
    // What comes after may be whole again, and is to be told from what is not.
    head = note["head"] as string;
  }
  const after = extendChain(head, good.slice(next));
  return { after, ...(brokenAt !== undefined && { brokenAt }) };
}

/** What was sent needs no notes any more. Must be called inside `change`. */
export function dropNotes(state: AgentState, file: number, until: number): void {
  state.run("DELETE FROM chain_note WHERE file = ? AND at <= ?", file, until);
}
