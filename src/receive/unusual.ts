/**
 * Lines that are not ordinary: they are checked one rule after the other, so that a refusal can
 * name the field, what was found and what was expected; a good one is written again in ordinary
 * form. Unknown fields move into `attributes`, null and empty values count as absent, and what the
 * server itself says of an event (`received_time`) is dropped.
 *
 * A reason never repeats the value of a free-text field: it may be a secret, and reasons end up in
 * the logs of the sender. Only words of closed lists, ids, times and numbers are shown.
 */
import { isKind, type Kind, kinds, severities, streamOf } from "../model/event.ts";
import { type Field, type FieldName, fieldNames, fields } from "../model/fields.ts";
import { limits } from "../model/limits.ts";
import { formatTime, parseTime } from "../model/time.ts";
import {
  closeBrace,
  colon,
  comma,
  failedAt,
  lineFeed,
  openBrace,
  quote,
  skipSpace,
  skipString,
  skipValue,
  tooDeep,
} from "./json-bytes.ts";
import type { Workspace } from "./rows.ts";

/** A line in ordinary form, or why there is none. */
export type Rewritten = { readonly line: string } | { readonly reason: string };

/** What is wrong with a line; thrown and caught inside this file. */
class Refused extends Error {}

function refuse(reason: string): never {
  throw new Refused(reason);
}

type Members = ReadonlyMap<string, string>;

type LinePlace = Pick<Workspace, "bytes" | "earliestMicros" | "latestMicros" | "isOwn">;

/** `start` to `end` is the line without its line feed, in valid UTF-8; times in microseconds. */
export function rewriteLine(
  { bytes, earliestMicros, latestMicros, isOwn }: LinePlace,
  start: number,
  end: number,
): Rewritten {
  try {
    if (end - start > limits.lineBytesMax) {
      refuse(`the line has ${end - start} bytes, expected at most ${limits.lineBytesMax} (lineBytesMax)`);
    }
    const members = readMembers(bytes.subarray(start, end + 1));
    return { line: writeMembers(members, earliestMicros, latestMicros, isOwn) };
  } catch (error) {
    if (error instanceof Refused) return { reason: error.message };
    throw error;
  }
}

/** Keys and JSON texts of an object that fills the whole line; `line` ends in a line feed. */
function readMembers(line: Uint8Array): Members {
  const first = skipSpace(line, 0);
  if (line[first] !== openBrace) {
    const end = skipValue(line, first, limits.depthMax + 1);
    if (end < 0 && end !== tooDeep) refuseText(end);
    refuse("the line is no JSON object, expected one event");
  }
  const { members, end } = readObject(line, first, "the line", limits.depthMax);
  const last = skipSpace(line, end);
  if (line[last] !== lineFeed || last !== line.length - 1) {
    refuse(`there is more behind the event, from byte ${last + 1}; expected one event a line`);
  }
  return members;
}

/** From the opening brace; a value may nest `depthMax` deep. */
function readObject(
  line: Uint8Array,
  position: number,
  place: string,
  depthMax: number,
): { members: Map<string, string>; end: number } {
  const members = new Map<string, string>();
  let at = skipSpace(line, position + 1);
  if (line[at] === closeBrace) return { members, end: at + 1 };
  for (;;) {
    if (line[at] !== quote) refuseText(failedAt(at));
    const keyEnd = skipString(line, at);
    if (keyEnd < 0) refuseText(keyEnd);
    const key = (JSON.parse(textOf(line, at, keyEnd)) as string).toWellFormed();
    at = skipSpace(line, keyEnd);
    if (line[at] !== colon) refuseText(failedAt(at));
    at = skipSpace(line, at + 1);
    const end = skipValue(line, at, depthMax);
    if (end === tooDeep) refuseDepth(place);
    if (end < 0) refuseText(end);
    if (members.has(key)) refuse(`\`${shorten(key)}\` stands twice in ${place}, expected each key once`);
    members.set(key, textOf(line, at, end));
    at = skipSpace(line, end);
    if (line[at] === closeBrace) return { members, end: at + 1 };
    if (line[at] !== comma) refuseText(failedAt(at));
    at = skipSpace(line, at + 1);
  }
}

