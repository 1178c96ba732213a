/**
 * A state is a shape, a word and a colour, in this order of importance: each of the ten can be
 * told from all others without colour, and the shape alone never stands without its word nearby.
 */
import type { JSX } from "preact";
import type { RunState } from "../../src/model/run.ts";
import { stateWords } from "../words.ts";

const shapes: { readonly [S in RunState]: JSX.Element } = {
  succeeded: <circle cx="6" cy="6" r="4.5" fill="currentColor" />,
  running: <circle cx="6" cy="6" r="3.75" fill="none" stroke="currentColor" stroke-width="2.5" />,
  waiting: <rect x="2" y="2" width="8" height="8" fill="none" stroke="currentColor" stroke-width="1.6" />,
  retrying: <path d="M6 1 11.2 10.6H.8Z" fill="currentColor" />,
  failed: <path d="M2 2 10 10M10 2 2 10" stroke="currentColor" stroke-width="3" fill="none" />,
  discarded: <path d="M1.5 6h9" stroke="currentColor" stroke-width="3.2" fill="none" />,
  cancelled: (
    <>
      <circle cx="6" cy="6" r="4.4" fill="none" stroke="currentColor" stroke-width="1.6" />
      <path d="M2.9 9.1 9.1 2.9" stroke="currentColor" stroke-width="1.6" fill="none" />
    </>
  ),
  lost: <path d="M1 1h10L1 11Z" fill="currentColor" />,
  missed: (
    <circle
      cx="6"
      cy="6"
      r="4.4"
      fill="none"
      stroke="currentColor"
      stroke-width="1.6"
      stroke-dasharray="2.6 2"
    />
  ),
  unknown: <path d="M1 5 5 1M1 11 11 1M7 11l4-4" stroke="currentColor" stroke-width="1.5" fill="none" />,
};

/** The order in which states are listed: what needs somebody first. */
export const stateOrder: readonly RunState[] = [
  "failed",
  "lost",
  "missed",
  "retrying",
  "running",
  "waiting",
  "succeeded",
  "discarded",
  "cancelled",
  "unknown",
];

export function isState(text: string): text is RunState {
  return Object.hasOwn(shapes, text);
}

export function StateShape({ state }: { readonly state: RunState }): JSX.Element {
  return (
    <svg class={`shape ${state}`} viewBox="0 0 12 12" width="11" height="11" aria-hidden="true">
      {shapes[state]}
    </svg>
  );
}

export function State({ state, word }: { readonly state: RunState; readonly word?: string }): JSX.Element {
  return (
    <span class={`state ${state}`}>
      <StateShape state={state} />
      {word ?? stateWords[state]}
    </span>
  );
}
