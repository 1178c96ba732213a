/**
 * An anchor keeps checkpoints of the ledger where whoever takes over this server cannot reach them.
 * Each kind is a file in `kinds/` and a line in `kinds.ts`.
 */
import type { ChannelField, ChannelSettings, Delivery } from "../alert/channel.ts";
import type { SignedHead } from "../seal/head.ts";
import type { Hash } from "../seal/merkle.ts";
import type { Verifier } from "../seal/note.ts";

/** What is anchored: the newest head, and its relation to earlier ones. */
export type Anchored = {
  readonly head: SignedHead;
  /** Entries of the head that this anchor took last; 0 for none. */
  readonly lastSize: number;
  /** Proof that `head` begins with the first `oldSize` entries. */
  readonly consistency: (oldSize: number) => readonly Hash[];
};

export type DropCheckpoint = (anchored: Anchored) => Promise<Delivery>;

export type AnchorTools = {
  readonly clock: () => number;
  readonly hostname: string;
  readonly pid: number;
  /** The ledger's own key. */
  readonly ledger: Verifier;
  /** Keeps a cosigned checkpoint beside the ledger's own, so that it can be verified. */
  readonly keepCosigned: (witness: Verifier, note: string) => Promise<void>;
};

export type AnchorKind = {
  readonly fields: Readonly<Record<string, ChannelField>>;
  /** How often, unless the file says otherwise. */
  readonly everySeconds: number;
  /** Throws `Fault` `CONFIG_INVALID` where settings do not fit. */
  readonly make: (settings: ChannelSettings, tools: AnchorTools) => DropCheckpoint;
};

export const delivered = (receipt: string): Delivery => ({ outcome: "delivered", receipt });

/** Nothing is given up: a ledger that is not anchored is a state, and it is told of. */
export const failed = (receipt: string): Delivery => ({ outcome: "failed", permanent: false, receipt });
