/**
 * The rules that a user adds in YAML: keys, patterns, what is left behind, what is allowed, and jobs
 * whose arguments nobody may see. Everything wrong is reported at once.
 */
import { RE2JS } from "re2js";
import { parse } from "yaml";
import { streams } from "../model/event.ts";
import { Fault } from "../model/fault.ts";
import { splitKey } from "./key.ts";
import { builtIn, type Verdict } from "./ruleset.ts";

/** Where a rule holds; absent lists hold everywhere. `*` stands for any text. */
export type Scope = { readonly services?: readonly string[]; readonly jobs?: readonly string[] };

export type UserKeys = Scope & {
  readonly id: string;
  readonly class: string;
  readonly words: readonly string[];
};

export type UserPattern = Scope & {
  readonly id: string;
  readonly class: string;
  readonly pattern: RE2JS;
  /** Without any, every row must be read for this pattern. */
  readonly keywords: readonly string[];
};

export type UserJob = Scope & {
  /** All arguments become one keyed digest. */
  readonly digest: boolean;
  /** Names and positions (from 0) of arguments that are dropped. */
  readonly hide: readonly (string | number)[];
};

export type UserRules = {
  readonly classes: { readonly [name: string]: Verdict };
  /** Other verdicts for events of one stream. */
  readonly streams: { readonly [stream: string]: { readonly [name: string]: Verdict } };
  readonly keys: readonly UserKeys[];
  readonly patterns: readonly UserPattern[];
  readonly allowKeys: readonly string[];
  readonly allowValues: readonly string[];
  readonly jobs: readonly UserJob[];
};

export const noUserRules: UserRules = {
  classes: {},
  streams: {},
  keys: [],
  patterns: [],
  allowKeys: [],
  allowValues: [],
  jobs: [],
};

type Complain = (where: string, what: string) => void;
type Given = { readonly [name: string]: unknown };

/** Reads the text of a rules file. Throws `CONFIG_INVALID` that names every fault in it. */
export function parseUserRules(text: string): UserRules {
  let given: unknown;
  try {
    given = parse(text);
  } catch (cause) {
    throw new Fault("CONFIG_INVALID", `The redaction rules are not YAML: ${(cause as Error).message}`, {
      cause,
    });
  }
  const complaints: string[] = [];
  const rules = readRules(given ?? {}, (where, what) => complaints.push(`\`${where}\` ${what}.`));
  if (complaints.length > 0) {
    throw new Fault("CONFIG_INVALID", `The redaction rules are wrong:\n  ${complaints.join("\n  ")}`);
  }
  return rules;
}

function readRules(given: unknown, complain: Complain): UserRules {
  const top = asMap(given, "rules", ["classes", "streams", "keys", "patterns", "allow", "jobs"], complain);
  const allow = asMap(top["allow"] ?? {}, "allow", ["keys", "values"], complain);
  return {
    classes: readClasses(top["classes"], "classes", complain),
    streams: readStreams(top["streams"], complain),
    keys: asList(top["keys"], "keys", complain).map((entry, index) => readKeys(entry, index, complain)),
    patterns: asList(top["patterns"], "patterns", complain).flatMap((entry, index) =>
      readPattern(entry, index, complain),
    ),
    allowKeys: asTexts(allow["keys"], "allow.keys", complain),
    allowValues: asTexts(allow["values"], "allow.values", complain),
    jobs: asList(top["jobs"], "jobs", complain).map((entry, index) => readJob(entry, index, complain)),
  };
}

function readStreams(given: unknown, complain: Complain): UserRules["streams"] {
  const entries = Object.entries(asMap(given ?? {}, "streams", streams, complain));
  return Object.fromEntries(
    entries.map(([stream, classes]) => [stream, readClasses(classes, `streams.${stream}`, complain)]),
  );
}

function readClasses(given: unknown, where: string, complain: Complain): UserRules["classes"] {
  const verdicts: ReadonlySet<unknown> = new Set(["drop", "token", "mask", "off"]);
  const entries = Object.entries(asMap(given ?? {}, where, Object.keys(builtIn.classes), complain));
  for (const [name, verdict] of entries) {
    if (!verdicts.has(verdict)) complain(`${where}.${name}`, "must be drop, token, mask or off");
  }
  return Object.fromEntries(entries) as UserRules["classes"];
}

function readKeys(given: unknown, index: number, complain: Complain): UserKeys {
  const where = `keys[${index}]`;
  const entry = asMap(given, where, ["words", "class", "services", "jobs"], complain);
  const words = asTexts(entry["words"], `${where}.words`, complain);
  if (words.length === 0) complain(`${where}.words`, "must name at least one key");
  for (const word of words) {
    const parts = splitKey(word);
    if (parts.length === 0 || parts.length > 3 || parts.includes("")) {
      complain(`${where}.words`, `has "${word}", which is not one to three words of ASCII letters`);
    }
  }
  const plain = words.map((word) => splitKey(word).join(" "));
  return {
    id: `user:key:${plain[0] ?? index}`,
    class: asClass(entry["class"], where, complain),
    words: plain,
    ...asScope(entry, where, complain),
  };
}

