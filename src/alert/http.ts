/** One request to a receiver, and what its answer means for trying again. */
import { type ClientRequest, type IncomingMessage, request as requestPlain } from "node:http";
import { request as requestTls } from "node:https";
import { type AddressGuard, AddressRefused, lookupOf } from "./address-guard.ts";
import type { Delivery } from "./channel.ts";

const answerMsMax = 15_000;
/** The status is the answer; its text is only waited for so long. */
const textMsMax = 2000;
const textLengthMax = 4096;
const receiptLengthMax = 200;

export type Post = (
  url: string,
  what: { readonly body: string; readonly headers?: Readonly<Record<string, string>> },
) => Promise<Delivery>;

export type PostTools = {
  readonly guard: AddressGuard;
  readonly clock: () => number;
  /** Absent: 15 s. */
  readonly answerMsMax?: number;
};

/** Follows no redirection: where an incident is told is what the configuration says, and nobody else. */
export function makePost({ guard, clock, answerMsMax: waitMs = answerMsMax }: PostTools): Post {
  return async (url, { body, headers = {} }) => {
    let request: ClientRequest | undefined;
    let isSent = false;
    try {
      const target = new URL(url);
      const addresses = await guard.addressesOf(target.hostname);
      const send = target.protocol === "https:" ? requestTls : requestPlain;
      request = send(target, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "content-length": Buffer.byteLength(body),
          "user-agent": "Midwatch",
          ...headers,
        },
        agent: false,
        lookup: lookupOf(addresses),
        signal: AbortSignal.timeout(waitMs),
      });
      request.on("finish", () => {
        isSent = true;
      });
      const response = await answerTo(request, body);
      return deliveryOf(response, await textOf(response), clock());
    } catch (error) {
      const because = reasonOf(error, waitMs);
      return {
        outcome: "failed",
        permanent: error instanceof AddressRefused || isUrlFault(error),
        receipt: isSent ? `${because}; it may have been taken all the same` : because,
      };
    } finally {
      request?.destroy();
    }
  };
}

async function answerTo(request: ClientRequest, body: string): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request.once("response", resolve);
  // Not once: after the answer, the end of a connection is nobody's business any more.
  request.on("error", reject);
  request.end(body);
  return await promise;
}

/** As much as comes in time; an answer that breaks off is as good as its status. */
async function textOf(response: IncomingMessage): Promise<string> {
  let text = "";
  const timer = setTimeout(() => response.destroy(), textMsMax);
  try {
    for await (const chunk of response.setEncoding("utf8")) {
      text += String(chunk);
      if (text.length > textLengthMax) break;
    }
  } catch {
    // The status has said what matters.
  } finally {
    clearTimeout(timer);
  }
  return text;
}

function deliveryOf({ statusCode = 0, headers }: IncomingMessage, text: string, nowMs: number): Delivery {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, " ").slice(0, receiptLengthMax);
  const receipt = `${statusCode} ${line}`.trim();
  if (statusCode >= 200 && statusCode < 300) return { outcome: "delivered", receipt };
  // A redirection is mended by whoever configured the address; until then it is tried.
  const mayPass = statusCode >= 500 || statusCode < 400 || statusCode === 408 || statusCode === 429;
  const retryAfterMs = retryAfterOf(headers["retry-after"], nowMs);
  return {
    outcome: "failed",
    permanent: !mayPass,
    receipt,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

function retryAfterOf(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined;
}

function isUrlFault(error: unknown): boolean {
  return (error as { code?: string }).code === "ERR_INVALID_URL";
}

/** Never the address: it may be the secret itself. */
export function reasonOf(error: unknown, waitMs: number = answerMsMax): string {
  if (!(error instanceof Error)) return "no answer";
  if (error instanceof AddressRefused) return error.message;
  const cause = error.cause as { name?: string } | undefined;
  if (error.name === "TimeoutError" || cause?.name === "TimeoutError") {
    return `no answer within ${waitMs / 1000} s`;
  }
  const code = (error as { code?: string }).code ?? (error.cause as { code?: string } | undefined)?.code;
  return code === undefined ? `no answer (${error.name})` : `no answer (${code})`;
}
