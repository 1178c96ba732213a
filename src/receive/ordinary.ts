/**
 * The line that nearly every sender sends nearly always: known fields once each, in their form and
 * limits, no odd spaces. It becomes a row in one sweep over its bytes, without an object or a
 * string. Whatever is not ordinary is answered with -1 and no reason: `unusual.ts` then finds out
 * what it is, so that nothing here costs time for the sake of a good message.
 */
import { accessKinds, kinds, severities, streamOf, streams } from "../model/event.ts";
import { type Field, type FieldName, fieldNames, fields } from "../model/fields.ts";
import { limits } from "../model/limits.ts";
import { readNumber } from "../model/number-bytes.ts";
import { readInstant } from "./instant.ts";
import {
  backslash,
  carriageReturn,
  closeBrace,
  colon,
  comma,
  hexValue,
  lineFeed,
  openBrace,
  plainText,
  quote,
  skipEscape,
  skipNumber,
  skipSpace,
  skipValue,
  space as spaceByte,
  unescape,
} from "./json-bytes.ts";
import { receivedTimeSpan, reserveAttribute, streamEnds, streamStarts, type Workspace } from "./rows.ts";
import { createWordTable, findWord } from "./word-table.ts";

const fieldCount = fieldNames.length;
const keyTable = createWordTable([...fieldNames, "attributes"]);

const kindNames = Object.keys(kinds);
const kindTable = createWordTable(kindNames);
/** With the kinds that only the server itself may record. */
const ownKindTable = createWordTable([...kindNames, ...accessKinds]);
const kindStreams = Int32Array.from([...Object.values(kinds), ...accessKinds.map(streamOf)], (stream) =>
  streams.indexOf(stream),
);
const severityTable = createWordTable(severities);

const idField = fieldNames.indexOf("id");
const timeField = fieldNames.indexOf("time");
const receivedField = fieldNames.indexOf("received_time");
const streamField = fieldNames.indexOf("stream");

/** How the value of each field is read. */
const form = {
  id: 0,
  time: 1,
  text: 2,
  kind: 3,
  severity: 4,
  integer: 5,
  number: 6,
  stream: 7,
  odd: 8,
};

function formOf(name: FieldName): number {
  if (name === "kind") return form.kind;
  if (name === "severity") return form.severity;
  if (name === "stream") return form.stream;
  if (name === "received_time") return form.odd;
  const { form: kept } = fields[name];
  if (kept === "symbol" || kept === "string") return form.text;
  return form[kept];
}

const fieldForms = Int32Array.from(fieldNames, formOf);
const fieldMax = Float64Array.from(fieldNames, (name) => fields[name].max);
const fieldMin = Float64Array.from(fieldNames, (name) => (fields[name] as Field).min ?? 0);

/** More keys than this are compared with each other elsewhere: here it is done pair by pair. */
const ordinaryKeysMax = 24;

/**
 * Reads the line at `position` into the next row of the workspace and returns where the next line
 * starts, or -1 if the line is not ordinary; the line's bytes are then still as they came.
 * `isRewritten` says that the line was written by us, so that any escape in it is in its only form.
 */
export function readOrdinaryLine(space: Workspace, position: number, isRewritten: boolean): number {
  const { bytes } = space;
  const attributesBefore = beginRow(space);
  let at = position;
  if (bytes[at] !== openBrace) return -1;
  for (;;) {
    // `{` or `,` is at hand.
    at++;
    if (bytes[at] === spaceByte) at++;
    if (bytes[at] !== quote) return -1;
    const keyStart = ++at;
    while (plainText[bytes[at] as number] === 1) at++;
    if (bytes[at] !== quote || at === keyStart) return -1;
    const key = findWord(keyTable, bytes, keyStart, at);
    if (key < 0 || bytes[++at] !== colon) return -1;
    at++;
    if (bytes[at] === spaceByte) at++;
    if (key < fieldCount) at = readField(space, at, key, isRewritten);
    else if (space.attributesEnd >= 0) return -1;
    else at = readAttributes(space, at, attributesBefore, isRewritten);
    if (at < 0) return -1;
    if (bytes[at] !== comma) break;
  }
  if (bytes[at] !== closeBrace) return -1;
  const rowEnd = at + 1;
  at = bytes[rowEnd] === carriageReturn ? rowEnd + 1 : rowEnd;
  if (bytes[at] !== lineFeed) return -1;
  if (rowEnd - position > limits.lineBytesMax && !isRewritten) return -1;
  return finishRow(space, position, rowEnd) ? at + 1 : -1;
}

