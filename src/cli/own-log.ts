/**
 * The server's own lines: to standard error for whoever runs it, and from `warn` on also as events,
 * so that Midwatch's trouble is found where everybody's is.
 */
import { type Severity, severities } from "../model/event.ts";
import type { Clock } from "../model/time.ts";
import { printable } from "./printable.ts";

export type OwnLog = (severity: Severity, message: string) => void;

export type OwnLogOptions = {
  readonly format: "text" | "json";
  readonly level: Severity;
  readonly clock: Clock;
  readonly note: (line: string) => void;
  /** Lines of `warn` and above, whatever the level is. */
  readonly record: (severity: Severity, message: string) => void;
};

/** A line is cut after so many characters. */
const messageLengthMax = 8000;

export function makeOwnLog({ format, level, clock, note, record }: OwnLogOptions): OwnLog {
  const least = severities.indexOf(level);
  return (severity, message) => {
    const text = message.slice(0, messageLengthMax);
    if (severities.indexOf(severity) >= least) {
      const time = new Date(clock()).toISOString();
      note(
        format === "json"
          ? JSON.stringify({ time, severity, message: text })
          : `${time} ${severity.padEnd(5)} ${printable(text)}`,
      );
    }
    if (severities.indexOf(severity) >= severities.indexOf("warn")) record(severity, text);
  };
}
