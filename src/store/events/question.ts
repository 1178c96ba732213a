/**
 * The questions, one `.sql` file each. A file is whole SQL with bound values; all that is ever put
 * into it are fixed fragments (made by `filter.ts` and its like) in the place of a comment that is
 * one word.
 */
import { readFileSync } from "node:fs";

export type Fragments = { readonly [place: string]: string };

/** Reads `<name>.sql` at start; the answer gives its text with fragments in their places. */
export function question(name: string): (fragments?: Fragments) => string {
  const text = readFileSync(new URL(`${name}.sql`, import.meta.url), "utf8");
  return (fragments = {}) => {
    const places = new Set<string>();
    const sql = text.replace(/\/\* ([a-z_]+) \*\//g, (_, place: string) => {
      places.add(place);
      return fragments[place] ?? "";
    });
    for (const place of Object.keys(fragments)) {
      if (!places.has(place)) throw new Error(`${name}.sql has no place named ${place}`);
    }
    return sql;
  };
}
