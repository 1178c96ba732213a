/**
 * What a rule found in a text: a span that goes, and what it is. Spans that overlap become one, so
 * that a replacement never cuts another in two.
 */

export type Span = {
  readonly start: number;
  readonly end: number;
  readonly class: string;
  readonly rule: string;
  /** Put before and after the replacement, where a bare number becomes a string. */
  readonly quote: string;
  /** E-mail addresses up to here are part of what was found (the host after `user:password@`). */
  readonly claimEnd?: number;
};

/** Where a replacement of an earlier pass stands. */
export type Mark = { readonly start: number; readonly end: number };

/** Spans in order, without overlap. Of two that overlap the earlier and longer gives the class. */
export function mergeSpans(spans: readonly Span[]): readonly Span[] {
  if (spans.length < 2) return spans;
  const sorted = spans.toSorted((a, b) => a.start - b.start || b.end - a.end);
  const merged: Span[] = [];
  for (const span of sorted) {
    const last = merged.at(-1);
    if (last && span.class === "email" && span.start < (last.claimEnd ?? 0)) continue;
    if (last && span.start < last.end) {
      if (span.end > last.end) merged[merged.length - 1] = { ...last, end: span.end };
    } else {
      merged.push(span);
    }
  }
  return merged;
}
