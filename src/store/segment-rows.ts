/** Events of some segments as they are stored in the engine or wait in the spool, for verification. */
import { readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { sampleMark } from "../model/event.ts";
import type { CanonicalRows, CanonicalSource } from "../seal/bundle.ts";
import { canonicalEvent, headerBytesMax, type SealableRows, writeHeader } from "../seal/canonical.ts";
import { type StoredSegments, StoreUnreadable } from "../seal/segment-check.ts";
import type { FileCipher } from "./encryption/ciphers.ts";
import { question } from "./events/question.ts";
import { readNativeBlocks, type SegmentBlock, segmentColumns } from "./native-rows.ts";

const segmentRows = question("segmentRows");

/** A block, or some of its rows. */
type Part = { readonly block: SegmentBlock; readonly chosen?: readonly number[] };

/** Answers a statement with its bytes, whatever its format. */
export type AskBytes = (sql: string, parameters: Readonly<Record<string, string>>) => Promise<Uint8Array>;

/** Asks the engine behind a socket. */
export function engineBytes(socketPath: string): AskBytes {
  return (sql, parameters) =>
    new Promise((resolve, reject) => {
      const named = Object.entries(parameters).map(([name, value]) => [`param_${name}`, value]);
      const path = `/?${new URLSearchParams(named).toString()}`;
      const asked = request({ socketPath, path, method: "POST" }, (response) => {
        const gathered = gather(Number(response.headers["content-length"] ?? 0));
        response.on("data", gathered.add);
        response.on("error", reject);
        response.on("end", () => {
          const bytes = gathered.bytes();
          if (response.statusCode === 200) resolve(bytes);
          else reject(refusal(Buffer.from(bytes).toString().slice(0, 2000)));
        });
      });
      asked.on("error", reject);
      asked.end(sql);
    });
}

/** `TIMEOUT_EXCEEDED`, `TOO_MANY_SIMULTANEOUS_QUERIES`, `MEMORY_LIMIT_EXCEEDED`, `QUERY_WAS_CANCELLED`. */
const busyCodes: ReadonlySet<string> = new Set(["159", "202", "241", "394"]);
const reasonCharactersMax = 200;

/** A busy engine says nothing of what it holds; any other refusal is one of the store. */
function refusal(answer: string): Error {
  const [, code = "", reason = answer] = /^Code: (\d+)\. DB::Exception: ([^]*)$/.exec(answer) ?? [];
  if (busyCodes.has(code)) return new Error(answer);
  const [short = ""] = reason.slice(0, reasonCharactersMax).split(/\n| in scope /);
  return new StoreUnreadable(short, { cause: new Error(answer) });
}

/** Parts put together as they come: the copying is done while the engine is still at work. */
function gather(expectedBytes: number): { add: (part: Uint8Array) => void; bytes: () => Uint8Array } {
  let gathered = new Uint8Array(expectedBytes);
  let length = 0;
  return {
    add(part) {
      if (length + part.length > gathered.length) {
        const larger = new Uint8Array(Math.max(2 * gathered.length, length + part.length));
        larger.set(gathered.subarray(0, length));
        gathered = larger;
      }
      gathered.set(part, length);
      length += part.length;
    },
    bytes: () => gathered.subarray(0, length),
  };
}

/** Events of segments as a verification and an export take them. */
export function storedSegments(ask: AskBytes): CanonicalSource {
  return async (from, until, rowsMax) => segmentsOf(await storedParts(ask, from, until, rowsMax));
}

/** The folder in which batches wait, and how they are encrypted there. */
export type WaitingSpool = {
  readonly directory: string;
  readonly cipher?: Pick<FileCipher, "decrypt"> | undefined;
};

/**
 * The same with batches that still wait in the spool: the engine will have them in a moment. The
 * spool is read first, because a batch leaves it only after the engine has it.
 */
export function storedOrWaiting(ask: AskBytes, spool: WaitingSpool): CanonicalSource {
  return async (from, until, rowsMax) => {
    const read = readWaiting(spool, from, until);
    const stored = await storedParts(ask, from, until, rowsMax);
    if (read.length === 0) return segmentsOf(stored);
    const known = new Set(stored.flatMap(({ block }) => [...new Set(block.segments)]));
    const isCut = rowsMax !== undefined && rowsOf(stored) >= rowsMax;
    const waiting = isCut ? upTo(read, Math.max(...known)) : read;
    const missing = waiting.map(({ block, chosen }) => ({
      block,
      chosen: chosen.filter((row) => !known.has(block.segments[row] as number)),
    }));
    return segmentsOf([...stored, ...missing]);
  };
}

async function storedParts(
  ask: AskBytes,
  from: number,
  until: number,
  rowsMax?: number,
): Promise<readonly Part[]> {
  const first = rowsMax === undefined ? "" : "ORDER BY segment, segment_index";
  const range = { from: String(from), until: String(until), rows: String(rowsMax ?? rowsOfSomeMax) };
  return readNativeBlocks(await ask(segmentRows({ columns: segmentColumns, first }), range)).map((block) => ({
    block,
  }));
}

/** More than the segments hold that anybody asks for at once. */
const rowsOfSomeMax = 100_000_000;

const rowsOf = (parts: readonly Part[]): number =>
  parts.reduce((sum, { block, chosen }) => sum + (chosen ?? block.segments).length, 0);

/** Without what is beyond the place where the stored rows were cut. */
function upTo(parts: readonly Required<Part>[], last: number): readonly Required<Part>[] {
  return parts.map(({ block, chosen }) => ({
    block,
    chosen: chosen.filter((row) => (block.segments[row] as number) <= last),
  }));
}

function readWaiting(
  { directory, cipher }: WaitingSpool,
  from: number,
  until: number,
): readonly Required<Part>[] {
  const names = readIfThere(() => readdirSync(directory), []);
  return names.flatMap((name) => {
    if (!name.endsWith(".native")) return [];
    const written = readIfThere(() => readFileSync(join(directory, name)), Buffer.alloc(0));
    const bytes = cipher?.decrypt(name, written) ?? written;
    const blocks = readNativeBlocks(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
    return blocks.map((block) => {
      const chosen: number[] = [];
      for (const [row, segment] of block.segments.entries())
        if (segment >= from && segment < until) chosen.push(row);
      return { block, chosen };
    });
  });
}

function readIfThere<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return otherwise;
    throw error;
  }
}

