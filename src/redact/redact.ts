/**
 * Redact is the only door between what a sender sent and what a disk may hold: seal and store take
 * a `SafeBatch`, and nothing but this file makes one. Rows that the sweep calls clean pass as they
 * are; the others are read, and written again at the end of the buffer where something had to go.
 */
import { type EventRows, fieldIndex, type RawBatch, type SafeBatch } from "../model/batch.ts";
import type { EventRecord, Json, RawEvent, SafeEvent } from "../model/event.ts";
import { type FieldName, fieldNames, fields } from "../model/fields.ts";
import { hideArguments } from "./arguments.ts";
import { fromBytes, redactJson, toBytes } from "./json.ts";
import { hideKeyBody } from "./key-block.ts";
import type { CompiledRules } from "./rules.ts";
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

export function redactBatch(batch: RawBatch, rules: CompiledRules): RedactedBatch {
  const counts = new Map<string, RedactionCount>();
  const rewritten: RewrittenRow[] = [];
  for (let row = 0; row < batch.count; row++) {
    const first = batch.attributeFirst[row] as number;
    const next = batch.attributeFirst[row + 1] as number;
    const keys = { attributes: batch.attributes, first, next };
    const start = batch.rowStarts[row] as number;
    const clean = rules.sweep(batch.bytes, start, batch.rowEnds[row] as number, keys);
    if (clean && rules.jobRule === undefined && rules.keyBlocks.size === 0) continue;
    const owner = ownerOf(rules, textOf(batch, row, "service"), textOf(batch, row, "job"));
    if (clean && owner.jobRule === undefined && rules.keyBlocks.size === 0) continue;
    const work = newWork(rules);
    const texts = redactRow(batch, row, owner, work);
    if (texts) rewritten.push({ row, texts });
    addCounts(counts, work, owner);
  }
  return { batch: withRows(batch, rewritten) as SafeBatch, counts: [...counts.values()] };
}

/** The service and job of an event, and the rules that hold for them. */
type Owner = {
  readonly service: string;
  readonly job: string;
  readonly rules: CompiledRules;
  readonly text: TextRules;
  readonly jobRule: UserJob | undefined;
};

function ownerOf(rules: CompiledRules, service: string, job: string): Owner {
  return { service, job, rules, text: rules.textFor(service, job), jobRule: rules.jobRule?.(service, job) };
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

/** A row to be written again: the new bytes of each span, first fields, then keys and values. */
type RewrittenRow = { readonly row: number; readonly texts: readonly (string | undefined)[] };

/** The new texts of a row's spans, `undefined` where one is absent; nothing if none has changed. */
function redactRow(
  batch: EventRows,
  row: number,
  owner: Owner,
  work: Work,
): readonly (string | undefined)[] | undefined {
  const source = textOf(batch, row, "source") || textOf(batch, row, "host");
  const texts: (string | undefined)[] = [];
  let changed = false;
  const keep = (before: string, after: string): void => {
    if (after !== before) changed = true;
    texts.push(after);
  };
  for (const [index, name] of fieldNames.entries()) {
    const start = batch.starts[row * fieldCount + index] as number;
    if (start < 0) {
      texts.push(undefined);
      continue;
    }
    const text = slice(batch.bytes, start, batch.ends[row * fieldCount + index] as number);
    const body = name === "message" ? hideKeyBody(source, text, owner.rules.keyBlocks, work) : text;
    keep(text, redactField(name, body, owner, work));
  }
  for (
    let at = (batch.attributeFirst[row] as number) * 4;
    at < (batch.attributeFirst[row + 1] as number) * 4;
    at += 4
  ) {
    const [keyStart, keyEnd, valueStart, valueEnd] = batch.attributes.subarray(at, at + 4) as unknown as [
      number,
      number,
      number,
      number,
    ];
    const key = slice(batch.bytes, keyStart, keyEnd);
    const value = slice(batch.bytes, valueStart, valueEnd);
    const safeKey = redactText(key, "full", owner.text, work);
    const shown = owner.jobRule ? hideArguments(key, value, owner.jobRule, owner.rules.marker, work) : value;
    keep(key, safeKey);
    keep(value, redactJson(shown, safeKey, owner.text, work));
  }
  return changed ? texts : undefined;
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

/** The batch with the rows' new texts at the end of a larger buffer. */
function withRows(batch: EventRows, rows: readonly RewrittenRow[]): EventRows {
  if (rows.length === 0) return batch;
  const extra = rows.reduce(
    (sum, { texts }) => sum + texts.reduce((all, text) => all + (text?.length ?? 0), 0),
    0,
  );
  const bytes = Buffer.allocUnsafeSlow(batch.bytes.length + extra);
  bytes.set(batch.bytes);
  const starts = batch.starts.slice();
  const ends = batch.ends.slice();
  const attributes = batch.attributes.slice();
  const rowStarts = batch.rowStarts.slice();
  const rowEnds = batch.rowEnds.slice();
  let at = batch.bytes.length;
  for (const { row, texts } of rows) {
    rowStarts[row] = at;
    for (const [index, text] of texts.entries()) {
      if (text === undefined) continue;
      const start = at;
      at += bytes.write(text, at, "latin1");
      if (index < fieldCount) {
        starts[row * fieldCount + index] = start;
        ends[row * fieldCount + index] = at;
      } else {
        const place = (batch.attributeFirst[row] as number) * 4 + (index - fieldCount) * 2;
        attributes[place] = start;
        attributes[place + 1] = at;
      }
    }
    rowEnds[row] = at;
  }
  return { ...batch, bytes, starts, ends, attributes, rowStarts, rowEnds };
}

export type RedactedEvent = { readonly event: SafeEvent; readonly counts: readonly RedactionCount[] };

/** The same for one event that is an object already; lines of key blocks are not followed. */
export function redactEvent(event: RawEvent | EventRecord, rules: CompiledRules): RedactedEvent {
  const work = newWork(rules);
  const owner = ownerOf(rules, toBytes(event.service ?? ""), toBytes(event.job ?? ""));
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
