/** What a sender hands in and is answered; the seam between HTTP and the stages. */
import type { Refusal } from "./batch.ts";

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
};

export type IntakeAnswer = {
  readonly accepted: number;
  readonly refused: number;
  /** The first `limits.refusalsListedMax` of the refused lines; none for a duplicate. */
  readonly refusals: readonly Refusal[];
  /** The batch had been taken before. */
  readonly duplicate: boolean;
  readonly checkpoint?: WitnessedCheckpoint;
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
