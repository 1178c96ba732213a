/**
 * The entries of the outer log: one for each segment, and statements. They are lines of text, hold
 * no content of events, and may be published. `contract/ledger/README.md` lists them.
 */
import { type Stream, streams } from "../model/event.ts";

export type SegmentEntry = {
  readonly type: "segment";
  /** Rises from entry to entry; one that was given to a batch which was never stored is left out. */
  readonly number: number;
  readonly stream: Stream;
  readonly count: number;
  /** Times of receipt of its first and last event, in microseconds since 1970. */
  readonly fromMicros: number;
  readonly untilMicros: number;
  readonly root: Uint8Array;
};

export type Statement =
  /** The server began to run; silence before it is explained by it. */
  | { readonly type: "start"; readonly atMicros: number }
  /** Nothing had happened for a minute. */
  | { readonly type: "heartbeat"; readonly atMicros: number }
  /** The ledger was continued from an older state: what had been signed up to `size` is lost. */
  | {
      readonly type: "gap";
      readonly atMicros: number;
      readonly size: number;
      readonly root: Uint8Array;
      readonly actor: string;
      readonly reason: string;
    }
  /** The content of one event was removed; its commitment is all that stays. */
  | {
      readonly type: "erase";
      readonly atMicros: number;
      readonly segment: number;
      readonly index: number;
      readonly commitment: Uint8Array;
      readonly actor: string;
      readonly approver: string;
      readonly reason: string;
    }
  /** Segments of a stream received before a time may be gone from now on. */
  | {
      readonly type: "retain";
      readonly atMicros: number;
      readonly stream: Stream;
      readonly beforeMicros: number;
      readonly policy: string;
    }
  /** These segments may be gone from now on; such as the sample day, when it is removed. */
  | {
      readonly type: "drop";
      readonly atMicros: number;
      /** Numbers and ranges of numbers: `3-5,9`. */
      readonly segments: string;
      readonly actor: string;
      readonly reason: string;
    };

export type Entry = SegmentEntry | Statement;

/** A tile holds entries with a length of 16 bits; texts of people are cut well below it. */
export const textLengthMax = 2000;

type Form = "stream" | "whole" | "hash" | "text";
type Lines = readonly (readonly [name: string, form: Form])[];

/** The lines after the first, in order. */
const forms: { readonly [T in Entry["type"]]: Lines } = {
  segment: [
    ["number", "whole"],
    ["stream", "stream"],
    ["count", "whole"],
    ["fromMicros", "whole"],
    ["untilMicros", "whole"],
    ["root", "hash"],
  ],
  start: [["atMicros", "whole"]],
  heartbeat: [["atMicros", "whole"]],
  gap: [
    ["atMicros", "whole"],
    ["size", "whole"],
    ["root", "hash"],
    ["actor", "text"],
    ["reason", "text"],
  ],
  erase: [
    ["atMicros", "whole"],
    ["segment", "whole"],
    ["index", "whole"],
    ["commitment", "hash"],
    ["actor", "text"],
    ["approver", "text"],
    ["reason", "text"],
  ],
  retain: [
    ["atMicros", "whole"],
    ["stream", "stream"],
    ["beforeMicros", "whole"],
    ["policy", "text"],
  ],
  drop: [
    ["atMicros", "whole"],
    ["segments", "text"],
    ["actor", "text"],
    ["reason", "text"],
  ],
};

const lineName = (name: string): string => name.replace("Micros", "");

function formatValue(value: unknown, form: Form): string {
  if (form === "hash") return Buffer.from(value as Uint8Array).toString("base64");
  // JSON keeps a text on one line.
  return form === "text" ? JSON.stringify((value as string).slice(0, textLengthMax)) : String(value);
}

export function formatEntry(entry: Entry): Uint8Array {
  const values = entry as unknown as Readonly<Record<string, unknown>>;
  const lines = forms[entry.type].map(
    ([name, form]) => `${lineName(name)} ${formatValue(values[name], form)}`,
  );
  return new TextEncoder().encode(`midwatch/${entry.type}/v1\n${lines.join("\n")}\n`);
}

function parseValue(text: string, form: Form): unknown {
  if (form === "whole") return /^(0|[1-9]\d{0,15})$/.test(text) ? Number(text) : undefined;
  if (form === "stream") return streams.find((stream) => stream === text);
  if (form === "text") return parseText(text);
  return /^[A-Za-z0-9+/]{43}=$/.test(text) ? new Uint8Array(Buffer.from(text, "base64")) : undefined;
}

function parseText(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** `undefined` for bytes that `formatEntry` never writes. */
export function parseEntry(bytes: Uint8Array): Entry | undefined {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return undefined;
  }
  const [head, ...rest] = text.split("\n");
  const type = /^midwatch\/([a-z]+)\/v1$/.exec(head ?? "")?.[1];
  if (type === undefined || !Object.hasOwn(forms, type) || rest.pop() !== "") return undefined;
  const lines = forms[type as Entry["type"]];
  if (rest.length !== lines.length) return undefined;
  const entry: Record<string, unknown> = { type };
  for (const [index, [name, form]] of lines.entries()) {
    const line = rest[index] as string;
    const prefix = `${lineName(name)} `;
    const value = line.startsWith(prefix) ? parseValue(line.slice(prefix.length), form) : undefined;
    if (value === undefined) return undefined;
    entry[name] = value;
  }
  return entry as unknown as Entry;
}

/** The newest moment that an entry tells of. */
export function momentOf(entry: Entry): number {
  return entry.type === "segment" ? entry.untilMicros : entry.atMicros;
}
