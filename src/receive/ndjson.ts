/**
 * A body of NDJSON becomes rows: each line is one event, in the byte scanner if it is ordinary and
 * else written again in ordinary form first. A line that is no event is refused with its number
 * and reason, and the others are kept. A byte order mark, CRLF and blank lines are tolerated;
 * blank lines have a number but are neither accepted nor refused.
 */
import { isUtf8 } from "node:buffer";
import type { RawBatch, Refusal } from "../model/batch.ts";
import { Fault } from "../model/fault.ts";
import { limits } from "../model/limits.ts";
import { carriageReturn, lineFeed, skipSpace } from "./json-bytes.ts";
import { readOrdinaryLine } from "./ordinary.ts";
import {
  appendLine,
  createWorkspace,
  fillWorkspace,
  prefixLength,
  reserveRow,
  rowsOf,
  type Workspace,
} from "./rows.ts";
import { rewriteLine } from "./unusual.ts";

export type Received = {
  readonly batch: RawBatch;
  readonly refused: number;
  /** The first `limits.refusalsListedMax` of them. */
  readonly refusals: readonly Refusal[];
};

/**
 * Reads a whole body. `batch` lies in `space` and is valid until the next body is read into it.
 * Throws `BATCH_TOO_LARGE` for more lines than `limits.batchEventsMax`.
 */
export function readNdjson(
  body: Uint8Array,
  nowMs: number,
  space: Workspace = createWorkspace(),
  isOwn = false,
): Received {
  space.isOwn = isOwn;
  const end = fillWorkspace(space, body, Math.floor(nowMs * 1000));
  const isValidText = isUtf8(body);
  const refusals: Refusal[] = [];
  let refused = 0;
  let line = 0;
  let at = prefixLength + markLength(body);
  while (at < end) {
    line++;
    reserveRow(space);
    let next = isValidText ? readOrdinaryLine(space, at, false) : -1;
    if (next < 0) {
      next = space.bytes.indexOf(lineFeed, at) + 1;
      const reason = readUnusualLine(space, at, next - 1, isValidText);
      if (reason !== undefined) {
        refused++;
        if (refusals.length < limits.refusalsListedMax) refusals.push({ line, reason });
      }
    }
    if (space.count + refused > limits.batchEventsMax) {
      throw new Fault(
        "BATCH_TOO_LARGE",
        `the batch has more than ${limits.batchEventsMax} lines (batchEventsMax)`,
      );
    }
    at = next;
  }
  return { batch: rowsOf(space), refused, refusals };
}

/** Length of the byte order mark. */
function markLength(body: Uint8Array): number {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0;
}

/** Adds the row of a line that is not ordinary, or returns why it is refused. */
function readUnusualLine(
  space: Workspace,
  start: number,
  lineEnd: number,
  isValidText: boolean,
): string | undefined {
  const end = lineEnd > start && space.bytes[lineEnd - 1] === carriageReturn ? lineEnd - 1 : lineEnd;
  if (skipSpace(space.bytes, start) >= end) return undefined;
  if (!isValidText) {
    if (!isUtf8(space.bytes.subarray(start, end)))
      return "the line is not valid UTF-8, expected JSON in UTF-8";
    // The rest of the body may be at fault and this line as ordinary as any.
    if (readOrdinaryLine(space, start, false) >= 0) return undefined;
  }
  const rewritten = rewriteLine(space, start, lineEnd);
  if ("reason" in rewritten) return rewritten.reason;
  if (readOrdinaryLine(space, appendLine(space, rewritten.line), true) >= 0) return undefined;
  // A test feeds mutated lines and never sees this; a sender's line must not stop the server.
  return "the line could not be brought into the form of an event";
}
