/** Puma has no thread left for requests, lets them wait, or one of its workers does not answer it. */
import { causeOf, type Finding } from "../model/finding.ts";
import type { PumaLoad } from "../store/survey.ts";
import type { Detector } from "./detectors.ts";
import { showSpan } from "./facts.ts";

/** Fewer samples within the last minutes prove nothing. */
const samplesMin = 6;
const busyShare = 0.9;
/** Workers report every 5 s; Puma ends one after 60 s. */
const checkinMsMax = 30_000;

export const pumaBusy: Detector = ({ survey }, nowMs) =>
  survey.pumas.flatMap((load): readonly Finding[] => {
    const { service = "", environment = "", host, worker, samples, threads } = load;
    const finding = (what: string, because: string): Finding => ({
      kind: "web",
      cause: causeOf("web", service, environment, host, what),
      atMs: nowMs,
      because,
      host,
      severity: "warning",
      evidence: { eventIds: [], runIds: [] },
    });
    const who = `Puma${service === "" ? "" : ` of ${service}`} on ${host}`;
    const stuck =
      load.checkinMs > checkinMsMax
        ? [
            finding(
              `worker ${worker}`,
              `A worker of ${who} has not answered for ${showSpan(load.checkinMs)}; after 60 s Puma ends it, and its requests with it.`,
            ),
          ]
        : [];
    if (samples < samplesMin) return stuck;
    const isWaiting = load.withBacklog >= samples * busyShare;
    const isFull = load.withoutCapacity >= samples * busyShare;
    if (!isWaiting && !isFull) return stuck;
    return [...stuck, finding("busy", sentence(who, load, threads, isWaiting))];
  });

function sentence(who: string, { backlogMost }: PumaLoad, threads: number, isWaiting: boolean): string {
  const full = `All ${threads} threads of ${who} were busy in the last 3 min`;
  return isWaiting ? `${full}, and up to ${backlogMost} requests waited for one.` : `${full}.`;
}