function readPattern(given: unknown, index: number, complain: Complain): UserPattern[] {
  const where = `patterns[${index}]`;
  const entry = asMap(given, where, ["id", "pattern", "class", "keywords", "services", "jobs"], complain);
  const { id, pattern } = entry;
  if (typeof id !== "string" || !/^[a-z][a-z0-9_]{0,39}$/.test(id)) {
    complain(`${where}.id`, "must be a name of small letters, digits and _");
  }
  const common = {
    id: `user:${String(id)}`,
    class: asClass(entry["class"], where, complain),
    keywords: asTexts(entry["keywords"], `${where}.keywords`, complain).map((word) => word.toLowerCase()),
    ...asScope(entry, where, complain),
  };
  if (typeof pattern !== "string" || pattern === "") {
    complain(`${where}.pattern`, "must be a regular expression in the syntax of RE2");
    return [];
  }
  try {
    const compiled = RE2JS.compile(pattern);
    if (compiled.matches("")) complain(`${where}.pattern`, "matches the empty text");
    return [{ ...common, pattern: compiled }];
  } catch (error) {
    complain(
      `${where}.pattern`,
      `is not a regular expression in the syntax of RE2: ${(error as Error).message}`,
    );
    return [];
  }
}

function readJob(given: unknown, index: number, complain: Complain): UserJob {
  const where = `jobs[${index}]`;
  const entry = asMap(given, where, ["job", "services", "arguments", "hide"], complain);
  if (typeof entry["job"] !== "string")
    complain(`${where}.job`, "must be the name of a job; * stands for any text");
  const digest = entry["arguments"] === "digest";
  if (entry["arguments"] !== undefined && !digest) complain(`${where}.arguments`, "can only be `digest`");
  const hide = asList(entry["hide"], `${where}.hide`, complain);
  if (!hide.every((item) => typeof item === "string" || (Number.isInteger(item) && (item as number) >= 0))) {
    complain(`${where}.hide`, "must list names and positions of arguments");
  }
  if (!digest && hide.length === 0) complain(where, "must have `arguments: digest` or `hide`");
  const services =
    entry["services"] === undefined
      ? {}
      : { services: asTexts(entry["services"], `${where}.services`, complain) };
  return { jobs: [String(entry["job"])], ...services, digest, hide: hide as readonly (string | number)[] };
}

function asScope(entry: Given, where: string, complain: Complain): Scope {
  return {
    ...(entry["services"] !== undefined && {
      services: asTexts(entry["services"], `${where}.services`, complain),
    }),
    ...(entry["jobs"] !== undefined && { jobs: asTexts(entry["jobs"], `${where}.jobs`, complain) }),
  };
}

function asClass(given: unknown, where: string, complain: Complain): string {
  const name = given ?? "custom";
  if (typeof name === "string" && Object.hasOwn(builtIn.classes, name)) return name;
  complain(`${where}.class`, `must be one of ${Object.keys(builtIn.classes).join(", ")}`);
  return "custom";
}

function asMap(given: unknown, where: string, known: readonly string[], complain: Complain): Given {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    complain(where, "must be a mapping");
    return {};
  }
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) complain(`${where}.${name}`, `is not known; known are ${known.join(", ")}`);
  }
  return given as Given;
}

function asList(given: unknown, where: string, complain: Complain): readonly unknown[] {
  if (given === undefined || given === null) return [];
  if (Array.isArray(given)) return given;
  complain(where, "must be a list");
  return [];
}

function asTexts(given: unknown, where: string, complain: Complain): readonly string[] {
  const list = asList(given, where, complain);
  if (!list.every((item) => typeof item === "string" && item !== "")) complain(where, "must list texts");
  return list.map(String);
}

/** Whether a rule holds for events of that service and job. */
export function scopeHolds(scope: Scope, service: string, job: string): boolean {
  return (
    (scope.services?.some((pattern) => globMatches(pattern, service)) ?? true) &&
    (scope.jobs?.some((pattern) => globMatches(pattern, job)) ?? true)
  );
}

/** Linear in the text for each part between two stars. */
function globMatches(pattern: string, text: string): boolean {
  const parts = pattern.split("*");
  const first = parts[0] as string;
  if (parts.length === 1) return text === pattern;
  const last = parts.at(-1) as string;
  if (!text.startsWith(first) || text.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
