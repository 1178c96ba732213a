/**
 * Where a page ended: the time and the id (or run) of its last row. What is added later never
 * moves it. The text is opaque to callers and is checked when it comes back.
 */
import { parseTime } from "../../model/time.ts";
import type { Cursor, Order, StoredEvent } from "../store.ts";
import { type Conditions, invalid, moment } from "./filter.ts";

export function cursorOf(event: StoredEvent): Cursor {
  return encodeCursor(parseTime(event.time) ?? 0, event.id);
}

export function encodeCursor(micros: number, name: string): Cursor {
  return Buffer.from(JSON.stringify([micros, name])).toString("base64url") as Cursor;
}

export function decodeCursor(cursor: Cursor): { readonly micros: number; readonly name: string } {
  try {
    const decoded = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8")) as unknown;
    if (Array.isArray(decoded) && decoded.length === 2) {
      const [micros, name] = decoded as [unknown, unknown];
      if (Number.isSafeInteger(micros) && typeof name === "string") return { micros: micros as number, name };
    }
  } catch {
    // Said below, for every way of being wrong.
  }
  throw invalid("the cursor is not one that was given out");
}

/** Rows that follow the cursor in the order asked for. */
export function afterEvent(list: Conditions, cursor: Cursor, order: Order): string {
  const { micros, name } = decodeCursor(cursor);
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(name)) {
    throw invalid("the cursor is not one of an event");
  }
  const time = moment(list, micros);
  const id = list.bind(name, "UUID");
  const beyond = order === "newest" ? "<" : ">";
  // The first half alone narrows what is read.
  return `time ${beyond}= ${time} AND (time ${beyond} ${time} OR id ${beyond} ${id})`;
}
