/**
 * What a question over HTTP may hold, as schemas, and how it becomes a filter of the store: the
 * search box, the plain parameters beside it, and a range of time that may be relative to now.
 */
import { type Static, type TSchema, Type } from "typebox";
import { isKind, type Kind, kinds, type Severity, type Stream, severities, streams } from "../model/event.ts";
import { Fault } from "../model/fault.ts";
import type { FieldName } from "../model/fields.ts";
import { limits } from "../model/limits.ts";
import { parseTime } from "../model/time.ts";
import type { Cursor, EventFilter, TimeRange } from "../store/store.ts";
import { didYouMean } from "./nearest.ts";
import { parseQuery } from "./query.ts";

/** Values of one parameter that may be given several times. More: refused. */
const valuesMax = 50;

const several = (item: TSchema, description: string) =>
  Type.Optional(Type.Unsafe<string[]>(Type.Array(item, { maxItems: valuesMax, description })));

export const rangeParameters = {
  from: Type.Optional(
    Type.String({ description: "RFC 3339, or relative: `-15m`, `-24h`, `-7d`, `now`. Default: `-24h`" }),
  ),
  until: Type.Optional(Type.String({ description: "like `from`; not included. Default: `now`" })),
};

export const filterParameters = {
  ...rangeParameters,
  q: Type.Optional(Type.String({ description: "a search; see docs/reference/search.md" })),
  stream: several(Type.String({ enum: [...streams] }), "any of these streams"),
  kind: several(Type.String(), "any of these kinds"),
  service: several(Type.String(), "any of these services"),
  environment: several(Type.String(), "any of these environments"),
  host: several(Type.String(), "any of these hosts"),
  job: several(Type.String(), "any of these jobs"),
  severity: Type.Optional(
    Type.Unsafe<Severity>(
      Type.String({
        enum: [...severities],
        description: "at least this severe; events without one are left out",
      }),
    ),
  ),
  looks: Type.Optional(
    Type.Boolean({ default: true, description: "false: leaves out who looked at what in Midwatch itself" }),
  ),
  run: Type.Optional(Type.String({ description: "of this run" })),
  trace: Type.Optional(Type.String({ description: "of this trace" })),
};

export const pageParameters = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.pageRowsMax, default: 100 })),
  cursor: Type.Optional(Type.String({ maxLength: 1000, description: "`next` of the page before" })),
};

const filterSchema = Type.Object(filterParameters);
export type FilterQuestion = Static<typeof filterSchema>;
export type RangeQuestion = { readonly from?: string; readonly until?: string };

const dayMicros = 86_400_000_000;
const unitMicros: Readonly<Record<string, number>> = {
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
  d: dayMicros,
  w: 7 * dayMicros,
};

export function rangeOf(question: RangeQuestion, nowMs: number): TimeRange {
  const nowMicros = Math.floor(nowMs * 1000);
  const untilMicros = question.until === undefined ? nowMicros : momentOf("until", question.until, nowMicros);
  const fromMicros =
    question.from === undefined ? untilMicros - dayMicros : momentOf("from", question.from, nowMicros);
  if (fromMicros >= untilMicros) throw new Fault("QUERY_INVALID", "`from` must be earlier than `until`.");
  return { fromMicros, untilMicros };
}

function momentOf(name: string, text: string, nowMicros: number): number {
  if (text === "now") return nowMicros;
  const relative = /^([+-])(\d{1,6})([smhdw])$/.exec(text);
  if (relative) {
    const [, sign, count, unit = "s"] = relative;
    return nowMicros + (sign === "-" ? -1 : 1) * Number(count) * (unitMicros[unit] ?? 0);
  }
  const micros = parseTime(text);
  if (micros === undefined || micros < 0) {
    throw new Fault(
      "QUERY_INVALID",
      `\`${name}\` must be a time such as 2026-11-21T02:00:00Z, or relative such as -15m, -24h, -7d or now.`,
    );
  }
  return micros;
}

/** Throws `QUERY_INVALID`. */
export function filterOf(question: FilterQuestion, nowMs: number): EventFilter {
  const range = rangeOf(question, nowMs);
  const { fields, attributes, words, terms } = parseQuery(question.q ?? "");
  const named = (name: FieldName, values: readonly string[] | undefined) =>
    values && values.length > 0 ? [{ name, values }] : [];
  return {
    ...range,
    ...(question.stream && { streams: question.stream as Stream[] }),
    ...(question.kind && { kinds: question.kind.map(kindOf) }),
    ...(question.looks === false && { withoutLooks: true }),
    ...(question.severity && { severityMin: question.severity }),
    fields: [
      ...fields,
      ...named("service", question.service),
      ...named("environment", question.environment),
      ...named("host", question.host),
      ...named("job", question.job),
      ...named("run_id", question.run === undefined ? undefined : [question.run]),
      ...named("trace_id", question.trace === undefined ? undefined : [question.trace]),
    ],
    attributes,
    words,
    ...(terms.length > 0 && { terms }),
  };
}

function kindOf(text: string): Kind {
  if (isKind(text)) return text;
  throw new Fault(
    "QUERY_INVALID",
    `\`kind\`: there is no kind \`${text}\`${didYouMean(text, Object.keys(kinds))}`,
  );
}

/** A cursor is opaque here; the store refuses one that it did not make. */
export function cursorOf(text: string | undefined): { readonly after?: Cursor } {
  return text === undefined ? {} : { after: text as Cursor };
}
