/**
 * A list that is read page by page and stays fresh. Rows that are known change where they stand;
 * rows that are new are counted and wait until the reader asks for them, unless the reader is at
 * the top with neither pointer nor focus on the table, so that nothing moves under either.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { AskFault, address, ask, type Values } from "./ask.ts";

type Page<Row> = { readonly rows: readonly Row[]; readonly next: string | null };

export type Pages<Row> = {
  readonly rows: readonly Row[] | undefined;
  readonly next: string | null;
  readonly fault: AskFault | undefined;
  /** Rows belong to the question before this one. */
  readonly stale: boolean;
  /** How many rows came since; `newerMore` when they are more than one page. */
  readonly newer: number;
  readonly newerMore: boolean;
  readonly showNewer: () => void;
  readonly more: () => void;
  readonly again: () => void;
};

type Held<Row> = {
  readonly url: string;
  readonly rows: readonly Row[];
  readonly next: string | null;
  readonly fresh?: Page<Row>;
  readonly fault?: AskFault;
};

type Question<Row> = {
  readonly path: string;
  readonly values: Values;
  readonly keyOf: (row: Row) => string;
  readonly everyMs?: number;
};

const pageRows = 200;

/** Nobody points at or has the focus on a row, and the top of the list is in sight. */
function isCalm(): boolean {
  return scrollY < 40 && document.querySelector(".table:hover, .table:focus-within") === null;
}

function merged<Row>(held: Held<Row>, fresh: Page<Row>, keyOf: (row: Row) => string): Held<Row> {
  const newKeys = new Set(fresh.rows.map(keyOf));
  const overlaps = held.rows.some((row) => newKeys.has(keyOf(row)));
  if (!overlaps) return { url: held.url, rows: fresh.rows, next: fresh.next };
  const old = held.rows.filter((row) => !newKeys.has(keyOf(row)));
  return { url: held.url, rows: [...fresh.rows, ...old], next: held.next };
}

/** Known rows take their new content in place; the page is kept for when the reader wants it. */
function updated<Row>(held: Held<Row>, fresh: Page<Row>, keyOf: (row: Row) => string): Held<Row> {
  const byKey = new Map(fresh.rows.map((row) => [keyOf(row), row]));
  return { ...held, rows: held.rows.map((row) => byKey.get(keyOf(row)) ?? row), fresh };
}

export function usePages<Row>({ path, values, keyOf, everyMs }: Question<Row>): Pages<Row> {
  const url = address(path, { ...values, limit: pageRows });
  const [held, setHeld] = useState<Held<Row> | undefined>(undefined);
  const [fault, setFault] = useState<{ readonly url: string; readonly fault: AskFault } | undefined>(
    undefined,
  );
  const [turn, setTurn] = useState(0);
  const reading = useRef(false);
  const current = useRef(url);
  current.current = url;

  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let first = true;
    const load = async (): Promise<void> => {
      try {
        if (first || document.visibilityState === "visible") {
          const page = await ask<Page<Row>>(url, { signal: stop.signal });
          const isFirst = first;
          first = false;
          setFault(undefined);
          setHeld((before) => {
            if (isFirst || before?.url !== url) return { url, ...page };
            return isCalm() ? merged(before, page, keyOf) : updated(before, page, keyOf);
          });
        }
      } catch (error) {
        if (stop.signal.aborted) return;
        if (!(error instanceof AskFault)) throw error;
        setFault({ url, fault: error });
      }
      if (everyMs !== undefined && !stop.signal.aborted) timer = setTimeout(() => void load(), everyMs);
    };
    void load();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
    // `keyOf` is a constant of the screen.
  }, [url, everyMs, turn]);

  const more = async (): Promise<void> => {
    if (reading.current || !held || held.url !== url || held.next === null) return;
    reading.current = true;
    try {
      const page = await ask<Page<Row>>(address(path, { ...values, limit: pageRows, cursor: held.next }));
      if (current.current !== url) return;
      setHeld((before) => {
        if (before?.url !== url) return before;
        const known = new Set(before.rows.map(keyOf));
        return {
          ...before,
          rows: [...before.rows, ...page.rows.filter((row) => !known.has(keyOf(row)))],
          next: page.next,
        };
      });
    } catch (error) {
      if (!(error instanceof AskFault)) throw error;
      setFault({ url, fault: error });
    } finally {
      reading.current = false;
    }
  };

  const known = new Set(held?.fresh ? held.rows.map(keyOf) : []);
  const newer = held?.fresh?.rows.filter((row) => !known.has(keyOf(row))).length ?? 0;
  return {
    rows: held?.rows,
    next: held?.url === url ? held.next : null,
    fault: fault?.url === url ? fault.fault : undefined,
    stale: held !== undefined && held.url !== url,
    newer,
    newerMore: newer === pageRows,
    showNewer: () => {
      setHeld((before) => (before?.fresh ? merged(before, before.fresh, keyOf) : before));
      scrollTo(0, 0);
    },
    more: () => void more(),
    again: () => setTurn((number) => number + 1),
  };
}
