/** Why a job did or did not run at a time: in sentences, each by what is known. */
import { type JobName, jobKey, type Monitor, type MonitorSource, showJob } from "../model/monitor.ts";
import type { RunSummary } from "../store/store.ts";
import { isNamed } from "./expected.ts";
import { showMoment, showSpan } from "./facts.ts";
import type { Away } from "./judge.ts";
import { nextSlotMs, slotsBetween } from "./slots.ts";

export type Explanation = {
  readonly sentences: readonly string[];
  /** Runs near that time, nearest first. */
  readonly runIds: readonly string[];
};

export type WhyFacts = {
  readonly job: JobName;
  readonly atMs: number;
  readonly nowMs: number;
  readonly monitor: Monitor;
  readonly source: MonitorSource;
  /** Of any service that has a job of this name, in the hours around. */
  readonly runs: readonly RunSummary[];
  /** Incidents of this job that were open then. */
  readonly troubles: readonly string[];
  readonly aways: readonly Away[];
  readonly silentAgents: readonly { readonly host: string; readonly lastMs: number }[];
};

/** Runs further away are not told of. */
export const whyAroundMs = 6 * 3_600_000;
const nearMs = 10 * 60_000;

export function explain(facts: WhyFacts): Explanation {
  const { job, atMs, runs } = facts;
  const mine = runs
    .filter((run) => run.job !== undefined && isNamed(job, { ...run, job: run.job }))
    .map((run) => ({ run, beganMs: (run.startedMicros ?? run.enqueuedMicros ?? run.lastMicros) / 1000 }))
    .toSorted((a, b) => Math.abs(a.beganMs - atMs) - Math.abs(b.beganMs - atMs));
  const near = mine.filter(({ run, beganMs }) => covers(run, beganMs, atMs));
  return {
    sentences: [
      ...expectation(facts),
      ...(near.length > 0
        ? near.slice(0, 5).map(({ run, beganMs }) => runSentence(run, beganMs, facts.nowMs))
        : absence(facts, mine[0])),
      ...facts.troubles,
    ],
    runIds: (near.length > 0 ? near : mine).slice(0, 5).map(({ run }) => run.runId),
  };
}

/** It ran then, or began not long before or after. */
function covers(run: RunSummary, beganMs: number, atMs: number): boolean {
  const endedMs = run.endedMicros === undefined ? beganMs : run.endedMicros / 1000;
  return beganMs - nearMs <= atMs && atMs <= endedMs + nearMs;
}

function expectation({ job, monitor, source, atMs }: WhyFacts): readonly string[] {
  const name = showJob(job);
  if (monitor.schedules.length === 0) {
    return [
      `No time is expected of ${name}: ${source === "set" ? "its monitor names no schedule" : "nobody declared a schedule for it"}.`,
    ];
  }
  return monitor.schedules.map((schedule) => {
    const how =
      schedule.expression === undefined
        ? `every ${schedule.everySeconds} s`
        : `\`${schedule.expression}\` in ${schedule.timeZone}`;
    const where = schedule.host === undefined ? "" : ` on ${schedule.host}`;
    if (schedule.expression === undefined) return `${name} is due ${how}${where}.`;
    const before = slotsBetween(schedule, atMs - 8 * 86_400_000, atMs + 30_000).at(-1);
    const after = nextSlotMs(schedule, atMs + 30_000);
    const due = before === undefined ? "not in the week before" : `last before then at ${showMoment(before)}`;
    return `${name} is due by ${how}${where}: ${due}, next at ${after === undefined ? "no time" : showMoment(after)}.`;
  });
}

function runSentence(run: RunSummary, beganMs: number, nowMs: number): string {
  const where = run.host === undefined ? "" : ` on ${run.host}`;
  const error =
    run.errorClass === undefined
      ? ""
      : ` with ${run.errorClass}: ${(run.errorMessage ?? "").split("\n", 1)[0]?.replace(/\.$/, "").slice(0, 200)}`;
  const tries = run.attempts > 1 ? ` after ${run.attempts} attempts` : "";
  const took = run.durationMs === undefined ? "" : `, after ${showSpan(run.durationMs)}`;
  const began = `Run ${run.runId} ${run.startedMicros === undefined ? "was asked for" : "began"} at ${showMoment(beganMs)}${where}`;
  if (run.state === "running") return `${began} and is open for ${showSpan(nowMs - beganMs)} now.`;
  if (run.state === "waiting")
    return `${began} and waits in ${run.queue ?? "its queue"} for ${showSpan(nowMs - beganMs)} now: no worker has taken it.`;
  if (run.state === "retrying") return `${began}, failed${error}, and will be tried again.`;
  if (run.state === "lost") return `${began} and was lost with its worker${error}.`;
  const ended = {
    succeeded: "succeeded",
    failed: "failed",
    discarded: "was given up",
    cancelled: "was cancelled",
  }[run.state as string];
  return `${began} and ${ended ?? "ended"}${tries}${run.state === "succeeded" ? took : error}.`;
}

function absence(
  { job, atMs, nowMs, aways, silentAgents }: WhyFacts,
  nearest: { readonly run: RunSummary; readonly beganMs: number } | undefined,
): readonly string[] {
  const name = showJob(job);
  if (atMs > nowMs) return ["That time has not come yet."];
  const sentences = [`No run of ${name} is known at ${showMoment(atMs)}.`];
  const away = aways.find(({ fromMs, untilMs }) => fromMs <= atMs && atMs <= untilMs);
  if (away)
    sentences.push(
      `Midwatch was down from ${showMoment(away.fromMs)} to ${showMoment(away.untilMs)}: what ran then is only known where a recorder kept it.`,
    );
  for (const { host, lastMs } of silentAgents) {
    if (lastMs < atMs)
      sentences.push(
        `The agent of ${host} has not been heard since ${showMoment(lastMs)}: what ran there since is not known.`,
      );
  }
  if (!away && silentAgents.every(({ lastMs }) => lastMs >= atMs)) {
    sentences.push("Midwatch watched and no agent was silent: had a recorded run begun, it would be known.");
  }
  sentences.push(
    nearest
      ? `The nearest is ${showSpan(Math.abs(nearest.beganMs - atMs))} ${nearest.beganMs < atMs ? "before" : "after"}. ${runSentence(nearest.run, nearest.beganMs, nowMs)}`
      : `None is known within ${showSpan(whyAroundMs)} either: is the name right, and is the job recorded?`,
  );
  return sentences;
}

/** Both name the same job, as far as both say. */
export function mayBe(job: JobName, other: JobName): boolean {
  return jobKey(job) === jobKey(other) || isNamed(job, other) || isNamed(other, job);
}
