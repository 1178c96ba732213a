/**
 * The life of a batch, from the request to the disk. Everything that takes time by the byte runs in
 * a thread of its own (`pipeline-thread.ts`), so that the server answers questions meanwhile.
 */
import { Fault } from "../model/fault.ts";
import type { Intake, IntakeAnswer, IntakeRequest, WitnessedCheckpoint } from "../model/intake.ts";
import type { Clock } from "../model/time.ts";
import type { RedactionCount } from "../redact/redact.ts";
import type { Ledger } from "../seal/ledger.ts";
import { unpackSeal } from "../seal/sealer.ts";
import { isLinkOf } from "../seal/source-chain.ts";
import { checkpointFor } from "../seal/witness.ts";
import type { Spool } from "../store/spool.ts";
import type { BatchReceipt, ControlStore } from "../store/store.ts";
import { type PipelineThread, startPipelineThread } from "./pipeline-worker.ts";
import type { RedactionSetup } from "./redaction.ts";
import type { SourceChains } from "./source-chains.ts";

export type PipelineOptions = {
  readonly spool: Pick<Spool, "write" | "receipt">;
  readonly control: Pick<ControlStore, "receipt">;
  /** Has taken up every batch that waits in the spool. */
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** Keys and rules of redaction; without them marks carry no fingerprint. */
  readonly redaction?: RedactionSetup;
  /** Told of every batch with a link of a chain that is on disk. */
  readonly chains?: SourceChains;
  /** Told of every batch that was written and what redaction found in it. */
  readonly onRedacted?: (counts: readonly RedactionCount[]) => void;
};

export type Pipeline = {
  readonly intake: Intake;
  /** Other keys or rules; batches that are taken from now on are redacted by them. */
  changeRedaction(redaction: RedactionSetup): void;
  /** Refuses further batches, and resolves when those at hand are answered. */
  close(): Promise<void>;
};

export function startPipeline(options: PipelineOptions): Pipeline {
  const thread = startPipelineThread(options.ledger.lastSegment, options.redaction);
  const inOrder = makeOrder();
  /** Batches that are being taken now, by source and name. Written by `intake` alone. */
  const taking = new Map<string, Promise<IntakeAnswer>>();
  let isClosed = false;

  const intake: Intake = async (request) => {
    if (isClosed) throw new Fault("STORE_CLOSED", "the server is shutting down", { retryAfterSeconds: 5 });
    const name = JSON.stringify([request.source, request.batchId]);
    // The first sender's success is the second one's too; its failure is not.
    for (let first = taking.get(name); first !== undefined; first = taking.get(name)) {
      const answer = await first.catch(() => undefined);
      if (answer !== undefined) return { ...answer, refusals: [], duplicate: true };
    }
    const answer = take(options, thread, inOrder, request).finally(() => taking.delete(name));
    taking.set(name, answer);
    return answer;
  };

  return {
    intake,
    changeRedaction: (redaction) => thread.changeRedaction(redaction),
    async close() {
      isClosed = true;
      await Promise.allSettled(taking.values());
      await thread.close();
    },
  };
}

async function take(
  options: PipelineOptions,
  thread: PipelineThread,
  inOrder: InOrder,
  request: IntakeRequest,
): Promise<IntakeAnswer> {
  const { spool, control, ledger, clock } = options;
  const { source, batchId } = request;

  if (request.chain !== undefined && !isLinkOf(request.chain, request.body))
    throw new Fault("BAD_REQUEST", "The body is not the one that the header `midwatch-chain` was made of.");
  const heard = (): void => {
    if (request.chain !== undefined) options.chains?.heard(source, request.chain);
  };

  // 1. A batch that was taken before lies in the spool, or the control store remembers it.
  const known = spool.receipt(source, batchId) ?? (await control.receipt(source, batchId));
  if (known) {
    heard();
    return duplicateOf(known, checkpointFor(ledger, request.witnessedSize));
  }

  // 2. In the thread: receive, redact, seal, encode.
  const receivedMs = clock();
  const { rows, seal, accepted, refused, refusals, redactions } = await thread.encode(request, receivedMs);

  // 3. On disk, synced, with its seal. From here on the server is answerable for it; the inserter goes on.
  const receipt = {
    source,
    batchId,
    accepted,
    refused,
    receivedMs,
    seal: Buffer.from(seal).toString("base64"),
    ...(request.chain && { chain: request.chain }),
  };
  const outcome = await inOrder(
    () => spool.write(receipt, rows),
    // 4. Into the ledger, whose numbers rise. A batch that another sender wrote meanwhile has its own seal.
    (outcome) => {
      if (outcome === "written") unpackSeal(seal).forEach((segment) => ledger.appendSegment(segment));
    },
  );
  heard();
  // The disk has the rows. Memory that is given back at once is none that the collector looks for.
  (rows.buffer as ArrayBuffer).transfer(0);
  const checkpoint = checkpointFor(ledger, request.witnessedSize);
  if (outcome === "held") return duplicateOf(receipt, checkpoint);
  if (redactions.length > 0) options.onRedacted?.(redactions);
  return { accepted, refused, refusals, duplicate: false, ...(checkpoint && { checkpoint }) };
}

function duplicateOf(
  { accepted, refused }: BatchReceipt,
  checkpoint: WitnessedCheckpoint | undefined,
): IntakeAnswer {
  return { accepted, refused, refusals: [], duplicate: true, ...(checkpoint && { checkpoint }) };
}

/** Runs `write` at once, and `next` after its success and after all earlier ones are through. */
type InOrder = <T>(write: () => Promise<T>, next: (outcome: T) => void) => Promise<T>;

function makeOrder(): InOrder {
  let last: Promise<unknown> = Promise.resolve();
  return (write, next) => {
    const written = write();
    const earlier = last;
    const done = (async () => {
      // Both, whatever comes first: a failure of ours must not be let go of while we wait.
      const [outcome] = await Promise.allSettled([written, earlier]);
      if (outcome.status === "rejected") throw outcome.reason;
      next(outcome.value);
      return outcome.value;
    })();
    last = done.catch(() => {});
    return done;
  };
}
