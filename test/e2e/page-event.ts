/** One event of the made-up days that the page's tests look at, as a recorder would write it down. */
import { randomBytes } from "node:crypto";
import type { EventRecord, Kind } from "../../src/model/event.ts";
import { streamOf } from "../../src/model/event.ts";
import { formatTime } from "../../src/model/time.ts";
import { uuidv7 } from "../../src/model/uuid.ts";

export type Fields = Partial<Omit<EventRecord, "id" | "time" | "stream" | "kind">>;

/** Makes events of one shop that have `all` in common, where they do not say otherwise. */
export function eventMaker(all: Fields): (atMs: number, kind: Kind, fields: Fields) => EventRecord {
  return (atMs, kind, fields) => ({
    id: uuidv7(atMs, randomBytes(10)),
    time: formatTime(Math.round(atMs * 1000)),
    stream: streamOf(kind),
    kind,
    service: "shop",
    environment: "production",
    ...all,
    ...fields,
  });
}
