/**
 * How an error becomes an answer: a `Fault` by its code, a question that does not fit its schema by
 * the name of the parameter, and anything else as a sentence that tells nothing of the inside but
 * a reference under which the server's own log tells all.
 */
import type { FastifyError } from "fastify";
import { Fault, type FaultCode } from "../model/fault.ts";
import { didYouMean } from "./nearest.ts";
import type { ErrorAnswer } from "./schemas.ts";

/** A code that is not named is trouble of our own. */
const statusOf: Readonly<Partial<Record<FaultCode, number>>> = {
  ACCESS_UNRECORDED: 503,
  BAD_REQUEST: 400,
  BATCH_TOO_LARGE: 413,
  CODE_NEEDED: 401,
  ENGINE_UNAVAILABLE: 503,
  HOST_REFUSED: 421,
  KEY_INVALID: 401,
  NOT_FOUND: 404,
  QUERY_INVALID: 400,
  QUERY_TOO_HEAVY: 422,
  REQUEST_REFUSED: 403,
  RIGHT_MISSING: 403,
  SERVER_BUSY: 503,
  SIGN_IN_NEEDED: 401,
  SIGN_IN_REFUSED: 401,
  SLOW_DOWN: 429,
  SPOOL_FULL: 503,
  STORE_CLOSED: 503,
};

export type Problem = {
  readonly status: number;
  readonly answer: ErrorAnswer;
  readonly headers: Readonly<Record<string, string>>;
  /** The error is ours and belongs in the log. */
  readonly unexpected: boolean;
};

/** `reference` ties the answer to the log where the error is unexpected. */
export function problemOf(error: FastifyError | Fault | Error, reference: string): Problem {
  const status = error instanceof Fault ? statusOf[error.code] : undefined;
  if (error instanceof Fault && status !== undefined) return faultProblem(error, status);
  const { validation, statusCode } = error as FastifyError;
  if (validation) return validationProblem(error as FastifyError);
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return plain(statusCode, "BAD_REQUEST", sentenceOf(statusCode));
  }
  const message = `Something failed inside Midwatch; its log says what, under the reference ${reference}.`;
  return { ...plain(500, "UNEXPECTED", message), unexpected: true };
}

function plain(status: number, code: string, message: string): Problem {
  return { status, answer: { code, message }, headers: {}, unexpected: false };
}

function faultProblem(fault: Fault, status: number): Problem {
  const waitSeconds = fault.retryAfterSeconds ?? 2;
  return {
    ...plain(status, fault.code, fault.message),
    headers: {
      ...((status === 503 || status === 429) && {
        "retry-after": String(Math.max(1, Math.ceil(waitSeconds))),
      }),
      ...(fault.code === "KEY_INVALID" && { "www-authenticate": 'Bearer realm="midwatch"' }),
    },
  };
}

/** A question is refused by the name of its parameter, a body by the path in it. */
function validationProblem({ validation, validationContext }: FastifyError): Problem {
  const first = validation?.[0];
  const name = (first?.instancePath ?? "").slice(1).replaceAll("/", ".");
  const parameters = (first?.params ?? {}) as {
    additionalProperty?: string;
    missingProperty?: string;
    allowedValues?: readonly string[];
  };
  const code = validationContext === "body" ? "BAD_REQUEST" : "QUERY_INVALID";
  if (parameters.additionalProperty !== undefined) {
    const known = Object.keys(
      (first as { parentSchema?: { properties?: object } }).parentSchema?.properties ?? {},
    );
    const unknown = parameters.additionalProperty.slice(0, 100);
    return plain(400, code, `There is no parameter \`${unknown}\`${didYouMean(unknown, known)}`);
  }
  const expected = parameters.allowedValues
    ? `must be one of ${parameters.allowedValues.join(", ")}`
    : (first?.message ?? "is not what was expected");
  return plain(400, code, name === "" ? `The request ${expected}.` : `\`${name}\` ${expected}.`);
}

function sentenceOf(status: number): string {
  if (status === 413) return "The body is larger than this route takes.";
  if (status === 415) return "The body must be JSON, with `Content-Type: application/json`.";
  if (status === 414) return "The address is longer than this server takes.";
  return "The request is not well-formed: its address, headers or body cannot be read.";
}
