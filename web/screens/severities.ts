/** The severities, least first; held to the model by its type. */
import type { Severity } from "../../src/model/event.ts";

export type { Severity };

export const severities = [
  "trace",
  "debug",
  "info",
  "warn",
  "error",
  "fatal",
] as const satisfies readonly Severity[];
