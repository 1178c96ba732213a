/**
 * Redact is the only door between what a sender sent and what a disk may hold: seal and store take
 * a `SafeBatch`, and nothing but this file makes one. Rows that the sweep calls clean pass as they
 * are; the others are read, and written again at the end of the buffer where something had to go.
 */
import { type EventRows, fieldIndex, type RawBatch, type SafeBatch } from "../model/batch.ts";
import type { EventRecord, Json, RawEvent, SafeEvent } from "../model/event.ts";
import { type FieldName, fieldNames, fields } from "../model/fields.ts";
import { hideArguments } from "./arguments.ts";
import { fromBytes, isNameKey, isValueKey, namedRule, redactJson, toBytes } from "./json.ts";
import { hideKeyBody } from "./key-block.ts";
import type { CompiledRules } from "./rules.ts";
import type { Sweep } from "./sweep.ts";
import { redactText, type Strength, type TextRules, type Work } from "./text.ts";
import type { UserJob } from "./user-rules.ts";

/** How often a rule found something, by service and job. */
export type RedactionCount = {
  readonly rule: string;
  readonly service: string;
  readonly job: string;
  readonly count: number;
};

export type RedactedBatch = { readonly batch: SafeBatch; readonly counts: readonly RedactionCount[] };

/** What of a field is looked at; fields that are no text, or of a closed list, are not named. */
const strengths: { readonly [Name in FieldName]?: Strength } = {
  job: "full",
  actor: "full",
  error_message: "full",
  error_stack: "full",
  message: "full",
  service: "strong",
  environment: "strong",
  host: "strong",
  release: "strong",
  runtime: "strong",
  run_id: "strong",
  parent_run_id: "strong",
  trace_id: "strong",
  queue: "strong",
  worker: "strong",
  outcome: "strong",
  signal: "strong",
  error_class: "strong",
  fingerprint: "strong",
  source: "strong",
};

const fieldCount = fieldNames.length;

/** The fields that are looked at, by index. */
const lookedAt = fieldNames.flatMap((name, field) => {
  const strength = strengths[name];
  return strength === undefined ? [] : [{ field, name, strength }];
});

/** Uses the raw batch up: its arrays become those of the safe one. */
export function redactBatch(batch: RawBatch, rules: CompiledRules): RedactedBatch {
  const counts = new Map<string, RedactionCount>();
  const rewritten: RewrittenRow[] = [];
  for (let row = 0; row < batch.count; row++) {
    const clean = isClean(batch, row, rules.sweep);
    if (clean && rules.jobRule === undefined && rules.keyBlocks.size === 0) continue;
    const stream = textOf(batch, row, "stream");
    const owner = ownerOf(rules, textOf(batch, row, "service"), textOf(batch, row, "job"), stream);
    if (clean && owner.jobRule === undefined && rules.keyBlocks.size === 0) continue;
    const work = newWork(rules);
    const texts = redactRow(batch, row, owner, work);
    if (texts) rewritten.push({ row, texts });
    addCounts(counts, work, owner);
  }
  return { batch: withRows(batch, rewritten) as SafeBatch, counts: [...counts.values()] };
}

function isClean(batch: EventRows, row: number, sweep: Sweep): boolean {
  const { bytes, starts, ends, attributes, attributeFirst } = batch;
  for (let index = 0; index < lookedAt.length; index++) {
    const { field, strength } = lookedAt[index] as (typeof lookedAt)[number];
    const start = starts[row * fieldCount + field] as number;
    if (start >= 0 && !sweep(bytes, start, ends[row * fieldCount + field] as number, strength)) return false;
  }
  const next = (attributeFirst[row + 1] as number) * 4;
  for (let at = (attributeFirst[row] as number) * 4; at < next; at += 4) {
    if (!isCleanPair(bytes, attributes, at, sweep)) return false;
  }
  return true;
}

function isCleanPair(bytes: Uint8Array, attributes: Int32Array, at: number, sweep: Sweep): boolean {
  return (
    sweep(bytes, attributes[at] as number, attributes[at + 1] as number, "key") &&
    sweep(bytes, attributes[at + 2] as number, attributes[at + 3] as number, "full")
  );
}

/** The service and job of an event, and the rules that hold for them. */
type Owner = {
  readonly service: string;
  readonly job: string;
  readonly rules: CompiledRules;
  readonly text: TextRules;
  readonly jobRule: UserJob | undefined;
};

