/**
 * An error that a person or a program can act on. Each has a code from one catalogue, a sentence
 * that says what was wrong and what was expected, and the cause where there is one.
 */
export type FaultCode =
  | "ACCESS_UNRECORDED"
  | "BAD_REQUEST"
  | "BATCH_TOO_LARGE"
  | "BATCH_UNREADABLE"
  | "CODE_NEEDED"
  | "CONFIG_INVALID"
  | "ENGINE_UNAVAILABLE"
  | "HOST_REFUSED"
  | "KEY_INVALID"
  | "LEDGER_INCONSISTENT"
  | "NOT_FOUND"
  | "QUERY_INVALID"
  | "QUERY_TOO_HEAVY"
  | "REQUEST_REFUSED"
  | "RIGHT_MISSING"
  | "SERVER_BUSY"
  | "SIGN_IN_NEEDED"
  | "SIGN_IN_REFUSED"
  | "SLOW_DOWN"
  | "SPOOL_FULL"
  | "STORE_CLOSED";

export class Fault extends Error {
  readonly code: FaultCode;
  /** Seconds after which a repetition may succeed, where that is known. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: FaultCode,
    message: string,
    options: { cause?: unknown; retryAfterSeconds?: number } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "Fault";
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}
