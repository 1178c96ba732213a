/**
 * A long table that keeps only the rows in sight in the document. The page itself scrolls; rows
 * may open, and may be of any height. `j` and `k` move from row to row, Enter follows the row's
 * first link or button.
 */
import {
  measureElement,
  observeWindowOffset,
  observeWindowRect,
  Virtualizer,
  windowScroll,
} from "@tanstack/virtual-core";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { columnsThatFit, type Sized } from "./columns.ts";

export type Column<Row> = Sized & {
  readonly name: string;
  readonly head: string;
  readonly right?: boolean;
  readonly cell: (row: Row) => ComponentChildren;
};

type Given<Row> = {
  readonly name: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly keyOf: (row: Row) => string;
  /** The row on a narrow screen, where columns do not fit. */
  readonly narrow: (row: Row) => ComponentChildren;
  /** What stands below an open row; undefined while it is closed. */
  readonly open?: (row: Row) => ComponentChildren | undefined;
  readonly rowClass?: (row: Row) => string;
  readonly rowHeight: number;
  /** Asked for when the end comes into sight. */
  readonly onEnd?: (() => void) | undefined;
  readonly stale?: boolean;
};

/** Rows beyond the screen on either side; small, so that a tall screen stays under 80 row nodes. */
const overscan = 4;

function useRows<Row>({ rows, keyOf, rowHeight }: Given<Row>) {
  const body = useRef<HTMLDivElement>(null);
  const [, setTurn] = useState(0);
  const [margin, setMargin] = useState(0);
  const options = {
    count: rows.length,
    getScrollElement: () => window,
    estimateSize: () => rowHeight,
    getItemKey: (index: number) => {
      const row = rows[index];
      return row === undefined ? index : keyOf(row);
    },
    overscan,
    scrollMargin: margin,
    observeElementRect: observeWindowRect,
    observeElementOffset: observeWindowOffset,
    scrollToFn: windowScroll,
    measureElement,
    initialRect: { width: innerWidth, height: innerHeight },
    initialOffset: () => scrollY,
    onChange: () => setTurn((turn) => turn + 1),
  };
  const [virtualizer] = useState(() => new Virtualizer<Window, HTMLDivElement>(options));
  virtualizer.setOptions(options);
  useLayoutEffect(() => virtualizer._didMount(), [virtualizer]);
  useLayoutEffect(() => virtualizer._willUpdate());
  // Whatever stands above the table may have grown; rows are placed from where it begins now.
  useLayoutEffect(() => {
    const top = (body.current?.getBoundingClientRect().top ?? 0) + scrollY;
    if (Math.abs(top - margin) > 0.5) setMargin(top);
  });
  return { body, virtualizer };
}

/** Known before the first paint, so that columns do not come and go. */
function useWidth() {
  const root = useRef<HTMLDivElement>(null);
  const [pixels, setPixels] = useState(innerWidth);
  useLayoutEffect(() => {
    const element = root.current;
    if (!element) return undefined;
    const measure = (): void => setPixels(element.clientWidth);
    measure();
    const watcher = new ResizeObserver(measure);
    watcher.observe(element);
    return () => watcher.disconnect();
  }, []);
  return { root, pixels };
}

export function Table<Row>(given: Given<Row>): JSX.Element {
  const { rows, columns, narrow, onEnd, name } = given;
  const { body, virtualizer } = useRows(given);
  const { root, pixels } = useWidth();
  const fitting = columnsThatFit(columns, pixels);
  const isNarrow = fitting === undefined;
  const shown = fitting ?? [];
  const tracks = isNarrow ? "minmax(0, 1fr)" : shown.map((column) => column.width).join(" ");
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (onEnd && last >= rows.length - 20) onEnd();
  }, [last, rows.length, onEnd]);

  return (
    <div
      ref={root}
      class={`table${given.stale ? " stale" : ""}`}
      role="table"
      aria-label={name}
      aria-rowcount={onEnd ? -1 : rows.length + 1}
      aria-busy={given.stale ?? false}
      style={{ "--tracks": tracks }}
    >
      <div role="rowgroup" class={isNarrow ? "hidden" : "head"}>
        <div role="row" class="row" aria-rowindex={1}>
          {(isNarrow ? [{ name: "row", head: name }] : shown).map((column) => (
            <div
              role="columnheader"
              key={column.name}
              class={"right" in column && column.right ? "right" : undefined}
            >
              {column.head}
            </div>
          ))}
        </div>
      </div>
      <div role="rowgroup" class="body" ref={body} style={{ height: `${virtualizer.getTotalSize()}px` }}>
        {items.map((item) => {
          const row = rows[item.index];
          if (row === undefined) return null;
          return (
            <div
              key={item.key}
              ref={(element: HTMLDivElement | null) => virtualizer.measureElement(element)}
              data-index={item.index}
              class="item"
              style={{ top: `${item.start - virtualizer.options.scrollMargin}px` }}
            >
              <RowLine
                row={row}
                index={item.index}
                columns={shown}
                open={given.open?.(row)}
                className={given.rowClass?.(row) ?? ""}
                {...(isNarrow && { narrow })}
              />
            </div>
          );
        })}
      </div>
    </div>
  );
}

type LineGiven<Row> = {
  readonly row: Row;
  readonly index: number;
  readonly columns: readonly Column<Row>[];
  readonly narrow?: (row: Row) => ComponentChildren;
  readonly open: ComponentChildren | undefined;
  readonly className: string;
};

function RowLine<Row>({ row, index, columns, narrow, open, className }: LineGiven<Row>): JSX.Element {
  return (
    <>
      <div role="row" class={`row ${className}`} aria-rowindex={index + 2}>
        {narrow ? (
          <div role="cell">{narrow(row)}</div>
        ) : (
          columns.map((column) => (
            <div role="cell" key={column.name} class={column.right ? "right" : undefined}>
              {column.cell(row)}
            </div>
          ))
        )}
      </div>
      {open !== undefined && (
        <div role="row" class="opened">
          <div role="cell" aria-colspan={Math.max(1, columns.length)}>
            {open}
          </div>
        </div>
      )}
    </>
  );
}
