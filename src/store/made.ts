/** Events and spool files made up for the tests of this folder. */
import type { EventRecord, Kind, Stream } from "../model/event.ts";
import { kinds } from "../model/event.ts";
import { fieldNames, fields } from "../model/fields.ts";
import { formatTime } from "../model/time.ts";
import { uuidv7 } from "../model/uuid.ts";
import type { EngineClient } from "./engine/client.ts";
import { nativeColumnNames, nativeStructure } from "./events/nativeColumns.ts";

/** A Friday so far ahead that nothing made up here expires on the day the tests run. */
export const noonMicros = Date.UTC(2037, 10, 20, 12) * 1000;

let made = 0;

/** An event, `atMs` after noon. */
export function madeEvent(kind: Kind, atMs: number, more: Partial<EventRecord> = {}): EventRecord {
  made += 1;
  const random = new Uint8Array(10);
  new DataView(random.buffer).setUint32(6, made);
  const micros = noonMicros + atMs * 1000;
  const stream = (kinds as { readonly [name: string]: Stream })[kind] ?? "audit";
  return {
    id: uuidv7(micros / 1000, random),
    time: formatTime(micros),
    received_time: formatTime(micros + 1_000_000),
    stream,
    kind,
    ...more,
  };
}

/** Has the engine write a spool file of these events, the first at `segmentIndex` of its segment. */
export async function writeNativeFile(
  client: EngineClient,
  path: string,
  events: readonly EventRecord[],
  segment = 1,
  segmentIndex = 0,
): Promise<void> {
  const lines = events.map((event, index) => {
    const columns: Record<string, unknown> = { segment, segment_index: segmentIndex + index };
    for (const name of fieldNames) {
      const value = event[name];
      const { form } = fields[name];
      if (form === "time" || form === "id") columns[name] = value ?? event.time;
      else columns[name] = value ?? (form === "integer" || form === "number" ? null : "");
    }
    const attributes = Object.entries(event.attributes ?? {});
    columns["attributes"] = Object.fromEntries(
      attributes.map(([key, value]) => [key, JSON.stringify(value)]),
    );
    return JSON.stringify(columns);
  });
  await client.run(
    `INSERT INTO FUNCTION file({path:String}, 'Native', {structure:String})
     SELECT ${nativeColumnNames} FROM format(JSONEachRow, {structure:String}, {lines:String})`,
    "insert",
    { path, structure: nativeStructure, lines: lines.join("\n") },
    { date_time_input_format: "best_effort", engine_file_truncate_on_insert: 1 },
  );
}
