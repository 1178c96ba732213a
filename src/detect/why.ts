/** Why a job did or did not run at a time: in sentences, each by what is known. */
import type { Incident } from "../model/incident.ts";
import { type JobName, jobKey, type Monitor, type MonitorSource, showJob } from "../model/monitor.ts";
import type { RunSummary } from "../store/store.ts";
import type { BaselineHour, Release } from "./baseline.ts";
import { dateOf, isWorkday } from "./calendar.ts";
import { classify } from "./error-kind.ts";
import { isNamed } from "./expected.ts";
import { showMoment, showSpan } from "./facts.ts";
import type { Away } from "./judge.ts";
import { nextSlotMs, slotsBetween } from "./slots.ts";
import { releaseNewMs, showUsual } from "./usual.ts";

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
  /** What was usual at that hour. */
  readonly usual?: Pick<BaselineHour, "duration" | "volume" | "failure">;
  /** When releases of it were first seen. */
  readonly releases?: readonly Release[];
  /** Where what is declared and what is installed differ for it. */
  readonly drifts?: readonly string[];
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
      ...dayOff(facts),
      ...(near.length > 0
        ? near
            .slice(0, 5)
            .flatMap(({ run, beganMs }) => [
              runSentence(run, beganMs, facts.nowMs),
              ...comparison(run, beganMs, facts),
            ])
        : absence(facts, mine[0])),
      ...(facts.drifts ?? []),
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

/** The schedule goes on, and its calendar says that nothing is due. */
function dayOff({ job, monitor, atMs }: WhyFacts): readonly string[] {
  const { calendar, schedules } = monitor;
  const timeZone = schedules[0]?.timeZone;
  if (!calendar || timeZone === undefined || isWorkday(calendar, atMs, timeZone)) return [];
  const date = dateOf(atMs, timeZone);
  const why =
    calendar.holidays?.includes(date) === true ? "is one of its holidays" : "is not one of its weekdays";
  return [`By the calendar of ${showJob(job)} nothing is due then: ${date} ${why}.`];
}

/** How the run lies beside what is usual, and what was new then. */
function comparison(
  run: RunSummary,
  beganMs: number,
  { usual, releases = [], nowMs }: WhyFacts,
): readonly string[] {
  const band = usual?.duration;
  const tookMs = run.durationMs ?? (run.state === "running" ? nowMs - beganMs : undefined);
  const isUnlike =
    band !== undefined && tookMs !== undefined && (tookMs > band.highLimit || tookMs < band.lowLimit);
  const compared =
    band === undefined || tookMs === undefined
      ? []
      : [
          `It ${showUsual(band, showSpan)}; this ${isUnlike ? "is unlike that" : "is as usual"}.`.replace(
            "It usually",
            "It usually takes",
          ),
        ];
  const release = releases.find((one) => one.release === run.release);
  const isNew = release && releases.length > 1 && beganMs - release.firstMs < releaseNewMs;
  const isBad = isUnlike || run.state === "failed" || run.state === "lost";
  return [
    ...compared,
    ...(isNew && isBad
      ? [`It ran release ${release.release}, which was first seen at ${showMoment(release.firstMs)}.`]
      : []),
    ...(run.state === "failed" ? adviceOf(run) : []),
  ];
}

function adviceOf({ errorClass, errorMessage }: RunSummary): readonly string[] {
  const kind = classify({
    ...(errorClass !== undefined && { error_class: errorClass }),
    ...(errorMessage !== undefined && { error_message: errorMessage }),
  });
  return kind ? [kind.advice] : [];
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

/** An incident may be why: of the job, of one that it needs, of its host or of its queue. */
export function concerns(
  { kind, job: of, host, cause }: Pick<Incident, "kind" | "job" | "host" | "cause">,
  job: JobName,
  monitor: Monitor,
  runs: readonly RunSummary[],
): boolean {
  if (of) return mayBe(job, of) || (monitor.needs ?? []).some((need) => mayBe(need, of));
  if (kind === "backlog") {
    const queue = (JSON.parse(cause) as readonly string[]).at(-1);
    return runs.some((run) => run.queue === queue);
  }
  const hosts = [...monitor.schedules, ...runs].map((one) => one.host);
  return host !== undefined && kind !== "pattern" && hosts.includes(host);
}