const sampleSegmentsQuestion = question("sampleSegments");
const eraseEventQuestion = question("eraseEvent");
const runHashQuestion = question("runHash");
const eraseRunMessageQuestion = question("eraseRunMessage");

/** Numbers of the segments that hold events of the sample day. */
export async function sampleSegments(ask: AskBytes): Promise<readonly number[]> {
  const answer = Buffer.from(await ask(sampleSegmentsQuestion(), { mark: sampleMark })).toString();
  return answer
    .split("\n")
    .filter((line) => line !== "")
    .map(Number);
}

/** Removes from the row of a run what it took over of a failure. Resolves when it is gone. */
export async function eraseRunMessage(ask: AskBytes, runId: string): Promise<void> {
  const hash = Buffer.from(await ask(runHashQuestion(), { run_id: runId }))
    .toString()
    .trim();
  await ask(eraseRunMessageQuestion(), { run_hash: hash });
}

/** Removes one event from the store for good. Resolves when no part holds it any more. */
export async function removeStoredEvent(
  ask: AskBytes,
  id: string,
  segment: number,
  place: number,
): Promise<void> {
  await ask(eraseEventQuestion(), { id, segment: String(segment), index: String(place) });
}

/**
 * Rows in the order of segment and place. They are put in order here: the engine would move all
 * their columns, which takes it longer than reading them.
 */
function segmentsOf(parts: readonly Part[]): StoredSegments & CanonicalRows {
  const { segments, places, partOf, rowOf } = inOrder(parts);
  const header = new Uint8Array(headerBytesMax + 65_536);
  const rowsAt = (row: number): SealableRows => (parts[partOf[row] as number] as Part).block.rows;
  const placeAt = (row: number): number => rowOf[row] as number;
  return {
    count: segments.length,
    segments,
    places,
    add: (hasher, row) => hasher.add(rowsAt(row), placeAt(row)),
    header: (row) => header.slice(0, writeHeader(rowsAt(row), placeAt(row), header, 0)),
    content: (row) => canonicalEvent(rowsAt(row), placeAt(row)).content,
  };
}

type Ordered = {
  readonly segments: Float64Array;
  readonly places: Uint32Array;
  /** Which part each row is of, and which of its block's rows it is. */
  readonly partOf: Uint32Array;
  readonly rowOf: Uint32Array;
};

function inOrder(parts: readonly Part[]): Ordered {
  const count = rowsOf(parts);
  const segments = new Float64Array(count);
  const places = new Uint32Array(count);
  const partOf = new Uint32Array(count);
  const rowOf = new Uint32Array(count);
  let at = 0;
  for (const [number, { block, chosen }] of parts.entries()) {
    const length = (chosen ?? block.segments).length;
    for (let index = 0; index < length; index++, at++) {
      const row = chosen === undefined ? index : (chosen[index] as number);
      segments[at] = block.segments[row] as number;
      places[at] = block.places[row] as number;
      partOf[at] = number;
      rowOf[at] = row;
    }
  }
  const order = orderOf(segments, places);
  return {
    segments: inOrderOf(order, segments, new Float64Array(count)),
    places: inOrderOf(order, places, new Uint32Array(count)),
    partOf: inOrderOf(order, partOf, new Uint32Array(count)),
    rowOf: inOrderOf(order, rowOf, new Uint32Array(count)),
  };
}

/** A loop: `from` with a function costs as much as the hashing of the rows. */
function inOrderOf<T extends Float64Array | Uint32Array>(order: Uint32Array, source: T, target: T): T {
  for (let at = 0; at < order.length; at++) target[at] = source[order[at] as number] as number;
  return target;
}

/** Bits of a key that hold the place and the row; the rest, up to 53, hold the segment. */
const placeBits = 2 ** 17;
const rowBits = 2 ** 20;
const segmentsApartMax = 2 ** 16;

/** Rows by segment and place. Numbers sort many times faster than rows by a comparison. */
function orderOf(segments: Float64Array, places: Uint32Array): Uint32Array {
  let from = Number.POSITIVE_INFINITY;
  let until = 0;
  let placeMax = 0;
  for (let row = 0; row < segments.length; row++) {
    const segment = segments[row] as number;
    if (segment < from) from = segment;
    if (segment > until) until = segment;
    if ((places[row] as number) > placeMax) placeMax = places[row] as number;
  }
  if (until - from >= segmentsApartMax || placeMax >= placeBits || segments.length > rowBits) {
    return Uint32Array.from(segments.keys()).sort(
      (a, b) =>
        (segments[a] as number) - (segments[b] as number) || (places[a] as number) - (places[b] as number),
    );
  }
  const keys = new Float64Array(segments.length);
  for (let row = 0; row < keys.length; row++) {
    keys[row] = (((segments[row] as number) - from) * placeBits + (places[row] as number)) * rowBits + row;
  }
  keys.sort();
  const order = new Uint32Array(keys.length);
  for (let at = 0; at < order.length; at++) order[at] = (keys[at] as number) % rowBits;
  return order;
}
