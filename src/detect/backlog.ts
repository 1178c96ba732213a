/** Runs that are due wait in a queue, more of them and longer than the queue can work off soon. */
import { causeOf } from "../model/finding.ts";
import type { QueueLoad } from "../store/survey.ts";
import type { Detector } from "./detectors.ts";
import { showSpan } from "./facts.ts";
import { showCount } from "./usual.ts";

const waitMsMin = 10 * 60_000;
const waitingMin = 10;
/** What the rates are counted over. */
const ratesMs = 15 * 60_000;

export const backlog: Detector = ({ survey }, nowMs) =>
  survey.queues.flatMap((load) => {
    const waitMs = nowMs - load.oldestMs;
    if (load.waiting < waitingMin || waitMs < waitMsMin) return [];
    const drainMs = drainMsOf(load);
    // It is worked off already, and soon done.
    if (drainMs !== undefined && drainMs < waitMsMin) return [];
    const { queue, service, environment } = load;
    const of = [service, environment].filter((part) => part !== undefined).join(", ");
    const rate = `${showCount((load.taken / ratesMs) * 60_000 * 10) === "0" ? "None" : showRate(load.taken)} begin a minute and ${showRate(load.asked)} come`;
    const drain =
      drainMs === undefined
        ? "it does not get shorter at this rate"
        : `at this rate it is empty in ${showSpan(drainMs)}`;
    return {
      kind: "backlog" as const,
      cause: causeOf("backlog", service ?? "", environment ?? "", queue),
      atMs: load.oldestMs + waitMsMin,
      because: `${showCount(load.waiting)} runs wait in the queue ${queue}${of === "" ? "" : ` (${of})`}, the oldest for ${showSpan(waitMs)}. ${rate}: ${drain}.`,
      severity: load.taken === 0 ? ("error" as const) : ("warning" as const),
      evidence: { eventIds: [], runIds: [] },
    };
  });

/** `undefined`: never, as long as more come than begin. */
export function drainMsOf({ waiting, asked, taken }: QueueLoad): number | undefined {
  return taken <= asked ? undefined : (waiting / (taken - asked)) * ratesMs;
}

function showRate(count: number): string {
  const rate = (count / ratesMs) * 60_000;
  return rate >= 10 ? showCount(rate) : String(Math.round(rate * 10) / 10);
}
