/** The statuses with which a route may refuse, for its part of the OpenAPI document. */
import { errorSchema } from "../schemas.ts";

const meaning = {
  400: "the question or the body is not what was expected",
  401: "nobody is signed in, or the key is missing, unknown, revoked or expired",
  403: "the right is missing, or the request came from another site or without the header that changes need",
  404: "there is no such thing",
  413: "the body is too large, as sent or after decompression",
  421: "the server was not asked by a loopback name",
  422: "the question is too heavy: ask for less time or fewer rows",
  429: "too many tries; `Retry-After` says when the next one is possible",
  503: "not now; `Retry-After` says when to try again",
} as const;

type Answers = Record<number, typeof errorSchema & { description: string }>;

export function refusals(...statuses: readonly (keyof typeof meaning)[]): Answers {
  return Object.fromEntries(
    statuses.map((status) => [status, { ...errorSchema, description: meaning[status] }]),
  );
}
