/**
 * A filter that is more than conditions side by side: what may stand in brackets, be turned round,
 * or be compared by size. Leaves are what a filter knows anyway, so whoever looks after what may be
 * searched looks at `leavesOf`.
 */
import type { FieldName } from "../model/fields.ts";

/** Absent bounds are open. */
export type Bounds = {
  readonly min?: number;
  readonly max?: number;
  /** The bound itself is left out. */
  readonly above?: true;
  readonly below?: true;
};

export type Leaf =
  | { readonly kind: "field"; readonly name: FieldName; readonly values: readonly string[] }
  | { readonly kind: "attribute"; readonly key: string; readonly value: string }
  | { readonly kind: "words"; readonly text: string }
  | { readonly kind: "size"; readonly name: FieldName; readonly bounds: Bounds }
  | { readonly kind: "attribute size"; readonly key: string; readonly bounds: Bounds };

export type Term =
  | Leaf
  | { readonly kind: "not"; readonly term: Term }
  | { readonly kind: "all"; readonly terms: readonly Term[] }
  | { readonly kind: "any"; readonly terms: readonly Term[] };

export function leavesOf(terms: readonly Term[]): readonly Leaf[] {
  return terms.flatMap((term): readonly Leaf[] => {
    if (term.kind === "not") return leavesOf([term.term]);
    if (term.kind === "all" || term.kind === "any") return leavesOf(term.terms);
    return [term];
  });
}