function ownerOf(rules: CompiledRules, service: string, job: string, stream: string): Owner {
  return {
    service,
    job,
    rules,
    text: rules.textFor(service, job, stream),
    jobRule: rules.jobRule?.(service, job),
  };
}

function newWork(rules: CompiledRules): Work {
  return { decodeBytesLeft: rules.ruleset.limits.decodeBytesMax, hits: new Map() };
}

/** The name of a job may hold a secret itself, so counts carry it as it is stored. */
function addCounts(counts: Map<string, RedactionCount>, work: Work, owner: Owner): void {
  if (work.hits.size === 0) return;
  const unseen: Work = { decodeBytesLeft: work.decodeBytesLeft, hits: new Map() };
  const service = fromBytes(redactField("service", owner.service, owner, unseen));
  const job = fromBytes(redactField("job", owner.job, owner, unseen));
  for (const [rule, count] of work.hits) {
    const name = `${rule}\n${service}\n${job}`;
    counts.set(name, { rule, service, job, count: (counts.get(name)?.count ?? 0) + count });
  }
}

function textOf(rows: EventRows, row: number, field: FieldName): string {
  const start = rows.starts[row * fieldCount + fieldIndex[field]] as number;
  return start < 0 ? "" : slice(rows.bytes, start, rows.ends[row * fieldCount + fieldIndex[field]] as number);
}

function slice(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}

/** A row to be written again: the new bytes of each span that changes, first fields, then keys and values. */
type RewrittenRow = { readonly row: number; readonly texts: ReadonlyMap<number, string> };

/** The new texts of a row's spans; nothing if none has changed. */
function redactRow(
  batch: EventRows,
  row: number,
  owner: Owner,
  work: Work,
): RewrittenRow["texts"] | undefined {
  const { bytes, attributes } = batch;
  const { sweep, keyBlocks, marker } = owner.rules;
  const source = textOf(batch, row, "source") || textOf(batch, row, "host");
  const texts = new Map<number, string>();
  const keep = (index: number, before: string, after: string): void => {
    if (after !== before) texts.set(index, after);
  };
  for (const { field, name, strength } of lookedAt) {
    const start = batch.starts[row * fieldCount + field] as number;
    const end = batch.ends[row * fieldCount + field] as number;
    const inBlock = name === "message" && keyBlocks.size > 0;
    if (start < 0 || (!inBlock && sweep(bytes, start, end, strength))) continue;
    const text = slice(bytes, start, end);
    const body = name === "message" ? hideKeyBody(source, text, keyBlocks, work) : text;
    keep(field, text, redactField(name, body, owner, work));
  }
  const first = (batch.attributeFirst[row] as number) * 4;
  const next = (batch.attributeFirst[row + 1] as number) * 4;
  const named = namedPair(batch, first, next, owner.text);
  for (let at = first; at < next; at += 4) {
    const name = named?.at === at ? named.name : undefined;
    if (name === undefined && !owner.jobRule && isCleanPair(bytes, attributes, at, sweep)) continue;
    const key = slice(bytes, attributes[at] as number, attributes[at + 1] as number);
    const value = slice(bytes, attributes[at + 2] as number, attributes[at + 3] as number);
    const safeKey = redactText(key, "full", owner.text, work);
    const shown = owner.jobRule ? hideArguments(key, value, owner.jobRule, marker, work) : value;
    const index = fieldCount + (at - first) / 2;
    keep(index, key, safeKey);
    keep(index + 1, value, redactJson(shown, name ?? safeKey, owner.text, work));
  }
  return texts.size > 0 ? texts : undefined;
}

/** `{"name": "password", "value": "x"}` as attributes: where the pair of the value is, and its key. */
function namedPair(
  { bytes, attributes }: EventRows,
  first: number,
  next: number,
  rules: TextRules,
): { readonly at: number; readonly name: string } | undefined {
  const find = (isWanted: (key: string) => boolean): number => {
    for (let at = first; at < next; at += 4) {
      if (isWanted(slice(bytes, attributes[at] as number, attributes[at + 1] as number))) return at;
    }
    return -1;
  };
  const at = find(isValueKey);
  const nameAt = at < 0 ? -1 : find(isNameKey);
  if (nameAt < 0 || bytes[attributes[nameAt + 2] as number] !== 34) return undefined;
  const text = slice(bytes, attributes[nameAt + 2] as number, attributes[nameAt + 3] as number);
  const name = toBytes(JSON.parse(fromBytes(text)) as string);
  return namedRule(name, rules) && { at, name };
}

