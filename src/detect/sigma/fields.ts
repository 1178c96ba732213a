/** What the names in Sigma's rules mean in an event: those of web servers first, then the event's own. */
import type { EventRecord, Json } from "../../model/event.ts";

/** Longer texts are looked at so far. */
const textLengthMax = 8192;
const decodedTimesMax = 2;

const names: Readonly<Record<string, readonly string[]>> = {
  "cs-method": ["method"],
  "cs-uri-stem": ["path"],
  "cs-uri-query": ["query", "path"],
  "cs-uri": ["path", "query"],
  "c-uri": ["path", "query"],
  "c-uri-query": ["query", "path"],
  "sc-status": ["status"],
  "cs-user-agent": ["user_agent"],
  "c-useragent": ["user_agent"],
  "cs-referer": ["referer"],
  "c-ip": ["remote_address"],
  src_ip: ["remote_address"],
};

/** Attributes that hold what a client sent, as it sent it. */
const encoded: ReadonlySet<string> = new Set(["path", "query"]);

/** Which attributes a name means, so that the store can look for them. */
export function attributesOf(field: string): readonly string[] {
  return names[field.toLowerCase()] ?? [field];
}

export function isEncoded(field: string): boolean {
  return attributesOf(field).some((name) => encoded.has(name));
}

/** The values of a field; none where the event does not say. A text that may be encoded is given decoded as well. */
export function valuesOf(event: EventRecord, field: string): readonly string[] {
  return attributesOf(field).flatMap((name) => {
    const value = event.attributes?.[name] ?? (event as Readonly<Record<string, unknown>>)[name];
    if (value === undefined || value === null) return [];
    const texts = (Array.isArray(value) ? (value as readonly Json[]) : [value as Json]).map(textOf);
    return encoded.has(name) ? texts.flatMap(decodings) : texts;
  });
}

/** Where keywords are looked for. */
export function wholeTexts(event: EventRecord): readonly string[] {
  const texts = [event.message, event.error_message].filter((text) => text !== undefined);
  return [...texts.map((text) => text.slice(0, textLengthMax)), ...valuesOf(event, "cs-uri")];
}

function textOf(value: Json): string {
  return (typeof value === "string" ? value : JSON.stringify(value)).slice(0, textLengthMax);
}

/** As it came, and decoded up to twice: an attack is often encoded more than once. */
function decodings(text: string): readonly string[] {
  const found = [text];
  for (let times = 0; times < decodedTimesMax; times++) {
    const decoded = decodeOnce(found.at(-1) ?? "");
    if (decoded === found.at(-1)) break;
    found.push(decoded);
  }
  return found;
}

/** Like a lenient server: what is no valid escape stays as it is. */
function decodeOnce(text: string): string {
  const bytes = text.replaceAll("+", " ").replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
    return Buffer.from(run.replaceAll("%", ""), "hex").toString("utf8");
  });
  return bytes;
}
