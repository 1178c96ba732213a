/**
 * Events as comma-separated values (RFC 4180) that a spreadsheet opens as what they are: a text that
 * it would take for a formula gets an apostrophe before it, as OWASP advises against CSV injection.
 */
import type { Json } from "../model/event.ts";
import { fieldNames } from "../model/fields.ts";
import type { StoredEvent } from "../store/store.ts";

const columns = [...fieldNames, "attributes", "segment", "segment_index"] as const;

export const csvHead = line([...columns]);

export function csvLine(event: StoredEvent): string {
  const record = event as unknown as Readonly<Record<string, Json>>;
  return line(
    columns.map((name) => {
      const value = record[name];
      if (value === undefined || value === null) return "";
      if (typeof value === "number") return String(value);
      return harmless(typeof value === "string" ? value : JSON.stringify(value));
    }),
  );
}

/** What spreadsheets begin a formula with, also behind blanks, tabs and quotes, and in full width. */
const formula = /^[\s"']*[=+\-@\t\r＝＋－＠]/;

function harmless(text: string): string {
  return formula.test(text) ? `'${text}` : text;
}

function line(cells: readonly string[]): string {
  return `${cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(",")}\r\n`;
}
