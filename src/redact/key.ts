/**
 * The verdict on a key: is what stands under `X-API-Key`, `userPassword` or `card_number` secret?
 * A key is split into words, and words and pairs of words are looked up; a negative list keeps
 * `token_count`, `primary_key` and `password_changed_at` readable.
 */
import type { Ruleset, When } from "./ruleset.ts";

export type KeyRule = { readonly id: string; readonly class: string; readonly when: When };

/** A key as bytes (one character a byte) to the rule that its value falls under. */
export type KeyVerdict = (key: string) => KeyRule | undefined;

/** Whether a key ends in a word that makes it harmless, such as `token_count`. */
export type EndsHarmless = (key: string) => boolean;

export function compileEndsHarmless({ negativeLast }: Pick<Ruleset, "negativeLast">): EndsHarmless {
  const words = new Set(negativeLast);
  return (key) => words.has(splitKey(key).at(-1) ?? "");
}

const cacheSize = 4096;

/** `allowed` are keys, in any spelling of case and separators, that are never sensitive. */
export function compileKeys(
  ruleset: Pick<Ruleset, "keys" | "endings" | "negativeWords" | "negativeLast" | "limits">,
  allowed: readonly string[] = [],
): KeyVerdict {
  const phrases = new Map<string, KeyRule>();
  const endings: (readonly [string, KeyRule])[] = [];
  for (const [id, entry] of Object.entries(ruleset.keys)) {
    const rule = { id, class: entry.class ?? id, when: entry.when };
    for (const word of entry.words) phrases.set(word, rule);
    for (const ending of ruleset.endings[id] ?? []) endings.push([ending, rule]);
  }
  const negative = new Set(ruleset.negativeWords);
  const negativeLast = new Set(ruleset.negativeLast);
  const allowedPhrases = new Set(allowed.map((key) => splitKey(key).join(" ")));
  const cache = new Map<string, KeyRule | undefined>();

  function decide(key: string): KeyRule | undefined {
    if (key.length > ruleset.limits.keyBytesMax) return undefined;
    const words = splitKey(key);
    if (allowedPhrases.has(words.join(" "))) return undefined;
    let found: KeyRule | undefined;
    let foundEnd = 0;
    let covered = 0;
    for (let at = 0; at < words.length; at++) {
      for (let count = Math.min(3, words.length - at); count > 0; count--) {
        const phrase = count === 1 ? (words[at] as string) : words.slice(at, at + count).join(" ");
        if (negative.has(phrase)) covered = Math.max(covered, at + count);
        if (at + count <= covered) continue;
        const rule = phrases.get(phrase) ?? (count === 1 ? byEnding(phrase) : undefined);
        if (!rule || (found && rank(found.when) > rank(rule.when))) continue;
        if (!found || at + count > foundEnd || rank(rule.when) > rank(found.when)) {
          found = rule;
          foundEnd = at + count;
        }
      }
    }
    if (found && foundEnd < words.length && negativeLast.has(words[words.length - 1] as string)) {
      return undefined;
    }
    return found;
  }

  function byEnding(word: string): KeyRule | undefined {
    for (const [ending, rule] of endings) if (word.endsWith(ending)) return rule;
    return undefined;
  }

  return (key) => {
    if (cache.has(key)) return cache.get(key);
    const rule = decide(key);
    if (cache.size >= cacheSize) cache.clear();
    cache.set(key, rule);
    return rule;
  };
}

/** Rules that hold for every value come before those that look at it. */
function rank(when: When): number {
  return when === "any" || when === "line" ? 2 : when === "text" || when === "unlikeWord" ? 1 : 0;
}

/**
 * Words of a key in lower case: a change from small to capital begins one, so does the last
 * capital of several before a small letter, and all that is no ASCII letter separates. Where more
 * than one of `_-. ` stands between two words, an empty word keeps them from being read as a pair.
 */
export function splitKey(key: string): string[] {
  const words: string[] = [];
  let start = -1;
  let end = 0;
  for (let at = 0; at <= key.length; at++) {
    const kind = at < key.length ? letterKind(key.charCodeAt(at)) : 0;
    if (start >= 0) {
      const before = letterKind(key.charCodeAt(at - 1));
      const next = at + 1 < key.length ? letterKind(key.charCodeAt(at + 1)) : 0;
      const ends = kind === 0 || (kind === 2 && (before === 1 || next === 1));
      if (ends) {
        if (words.length > 0 && start > end && !isJoint(key, end, start)) words.push("");
        words.push(key.slice(start, at).toLowerCase());
        end = at;
        start = -1;
      }
    }
    if (start < 0 && kind !== 0) start = at;
  }
  return words;
}

function isJoint(key: string, end: number, start: number): boolean {
  return start === end + 1 && "_-. ".includes(key.charAt(end));
}

/** 1 for a small letter, 2 for a capital, 0 for everything else. */
function letterKind(code: number): 0 | 1 | 2 {
  if (code >= 97 && code <= 122) return 1;
  return code >= 65 && code <= 90 ? 2 : 0;
}