function redactField(name: FieldName, text: string, owner: Owner, work: Work): string {
  const strength = strengths[name];
  if (!strength) return text;
  const safe = redactText(text, strength, owner.text, work);
  return safe.length > fields[name].max ? cut(safe, fields[name].max) : safe;
}

/** No longer than a field may be, without half a character at its end. */
function cut(bytes: string, max: number): string {
  let end = max;
  while (end > 0 && (bytes.charCodeAt(end) & 0xc0) === 0x80) end--;
  return bytes.slice(0, end);
}

/** The batch, in which the rows that have new texts are written again behind the others. */
function withRows(batch: EventRows, rows: readonly RewrittenRow[]): EventRows {
  if (rows.length === 0) return batch;
  let room = batch.bytes.length;
  for (const { row, texts } of rows) {
    room += (batch.rowEnds[row] as number) - (batch.rowStarts[row] as number);
    for (const text of texts.values()) room += text.length;
  }
  const { starts, ends, attributes, rowStarts, rowEnds } = batch;
  const bytes = withRoom(batch.bytes, room);
  let at = batch.bytes.length;
  /** Writes the span at `place` of two arrays behind what was written before. */
  const move = (from: Int32Array, to: Int32Array, place: number, endPlace: number, text?: string): void => {
    const start = from[place] as number;
    const behind =
      text === undefined
        ? at + bytes.copy(bytes, at, start, to[endPlace])
        : at + bytes.write(text, at, "latin1");
    from[place] = at;
    to[endPlace] = behind;
    at = behind;
  };
  for (const { row, texts } of rows) {
    const first = row * fieldCount;
    const rowStart = rowStarts[row] as number;
    rowStarts[row] = at;
    for (let field = 0; field < fieldCount; field++) {
      // What the server gives to all rows stays where it is.
      if ((starts[first + field] as number) < rowStart) continue;
      move(starts, ends, first + field, first + field, texts.get(field));
    }
    const pairs = (batch.attributeFirst[row] as number) * 4;
    for (let place = pairs; place < (batch.attributeFirst[row + 1] as number) * 4; place += 2) {
      move(attributes, attributes, place, place + 1, texts.get(fieldCount + (place - pairs) / 2));
    }
    rowEnds[row] = at;
  }
  // Not as a `Buffer`: loops over bytes are fastest where they meet one kind of array.
  return { ...batch, bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, at) };
}

/**
 * The bytes with room behind them. The workspace that they begin in has it as a rule: new memory
 * for each batch costs more than all that is written into it.
 */
function withRoom(bytes: Uint8Array, length: number): Buffer {
  if (bytes.byteOffset === 0 && bytes.buffer.byteLength >= length)
    return Buffer.from(bytes.buffer, 0, length);
  const larger = Buffer.allocUnsafeSlow(length);
  larger.set(bytes);
  return larger;
}

export type RedactedEvent = { readonly event: SafeEvent; readonly counts: readonly RedactionCount[] };

/** The same for one event that is an object already; lines of key blocks are not followed. */
export function redactEvent(event: RawEvent | EventRecord, rules: CompiledRules): RedactedEvent {
  const work = newWork(rules);
  const owner = ownerOf(rules, toBytes(event.service ?? ""), toBytes(event.job ?? ""), event.stream);
  const entries = Object.entries(event).map(([name, value]): [string, Json] => {
    if (name === "attributes")
      return [name, redactAttributes(value as { readonly [key: string]: Json }, owner, work)];
    if (typeof value !== "string" || !Object.hasOwn(strengths, name)) return [name, value];
    const bytes = toBytes(value);
    const safe = redactField(name as FieldName, bytes, owner, work);
    return [name, safe === bytes ? value : fromBytes(safe)];
  });
  const counts = new Map<string, RedactionCount>();
  addCounts(counts, work, owner);
  return { event: Object.fromEntries(entries) as SafeEvent, counts: [...counts.values()] };
}

function redactAttributes(attributes: { readonly [key: string]: Json }, owner: Owner, work: Work): Json {
  const { jobRule } = owner;
  const shown = jobRule
    ? Object.fromEntries(
        Object.entries(attributes).map(([key, value]) => {
          const text = hideArguments(key, toBytes(JSON.stringify(value)), jobRule, owner.rules.marker, work);
          return [key, JSON.parse(fromBytes(text)) as Json];
        }),
      )
    : attributes;
  const text = toBytes(JSON.stringify(shown));
  const safe = redactJson(text, undefined, owner.text, work);
  return safe === text ? shown : (JSON.parse(fromBytes(safe)) as Json);
}
