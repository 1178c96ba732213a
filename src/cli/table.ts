/** Rows of text as aligned columns. */
import type { Color, Ink } from "./ink.ts";

export type Cell = { readonly text: string; readonly color?: Color; readonly right?: true };

/** Column heads in `heads`; the last column is as wide as it likes. */
export function tableLines(
  heads: readonly Cell[],
  rows: readonly (readonly Cell[])[],
  ink: Ink,
): readonly string[] {
  const all = [heads.map((head) => ({ ...head, color: "faint" as const })), ...rows];
  const widths = heads.map((_, column) => Math.max(...all.map((row) => width(row[column]?.text ?? ""))));
  return all.map((row) =>
    row
      .map((cell, column) => {
        const space = " ".repeat((widths[column] ?? 0) - width(cell.text));
        const text = cell.color ? ink(cell.color, cell.text) : cell.text;
        if (cell.right) return space + text;
        return column === row.length - 1 ? text : text + space;
      })
      .join("  ")
      .trimEnd(),
  );
}

function width(text: string): number {
  return Array.from(text).length;
}
