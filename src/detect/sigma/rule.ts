/**
 * Rules in Sigma's form: what an event must be like, and correlations over several. A rule that says
 * something which is not supported is refused with a sentence, never half understood.
 */
import { parseAllDocuments } from "yaml";
import type { EventRecord } from "../../model/event.ts";
import { Fault } from "../../model/fault.ts";
import type { Urgency } from "../../model/monitor.ts";
import type { MayMatch } from "../../store/survey.ts";
import { BadRule, type Condition, readCondition } from "./condition.ts";
import { any, every, readSelection, type Selection } from "./selection.ts";

export type Rule = {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly severity: Urgency;
  readonly author?: string;
  readonly matches: (event: EventRecord) => boolean;
  readonly mayMatch: MayMatch;
  /** It is only part of correlations, and tells nobody by itself. */
  readonly isPart: boolean;
};

export type Correlation = {
  readonly id: string;
  readonly title: string;
  readonly severity: Urgency;
  readonly author?: string;
  readonly type: "event_count" | "value_count" | "temporal" | "temporal_ordered";
  readonly rules: readonly string[];
  readonly groupBy: readonly string[];
  readonly timespanMs: number;
  /** Of `value_count`: whose different values are counted. */
  readonly field?: string;
  readonly holds: (count: number) => boolean;
};

export type RuleSet = { readonly rules: readonly Rule[]; readonly correlations: readonly Correlation[] };

/** Midwatch's urgencies: what nobody is called for is `info`. */
const severities: Readonly<Record<string, Urgency>> = {
  informational: "info",
  low: "info",
  medium: "info",
  high: "warning",
  critical: "error",
};
const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const timespanMsMax = 86_400_000;
const rulesMax = 2000;

type Given = Readonly<Record<string, unknown>>;
type File = { readonly name: string; readonly text: string };

