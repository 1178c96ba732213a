/**
 * Applies rules to events that may match, and counts over time what belongs together. Windows are
 * kept in memory: a correlation begins anew when Midwatch does.
 */
import type { EventRecord } from "../../model/event.ts";
import type { Urgency } from "../../model/monitor.ts";
import type { StoredEvent } from "../../store/store.ts";
import type { MayMatch } from "../../store/survey.ts";
import { valuesOf } from "./fields.ts";
import type { Correlation, RuleSet } from "./rule.ts";

export type RuleMatch = {
  readonly ruleId: string;
  readonly title: string;
  readonly severity: Urgency;
  readonly author?: string;
  /** What belongs together: from whom, or on what. */
  readonly group: string;
  readonly count: number;
  readonly atMs: number;
  readonly service?: string;
  readonly host?: string;
  /** The newest. */
  readonly eventIds: readonly string[];
  /** A line of the newest, for people. */
  readonly example: string;
  readonly timespanMs?: number;
};

export type RuleMatcher = {
  readonly isEmpty: boolean;
  readonly mayMatch: MayMatch;
  readonly match: (events: readonly StoredEvent[], nowMs: number) => readonly RuleMatch[];
};

const groupsMax = 5000;
const entriesMax = 2000;
const evidenceMax = 10;

type Entry = {
  readonly atMs: number;
  readonly rule: string;
  readonly value: string;
  readonly event: StoredEvent;
};
type Window = { entries: Entry[]; toldMs: number };

export function makeMatcher({ rules, correlations }: RuleSet): RuleMatcher {
  const windows = new Map<string, Window>();

  function correlate(
    correlation: Correlation,
    rule: { id: string; name: string },
    event: StoredEvent,
  ): RuleMatch | undefined {
    if (!correlation.rules.includes(rule.name) && !correlation.rules.includes(rule.id)) return undefined;
    const group = correlation.groupBy.map((field) => valuesOf(event, field)[0] ?? "").join(", ");
    if (correlation.groupBy.length > 0 && group.replaceAll(", ", "") === "") return undefined;
    const key = JSON.stringify([correlation.id, group]);
    const window = windows.get(key) ?? { entries: [], toldMs: 0 };
    windows.delete(key);
    if (windows.size >= groupsMax) windows.delete(windows.keys().next().value ?? "");
    windows.set(key, window);
    const atMs = Date.parse(event.time);
    const value = correlation.field === undefined ? "" : (valuesOf(event, correlation.field)[0] ?? "");
    window.entries = [...window.entries, { atMs, rule: rule.name, value, event }]
      .filter((entry) => entry.atMs > atMs - correlation.timespanMs)
      .slice(-entriesMax);
    const count = countOf(correlation, window.entries);
    // Told once a timespan: a flood is one thing.
    if (!correlation.holds(count) || (window.toldMs > 0 && atMs - window.toldMs < correlation.timespanMs))
      return undefined;
    window.toldMs = atMs;
    const { id, title, severity, author, timespanMs } = correlation;
    return {
      ...matchOf(
        { id, title, severity, ...(author !== undefined && { author }) },
        group,
        window.entries.map((entry) => entry.event),
      ),
      count,
      timespanMs,
    };
  }

  return {
    isEmpty: rules.length === 0,
    mayMatch: {
      texts: [...new Set(rules.flatMap(({ mayMatch }) => mayMatch.texts))],
      attributes: mergeAttributes(rules.flatMap(({ mayMatch }) => mayMatch.attributes)),
    },
    match(events) {
      const plain = new Map<string, StoredEvent[]>();
      const correlated: RuleMatch[] = [];
      for (const event of events) {
        for (const rule of rules) {
          if (!rule.matches(event)) continue;
          for (const correlation of correlations) {
            const match = correlate(correlation, rule, event);
            if (match) correlated.push(match);
          }
          if (rule.isPart) continue;
          const key = JSON.stringify([rule.id, groupOf(event)]);
          plain.set(key, [...(plain.get(key) ?? []), event]);
        }
      }
      const single = [...plain].map(([key, found]) => {
        const [id, group] = JSON.parse(key) as readonly [string, string];
        const rule = rules.find((one) => one.id === id) ?? { id, title: id, severity: "info" as const };
        return matchOf(rule, group, found);
      });
      return [...single, ...correlated];
    },
  };
}

/** Whose doing it is: the address it came from, else the service. */
function groupOf(event: EventRecord): string {
  return valuesOf(event, "c-ip")[0] ?? event.service ?? "";
}

function countOf({ type, rules }: Correlation, entries: readonly Entry[]): number {
  if (type === "event_count") return entries.length;
  if (type === "value_count") return new Set(entries.map(({ value }) => value)).size;
  const seen = new Set(entries.map(({ rule }) => rule));
  if (type === "temporal") return seen.size;
  let next = 0;
  for (const { rule } of entries.toSorted((a, b) => a.atMs - b.atMs)) if (rule === rules[next]) next += 1;
  return next;
}

function matchOf(
  {
    id,
    title,
    severity,
    author,
  }: { readonly id: string; readonly title: string; readonly severity: Urgency; readonly author?: string },
  group: string,
  events: readonly StoredEvent[],
): RuleMatch {
  const newest = events.at(-1);
  const { service, host } = newest ?? {};
  return {
    ruleId: id,
    title,
    severity,
    ...(author !== undefined && { author }),
    group,
    count: events.length,
    atMs: Date.parse(newest?.time ?? "1970-01-01T00:00:00Z"),
    ...(service !== undefined && { service }),
    ...(host !== undefined && { host }),
    eventIds: events.slice(-evidenceMax).map((event) => event.id),
    example: (newest?.message ?? "").split("\n", 1)[0]?.slice(0, 200) ?? "",
  };
}

function mergeAttributes(list: MayMatch["attributes"]): MayMatch["attributes"] {
  const merged = new Map<string, Set<string>>();
  for (const { key, values } of list) {
    const set = merged.get(key) ?? new Set();
    for (const value of values) set.add(value);
    merged.set(key, set);
  }
  return [...merged].map(([key, values]) => ({ key, values: [...values] }));
}
