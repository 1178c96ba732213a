/**
 * The sample day: events that a real playground recorded, moved in time so that the day ends now,
 * marked as sample, and given ids of their own so that they can never be taken for, or get in the
 * way of, what an application really did.
 */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { type EventRecord, type Json, sampleMark } from "../model/event.ts";
import { Fault } from "../model/fault.ts";
import { formatTime, parseTime } from "../model/time.ts";
import { uuidv7 } from "../model/uuid.ts";
import type { ControlStore } from "../store/store.ts";
import type { ServerParts } from "./parts.ts";
import type { SampleAnswer } from "./schemas.ts";

/** Events of the sample day that are sent as one batch. */
const batchEvents = 5000;
/** The name under which the control store remembers that the day is loaded. */
const settingName = "sample";
/** A loaded day that is not in the engine yet is waited for so long before it is removed. */
const settleMsMax = 10_000;
const settleStepMs = 100;

type SampleParts = Pick<
  ServerParts,
  "intake" | "events" | "control" | "clock" | "randomBytes" | "sampleFile" | "status"
>;

export async function sampleIsLoaded(control: ControlStore): Promise<boolean> {
  return (await control.setting(settingName)) === "loaded";
}

/** Loads the day once; a loaded day stays as it is. Rejects with `NOT_FOUND` where there is none. */
export async function loadSample(parts: SampleParts): Promise<SampleAnswer> {
  if (await sampleIsLoaded(parts.control)) return { loaded: true, events: 0 };
  const records = await readDay(parts.sampleFile);
  const last = Math.max(...records.map((record) => parseTime(record.time) ?? 0));
  const first = Math.min(...records.map((record) => parseTime(record.time) ?? 0));
  const nowMs = parts.clock();
  const shiftMicros = Math.floor(nowMs * 1000) - last;
  // Said before it is done: a half-loaded day must be removable too.
  await parts.control.setSetting(settingName, "loaded");
  let events = 0;
  const load = `sample-${Buffer.from(parts.randomBytes(6)).toString("hex")}`;
  for (let start = 0; start < records.length; start += batchEvents) {
    const lines = records
      .slice(start, start + batchEvents)
      .map((record) => JSON.stringify(asSample(record, shiftMicros, parts.randomBytes)));
    const { accepted } = await parts.intake({
      source: "midwatch-sample",
      batchId: `${load}-${start}`,
      encoding: "identity",
      body: new TextEncoder().encode(`${lines.join("\n")}\n`),
    });
    events += accepted;
  }
  return {
    loaded: true,
    events,
    fromTime: formatTime(first + shiftMicros),
    untilTime: formatTime(last + shiftMicros),
  };
}

/** Removes the day, after what of it is still on its way into the engine has arrived there. */
export async function removeSample({ events, control, status, clock }: SampleParts): Promise<SampleAnswer> {
  const patienceEndsMs = clock() + settleMsMax;
  while ((await status()).spoolFiles > 0 && clock() < patienceEndsMs) {
    await new Promise((resolve) => setTimeout(resolve, settleStepMs));
  }
  await events.deleteSample();
  await control.setSetting(settingName, "");
  return { loaded: false, events: 0 };
}

async function readDay(file: string): Promise<readonly EventRecord[]> {
  const records: EventRecord[] = [];
  try {
    const lines = createInterface({
      input: createReadStream(file).compose(createGunzip()),
      crlfDelay: Infinity,
    });
    for await (const line of lines) {
      if (line !== "") records.push(JSON.parse(line) as EventRecord);
    }
  } catch (cause) {
    throw new Fault("NOT_FOUND", "The sample day is not part of this installation.", { cause });
  }
  if (records.length === 0) throw new Fault("NOT_FOUND", "The sample day of this installation is empty.");
  return records;
}

/** Ids that other events may share get the mark, so that sample and real runs never meet. */
const markedFields = ["run_id", "parent_run_id", "trace_id"] as const;

function asSample(
  record: EventRecord,
  shiftMicros: number,
  randomBytes: (count: number) => Uint8Array,
): EventRecord {
  const { received_time: _received, source: _source, source_seq: _sequence, ...rest } = record;
  const shifted = shiftedRecord(rest, shiftMicros);
  const marked = Object.fromEntries(
    markedFields.flatMap((name) => (record[name] === undefined ? [] : [[name, sampleMark + record[name]]])),
  );
  return {
    ...shifted,
    ...marked,
    id: uuidv7((parseTime(shifted.time) ?? 0) / 1000, randomBytes(10)),
    service: sampleMark + (record.service ?? "playground"),
    attributes: { ...shifted.attributes, sample: true },
  };
}

type Attributes = { readonly [key: string]: Json };

/** Times among the attributes and in texts, such as when the next attempt is due, move along. */
export function shiftedRecord(record: EventRecord, shiftMicros: number): EventRecord {
  const attributes = Object.entries(record.attributes ?? {}).map(([key, value]) => [
    key,
    typeof value === "string" ? shiftedText(value, shiftMicros) : value,
  ]);
  const texts = (["message", "error_message"] as const).flatMap((name) => {
    const text = record[name];
    return text === undefined ? [] : [[name, shiftedText(text, shiftMicros)]];
  });
  return {
    ...record,
    ...Object.fromEntries(texts),
    time: formatTime((parseTime(record.time) ?? 0) + shiftMicros),
    ...(attributes.length > 0 && { attributes: Object.fromEntries(attributes) as Attributes }),
  };
}

const timeInText = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)/g;

function shiftedText(text: string, shiftMicros: number): string {
  return text.replace(timeInText, (time) => {
    const micros = parseTime(time);
    return micros === undefined ? time : formatTime(micros + shiftMicros);
  });
}