function refuseText(failure: number): never {
  return refuse(`the line is not valid JSON from byte ${-failure}, expected one object`);
}

function refuseDepth(place: string): never {
  return refuse(
    `${place} nests too deep, expected at most ${limits.depthMax} levels in \`attributes\` (depthMax)`,
  );
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function textOf(line: Uint8Array, start: number, end: number): string {
  return decoder.decode(line.subarray(start, end));
}

function writeMembers(
  members: Members,
  earliestMicros: number,
  latestMicros: number,
  isOwn: boolean,
): string {
  const kind = checkedKind(members, isOwn);
  checkStream(members, kind);
  const written: string[] = [];
  for (const name of fieldNames) {
    const text = members.get(name);
    if (text === undefined || name === "received_time" || name === "stream") continue;
    const value = text === "null" ? "" : checkedValue(name, text, earliestMicros, latestMicros);
    if (value !== "") written.push(`"${name}":${value}`);
    else if (name === "id" || name === "time") refuseAbsent(name);
  }
  if (!members.has("id")) refuseAbsent("id");
  if (!members.has("time")) refuseAbsent("time");
  const attributes = checkedAttributes(members);
  if (attributes !== "{}") written.push(`"attributes":${attributes}`);
  return `{${written.join(",")}}`;
}

function refuseAbsent(name: FieldName): never {
  return refuse(`\`${name}\` is absent, expected it in every event`);
}

function checkedKind(members: Members, isOwn: boolean): Kind {
  const text = members.get("kind");
  if (text === undefined || text === "null" || text === '""') refuseAbsent("kind");
  const kind = checkedString("kind", text);
  if (kind.startsWith("access.") && !isOwn) {
    refuse(`\`kind\` is ${JSON.stringify(shorten(kind))}, which only the server itself may record`);
  }
  if (!isKind(kind)) {
    refuse(`\`kind\` is ${JSON.stringify(shorten(kind))}, expected one of ${Object.keys(kinds).join(" ")}`);
  }
  return kind;
}

function checkStream(members: Members, kind: Kind): void {
  const text = members.get("stream");
  if (text === undefined || text === "null" || text === '""') return;
  const stream = checkedString("stream", text);
  const expected = streamOf(kind);
  if (stream !== expected) {
    refuse(`\`stream\` is ${JSON.stringify(shorten(stream))}, expected "${expected}" for the kind "${kind}"`);
  }
}

/** The value of a known field as JSON text in ordinary form; empty if it counts as absent. */
function checkedValue(name: FieldName, text: string, earliestMicros: number, latestMicros: number): string {
  const { form } = fields[name];
  if (form === "integer" || form === "number") return checkedNumber(name, text);
  const value = checkedString(name, text);
  if (value === "") return "";
  if (form === "time") return `"${checkedTime(name, value, earliestMicros, latestMicros)}"`;
  if (form === "id") return `"${checkedId(value)}"`;
  if (name === "severity" && !(severities as readonly string[]).includes(value)) {
    refuse(`\`severity\` is ${JSON.stringify(shorten(value))}, expected one of ${severities.join(" ")}`);
  }
  return JSON.stringify(value);
}

const stringForms: { readonly [name: string]: string } = {
  id: "a UUID",
  time: "RFC 3339 text",
  kind: "one of the kinds",
};

function checkedString(name: FieldName, text: string): string {
  const value = JSON.parse(text) as unknown;
  if (typeof value !== "string")
    refuse(`\`${name}\` is ${formName(text)}, expected ${stringForms[name] ?? "a string"}`);
  const formed = value.toWellFormed();
  const length = Buffer.byteLength(formed);
  if (length > fields[name].max) {
    refuse(`\`${name}\` has ${length} bytes, expected at most ${fields[name].max}`);
  }
  return formed;
}

function checkedNumber(name: FieldName, text: string): string {
  const { form, max, min = 0 }: Field = fields[name];
  const expected = `${form === "integer" ? "an integer" : "a number"} from ${min} to ${max}`;
  const value = JSON.parse(text) as unknown;
  if (typeof value !== "number") refuse(`\`${name}\` is ${formName(text)}, expected ${expected}`);
  const isGood = value >= min && value <= max && (form === "number" || Number.isSafeInteger(value));
  if (!isGood) refuse(`\`${name}\` is ${shorten(text)}, expected ${expected}`);
  return String(value);
}

function checkedTime(name: FieldName, value: string, earliestMicros: number, latestMicros: number): string {
  const micros = parseTime(value);
  if (micros === undefined) {
    refuse(
      `\`${name}\` is ${JSON.stringify(shorten(value))}, expected RFC 3339 with a zone, as 2026-11-21T01:26:44.000123Z`,
    );
  }
  if (micros > latestMicros) {
    refuse(
      `\`${name}\` is ${shorten(value)}, expected at most ${limits.futureMsMax / 3_600_000} hours ahead (futureMsMax)`,
    );
  }
  if (micros < earliestMicros) {
    refuse(
      `\`${name}\` is ${shorten(value)}, expected at most ${limits.pastMsMax / 86_400_000} days ago (pastMsMax)`,
    );
  }
  return formatTime(micros);
}

function checkedId(value: string): string {
  const id = value.toLowerCase();
  const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id) && /[1-9a-f]/.test(id);
  if (!isUuid)
    refuse(
      `\`id\` is ${JSON.stringify(shorten(value))}, expected a UUID such as 0193c2e5-7a1b-7c3d-9e4f-5a6b7c8d9e0f`,
    );
  return id;
}

