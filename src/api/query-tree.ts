/**
 * How the terms of a query hang together: `not` binds first, then what stands side by side (with
 * or without `and`), then `or`; brackets come before all of them.
 */
import { type TermToken, type Token, tokens, wrong } from "./query-tokens.ts";

export type Tree<Leaf> =
  | { readonly kind: "leaf"; readonly leaf: Leaf }
  | { readonly kind: "not"; readonly tree: Tree<Leaf> }
  | { readonly kind: "all" | "any"; readonly trees: readonly Tree<Leaf>[] };

/** Brackets inside each other. More: refused. */
const depthMax = 20;

type Reader = { readonly tokens: readonly Token[]; at: number; readonly length: number };

/** Undefined for a query of spaces. `leaf` is asked once for each term, in order. */
export function treeOf<Leaf>(text: string, leaf: (token: TermToken) => Leaf): Tree<Leaf> | undefined {
  const reader: Reader = { tokens: tokens(text), at: 0, length: text.length };
  if (reader.tokens.length === 0) return undefined;
  const tree = readAny(reader, leaf, 0);
  const rest = reader.tokens[reader.at];
  if (rest) throw wrong(rest.position - 1, "this bracket was never opened");
  return tree;
}

function readAny<Leaf>(reader: Reader, leaf: (token: TermToken) => Leaf, depth: number): Tree<Leaf> {
  const trees = [readAll(reader, leaf, depth)];
  while (reader.tokens[reader.at]?.kind === "or") {
    reader.at += 1;
    trees.push(readAll(reader, leaf, depth));
  }
  const [only] = trees;
  return trees.length === 1 && only ? only : { kind: "any", trees };
}

function readAll<Leaf>(reader: Reader, leaf: (token: TermToken) => Leaf, depth: number): Tree<Leaf> {
  const trees = [readOne(reader, leaf, depth)];
  for (;;) {
    const next = reader.tokens[reader.at];
    if (next === undefined || next.kind === "or" || next.kind === ")") break;
    if (next.kind === "and") reader.at += 1;
    trees.push(readOne(reader, leaf, depth));
  }
  const [only] = trees;
  return trees.length === 1 && only ? only : { kind: "all", trees };
}

function readOne<Leaf>(reader: Reader, leaf: (token: TermToken) => Leaf, depth: number): Tree<Leaf> {
  const token = reader.tokens[reader.at];
  if (token === undefined) throw wrong(reader.length, "expected a term here");
  reader.at += 1;
  if (token.kind === "term") return { kind: "leaf", leaf: leaf(token) };
  if (token.kind === "not") return { kind: "not", tree: readOne(reader, leaf, depth) };
  if (token.kind !== "(") {
    throw wrong(
      token.position - 1,
      token.kind === ")"
        ? "expected a term before this bracket"
        : `\`${token.kind}\` stands between terms; for the word itself write "${token.kind}"`,
    );
  }
  if (depth >= depthMax) throw wrong(token.position - 1, `at most ${depthMax} brackets in each other`);
  const tree = readAny(reader, leaf, depth + 1);
  if (reader.tokens[reader.at]?.kind !== ")") {
    throw wrong(token.position - 1, "this bracket is never closed");
  }
  reader.at += 1;
  return tree;
}
