/**
 * Says what the rules do to a pasted line: every rule that finds something, where, and what stands
 * there afterwards. The first pass is explained; the result is that of all of them.
 */
import { fromBytes, toBytes } from "./json.ts";
import type { KeyedName, Marker } from "./keyring.ts";
import { markFor, normalise } from "./mark.ts";
import type { CompiledRules } from "./rules.ts";
import { findSpans, redactText, type Work } from "./text.ts";

export type Explanation = {
  readonly redacted: string;
  readonly findings: readonly {
    readonly rule: string;
    readonly class: string;
    readonly verdict: string;
    /** In characters of the text. */
    readonly start: number;
    readonly end: number;
    readonly replacement: string;
  }[];
};

/** `service`, `job` and `stream` choose the rules that hold only for some. */
export function explain(
  text: string,
  rules: CompiledRules,
  service = "",
  job = "",
  stream = "",
): Explanation {
  const textRules = rules.textFor(toBytes(service), toBytes(job), stream);
  const newWork = (): Work => ({ decodeBytesLeft: rules.ruleset.limits.decodeBytesMax, hits: new Map() });
  const bytes = toBytes(text);
  const spans = findSpans(bytes, "full", textRules, newWork(), 0);
  return {
    redacted: fromBytes(redactText(bytes, "full", textRules, newWork())),
    findings: spans.map((span) => ({
      rule: span.rule,
      class: span.class,
      verdict: textRules.verdictOf(span.class),
      start: fromBytes(bytes.slice(0, span.start)).length,
      end: fromBytes(bytes.slice(0, span.end)).length,
      replacement: `${span.quote}${markFor(bytes, span, textRules.verdictOf(span.class), textRules.marker)}${span.quote}`,
    })),
  };
}

/** The marks that a value of a class was replaced by, under every version of the key that is left. */
export function tokensOf(name: KeyedName, value: string, marker: Marker): readonly string[] {
  return marker.everyToken(name, normalise(name, toBytes(value))).map((token) => `[${name}:${token}]`);
}
