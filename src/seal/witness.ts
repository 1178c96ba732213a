/**
 * Witnessing: whoever keeps a signed checkpoint can later tell whether the ledger still begins with
 * it. The server hands out heads with proofs; the agent, the command line and another Midwatch judge
 * them with `judgeCheckpoint`.
 */
import type { WitnessedCheckpoint } from "../model/intake.ts";
import type { Ledger } from "./ledger.ts";
import { sameBytes, verifyConsistency } from "./merkle.ts";
import { openCheckpoint, type Verifier } from "./note.ts";

/** The newest head, if there is one yet, with the proof for somebody who keeps one of `witnessedSize` entries. */
export function checkpointFor(
  ledger: Ledger,
  witnessedSize: number | undefined,
): WitnessedCheckpoint | undefined {
  const { note, size } = ledger.head;
  if (note === "") return undefined;
  const asks = witnessedSize !== undefined && witnessedSize > 0 && witnessedSize < size;
  if (!asks) return { note };
  return {
    note,
    consistency: ledger.consistency(witnessedSize).map((hash) => Buffer.from(hash).toString("base64")),
  };
}

export type Judgement =
  /** Keep `note` in place of what was kept. */
  | { readonly kind: "consistent"; readonly note: string; readonly size: number }
  /** Not signed by the key that was pinned: another key, or no ledger at all. */
  | { readonly kind: "unsigned"; readonly because: string }
  /** Smaller than what was kept: the ledger was rolled back (T2). */
  | { readonly kind: "rollback"; readonly because: string }
  /** Contradicts what was kept: two histories are told (T4, T5). */
  | { readonly kind: "fork"; readonly because: string };

/** Judges a checkpoint against the newest one that is kept, if any. What was kept is trusted. */
export function judgeCheckpoint(
  verifier: Verifier,
  kept: string | undefined,
  { note, consistency = [] }: WitnessedCheckpoint,
): Judgement {
  const next = openCheckpoint(note, verifier);
  if (next === undefined)
    return { kind: "unsigned", because: `the checkpoint is not signed by ${verifier.name}` };
  const old = kept === undefined ? undefined : openCheckpoint(kept, verifier);
  if (kept !== undefined && old === undefined) {
    return { kind: "unsigned", because: `the checkpoint kept here is not signed by ${verifier.name}` };
  }
  const consistent: Judgement = { kind: "consistent", note, size: next.size };
  if (old === undefined || old.size === 0) return consistent;
  if (next.size < old.size) {
    return {
      kind: "rollback",
      because: `the ledger told of ${old.size} entries before, and of ${next.size} now`,
    };
  }
  if (next.size === old.size) {
    const because = `the ledger tells two histories of ${old.size} entries`;
    return sameBytes(next.root, old.root) ? consistent : { kind: "fork", because };
  }
  const proof = consistency.map((text) => new Uint8Array(Buffer.from(text, "base64")));
  if (verifyConsistency(old.size, next.size, old.root, next.root, proof)) return consistent;
  return {
    kind: "fork",
    because: `the first ${old.size} entries are not those that the ledger told of before`,
  };
}
