/** A job failed in a way it never did before, and will be tried again: early word of what may come. */
import { causeOf } from "../model/finding.ts";
import { jobKey, showJob } from "../model/monitor.ts";
import type { Detector } from "./detectors.ts";
import { classify } from "./error-kind.ts";
import { nameOf } from "./facts.ts";

export const newError: Detector = ({ failures }) =>
  failures
    .filter(({ final, isNew }) => isNew && !final)
    .map(({ event }) => {
      const job = nameOf(event);
      const kind = classify(event);
      return {
        kind: "new_error",
        cause: causeOf("new_error", jobKey(job), event.fingerprint ?? event.error_class ?? ""),
        atMs: Date.parse(event.time),
        because: `An attempt of ${showJob(job)} failed with ${event.error_class ?? "an error"}, as it never did before; it will be tried again.${kind ? ` ${kind.advice}` : ""}`,
        job,
        severity: "info",
        evidence: { eventIds: [event.id], runIds: event.run_id === undefined ? [] : [event.run_id] },
      };
    });
