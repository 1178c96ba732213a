/**
 * The main thread's side of the thread in which batches are encoded: hands bodies over without
 * copying them, matches answers with askers, and starts the thread again if it should die.
 */
import { Worker } from "node:worker_threads";
import type { Refusal } from "../model/batch.ts";
import { Fault, type FaultCode } from "../model/fault.ts";
import type { IntakeRequest } from "../model/intake.ts";
import type { RedactionCount } from "../redact/redact.ts";
import type { RedactionSetup } from "./redaction.ts";

export type EncodeJob = {
  readonly number: number;
  readonly body: Uint8Array;
  readonly encoding: IntakeRequest["encoding"];
  readonly receivedMs: number;
  readonly isOwn: boolean;
};

/** Other keys or rules, sent between two jobs. */
export type RedactionChange = { readonly redaction: RedactionSetup };

/** What a thread is told when it starts: numbers of segments are never given twice. */
export type ThreadStart = { readonly firstSegment: number; readonly redaction: RedactionSetup | undefined };

/** A batch ready for the spool. */
export type EncodedBatch = {
  /** One block in the engine's `Native` format; empty if no event was accepted. */
  readonly rows: Uint8Array;
  /** What the ledger appends once the rows are on disk; see `seal/sealer.ts`. */
  readonly seal: Uint8Array;
  /** The largest number of a segment given so far. */
  readonly lastSegment: number;
  readonly accepted: number;
  readonly refused: number;
  readonly refusals: readonly Refusal[];
  /** What redaction found in it. */
  readonly redactions: readonly RedactionCount[];
};

export type EncodeAnswer =
  | { readonly number: number; readonly encoded: EncodedBatch }
  /** What the sender did wrong. */
  | { readonly number: number; readonly fault: { readonly code: FaultCode; readonly message: string } }
  /** What we did wrong: message and stack. */
  | { readonly number: number; readonly broken: string };

export type PipelineThread = {
  /** Takes the body's memory away from the caller where the body fills all of it. */
  encode(
    request: Pick<IntakeRequest, "body" | "encoding" | "isOwn">,
    receivedMs: number,
  ): Promise<EncodedBatch>;
  /** Holds for every batch that is handed over from now on. */
  changeRedaction(redaction: RedactionSetup): void;
  close(): Promise<void>;
};

type Asker = { readonly resolve: (batch: EncodedBatch) => void; readonly reject: (error: Error) => void };

/** `lastSegment`: the largest number of a segment that the ledger or the spool knows. */
export function startPipelineThread(lastSegment: number, firstRedaction?: RedactionSetup): PipelineThread {
  let redaction = firstRedaction;
  const askers = new Map<number, Asker>();
  let count = 0;
  let isClosed = false;
  let lastGiven = lastSegment;
  let worker = start();

  function start(): Worker {
    const workerData: ThreadStart = { firstSegment: lastGiven + 1, redaction };
    const started = new Worker(new URL("./pipeline-thread.ts", import.meta.url), { workerData });
    started.on("message", settle);
    // Out of memory, say. Its batches were not acknowledged, so their senders will come again.
    let cause: unknown;
    started.on("error", (error) => {
      cause = error;
    });
    started.on("exit", () => {
      for (const { reject } of askers.values())
        reject(new Error("the thread that encodes batches died", { cause }));
      askers.clear();
      if (!isClosed) worker = start();
    });
    return started;
  }

  function settle(answer: EncodeAnswer): void {
    const asker = askers.get(answer.number);
    askers.delete(answer.number);
    if ("encoded" in answer) {
      lastGiven = answer.encoded.lastSegment;
      asker?.resolve(answer.encoded);
    } else if ("fault" in answer) asker?.reject(new Fault(answer.fault.code, answer.fault.message));
    else asker?.reject(new Error(`a batch could not be encoded: ${answer.broken}`));
  }

  return {
    encode({ body, encoding, isOwn = false }, receivedMs) {
      return new Promise((resolve, reject) => {
        const number = count++;
        askers.set(number, { resolve, reject });
        const owned = body.byteLength === body.buffer.byteLength ? body : new Uint8Array(body);
        const job: EncodeJob = { number, body: owned, encoding, receivedMs, isOwn };
        worker.postMessage(job, [owned.buffer as ArrayBuffer]);
      });
    },
    changeRedaction(changed) {
      redaction = changed;
      const change: RedactionChange = { redaction: changed };
      worker.postMessage(change, []);
    },
    async close() {
      isClosed = true;
      await worker.terminate();
    },
  };
}
