/**
 * The thread in which a body becomes a block for the engine: decompress, receive, redact, seal,
 * encode, one batch after the other over the same buffers.
 */
import { randomBytes } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import { Fault } from "../model/fault.ts";
import { decompress } from "../receive/decompress.ts";
import { readNdjson } from "../receive/ndjson.ts";
import { createWorkspace } from "../receive/rows.ts";
import { parseKeyring } from "../redact/keyring.ts";
import { redactBatch } from "../redact/redact.ts";
import { compileRules } from "../redact/rules.ts";
import { parseUserRules } from "../redact/user-rules.ts";
import { createSealer } from "../seal/sealer.ts";
import { createBlockBuffer, encodeNative } from "../store/native.ts";
import type { EncodeAnswer, EncodedBatch, EncodeJob, ThreadStart } from "./pipeline-worker.ts";

const { firstSegment, redaction } = workerData as ThreadStart;
const rules = compileRules(
  redaction ? { keyring: parseKeyring(redaction.keyring), user: parseUserRules(redaction.rules) } : {},
);
const workspace = createWorkspace();
const block = createBlockBuffer();
const seal = createSealer(firstSegment, randomBytes);

function encode({ body, encoding, receivedMs, isOwn }: EncodeJob): EncodedBatch {
  const plain = decompress(body, encoding);
  const { batch, refused, refusals } = readNdjson(plain, receivedMs, workspace, isOwn);
  // The workspace has a copy. Memory that is given back at once is none that the collector looks for.
  (body.buffer as ArrayBuffer).transfer(0);
  const { batch: safe, counts: redactions } = redactBatch(batch, rules);
  const sealed = seal(safe);
  // A copy, because the block's buffer is used again while this one travels to the disk.
  const rows = safe.count === 0 ? new Uint8Array(0) : encodeNative(safe, sealed, block).slice();
  const { lastSegment } = sealed;
  return { rows, seal: sealed.seal, lastSegment, accepted: safe.count, refused, refusals, redactions };
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
