/**
 * The marks that redaction leaves: `[REDACTED:class:fingerprint]`, `[email:v1:token]`,
 * `[card:1111]`, `[ip:192.0.2.0/24]`. They are read back too, since a text may be redacted twice.
 */
import type { Marker } from "./keyring.ts";
import type { Verdict } from "./ruleset.ts";
import type { Span } from "./span.ts";

/** Longest mark in bytes; with it, and one value a few bytes long, the growth of a text is bounded. */
export const markBytesMax = 64;

/** Marks of the given classes, as the source of a pattern. Nothing else may pass for one. */
export function markPattern(classes: readonly string[]): string {
  const names = classes.toSorted((a, b) => b.length - a.length).join("|");
  return (
    `\\[(?:REDACTED:(?:${names})(?::[0-9a-f]{8})?|(?:${names}):v[0-9]{1,6}:[a-z2-7]{19}|` +
    "card:[0-9]{4}|email:[0-9A-Za-z.-]{1,40}|ip:[0-9.]{7,15}/24)\\]"
  );
}

export type VerdictOf = (className: string) => Verdict;

/** The mark for a span of a text. */
export function markFor(text: string, span: Span, verdict: Verdict, marker: Marker): string {
  const value = text.slice(span.start, span.end);
  if (verdict === "mask") {
    const masked = maskOf(span.class, value);
    if (masked !== undefined) return masked;
  }
  if (verdict === "token") {
    const token = marker.token(span.class, normalise(span.class, value));
    if (token !== undefined) return `[${span.class}:${token}]`;
  }
  const fingerprint = marker.fingerprint(value);
  return fingerprint === undefined ? `[REDACTED:${span.class}]` : `[REDACTED:${span.class}:${fingerprint}]`;
}

function maskOf(className: string, value: string): string | undefined {
  if (className === "card") {
    const digits = value.replace(/[^0-9]/g, "");
    return digits.length >= 12 && digits.length <= 19 ? `[card:${digits.slice(-4)}]` : undefined;
  }
  if (className === "email") {
    const domain = value.slice(value.lastIndexOf("@") + 1);
    return /^[0-9A-Za-z.-]{1,40}$/.test(domain) ? `[email:${domain}]` : undefined;
  }
  if (className === "ip") {
    const network = /^([0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3})\.[0-9]{1,3}$/.exec(value)?.[1];
    return network === undefined ? undefined : `[ip:${network}.0/24]`;
  }
  return undefined;
}

/** One spelling for one person or account, so that its tokens agree. */
export function normalise(className: string, value: string): string {
  if (className === "email") return value.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  if (className === "phone") return value.replace(/[^0-9]/g, "").replace(/^00/, "");
  if (className === "custom" || className === "ip") return value;
  return value.replace(/[^0-9A-Za-z]/g, "").replace(/[a-z]/g, (letter) => letter.toUpperCase());
}
