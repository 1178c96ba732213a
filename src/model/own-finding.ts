/**
 * What a part of Midwatch says about Midwatch itself: that something it stands for does not hold
 * (the ledger, redaction, the record of who looked), or holds again. Any folder may be given a
 * `ReportOwnFinding`; the server gives all of them `reportOwnFinding` of `src/alert/own-findings.ts`.
 */
import type { Evidence } from "./finding.ts";
import type { Urgency } from "./monitor.ts";

export type OwnFinding = {
  /** What it is about, such as `ledger.verify`: what is said of one subject is one incident. */
  readonly subject: string;
  /** A sentence that says what is wrong, or by what it is known that it is in order again. */
  readonly because: string;
  /** It holds again: ends the incident. */
  readonly over?: true;
  /** Absent: `critical`. */
  readonly severity?: Urgency;
  /** Absent: none. */
  readonly evidence?: Evidence;
};

/** Takes it at once and never throws; it becomes an incident with the next look of the watch. */
export type ReportOwnFinding = (finding: OwnFinding) => void;
