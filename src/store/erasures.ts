/** What is kept of erasures: who asked for which, who agreed, and whether it is done. */

export type Erasure = {
  readonly id: string;
  readonly eventId: string;
  /** Where the event stands in the ledger. */
  readonly segment: number;
  readonly place: number;
  /** Why; never what. */
  readonly reason: string;
  /** `approved` is being done: after a crash it is done again. */
  readonly state: "asked" | "approved" | "done" | "refused";
  readonly askedBy: Hand;
  readonly askedMs: number;
  readonly decidedBy?: Hand;
  readonly decidedMs?: number;
  readonly doneMs?: number;
};

/** A person or a key, by its stable id, and as it was called then. */
export type Hand = { readonly id: string; readonly name: string };

export interface ErasureStore {
  /** Newest first, at most a thousand. */
  erasures(): Promise<readonly Erasure[]>;
  erasure(id: string): Promise<Erasure | undefined>;
  /** Adds it or changes it. Durable when it resolves. */
  putErasure(erasure: Erasure): Promise<void>;
}
