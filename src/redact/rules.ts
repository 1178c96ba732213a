/**
 * Compiles built-in and user rules into what a batch is redacted with. Rules that hold only for
 * some services or jobs are compiled once for each set of them that meets.
 */
import { fromBytes } from "./json.ts";
import { compileKeys } from "./key.ts";
import type { KeyBlocks } from "./key-block.ts";
import { compileMarker, type Keyring, type Marker } from "./keyring.ts";
import type { VerdictOf } from "./mark.ts";
import { builtIn, type KeyEntry, type Ruleset } from "./ruleset.ts";
import type { Span } from "./span.ts";
import { compileSweep, type Sweep } from "./sweep.ts";
import { compileTextRules, type TextRules } from "./text.ts";
import {
  noUserRules,
  type Scope,
  scopeHolds,
  type UserJob,
  type UserKeys,
  type UserPattern,
  type UserRules,
} from "./user-rules.ts";

export type RuleOptions = {
  /** Without one, marks name the class only and cannot be linked. */
  readonly keyring?: Keyring;
  readonly user?: UserRules;
};

export type CompiledRules = {
  readonly ruleset: Ruleset;
  readonly sweep: Sweep;
  /** The rules for events of that service, job and stream. */
  readonly textFor: (service: string, job: string, stream?: string) => TextRules;
  /** What must not be seen of the arguments of that job, if anything. */
  readonly jobRule: ((service: string, job: string) => UserJob | undefined) | undefined;
  readonly marker: Marker;
  /** Key blocks that are open now, over all batches. Written by `redactBatch`. */
  readonly keyBlocks: KeyBlocks;
};

/** Takes some hundredths of a second: once at start, and again when rules or keys change. */
export function compileRules({ keyring, user = noUserRules }: RuleOptions = {}): CompiledRules {
  const marker = compileMarker(keyring);
  const verdictIn =
    (stream: string): VerdictOf =>
    (name) =>
      user.streams[stream]?.[name] ?? user.classes[name] ?? builtIn.classes[name]?.verdict ?? "drop";
  const byStream = Object.keys(user.streams);
  const isScoped = (scope: Scope): boolean => scope.services !== undefined || scope.jobs !== undefined;
  const all = withKeys(user.keys);
  const compileFor = (
    keys: readonly UserKeys[],
    patterns: readonly UserPattern[],
    verdictOf: VerdictOf,
  ): TextRules =>
    compileTextRules(
      withKeys(keys),
      compileKeys(withKeys(keys), user.allowKeys),
      marker,
      verdictOf,
      customFinder(patterns),
      new Set(user.allowValues.map((value) => Buffer.from(value, "utf8").toString("latin1"))),
    );
  const scoped = [...user.keys, ...user.patterns].filter(isScoped);
  const compiled = new Map<string, TextRules>();
  const textFor = (service: string, job: string, stream = ""): TextRules => {
    const holds = scoped.map((scope) => scopeHolds(scope, fromBytes(service), fromBytes(job)));
    const name = holds.map(Number).join("") + (byStream.includes(stream) ? stream : "");
    let text = compiled.get(name);
    if (!text) {
      const applies = (scope: Scope): boolean =>
        !isScoped(scope) || holds[scoped.indexOf(scope as never)] === true;
      text = compileFor(user.keys.filter(applies), user.patterns.filter(applies), verdictIn(stream));
      compiled.set(name, text);
    }
    return text;
  };
  const needsEveryRow = user.patterns.some(({ keywords }) => keywords.length === 0);
  const sweep = compileSweep({
    ruleset: all,
    keyVerdict: compileKeys(all, user.allowKeys),
    off: (name) => ["", ...byStream].every((stream) => verdictIn(stream)(name) === "off"),
    customKeywords: user.patterns.flatMap(({ keywords }) => keywords),
  });
  return {
    ruleset: all,
    sweep: needsEveryRow ? () => false : sweep,
    textFor,
    jobRule: user.jobs.length === 0 ? undefined : jobFinder(user.jobs),
    marker,
    keyBlocks: new Map(),
  };
}

function withKeys(keys: readonly UserKeys[]): Ruleset {
  if (keys.length === 0) return builtIn;
  const entries = keys.map((entry): [string, KeyEntry] => [
    entry.id,
    { when: "any", class: entry.class, words: entry.words },
  ]);
  return { ...builtIn, keys: { ...builtIn.keys, ...Object.fromEntries(entries) } };
}

function jobFinder(jobs: readonly UserJob[]): (service: string, job: string) => UserJob | undefined {
  const known = new Map<string, UserJob | undefined>();
  return (service, job) => {
    const name = `${service}\n${job}`;
    if (known.has(name)) return known.get(name);
    if (known.size > 10_000) known.clear();
    const found = jobs.find((rule) => scopeHolds(rule, fromBytes(service), fromBytes(job)));
    known.set(name, found);
    return found;
  };
}

/** Patterns of the user run over characters; what they find is counted in bytes. */
function customFinder(patterns: readonly UserPattern[]): TextRules["custom"] {
  if (patterns.length === 0) return () => {};
  return (bytes, add) => {
    const text = fromBytes(bytes);
    const lower = text.toLowerCase();
    const ascii = text.length === bytes.length;
    const offset = (at: number): number => (ascii ? at : Buffer.byteLength(text.slice(0, at), "utf8"));
    for (const { id, class: className, pattern, keywords } of patterns) {
      if (keywords.length > 0 && !keywords.some((word) => lower.includes(word))) continue;
      const matcher = pattern.matcher(text);
      while (matcher.find()) {
        const span: Span = {
          start: offset(matcher.start()),
          end: offset(matcher.end()),
          class: className,
          rule: id,
          quote: "",
        };
        if (span.end > span.start) add(span);
      }
    }
  };
}
