/**
 * Arguments of jobs that a user has called sensitive: one keyed digest of all, by which equal calls
 * are still recognised, or single arguments dropped by name or position.
 */
import type { Json } from "../model/event.ts";
import { canonicalBytes, fromBytes, toBytes } from "./json.ts";
import type { Marker } from "./keyring.ts";
import type { Work } from "./text.ts";
import type { UserJob } from "./user-rules.ts";

/** Attributes that hold the arguments of a run. */
const argumentKeys: ReadonlySet<string> = new Set(["arguments", "args", "kwargs"]);

/** The JSON text of an attribute, changed if it holds arguments that the rule hides. */
export function hideArguments(key: string, json: string, rule: UserJob, marker: Marker, work: Work): string {
  if (!argumentKeys.has(key)) return json;
  const value = JSON.parse(fromBytes(json)) as Json;
  if (rule.digest) {
    if (/^\{"digest":"v[0-9]{1,6}:[0-9a-f]{32}"\}$|^"\[REDACTED:argument\]"$/.test(json)) return json;
    count(work, "user:digest");
    const digest = marker.digest(canonicalBytes(value));
    return digest === undefined ? '"[REDACTED:argument]"' : `{"digest":"${digest}"}`;
  }
  const hidden = hideIn(value, rule, marker, work, 0, true);
  return hidden === value ? json : toBytes(JSON.stringify(hidden));
}

/** What recorders put around the arguments themselves: Celery's two kinds, and the object of a delayed call. */
const wrappers: ReadonlySet<string> = new Set(["args", "kwargs", "arguments", "object"]);

/**
 * By name in any mapping, by position in the list of arguments. Where a recorder has given each
 * argument the name of its parameter, the position counts along the names.
 */
function hideIn(
  value: Json,
  rule: UserJob,
  marker: Marker,
  work: Work,
  depth: number,
  isOutermost: boolean,
): Json {
  if (value === null || typeof value !== "object" || depth > 16) return value;
  const names = Object.keys(value);
  const isWrapped = isOutermost && !Array.isArray(value) && names.some((name) => wrappers.has(name));
  const entries = Object.entries(value).map(([name, item], place): readonly [string, Json] => {
    const isHidden = rule.hide.includes(name) || (isOutermost && !isWrapped && rule.hide.includes(place));
    if (isHidden) return [name, dropped(item, marker, work)];
    return [name, hideIn(item, rule, marker, work, depth + 1, isWrapped && isPositional(name))];
  });
  if (entries.every(([name, item]) => item === (value as { readonly [name: string]: Json })[name]))
    return value;
  return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
}

function isPositional(name: string): boolean {
  return name === "args" || name === "arguments";
}

function dropped(value: Json, marker: Marker, work: Work): Json {
  if (value === null || (typeof value === "string" && /^\[REDACTED:argument(?::[0-9a-f]{8})?\]$/.test(value)))
    return value;
  count(work, "user:argument");
  const fingerprint = marker.fingerprint(canonicalBytes(value));
  return fingerprint === undefined ? "[REDACTED:argument]" : `[REDACTED:argument:${fingerprint}]`;
}

function count(work: Work, rule: string): void {
  work.hits.set(rule, (work.hits.get(rule) ?? 0) + 1);
}
