/**
 * The thread in which a body becomes a block for the engine: decompress, receive, redact, seal,
 * encode, one batch after the other over the same buffers.
 */
import { parentPort } from "node:worker_threads";
import type { RawBatch, SafeBatch } from "../model/batch.ts";
import { Fault } from "../model/fault.ts";
import { decompress } from "../receive/decompress.ts";
import { readNdjson } from "../receive/ndjson.ts";
import { createWorkspace } from "../receive/rows.ts";
import { createBlockBuffer, encodeNative, type Places } from "../store/native.ts";
import type { EncodeAnswer, EncodedBatch, EncodeJob } from "./pipeline-worker.ts";

const workspace = createWorkspace();
const block = createBlockBuffer();

function encode({ body, encoding, receivedMs }: EncodeJob): EncodedBatch {
  const plain = decompress(body, encoding);
  const { batch, refused, refusals } = readNdjson(plain, receivedMs, workspace);
  const safe = redactBatch(batch);
  const places = placesOf(safe);
  // A copy, because the block's buffer is used again while this one travels to the disk.
  const rows = safe.count === 0 ? new Uint8Array(0) : encodeNative(safe, places, block).slice();
  return { rows, accepted: safe.count, refused, refusals };
}

/** Holds the place of redaction until `redact/` gives its own. */
function redactBatch(batch: RawBatch): SafeBatch {
  return batch as unknown as SafeBatch;
}

/** Segment 0, place 0 for every row, until the ledger gives places. */
function placesOf(batch: SafeBatch): Places {
  return { segments: new Float64Array(batch.count), segmentIndexes: new Uint32Array(batch.count) };
}

parentPort?.on("message", (job: EncodeJob) => {
  const { number } = job;
  try {
    const encoded = encode(job);
    const answer: EncodeAnswer = { number, encoded };
    parentPort?.postMessage(answer, [encoded.rows.buffer as ArrayBuffer]);
  } catch (error) {
    const answer: EncodeAnswer =
      error instanceof Fault
        ? { number, fault: { code: error.code, message: error.message } }
        : { number, broken: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    parentPort?.postMessage(answer, []);
  }
});