/** Clears the next row; returns how many attribute pairs the rows before it have. */
function beginRow(space: Workspace): number {
  const base = space.count * fieldCount;
  space.starts.fill(-1, base, base + fieldCount);
  space.escapedFieldCount = 0;
  space.escapedKeyCount = 0;
  space.attributesEnd = -1;
  space.kind = -1;
  return space.attributeFirst[space.count] as number;
}

/** Demands what every event has, adds what the server says of it, and accepts the row. */
function finishRow(space: Workspace, position: number, rowEnd: number): boolean {
  const { bytes, starts, ends, kind, count } = space;
  const base = count * fieldCount;
  if (kind < 0 || starts[base + idField] === -1 || starts[base + timeField] === -1) return false;
  const stream = kindStreams[kind] as number;
  const streamStart = streamStarts[stream] as number;
  const streamEnd = streamEnds[stream] as number;
  const sentStart = starts[base + streamField] as number;
  const sentEnd = ends[base + streamField] as number;
  if (sentStart >= 0 && !isSame(bytes, sentStart, sentEnd, streamStart, streamEnd)) return false;
  starts[base + streamField] = streamStart;
  ends[base + streamField] = streamEnd;
  starts[base + receivedField] = receivedTimeSpan.start;
  ends[base + receivedField] = receivedTimeSpan.end;
  space.receivedMicros[count] = space.receivedAtMicros;
  space.rowStarts[count] = position;
  space.rowEnds[count] = rowEnd;
  space.attributeFirst[count + 1] =
    space.attributesEnd < 0 ? (space.attributeFirst[count] as number) : space.attributesEnd;
  if (space.escapedFieldCount > 0 || space.escapedKeyCount > 0) resolveEscapes(space);
  space.count++;
  return true;
}

/**
 * From the first byte of the value of a known field to behind it; -1 if not ordinary. Escapes count
 * towards the length here; what was rewritten has been measured without them.
 */
function readField(space: Workspace, position: number, field: number, isRewritten: boolean): number {
  const { bytes, starts, ends } = space;
  const slot = space.count * fieldCount + field;
  if (starts[slot] !== -1) return -1;
  const fieldForm = fieldForms[field] as number;
  if (fieldForm === form.integer || fieldForm === form.number) {
    const end = skipNumber(bytes, position);
    if (end < 0) return -1;
    const value = readNumber(bytes, position, end, fieldForm === form.integer);
    if (!(value >= (fieldMin[field] as number) && value <= (fieldMax[field] as number))) return -1;
    starts[slot] = position;
    ends[slot] = end;
    return end;
  }
  if (bytes[position] !== quote) return -1;
  const start = position + 1;
  let at = start;
  let isEscaped = false;
  for (;;) {
    while (plainText[bytes[at] as number] === 1) at++;
    if (bytes[at] === quote) break;
    if (bytes[at] !== backslash) return -1;
    at = skipEscape(bytes, at);
    if (at < 0) return -1;
    isEscaped = true;
  }
  if (at === start || (at - start > (fieldMax[field] as number) && !isRewritten)) return -1;
  if (fieldForm === form.text) {
    if (isEscaped) space.escapedFields[space.escapedFieldCount++] = slot;
  } else if (isEscaped || !isInForm(space, fieldForm, start, at)) return -1;
  starts[slot] = start;
  ends[slot] = at;
  return at + 1;
}

/** Whether the text is an id, a time, or a word of its closed list; notes what it stands for. */
function isInForm(space: Workspace, fieldForm: number, start: number, end: number): boolean {
  const { bytes } = space;
  switch (fieldForm) {
    case form.id:
      return isUuid(bytes, start, end);
    case form.time: {
      const micros = readInstant(bytes, start, end);
      space.timeMicros[space.count] = micros;
      return micros >= space.earliestMicros && micros <= space.latestMicros;
    }
    case form.kind:
      space.kind = findWord(space.isOwn ? ownKindTable : kindTable, bytes, start, end);
      return space.kind >= 0;
    case form.severity:
      return findWord(severityTable, bytes, start, end) >= 0;
    default:
      // The stream is compared once the kind is known; `received_time` is not the sender's to say.
      return fieldForm === form.stream;
  }
}

/**
 * From the opening brace of `attributes` to behind the closing one; -1 if not ordinary. The pairs
 * follow the first `before` ones, and `attributesEnd` of the workspace says where they end.
 */
