/** One request to a receiver, and what its answer means for trying again. */
import type { Delivery } from "./channel.ts";

const answerMsMax = 15_000;
const receiptLengthMax = 200;

export async function postTo(
  url: string,
  {
    body,
    headers,
    clock,
  }: {
    readonly body: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly clock: () => number;
  },
): Promise<Delivery> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", "user-agent": "Midwatch", ...headers },
      body,
      redirect: "error",
      signal: AbortSignal.timeout(answerMsMax),
    });
    // The status is the answer; a body that breaks off changes nothing.
    const text = await response.text().catch(() => "");
    const receipt =
      `${response.status} ${text.replaceAll(/[\s\p{Cc}]+/gu, " ").slice(0, receiptLengthMax)}`.trim();
    if (response.ok) return { outcome: "delivered", receipt };
    const mayPass = response.status >= 500 || response.status === 408 || response.status === 429;
    const retryAfterMs = retryAfterOf(response.headers.get("retry-after"), clock());
    return {
      outcome: "failed",
      permanent: !mayPass,
      receipt,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    };
  } catch (error) {
    return { outcome: "failed", permanent: false, receipt: reasonOf(error) };
  }
}

function retryAfterOf(text: string | null, nowMs: number): number | undefined {
  if (text === null) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined;
}

/** Never the address: it may be the secret itself. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "no answer";
  if (error.name === "TimeoutError") return `no answer within ${answerMsMax / 1000} s`;
  const cause = error.cause as { code?: string } | undefined;
  const code = cause?.code ?? (error as { code?: string }).code;
  return code === undefined ? `no answer (${error.name})` : `no answer (${code})`;
}
