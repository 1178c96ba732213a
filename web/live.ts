/**
 * The live tail: events as they arrive, newest first. While the reader points at the table, has
 * the focus in it or has scrolled, they are held back and counted.
 */
import { useEffect, useState } from "preact/hooks";
import type { ErrorAnswer, TailSkipped } from "../src/api/schemas.ts";
import type { StoredEvent } from "../src/store/store.ts";
import { AskFault } from "./ask.ts";

/** Rows kept on the page; older ones leave at the end. */
const rowsMax = 5000;

export type Tail = {
  readonly rows: readonly StoredEvent[];
  readonly held: number;
  readonly skipped: number;
  readonly connected: boolean;
  readonly fault: AskFault | undefined;
  readonly release: () => void;
};

type State = Omit<Tail, "release" | "held"> & { readonly waiting: readonly StoredEvent[] };

const empty: State = { rows: [], waiting: [], skipped: 0, connected: false, fault: undefined };

function isReading(): boolean {
  return scrollY > 40 || document.querySelector(".table:hover, .table:focus-within") !== null;
}

function withRows(state: State, arrived: readonly StoredEvent[]): State {
  const newest = [...arrived].sort((a, b) => (a.time < b.time ? 1 : -1));
  const waiting = [...newest, ...state.waiting].slice(0, rowsMax);
  if (isReading()) return { ...state, waiting };
  return { ...state, rows: [...waiting, ...state.rows].slice(0, rowsMax), waiting: [] };
}

export function useTail(url: string): Tail {
  const [state, setState] = useState<State>(empty);
  useEffect(() => {
    setState(empty);
    const source = new EventSource(url);
    source.addEventListener("open", () =>
      setState((before) => ({ ...before, connected: true, fault: undefined })),
    );
    source.addEventListener("error", () => {
      setState((before) => ({ ...before, connected: false }));
      if (source.readyState === EventSource.CLOSED)
        void why(url).then((fault) => setState((before) => ({ ...before, fault })));
    });
    source.addEventListener("event", ({ data }: MessageEvent<string>) => {
      setState((before) => withRows(before, JSON.parse(data) as StoredEvent[]));
    });
    source.addEventListener("skipped", ({ data }: MessageEvent<string>) => {
      const { count } = JSON.parse(data) as TailSkipped;
      setState((before) => ({ ...before, skipped: before.skipped + count }));
    });
    // What was held shows itself when the pointer leaves.
    const timer = setInterval(
      () => setState((before) => (before.waiting.length > 0 ? withRows(before, []) : before)),
      1000,
    );
    return () => {
      source.close();
      clearInterval(timer);
    };
  }, [url]);
  return {
    ...state,
    held: state.waiting.length,
    release: () => {
      scrollTo(0, 0);
      setState((before) => ({
        ...before,
        rows: [...before.waiting, ...before.rows].slice(0, rowsMax),
        waiting: [],
      }));
    },
  };
}

/** An event source does not say why it was refused; asking once more does. */
async function why(url: string): Promise<AskFault | undefined> {
  const stop = new AbortController();
  try {
    const answer = await fetch(url, { signal: stop.signal });
    if (answer.ok) return undefined;
    const { code, message } = (await answer.json()) as ErrorAnswer;
    return new AskFault(code, answer.status, message);
  } catch {
    return undefined;
  } finally {
    stop.abort();
  }
}
