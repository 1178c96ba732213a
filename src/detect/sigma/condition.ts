/** The condition of a Sigma rule: `(a or 1 of b_*) and not all of c_*`, as a tree. */

export type Condition =
  | { readonly op: "selection"; readonly name: string }
  | { readonly op: "not"; readonly of: Condition }
  | { readonly op: "and" | "or"; readonly of: readonly Condition[] };

/** What is wrong with a rule, in words for those who wrote it. */
export class BadRule extends Error {}

const tokenPattern = /\s*(\(|\)|[^\s()]+)/gy;
const tokensMax = 500;

/** `names` are the selections that there are. Throws `BadRule`. */
export function readCondition(text: string, names: readonly string[]): Condition {
  const tokens = Array.from(text.matchAll(tokenPattern), (match) => match[1] ?? "");
  if (tokens.length === 0 || tokens.length > tokensMax)
    throw new BadRule("its condition is empty or too long");
  let at = 0;
  const peek = (): string => (tokens[at] ?? "").toLowerCase();
  const take = (): string => tokens[at++] ?? "";

  function either(): Condition {
    const parts = [both()];
    while (peek() === "or") {
      take();
      parts.push(both());
    }
    return parts.length === 1 ? (parts[0] as Condition) : { op: "or", of: parts };
  }

  function both(): Condition {
    const parts = [one()];
    while (peek() === "and") {
      take();
      parts.push(one());
    }
    return parts.length === 1 ? (parts[0] as Condition) : { op: "and", of: parts };
  }

  function one(): Condition {
    if (peek() === "not") {
      take();
      return { op: "not", of: one() };
    }
    if (peek() === "(") {
      take();
      const inner = either();
      if (take() !== ")") throw new BadRule("its condition lacks a closing parenthesis");
      return inner;
    }
    const word = take();
    if (/^(1|any|all)$/i.test(word) && peek() === "of") {
      take();
      return severalOf(word, take());
    }
    if (!names.includes(word)) throw new BadRule(`its condition names \`${word}\`, which it does not define`);
    return { op: "selection", name: word };
  }

  function severalOf(word: string, pattern: string): Condition {
    const isMeant = (name: string): boolean =>
      pattern.toLowerCase() === "them"
        ? !name.startsWith("_")
        : pattern.endsWith("*")
          ? name.startsWith(pattern.slice(0, -1))
          : name === pattern;
    const of = names.filter(isMeant).map((name) => ({ op: "selection", name }) as const);
    if (of.length === 0) throw new BadRule(`its condition means \`${pattern}\`, and there is none`);
    return { op: word.toLowerCase() === "all" ? "and" : "or", of };
  }

  const tree = either();
  if (at < tokens.length)
    throw new BadRule(`its condition goes on with \`${tokens[at]}\`, which means nothing there`);
  return tree;
}
