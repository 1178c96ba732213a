/** A run failed, and no attempt will follow. */
import { causeOf } from "../model/finding.ts";
import { jobKey, showJob } from "../model/monitor.ts";
import type { Detector } from "./detectors.ts";
import { classify, sharedCauseOf } from "./error-kind.ts";
import { nameOf } from "./facts.ts";

export const failed: Detector = ({ failures }) =>
  failures
    .filter(({ final }) => final)
    .map(({ event, isNew }) => {
      const job = nameOf(event);
      const said = [event.error_class, event.error_message?.split("\n", 1)[0]?.slice(0, 300)];
      const how = said.filter((part) => part !== undefined && part !== "").join(": ");
      const tries = event.attempt !== undefined && event.attempt > 1 ? ` at attempt ${event.attempt}` : "";
      const because =
        `${showJob(job)} failed${tries} and will not be tried again` +
        `${how === "" ? "" : `: ${how}`}${isNew ? ". It never failed in this way before" : ""}`;
      const kind = classify(event);
      const sharedCause = sharedCauseOf(event);
      return {
        kind: "failed",
        cause: causeOf("failed", jobKey(job), event.fingerprint ?? event.error_class ?? ""),
        atMs: Date.parse(event.time),
        because: `${because}.${kind ? ` ${kind.advice}` : ""}`,
        job,
        ...(sharedCause !== undefined && { sharedCause }),
        ...(event.host !== undefined && { host: event.host }),
        evidence: { eventIds: [event.id], runIds: event.run_id === undefined ? [] : [event.run_id] },
      };
    });