/** `attributes` and all unknown fields as one JSON object. */
function checkedAttributes(members: Members): string {
  const pairs = new Map<string, string>();
  const sent = members.get("attributes") ?? "null";
  if (sent !== "null") {
    if (!sent.startsWith("{")) refuse(`\`attributes\` is ${formName(sent)}, expected an object`);
    const bytes = encoder.encode(`${sent}\n`);
    for (const [key, text] of readObject(bytes, 0, "`attributes`", limits.depthMax - 1).members)
      pairs.set(key, text);
  }
  for (const [key, text] of members) {
    if (key === "attributes" || Object.hasOwn(fields, key)) continue;
    if (skipValue(encoder.encode(`${text}\n`), 0, limits.depthMax - 1) === tooDeep)
      refuseDepth(`\`${shorten(key)}\``);
    if (pairs.has(key)) refuse(`\`${shorten(key)}\` stands beside and in \`attributes\`, expected it once`);
    pairs.set(key, text);
  }
  if (pairs.size > limits.attributesKeysMax) {
    refuse(
      `\`attributes\` has ${pairs.size} keys, expected at most ${limits.attributesKeysMax} (attributesKeysMax)`,
    );
  }
  const written: string[] = [];
  for (const [key, text] of pairs) {
    const length = Buffer.byteLength(key);
    if (length > limits.attributeKeyBytesMax) {
      refuse(
        `\`attributes\` has a key of ${length} bytes, expected at most ${limits.attributeKeyBytesMax} (attributeKeyBytesMax)`,
      );
    }
    written.push(`${JSON.stringify(key)}:${canonical(text)}`);
  }
  const attributes = `{${written.join(",")}}`;
  const length = Buffer.byteLength(attributes);
  if (length > limits.attributesBytesMax) {
    refuse(
      `\`attributes\` has ${length} bytes, expected at most ${limits.attributesBytesMax} (attributesBytesMax)`,
    );
  }
  return attributes;
}

/**
 * JSON text in which no escape stands for a printable character; all else stays as it was sent,
 * numbers beyond a double's precision included.
 */
function canonical(text: string): string {
  return text.replaceAll(/\\(?:u([0-9a-fA-F]{4})|.)/g, canonicalEscape).toWellFormed();
}

function canonicalEscape(sequence: string, hex: string | undefined): string {
  if (hex === undefined) return sequence === "\\/" ? "/" : sequence;
  const code = Number.parseInt(hex, 16);
  const character = String.fromCharCode(code);
  // Halves of a surrogate pair are joined by standing side by side.
  return code >= 0xd800 && code <= 0xdfff ? character : JSON.stringify(character).slice(1, -1);
}

function formName(text: string): string {
  if (text.startsWith('"')) return "a string";
  if (text.startsWith("[")) return "an array";
  if (text.startsWith("{")) return "an object";
  return text === "true" || text === "false" || text === "null" ? text : "a number";
}

/** Enough to recognize a value by. */
function shorten(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 40)}…`;
}
