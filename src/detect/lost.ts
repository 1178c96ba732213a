/** A worker died, and the runs it had with it: one problem, however many runs it had. */
import { causeOf, type Finding } from "../model/finding.ts";
import { showJob } from "../model/monitor.ts";
import type { StoredEvent } from "../store/store.ts";
import type { Detector } from "./detectors.ts";
import { nameOf } from "./facts.ts";

export const lost: Detector = ({ losses }) => losses.map(findingOf);

function findingOf(event: StoredEvent): Finding {
  const worker = event.worker;
  const job = event.job === undefined ? undefined : nameOf(event);
  const why = event.error_message ?? event.message ?? "";
  const what =
    job === undefined
      ? `The worker ${worker ?? ""} died`
      : `${showJob(job)} was lost: its worker${worker === undefined ? "" : ` ${worker}`} died`;
  return {
    kind: "lost",
    cause: causeOf("lost", worker ?? event.run_id ?? event.id),
    atMs: Date.parse(event.time),
    because: why === "" ? `${what}.` : `${what}. ${why.split("\n", 1)[0]?.slice(0, 300)}`,
    ...(job && { job }),
    ...(event.host !== undefined && { host: event.host }),
    evidence: { eventIds: [event.id], runIds: event.run_id === undefined ? [] : [event.run_id] },
  };
}
