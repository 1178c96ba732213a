/**
 * Where what an application declares and what is installed on its hosts differ: a line that was
 * never installed, one that a deploy left behind, one that stands twice, or one with another time.
 */
import { causeOf } from "../model/finding.ts";
import { type Declaration, type JobName, jobNameOf, type Schedule, showJob } from "../model/monitor.ts";
import type { Detector } from "./detectors.ts";
import { nextSlotMs } from "./slots.ts";

export type Drift = {
  readonly what: "not installed" | "not declared" | "installed twice" | "other time";
  readonly job: JobName;
  readonly because: string;
  readonly declared: readonly Schedule[];
  readonly installed: readonly Schedule[];
  /** Of the newest thing said about it. */
  readonly seenMs: number;
};

/** After a deploy both sides are read anew, one after the other. */
const settleMs = 30 * 60_000;

/** Only crontabs are compared: what beat declares is what beat does. */
export function driftsOf(declarations: readonly Declaration[]): readonly Drift[] {
  const cron = declarations.filter(({ schedule }) => schedule.runtime === "cron");
  const isInstalled = ({ origin }: Declaration): boolean => origin.startsWith("crontab ");
  // Nothing is known of crontabs where no agent reads any, and of schedule files where none is declared.
  if (!cron.some(isInstalled)) return [];
  const declaringServices = new Set(
    cron.filter((one) => !isInstalled(one)).map(({ job }) => job.service ?? ""),
  );
  return [...Map.groupBy(cron, ({ job }) => job.job).values()].flatMap((own) => {
    const installed = own.filter(isInstalled);
    const declared = own.filter((one) => !isInstalled(one));
    const [first] = own;
    if (!first) return [];
    const job = jobNameOf((declared[0] ?? installed[0] ?? first).job);
    const drift = (what: Drift["what"], because: string): Drift => ({
      what,
      job,
      because,
      declared: declared.map(({ schedule }) => schedule),
      installed: installed.map(({ schedule }) => schedule),
      seenMs: Math.max(...own.map(({ seenMs }) => seenMs)),
    });
    const name = showJob(job);
    if (installed.length === 0) {
      return [
        drift(
          "not installed",
          `${name} is declared, and stands in no crontab that an agent reads: it will not run.`,
        ),
      ];
    }
    if (declared.length === 0) {
      if (!declaringServices.has(job.service ?? "")) return [];
      return [
        drift(
          "not declared",
          `${name} is installed on ${hostsOf(installed)}, and its application does not declare it any more.`,
        ),
      ];
    }
    const twice = installed.find((one, index) =>
      installed.slice(0, index).some((other) => isSame(one, other)),
    );
    const other = installed.find(
      (one) => !declared.some(({ schedule }) => isSameTime(schedule, one.schedule)),
    );
    return [
      ...(twice
        ? [
            drift(
              "installed twice",
              `${name} stands twice in the crontabs of ${hostsOf([twice])}: it runs twice.`,
            ),
          ]
        : []),
      ...(other
        ? [
            drift(
              "other time",
              `${name} is declared for ${show(declared[0]?.schedule)} and installed on ${hostsOf([other])} for ${show(other.schedule)}.`,
            ),
          ]
        : []),
    ];
  });
}

function hostsOf(installed: readonly Declaration[]): string {
  return [...new Set(installed.map(({ schedule }) => schedule.host ?? "a host"))].slice(0, 5).join(", ");
}

function isSame(one: Declaration, other: Declaration): boolean {
  return one.schedule.host === other.schedule.host && one.schedule.expression === other.schedule.expression;
}

/** The same expression, or another that says the same: `@daily` and `0 0 * * *`. */
function isSameTime(one: Schedule, other: Schedule): boolean {
  if (one.timeZone !== other.timeZone) return false;
  if (one.expression === other.expression) return true;
  let atMs = 0;
  for (let slot = 0; slot < 20; slot++) {
    const next = nextSlotMs(one, atMs);
    if (next === undefined || next !== nextSlotMs(other, atMs)) return false;
    atMs = next;
  }
  return true;
}

function show(schedule: Schedule | undefined): string {
  return schedule ? `\`${schedule.expression ?? ""}\` in ${schedule.timeZone}` : "no time";
}

export const drift: Detector = ({ drifts }, nowMs) =>
  drifts
    .filter(({ seenMs }) => nowMs - seenMs > settleMs)
    .map(({ what, job, because, installed, seenMs }) => {
      const host = installed[0]?.host;
      return {
        kind: "drift",
        cause: causeOf("drift", what, job.service ?? "", job.job),
        atMs: seenMs + settleMs,
        because,
        job,
        ...(host !== undefined && { host }),
        severity: what === "not installed" ? "warning" : "info",
        evidence: { eventIds: [], runIds: [] },
      };
    });