/** Throws `CONFIG_INVALID` that names the file, the rule and what is wrong with it. */
export function readRules(files: readonly File[]): RuleSet {
  const documents = files.flatMap(({ name, text }) =>
    parseAllDocuments(text).map((document) => {
      if (document.errors[0]) throw wrong(name, document.errors[0].message.split("\n", 1)[0] ?? "");
      return { file: name, given: document.toJS() as unknown };
    }),
  );
  const rules: Rule[] = [];
  const correlations: Correlation[] = [];
  const parts = new Set<string>();
  for (const { file, given } of documents) {
    if (given === null || given === undefined) continue;
    try {
      if (typeof given !== "object" || Array.isArray(given))
        throw new BadRule("a rule must be keys and values");
      const one = given as Given;
      if (one["correlation"] === undefined) rules.push(readRule(one));
      else {
        const correlation = readCorrelation(one);
        correlations.push(correlation);
        if ((one["correlation"] as Given)["generate"] !== true)
          for (const name of correlation.rules) parts.add(name);
      }
    } catch (error) {
      if (!(error instanceof BadRule)) throw error;
      const title = (given as Given)["title"];
      throw wrong(file, `${typeof title === "string" ? `"${title}": ` : ""}${error.message}`);
    }
  }
  if (rules.length + correlations.length > rulesMax)
    throw wrong("the rules", `there may be at most ${rulesMax}`);
  const named = rules.map((rule) => ({
    ...rule,
    isPart: parts.has(rule.name) || parts.has(rule.id),
  }));
  for (const { rules: wanted, title } of correlations) {
    const missing = wanted.find((name) => !named.some((rule) => rule.name === name || rule.id === name));
    if (missing !== undefined)
      throw wrong("the rules", `"${title}" names the rule \`${missing}\`, and there is none`);
  }
  const ids = [...named, ...correlations].map(({ id }) => id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw wrong("the rules", `the id \`${twice}\` stands there twice`);
  return { rules: named, correlations };
}

function wrong(where: string, what: string): Fault {
  return new Fault("CONFIG_INVALID", `${where}: ${what}`);
}

function aboutOf(given: Given) {
  const { title, id, name, level = "medium", author } = given;
  if (typeof title !== "string" || title === "") throw new BadRule("it has no `title`");
  const severity = typeof level === "string" ? severities[level] : undefined;
  if (!severity) throw new BadRule(`its level must be one of ${Object.keys(severities).join(", ")}`);
  const own = typeof id === "string" ? id : title;
  return {
    id: own,
    name: typeof name === "string" ? name : own,
    title,
    severity,
    ...(typeof author === "string" && { author }),
  };
}

function readRule(given: Given): Rule {
  const { detection } = given;
  if (typeof detection !== "object" || detection === null) throw new BadRule("it has no `detection`");
  const { condition, ...selections } = detection as Given;
  if ("timeframe" in selections) throw new BadRule("`timeframe` is the old form; write a correlation");
  const texts = (Array.isArray(condition) ? condition : [condition]) as readonly unknown[];
  const read = new Map(Object.entries(selections).map(([name, one]) => [name, readSelection(one)]));
  const trees = texts.map((text) => {
    if (typeof text !== "string") throw new BadRule("its condition must be a text");
    if (text.includes("|")) throw new BadRule("`|` in a condition is the old form; write a correlation");
    return readCondition(text, [...read.keys()]);
  });
  const mayMatch = any(trees.map((tree) => mayMatchOf(tree, read)));
  if (!mayMatch)
    throw new BadRule(
      "it would be about every event: it needs a word, or a value of an attribute, that must be there",
    );
  return {
    ...aboutOf(given),
    isPart: false,
    mayMatch,
    matches: (event) => trees.some((tree) => holds(tree, read, event)),
  };
}

function holds(tree: Condition, read: ReadonlyMap<string, Selection>, event: EventRecord): boolean {
  if (tree.op === "selection") return read.get(tree.name)?.matches(event) === true;
  if (tree.op === "not") return !holds(tree.of, read, event);
  return tree.op === "and"
    ? tree.of.every((part) => holds(part, read, event))
    : tree.of.some((part) => holds(part, read, event));
}

function mayMatchOf(tree: Condition, read: ReadonlyMap<string, Selection>): MayMatch | undefined {
  if (tree.op === "selection") return read.get(tree.name)?.mayMatch;
  if (tree.op === "not") return undefined;
  const parts = tree.of.map((part) => mayMatchOf(part, read));
  return tree.op === "and" ? every(parts) : any(parts);
}

function readCorrelation(given: Given): Correlation {
  const { correlation } = given;
  if (typeof correlation !== "object" || correlation === null)
    throw new BadRule("its correlation must be keys and values");
  const { type, rules, "group-by": groupBy = [], timespan, condition = {} } = correlation as Given;
  const types = ["event_count", "value_count", "temporal", "temporal_ordered"] as const;
  const kind = types.find((one) => one === type);
  if (!kind) throw new BadRule(`its correlation's type must be one of ${types.join(", ")}`);
  const span = /^(\d+)([smhd])$/.exec(typeof timespan === "string" ? timespan : "");
  const timespanMs = Number(span?.[1] ?? 0) * (unitMs[span?.[2] ?? ""] ?? 0);
  if (timespanMs <= 0 || timespanMs > timespanMsMax)
    throw new BadRule("its `timespan` must be such as 30s, 5m or 1h, at most 1d");
  const list = Array.isArray(rules) ? (rules as readonly unknown[]).map(String) : [];
  if (list.length === 0) throw new BadRule("its correlation names no `rules`");
  const { field, ...limits } = condition as Given;
  if (kind === "value_count" && typeof field !== "string")
    throw new BadRule("a value_count needs `field` in its condition");
  return {
    ...aboutOf(given),
    type: kind,
    rules: list,
    groupBy: (groupBy as readonly unknown[]).map(String),
    timespanMs,
    ...(typeof field === "string" && { field }),
    holds:
      kind === "event_count" || kind === "value_count" ? limitOf(limits) : (count) => count >= list.length,
  };
}

function limitOf(limits: Given): (count: number) => boolean {
  const tests = Object.entries(limits).map(([name, value]) => {
    if (typeof value !== "number") throw new BadRule(`\`${name}\` of its condition must be a number`);
    const test = {
      gt: (count: number) => count > value,
      gte: (count: number) => count >= value,
      eq: (count: number) => count === value,
    }[name];
    if (!test)
      throw new BadRule(`\`${name}\` is not supported in the condition of a correlation: gt, gte or eq`);
    return test;
  });
  if (tests.length === 0) throw new BadRule("its correlation has no condition such as `gte: 10`");
  return (count) => tests.every((test) => test(count));
}
