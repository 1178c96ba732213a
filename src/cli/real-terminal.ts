/** Where the process meets the program: the real terminal, environment, clock and signals. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { hostname } from "node:os";
import { isatty } from "node:tty";
import type { Terminal } from "./terminal.ts";

export const realTerminal: Terminal = {
  environment: process.env,
  write: async (text) => {
    if (!process.stdout.write(text)) await once(process.stdout, "drain");
  },
  note: (line) => console.error(line),
  ...(isatty(2) &&
    process.env["TERM"] !== "dumb" && {
      progress: (line: string) => void process.stderr.write(`\r${line}\u001b[K`),
    }),
  input: process.stdin,
  inputIsTerminal: isatty(0),
  colors: isatty(1) && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb",
  columns: process.stdout.columns ?? 120,
  clock: Date.now,
  randomBytes: (count) => randomBytes(count),
  onSignal: (listener) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => listener(signal));
  },
  abandon: (code) => process.exit(code),
  pid: process.pid,
  hostname: hostname(),
};

// Whoever reads our output may stop reading (`| head`); that is no error of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});
