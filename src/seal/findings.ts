/** What a verification finds, each with the threat that it looks like. */
import type { Stream } from "../model/event.ts";

export const threats = {
  T1: "an event was changed, deleted or inserted",
  T2: "the end was cut off, or an older state put back",
  T3: "events were reordered or given another time",
  T4: "another history was told to somebody else",
  T5: "the history was written anew",
  T7: "something is not sealed, or not by the key that was pinned",
  T8: "the ledger was silent",
  T9: "content was erased or dropped without a statement",
} as const;

export type Threat = keyof typeof threats;

export type Finding = {
  readonly threat: Threat;
  /** Index of the entry in the outer log. */
  readonly entry?: number;
  readonly segment?: number;
  /** What the ledger says of the events of that segment: their stream, and when they were received. */
  readonly stream?: Stream;
  readonly received?: readonly [from: string, until: string];
  /** Index of the event in its segment. */
  readonly index?: number;
  /** Id and time of the event, where they can still be read. */
  readonly id?: string;
  readonly time?: string;
  readonly because: string;
};

/** Findings that are listed; more are counted. */
export const findingsMax = 100;

export class Findings {
  readonly list: Finding[] = [];
  count = 0;

  add(finding: Finding): void {
    this.count += 1;
    if (this.list.length < findingsMax) this.list.push(finding);
  }
}
