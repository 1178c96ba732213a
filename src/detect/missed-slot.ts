/**
 * A run that was due did not begin. Slots of one job in one look are one finding; and where many jobs
 * of one scheduler were due and none of them began, it is that scheduler that is in trouble.
 */
import { causeOf, type Finding } from "../model/finding.ts";
import { jobKey, jobNameOf, showJob } from "../model/monitor.ts";
import type { Detector } from "./detectors.ts";
import { type Facts, showMoment, showSpan } from "./facts.ts";
import type { JudgedSlot } from "./judge.ts";

export const missedSlot: Detector = (facts) => {
  const byJob = Map.groupBy(
    facts.slots.filter(({ sign }) => sign === undefined),
    ({ monitor, away }) => `${away ? "unknown" : "missed"} ${jobKey(monitor)}`,
  );
  const together = silentSchedulers(facts.slots);
  return [...byJob.values()].map((slots) => {
    const finding = findingOf(slots, facts);
    const scheduler = schedulerOf(slots.at(-1) as JudgedSlot);
    const jobs = together.get(scheduler);
    if (jobs === undefined) return finding;
    return {
      ...finding,
      because: `${finding.because} Nor did any other of the ${jobs} jobs begin that the same scheduler had due.`,
      sharedCause: causeOf("missed", scheduler),
    };
  });
};

/** So many jobs do not fail to begin at the same time each for a reason of its own. */
const togetherMin = 10;

/** Schedulers of which many jobs were due, and none began; and how many. */
function silentSchedulers(slots: readonly JudgedSlot[]): ReadonlyMap<string, number> {
  const silent = new Map<string, number>();
  for (const [scheduler, own] of Map.groupBy(slots, schedulerOf)) {
    if (own.some(({ sign }) => sign !== undefined)) continue;
    const jobs = new Set(own.map(({ monitor }) => jobKey(monitor))).size;
    if (jobs >= togetherMin) silent.set(scheduler, jobs);
  }
  return silent;
}

/** The cron of a host, or the beat of an application. */
function schedulerOf({ monitor, schedule }: JudgedSlot): string {
  const { runtime = "", host } = schedule;
  const { service = "", environment = "" } = monitor;
  return JSON.stringify(host === undefined ? [runtime, service, environment] : [runtime, "host", host]);
}

function findingOf(slots: readonly JudgedSlot[], facts: Facts): Finding {
  const [first, last] = [slots[0] as JudgedSlot, slots.at(-1) as JudgedSlot];
  const { monitor, schedule, away } = last;
  const job = jobNameOf(monitor);
  const due =
    slots.length === 1
      ? `was due at ${showMoment(last.slotMs)} and had not begun ${showSpan(last.deadlineMs - last.slotMs)} later`
      : `was due ${slots.length} times from ${showMoment(first.slotMs)} to ${showMoment(last.slotMs)} and did not begin`;
  const agent = facts.agents.find(({ host }) => host === schedule.host);
  const silent = agent && agent.lastMs < last.slotMs;
  const doubt = away
    ? ` Midwatch was down from ${showMoment(away.fromMs)} to ${showMoment(away.untilMs)}: whether it ran is unknown.`
    : silent
      ? ` The agent of ${agent.host} has not been heard since ${showMoment(agent.lastMs)}: it may have run unseen.`
      : "";
  return {
    kind: "missed",
    cause: causeOf("missed", jobKey(job)),
    atMs: last.deadlineMs,
    because: `${showJob(job)} ${due}.${doubt}`,
    job,
    ...(schedule.host !== undefined && { host: schedule.host }),
    ...((away || silent) && { unknown: true as const }),
    count: slots.length,
    evidence: { eventIds: [], runIds: [] },
  };
}
