/**
 * Asks the server. Types come from its schemas. An answer stays on the screen while a newer one is
 * on its way, and when the server cannot be reached: what is old is said to be old, not hidden.
 */
import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ErrorAnswer } from "../src/api/schemas.ts";

/** A list is sent as the same parameter several times. */
export type Values = { readonly [name: string]: string | number | readonly string[] | undefined };

export class AskFault extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, status: number, message: string) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** The question cannot be answered as it stands; with any other fault, what was read before still holds. */
export function isWrongQuestion({ status }: AskFault): boolean {
  return status >= 400 && status < 500;
}

/** Since when the server does not answer, in milliseconds; undefined while it does. */
export const unreachableSinceMs = signal<number | undefined>(undefined);

/** The server does not know who we are, or not any more. */
export const signInNeeded = signal(false);

/** `/api/v1` and parameters; empty ones are left out. */
export function address(path: string, values: Values = {}): string {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    const list = typeof value === "object" ? value : [value];
    for (const one of list) if (one !== undefined && one !== "") words.append(name, String(one));
  }
  const text = words.toString();
  return `/api/v1${path}${text === "" ? "" : `?${text}`}`;
}

/** Resolves with the answer; rejects with an `AskFault` that holds a sentence for people. */
export async function ask<T>(url: string, init: RequestInit = {}): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(url, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    unreachableSinceMs.value ??= Date.now();
    throw new AskFault(
      "UNREACHABLE",
      0,
      "Midwatch does not answer. Its server may be stopped or restarting.",
    );
  }
  unreachableSinceMs.value = undefined;
  const text = await answer.text();
  if (answer.ok) return (text === "" ? undefined : JSON.parse(text)) as T;
  const fault = faultOf(answer.status, text);
  if (fault.code === "SIGN_IN_NEEDED") signInNeeded.value = true;
  throw fault;
}

function faultOf(status: number, text: string): AskFault {
  try {
    const { code, message } = JSON.parse(text) as ErrorAnswer;
    return new AskFault(code, status, message);
  } catch {
    return new AskFault("NO_ANSWER", status, `The server answered ${status} without saying why.`);
  }
}

/** Changes something. The header proves that the request comes from this page. */
export async function change<T>(method: "POST" | "PUT" | "DELETE", url: string, body?: unknown): Promise<T> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const type: Record<string, string> = body === undefined ? {} : { "content-type": "application/json" };
  return ask<T>(url, { method, ...sent, headers: { "midwatch-request": "1", ...type } });
}

export type Answer<T> = {
  readonly data: T | undefined;
  readonly fault: AskFault | undefined;
  /** The data belong to an earlier question, whose successor is not answered yet. */
  readonly stale: boolean;
  readonly again: () => void;
};

/** The last answers, so that going back is immediate. */
const kept = new Map<string, unknown>();
const keptMax = 40;

function keep(url: string, data: unknown): void {
  kept.delete(url);
  kept.set(url, data);
  const oldest = kept.keys().next();
  if (kept.size > keptMax && !oldest.done) kept.delete(oldest.value);
}

/** Asks `url` when it changes and every `everyMs` while the page is seen; null asks nothing. */
export function useAnswer<T>(url: string | null, everyMs?: number): Answer<T> {
  const [held, setHeld] = useState<{ url: string | null; data?: T; fault?: AskFault }>(() =>
    url !== null && kept.has(url) ? { url, data: kept.get(url) as T } : { url: null },
  );
  const [turn, setTurn] = useState(0);
  const data = useRef<T | undefined>(held.data);

  useEffect(() => {
    if (url === null) return undefined;
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let first = true;
    const load = async (): Promise<void> => {
      try {
        if (document.visibilityState === "visible" || first) {
          first = false;
          data.current = await ask<T>(url, { signal: stop.signal });
          keep(url, data.current);
          if (!stop.signal.aborted) setHeld({ url, data: data.current });
        }
      } catch (error) {
        if (stop.signal.aborted) return;
        if (!(error instanceof AskFault)) throw error;
        setHeld({ url, fault: error, ...(data.current !== undefined && { data: data.current }) });
      }
      if (everyMs !== undefined && !stop.signal.aborted) timer = setTimeout(() => void load(), everyMs);
    };
    void load();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [url, everyMs, turn]);

  return {
    data: held.data,
    fault: held.url === url ? held.fault : undefined,
    stale: held.url !== url,
    again: () => setTurn((number) => number + 1),
  };
}