function readAttributes(space: Workspace, position: number, before: number, isRewritten: boolean): number {
  const { bytes } = space;
  let count = before;
  let at = position;
  if (bytes[at] !== openBrace) return -1;
  at = skipSpace(bytes, at + 1);
  if (bytes[at] === closeBrace) {
    space.attributesEnd = before;
    return at + 1;
  }
  for (;;) {
    if (bytes[at] !== quote) return -1;
    const keyStart = ++at;
    let isEscaped = false;
    for (;;) {
      while (plainText[bytes[at] as number] === 1) at++;
      if (bytes[at] === quote) break;
      if (bytes[at] !== backslash) return -1;
      at = skipEscape(bytes, at);
      if (at < 0) return -1;
      isEscaped = true;
    }
    const keyEnd = at;
    if (isEscaped && !isRewritten) return -1;
    if (keyEnd - keyStart > limits.attributeKeyBytesMax && !isRewritten) return -1;
    if (bytes[++at] !== colon) return -1;
    at++;
    if (bytes[at] === spaceByte) at++;
    const valueStart = at;
    at = skipValue(bytes, at, limits.depthMax - 1);
    if (at < 0) return -1;
    if (
      !isRewritten &&
      (hasOddEscape(bytes, valueStart, at) || isKnownKey(space, before, count, keyStart, keyEnd))
    ) {
      return -1;
    }
    const attributes = reserveAttribute(space, count);
    if (isEscaped) space.escapedKeys[space.escapedKeyCount++] = count;
    attributes[count * 4] = keyStart;
    attributes[count * 4 + 1] = keyEnd;
    attributes[count * 4 + 2] = valueStart;
    attributes[count * 4 + 3] = at;
    count++;
    at = skipSpace(bytes, at);
    if (bytes[at] !== comma) break;
    at = skipSpace(bytes, at + 1);
    if (count - before >= ordinaryKeysMax && !isRewritten) return -1;
  }
  if (bytes[at] !== closeBrace || at + 1 - position > limits.attributesBytesMax) return -1;
  space.attributesEnd = count;
  return at + 1;
}

/**
 * Values of attributes are kept as the JSON text they came as, and redaction reads that text. So
 * that no secret hides behind an escape, a printable character must stand for itself: text with
 * any escape that `JSON.stringify` would not have written is written again.
 */
function hasOddEscape(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (bytes[at] !== backslash) continue;
    const letter = bytes[++at];
    if (letter === 0x2f) return true;
    if (letter !== 0x75) continue;
    // Controls only: \u0000 to \u001f.
    if (bytes[at + 1] !== 0x30 || bytes[at + 2] !== 0x30 || (bytes[at + 3] as number) > 0x31) return true;
  }
  return false;
}

function isKnownKey(space: Workspace, before: number, count: number, start: number, end: number): boolean {
  const { attributes, bytes } = space;
  for (let pair = before; pair < count; pair++) {
    if (isSame(bytes, start, end, attributes[pair * 4] as number, attributes[pair * 4 + 1] as number))
      return true;
  }
  return false;
}

function isSame(
  bytes: Uint8Array,
  start: number,
  end: number,
  otherStart: number,
  otherEnd: number,
): boolean {
  if (end - start !== otherEnd - otherStart) return false;
  let other = otherStart;
  for (let at = start; at < end; at++) {
    if (bytes[at] !== bytes[other++]) return false;
  }
  return true;
}

/** 36 characters, lower case, not all zero (which the store could not tell from absent). */
function isUuid(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== 36) return false;
  let sum = 0;
  for (let index = 0; index < 36; index++) {
    const byte = bytes[start + index] as number;
    if (index === 8 || index === 13 || index === 18 || index === 23) {
      if (byte !== 0x2d) return false;
    } else {
      const value = hexValue[byte] as number;
      if (value === 255 || byte < 0x30 || (byte >= 0x41 && byte <= 0x46)) return false;
      sum |= value;
    }
  }
  return sum !== 0;
}

function resolveEscapes(space: Workspace): void {
  const { bytes, starts, ends, attributes } = space;
  for (let index = 0; index < space.escapedFieldCount; index++) {
    const slot = space.escapedFields[index] as number;
    ends[slot] = unescape(bytes, starts[slot] as number, ends[slot] as number);
  }
  for (let index = 0; index < space.escapedKeyCount; index++) {
    const pair = (space.escapedKeys[index] as number) * 4;
    attributes[pair + 1] = unescape(bytes, attributes[pair] as number, attributes[pair + 1] as number);
  }
}
