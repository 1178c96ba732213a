/**
 * A batch on its way from the wire to the spool: rows of byte spans over one buffer. Ordinary
 * lines are never turned into objects; a line that must be rewritten (by redaction, or because it
 * had unknown fields) is written again at the end of the buffer and its spans point there. So
 * there is one kind of row, one sealer and one encoder.
 */
import type { EventRecord, Json } from "./event.ts";
import { type FieldName, fieldNames, fields } from "./fields.ts";
import { formatTime } from "./time.ts";

const fieldCount = fieldNames.length;

/** Position of each field in `starts` and `ends`. */
export const fieldIndex: Readonly<Record<FieldName, number>> = Object.fromEntries(
  fieldNames.map((name, index) => [name, index]),
) as Record<FieldName, number>;

/**
 * Rows as parallel arrays. Row r has its field f at `starts[r * fieldCount + f]` up to `ends[…]`
 * in `bytes`, start -1 where absent. A string's span is its value in UTF-8, without quotes and
 * with JSON escapes already resolved; a number's span is its JSON text. The two times are also
 * given as microseconds. Attribute pairs of row r lie in `attributes` from
 * `attributeFirst[r]` to `attributeFirst[r + 1]` (in units of four): key start, key end, value
 * start, value end; the key has its escapes resolved, the value is raw JSON text. In that text every
 * printable character but quote and backslash stands for itself: receipt writes others again.
 */
export type EventRows = {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /**
   * Bounds in `bytes` that enclose all spans of a row, for a scan in one sweep; `stream` and
   * `received_time` alone lie elsewhere, because the server gives them and not the sender. Between
   * the spans may stand what resolving escapes left behind.
   */
  readonly rowStarts: Int32Array;
  readonly rowEnds: Int32Array;
  readonly timeMicros: Float64Array;
  readonly receivedMicros: Float64Array;
  readonly attributeFirst: Int32Array;
  readonly attributes: Int32Array;
};

declare const raw: unique symbol;
declare const safe: unique symbol;

/** Well-formed rows that may still hold secrets. Made by `receive/`. */
export type RawBatch = EventRows & { readonly [raw]: true };

/** Rows that redaction has passed. Only `redact/` makes one; seal and store take nothing else. */
export type SafeBatch = EventRows & { readonly [safe]: true };

/** A refused line: its number from 1, and a reason that names the field and what was expected. */
export type Refusal = { readonly line: number; readonly reason: string };

const decoder = new TextDecoder();

/** Row `row` as a record, for the few rows that somebody must look into. */
export function readRow(rows: EventRows, row: number): EventRecord {
  const record: Record<string, Json> = {};
  for (let field = 0; field < fieldCount; field++) {
    const start = rows.starts[row * fieldCount + field] as number;
    if (start < 0) continue;
    const name = fieldNames[field] as FieldName;
    const text = decoder.decode(rows.bytes.subarray(start, rows.ends[row * fieldCount + field]));
    const { form } = fields[name];
    if (form === "time") {
      record[name] = formatTime((name === "time" ? rows.timeMicros : rows.receivedMicros)[row] as number);
    } else {
      record[name] = form === "integer" || form === "number" ? Number(text) : text;
    }
  }
  const first = rows.attributeFirst[row] as number;
  const next = rows.attributeFirst[row + 1] as number;
  if (next > first) {
    const pairs: [string, Json][] = [];
    for (let pair = first; pair < next; pair++) {
      const [keyStart, keyEnd, valueStart, valueEnd] = rows.attributes.subarray(pair * 4, pair * 4 + 4);
      pairs.push([
        decoder.decode(rows.bytes.subarray(keyStart, keyEnd)),
        JSON.parse(decoder.decode(rows.bytes.subarray(valueStart, valueEnd))) as Json,
      ]);
    }
    record["attributes"] = Object.fromEntries(pairs);
  }
  return record as EventRecord;
}
