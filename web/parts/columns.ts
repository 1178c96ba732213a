/** Which columns of a table fit into its width. Pure. */

export type Sized = {
  /** A track of CSS grid that begins with its least width in pixels: `96px`, `minmax(120px, 1fr)`. */
  readonly width: string;
  /** Columns with a greater number are the first to be left out; those without stay. */
  readonly drop?: number;
};

const gapPixels = 12;
const paddingPixels = 24;

function leastPixels({ width }: Sized): number {
  return Number(/^(?:minmax\()?(\d+)px/.exec(width)?.[1] ?? 0);
}

/**
 * The columns that fit, in their order. Undefined when even those that must stay do not: then rows
 * are told in another way.
 */
export function columnsThatFit<Column extends Sized>(
  columns: readonly Column[],
  pixels: number,
): readonly Column[] | undefined {
  const needed = (some: readonly Column[]): number =>
    some.reduce((sum, column) => sum + leastPixels(column) + gapPixels, paddingPixels - gapPixels);
  let shown = columns;
  while (needed(shown) > pixels) {
    const first = Math.max(0, ...shown.map(({ drop }) => drop ?? 0));
    if (first === 0) return undefined;
    shown = shown.filter(({ drop }) => drop !== first);
  }
  return shown;
}
