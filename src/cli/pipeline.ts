/**
 * The life of a batch, from the request to the disk. Everything that takes time by the byte runs in
 * a thread of its own (`pipeline-thread.ts`), so that the server answers questions meanwhile.
 */
import { Fault } from "../model/fault.ts";
import type { Intake, IntakeAnswer, IntakeRequest } from "../model/intake.ts";
import type { Clock } from "../model/time.ts";
import type { Spool } from "../store/spool.ts";
import type { BatchReceipt, ControlStore } from "../store/store.ts";
import { type PipelineThread, startPipelineThread } from "./pipeline-worker.ts";

export type PipelineOptions = {
  readonly spool: Pick<Spool, "write" | "receipt">;
  readonly control: Pick<ControlStore, "receipt">;
  readonly clock: Clock;
};

export type Pipeline = {
  readonly intake: Intake;
  /** Refuses further batches, and resolves when those at hand are answered. */
  close(): Promise<void>;
};

export function startPipeline(options: PipelineOptions): Pipeline {
  const thread = startPipelineThread();
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
    const answer = take(options, thread, request).finally(() => taking.delete(name));
    taking.set(name, answer);
    return answer;
  };

  return {
    intake,
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
  request: IntakeRequest,
): Promise<IntakeAnswer> {
  const { spool, control, clock } = options;
  const { source, batchId } = request;

  // 1. A batch that was taken before lies in the spool, or the control store remembers it.
  const known = spool.receipt(source, batchId) ?? (await control.receipt(source, batchId));
  if (known) return duplicateOf(known);

  // 2. In the thread: receive, redact, seal, encode.
  const receivedMs = clock();
  const { rows, accepted, refused, refusals } = await thread.encode(
    request.body,
    request.encoding,
    receivedMs,
  );

  // 3. On disk, synced. From here on the server is answerable for it; the inserter goes on.
  const receipt: BatchReceipt = { source, batchId, accepted, refused, receivedMs };
  const outcome = await spool.write(receipt, rows);
  return outcome === "held" ? duplicateOf(receipt) : { accepted, refused, refusals, duplicate: false };
}

function duplicateOf({ accepted, refused }: BatchReceipt): IntakeAnswer {
  return { accepted, refused, refusals: [], duplicate: true };
}
