/**
 * How the server speaks of itself: lines, events of its own, and findings when a promise does not
 * hold. It speaks before the door for events is open; what it says until then is only a line.
 */
import { makeOwnFindings, type OwnFindings } from "../alert/own-findings.ts";
import type { EngineNotice } from "../store/engine/supervisor.ts";
import type { InserterNotice } from "../store/inserter.ts";
import type { OwnEvents } from "./own-events.ts";
import { makeOwnLog, type OwnLog, type OwnLogOptions } from "./own-log.ts";

export type ServerVoice = {
  readonly log: OwnLog;
  readonly findings: OwnFindings;
  /** An event of Midwatch's own; nothing before `recordTo`. */
  readonly record: OwnEvents["record"];
  readonly recordTo: (events: OwnEvents) => void;
};

export function makeServerVoice(options: Omit<OwnLogOptions, "record">): ServerVoice {
  let events: OwnEvents | undefined;
  const record: OwnEvents["record"] = (kind, fields, atMs) => events?.record(kind, fields, atMs);
  return {
    log: makeOwnLog({
      ...options,
      record: (severity, message) => record("log", { severity, message }),
    }),
    findings: makeOwnFindings(options.clock),
    record,
    recordTo: (opened) => {
      events = opened;
    },
  };
}

export function reportEngine(log: OwnLog, notice: EngineNotice): void {
  if (notice.kind === "started") log("debug", `The engine runs as process ${notice.pid}`);
  else log("error", `The engine ended and is started again in ${notice.restartMs} ms: ${notice.because}`);
}

/** An outage is told once, and once when it is over. */
export function reportInserter(log: OwnLog): (notice: InserterNotice) => void {
  let waiting = false;
  return (notice) => {
    if (notice.kind === "rejected") {
      log(
        "error",
        `A batch cannot be read by the engine and was set aside: ${notice.file.path}: ${notice.because}`,
      );
    } else if (notice.kind === "waiting") {
      if (!waiting) log("warn", `Batches wait in the spool: ${notice.because}`);
      waiting = true;
    } else {
      if (waiting) log("info", "Batches are inserted again");
      waiting = false;
    }
  };
}
