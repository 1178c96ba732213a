/** What the exit codes of the command line mean; documented in docs/reference/cli.md from here. */
import type { FaultCode } from "../model/fault.ts";
import { Fault } from "../model/fault.ts";

export const exitCodes = {
  ok: { code: 0, about: "done; for a question: something was found" },
  nothing: { code: 1, about: "nothing was found, or what was asked about has failed" },
  usage: { code: 2, about: "the command line or the configuration is wrong" },
  unreachable: { code: 3, about: "the server cannot be reached, or cannot answer now" },
  refused: { code: 4, about: "the server refused: the key, the request, or some of the lines" },
  broken: { code: 70, about: "a fault in Midwatch itself" },
} as const;

export type ExitName = keyof typeof exitCodes;

/** Ends the command with this sentence on stderr and this exit code. */
export class CommandFailure extends Error {
  readonly exit: ExitName;

  constructor(exit: ExitName, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CommandFailure";
    this.exit = exit;
  }
}

const exitOfFault: { readonly [C in FaultCode]?: ExitName } = {
  CONFIG_INVALID: "usage",
  ENGINE_UNAVAILABLE: "unreachable",
  SPOOL_FULL: "unreachable",
  STORE_CLOSED: "unreachable",
  QUERY_INVALID: "usage",
  NOT_FOUND: "nothing",
};

export function exitOf(error: unknown): ExitName {
  if (error instanceof CommandFailure) return error.exit;
  return error instanceof Fault ? (exitOfFault[error.code] ?? "refused") : "broken";
}
