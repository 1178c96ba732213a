/**
 * Which bytes of which files make the next batch, and the batch's body from those bounds. The same
 * bounds always give the same body, so a batch that was in flight when the agent was killed can be
 * sent again as exactly that batch, and the server knows it.
 */
import { createHash } from "node:crypto";
import { limits } from "../model/limits.ts";
import { checkChain, extendChain } from "./file-chain.ts";
import type { SpoolFiles } from "./files.ts";
import { type BadLine, splitLines } from "./lines.ts";
import type { OwnEvents } from "./own.ts";
import type { AgentState, FileRow, SavedBatch, Segment } from "./state.ts";

export type BatchLimits = {
  readonly bytesMax: number;
  readonly linesMax: number;
};

export type Batch = {
  readonly saved: SavedBatch;
  readonly lines: readonly { readonly bytes: Uint8Array; readonly from: string }[];
  readonly bad: readonly (BadLine & { readonly from: string })[];
  /** The lines, each with its line feed. */
  readonly body: Uint8Array;
};

/** Lines of the agent itself stand under this name where others have their file's. */
export const ownName = "agent";

const ownLinesMax = 2000;
/** With less room than this left, the next file waits for the next batch. */
const roomBytesMin = 64 * 1024;

/** Puts together a new batch; `undefined` where there is nothing to send. */
export async function gather(
  state: AgentState,
  files: SpoolFiles,
  rows: readonly FileRow[],
  own: OwnEvents,
  { bytesMax, linesMax }: BatchLimits,
): Promise<Batch | undefined> {
  const lines: Batch["lines"][number][] = [];
  const bad: Batch["bad"][number][] = [];
  const segments: Segment[] = [];
  const numbers = own.oldest(Math.min(ownLinesMax, linesMax));
  if (numbers) lines.push(...ownLines(own, numbers));
  let room = bytesMax;
  for (const row of rows) {
    const file = files.current.get(row.id);
    if (!file || file.name.form !== "ndjson" || row.sent >= file.bytes) continue;
    if (room < Math.min(roomBytesMin, bytesMax) || lines.length + bad.length >= linesMax) break;
    const bytes = await files.read(file, row.sent, Math.max(room, limits.lineBytesMax + 1));
    if (!bytes) continue;
    const part = splitLines(bytes, {
      start: row.sent,
      skipping: row.sentSkips,
      final: file.final && row.sent + bytes.length >= file.bytes,
      linesMax: linesMax - lines.length - bad.length,
    });
    if (part.end === row.sent) continue;
    const chains = state.chains(row.id);
    const chain = chains && checkChain(state, row.id, part, row.sent, chains.sent);
    segments.push({
      ...(chain && { chain }),
      file: row.id,
      start: row.sent,
      end: part.end,
      skipping: row.sentSkips,
      skippingAfter: part.skipping,
    });
    for (const line of part.good) lines.push({ bytes: line, from: row.name });
    for (const line of part.bad) bad.push({ ...line, from: row.name });
    room -= part.end - row.sent;
  }
  if (lines.length === 0 && segments.length === 0) return undefined;
  const saved = { segments, ...(numbers && { own: numbers }) };
  const body = bodyOf(lines);
  const names = [...new Set(lines.map(({ from }) => from))].join(" ");
  return { saved: { id: batchId(saved, own.source, names, body), ...saved }, lines, bad, body };
}

/**
 * The same batch again from its saved bounds; `undefined` where a file cannot be read just now.
 * What somebody removed meanwhile is missing from it; it keeps its id all the same, for the server
 * may have taken the whole of it already.
 */
export async function rebuild(
  state: AgentState,
  files: SpoolFiles,
  rows: readonly FileRow[],
  own: OwnEvents,
  saved: SavedBatch,
): Promise<Batch | undefined> {
  const lines: Batch["lines"][number][] = saved.own ? ownLines(own, saved.own) : [];
  const bad: Batch["bad"][number][] = [];
  const segments: Segment[] = [];
  for (const segment of saved.segments) {
    const row = rows.find((one) => one.id === segment.file);
    // Forgotten: it was removed or replaced, and that was reported.
    if (!row) {
      segments.push(segment);
      continue;
    }
    const file = files.current.get(segment.file);
    const bytes = file && (await files.read(file, segment.start, segment.end - segment.start));
    if (bytes?.length !== segment.end - segment.start) return undefined;
    const bounds = { start: segment.start, skipping: segment.skipping, final: true, linesMax: Infinity };
    const part = splitLines(bytes, bounds);
    for (const line of part.good) lines.push({ bytes: line, from: row.name });
    for (const line of part.bad) bad.push({ ...line, from: row.name });
    segments.push({ ...segment, ...chainAgain(state, segment, part.good) });
  }
  return { saved: { ...saved, segments }, lines, bad, body: bodyOf(lines) };
}

/** What lay there when the batch was put together must lie there still. */
function chainAgain(
  state: AgentState,
  { file, end, chain }: Segment,
  lines: readonly Uint8Array[],
): Pick<Segment, "chain"> {
  const chains = chain && state.chains(file);
  if (chain === undefined || chains === undefined || chain.brokenAt !== undefined) return {};
  return extendChain(chains.sent, lines) === chain.after ? {} : { chain: { ...chain, brokenAt: end } };
}

function bodyOf(lines: Batch["lines"]): Uint8Array {
  let length = 0;
  for (const { bytes } of lines) length += bytes.length + 1;
  const body = Buffer.allocUnsafe(length);
  let at = 0;
  for (const { bytes } of lines) {
    body.set(bytes, at);
    at += bytes.length;
    body[at++] = 0x0a;
  }
  return body;
}

function ownLines(
  own: OwnEvents,
  { first, last }: { first: number; last: number },
): Batch["lines"][number][] {
  return own.lines(first, last).map((line) => ({ bytes: Buffer.from(line), from: ownName }));
}

function batchId(saved: Omit<SavedBatch, "id">, source: string, names: string, body: Uint8Array): string {
  const hash = createHash("sha256").update(`${source}\n${JSON.stringify(saved)}\n${names}\n`);
  return hash.update(body).digest("hex").slice(0, 40);
}
