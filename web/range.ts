/** The time range of the address, as the server understands it and as two moments. */
import { nowMs } from "./clock.ts";
import { query } from "./route.ts";

export const presets = ["-15m", "-1h", "-6h", "-24h", "-7d", "-30d"] as const;

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `from` and `until` as parameters of a question. */
export function range(): { readonly from: string; readonly until: string | undefined } {
  return { from: query.value.get("from") ?? "-24h", until: query.value.get("until") ?? undefined };
}

/** A bound of a range in milliseconds; relative ones count from the clock as it stands. */
function boundMs(text: string): number {
  if (text === "now") return nowMs.peek();
  const match = /^-(\d+)([smhd])$/.exec(text);
  return match ? nowMs.peek() - Number(match[1]) * (unitMs[match[2] ?? "h"] ?? 0) : Date.parse(text);
}

export function rangeMs(): { readonly fromMs: number; readonly untilMs: number } {
  const { from, until } = range();
  return { fromMs: boundMs(from), untilMs: boundMs(until ?? "now") };
}

/** Parameters that zoom to a stretch of time, at least one second long. */
export function zoomed(fromMs: number, untilMs: number): { readonly from: string; readonly until: string } {
  const from = Math.floor(fromMs / 1000) * 1000;
  const until = Math.max(Math.ceil(untilMs / 1000) * 1000, from + 1000);
  return { from: new Date(from).toISOString(), until: new Date(until).toISOString() };
}
