/**
 * The rules of the user as one JSON file for the recorders, which read no YAML and whose engines
 * backtrack: checked here, so that they can be taken there as they are. What recorders cannot do is
 * named, and stays with the server.
 */
import { forRecorders } from "./recorder-pattern.ts";
import type { Verdict } from "./ruleset.ts";
import type { Scope, UserJob, UserKeys, UserRules } from "./user-rules.ts";

export type RecorderRules = {
  readonly version: 1;
  readonly classes: { readonly [name: string]: Verdict };
  readonly allow: { readonly keys: readonly string[]; readonly values: readonly string[] };
  readonly keys: readonly UserKeys[];
  readonly patterns: readonly (Scope & {
    readonly id: string;
    readonly class: string;
    readonly pattern: string;
    readonly keywords: readonly string[];
  })[];
  readonly jobs: readonly UserJob[];
  /** What only the server does, and why. */
  readonly serverOnly: readonly { readonly id: string; readonly because: string }[];
};

export function compileRecorderRules(user: UserRules): RecorderRules {
  const serverOnly: { id: string; because: string }[] = Object.keys(user.streams).map((stream) => ({
    id: `streams.${stream}`,
    because: "tells streams apart, and recorders leave the same behind in each",
  }));
  const patterns = user.patterns.flatMap(({ pattern, ...rule }) => {
    const found = forRecorders(pattern.pattern());
    const because = "serverOnly" in found ? found.serverOnly : undefined;
    const plain = rule.keywords.every((keyword) => /^[\x20-\x7e]+$/.test(keyword));
    if ("pattern" in found && plain) return [{ ...rule, pattern: found.pattern }];
    serverOnly.push({ id: rule.id, because: because ?? "has keywords beyond ASCII" });
    return [];
  });
  return {
    version: 1,
    classes: user.classes,
    allow: { keys: user.allowKeys, values: user.allowValues },
    keys: user.keys,
    patterns,
    jobs: user.jobs,
    serverOnly,
  };
}
