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
import { type CompiledRules, compileRules } from "../redact/rules.ts";
import { parseUserRules } from "../redact/user-rules.ts";
import { createSealer } from "../seal/sealer.ts";
import { createBlockBuffer, encodeNative } from "../store/native.ts";
import type {
  EncodeAnswer,
  EncodedBatch,
  EncodeJob,
  RedactionChange,
  ThreadStart,
} from "./pipeline-worker.ts";
import type { RedactionSetup } from "./redaction.ts";

const { firstSegment, redaction } = workerData as ThreadStart;
let rules = rulesOf(redaction);
const workspace = createWorkspace();
const block = createBlockBuffer();
const seal = createSealer(firstSegment, randomBytes);

function rulesOf(setup: RedactionSetup | undefined): CompiledRules {
  return compileRules(
    setup ? { keyring: parseKeyring(setup.keyring), user: parseUserRules(setup.rules) } : {},
  );
}

/** Key blocks that are open stay open. */
function change({ redaction: changed }: RedactionChange): void {
  rules = { ...rulesOf(changed), keyBlocks: rules.keyBlocks };
}

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

parentPort?.on("message", (job: EncodeJob | RedactionChange) => {
  if ("redaction" in job) return change(job);
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
