/**
 * All that a command may know of the world around it: where it writes, its environment, its clock.
 * `main.ts` gives the real one; a test gives its own.
 */
import { Readable } from "node:stream";
import type { Clock } from "../model/time.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export type Terminal = {
  readonly environment: Environment;
  /** Writes to standard output as it is; resolves when more may be written. */
  readonly write: (text: string) => Promise<void>;
  /** Writes one line to standard error. */
  readonly note: (line: string) => void;
  /** Shows one line on standard error that the next one takes the place of; absent where that is no terminal. */
  readonly progress?: (line: string) => void;
  readonly input: Readable;
  readonly inputIsTerminal: boolean;
  /** Standard output is a terminal that shows colours, and nobody asked for none. */
  readonly colors: boolean;
  readonly columns: number;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Calls back on each SIGINT and SIGTERM; once asked for, a signal no longer ends the process. */
  readonly onSignal: (listener: (signal: "SIGINT" | "SIGTERM") => void) => void;
  /** Ends the process at once, whatever is at hand. */
  readonly abandon: (code: number) => never;
  readonly pid: number;
  readonly hostname: string;
};

/** A terminal on which nothing is said and nothing comes in; documents are written with it. */
export const plainTerminal: Terminal = {
  environment: {},
  write: async () => undefined,
  note: () => undefined,
  input: Readable.from([]),
  inputIsTerminal: false,
  colors: false,
  columns: 100,
  clock: () => 0,
  randomBytes: (count) => new Uint8Array(count),
  onSignal: () => undefined,
  abandon: (code) => {
    throw new Error(`abandoned with ${code}`);
  },
  pid: 1,
  hostname: "localhost",
};
