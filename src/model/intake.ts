/** What a sender hands in and is answered; the seam between HTTP and the stages. */
import type { Refusal } from "./batch.ts";
import type { DebugOrder } from "./debug.ts";

export type IntakeRequest = {
  /** Who sends: `Midwatch-Source`, or the name of the key. */
  readonly source: string;
  /** `Midwatch-Batch`. The same source and batch again is answered as before and adds nothing. */
  readonly batchId: string;
  readonly encoding: "identity" | "gzip" | "zstd";
  /** Handed over: its memory goes to another thread, and the sender must not use it any more. */
  readonly body: Uint8Array;
  /** Entries of the largest checkpoint that the sender keeps; it wants proof that nothing in it changed. */
  readonly witnessedSize?: number;
  /** From the server itself, which alone may record kinds that begin with `access.`. */
  readonly isOwn?: true;
  /** Where the batch stands among all that this sender has sent. */
  readonly chain?: SourceChain;
};

/** A link of the chain over a sender's batches: hashes in hexadecimal. */
export type SourceChain = {
  /** Of this batch; the first is 1. */
  readonly count: number;
  readonly previous: string;
  readonly head: string;
};

export type IntakeAnswer = {
  readonly accepted: number;
  readonly refused: number;
  /** The first `limits.refusalsListedMax` of the refused lines; none for a duplicate. */
  readonly refusals: readonly Refusal[];
  /** The batch had been taken before. */
  readonly duplicate: boolean;
  readonly checkpoint?: WitnessedCheckpoint;
  /** For an agent that asks: whose log lines below the level are wanted. */
  readonly debug?: readonly DebugOrder[];
};

/** The ledger's newest signed head, for the sender to keep. */
export type WitnessedCheckpoint = {
  /** A signed note (c2sp.org/tlog-checkpoint). */
  readonly note: string;
  /** That it begins with what the sender keeps: hashes in base64. Absent where nothing was asked. */
  readonly consistency?: readonly string[];
};

/**
 * Resolves when every accepted event is on disk. Rejects with a `Fault`, and then nothing of the
 * batch is kept: `BATCH_TOO_LARGE`, `BAD_REQUEST` (the body does not decompress) or `SPOOL_FULL`.
 */
export type Intake = (request: IntakeRequest) => Promise<IntakeAnswer>;
