/** Faults that are planted: what each does to a job, and which findings are about it. */
import type { FindingKind } from "../../src/model/finding.ts";
import type { Chance } from "./chance.ts";
import type { WorldJob } from "./world.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

export type FaultKind = {
  readonly name: string;
  /** Something did not happen, did not end, or ended badly: it must always be found. */
  readonly hard: boolean;
  readonly lastsMs: number;
  readonly suits: (job: WorldJob) => boolean;
  readonly found: readonly FindingKind[];
  /** News is no news the second time: no job has it twice. */
  readonly isNews?: true;
};

export type Fault = {
  readonly kind: FaultKind;
  readonly job: WorldJob;
  readonly fromMs: number;
  readonly untilMs: number;
};

const isCron = (job: WorldJob): boolean => job.expression !== undefined;
const isQueue = (job: WorldJob): boolean => job.expression === undefined;
const isBusy = (job: WorldJob): boolean => isQueue(job) && job.perHour >= 8;
/** Its slots come at least once a day, so that a day of trouble meets one. */
const isDaily = (job: WorldJob): boolean => isCron(job) && !job.isWeekly;

export const faultKinds: readonly FaultKind[] = [
  { name: "does not run", hard: true, lastsMs: 26 * hourMs, suits: isDaily, found: ["missed"] },
  {
    name: "hangs",
    hard: true,
    lastsMs: 26 * hourMs,
    suits: (job) => isDaily(job) || isBusy(job),
    found: ["too_long", "overlap"],
  },
  { name: "fails for good", hard: true, lastsMs: 26 * hourMs, suits: isDaily, found: ["failed", "failing"] },
  { name: "loses its worker", hard: true, lastsMs: 2 * hourMs, suits: isBusy, found: ["lost"] },
  {
    name: "nobody takes its queue",
    hard: true,
    lastsMs: 3 * hourMs,
    suits: (job) => isQueue(job) && job.perHour >= 15,
    found: ["backlog", "volume"],
  },
  {
    name: "begins an hour late",
    hard: true,
    lastsMs: 26 * hourMs,
    suits: isDaily,
    found: ["missed", "late"],
  },
  {
    name: "60 % of attempts fail",
    hard: false,
    lastsMs: 4 * hourMs,
    suits: isBusy,
    found: ["failing", "retry_storm", "new_error"],
  },
  {
    name: "is tried again without end",
    hard: false,
    lastsMs: 3 * hourMs,
    suits: isBusy,
    found: ["retry_storm", "failing", "new_error"],
  },
  {
    name: "takes ten times as long",
    hard: false,
    lastsMs: 6 * hourMs,
    suits: (job) => isBusy(job) && job.middleMs > 10_000,
    found: ["unlike_before", "too_long"],
  },
  {
    name: "ends at once",
    hard: false,
    lastsMs: 26 * hourMs,
    suits: (job) => isDaily(job) && job.middleMs > 5000,
    found: ["too_short"],
  },
  {
    name: "writes nothing",
    hard: false,
    lastsMs: 26 * hourMs,
    suits: (job) => isDaily(job) && job.outputBytes > 3000,
    found: ["unlike_before"],
  },
  {
    name: "uses twenty times the memory",
    hard: false,
    lastsMs: 26 * hourMs,
    suits: isDaily,
    found: ["unlike_before"],
  },
  { name: "comes twenty times as often", hard: false, lastsMs: 3 * hourMs, suits: isBusy, found: ["volume"] },
  {
    name: "is not asked for",
    hard: false,
    lastsMs: 10 * hourMs,
    suits: (job) => isQueue(job) && job.perHour >= 40 && job.isSteady,
    found: ["volume"],
  },
  {
    name: "is installed twice",
    hard: false,
    lastsMs: 2 * dayMs,
    suits: isDaily,
    found: ["too_often", "unfamiliar"],
  },
  {
    name: "is begun from a console",
    hard: false,
    lastsMs: 2 * hourMs,
    suits: isBusy,
    found: ["unfamiliar"],
    isNews: true,
  },
  {
    name: "gets other arguments",
    hard: false,
    lastsMs: 4 * hourMs,
    suits: isBusy,
    found: ["unfamiliar"],
    isNews: true,
  },
  {
    name: "runs on an unknown host",
    hard: false,
    lastsMs: 4 * hourMs,
    suits: (job) => isBusy(job) && !job.isScaled,
    found: ["unfamiliar"],
    isNews: true,
  },
];

/** So many of each kind, on jobs that have no other fault within two days. */
export function plantFaults(
  jobs: readonly WorldJob[],
  each: number,
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
  chance: Chance,
): readonly Fault[] {
  const faults: Fault[] = [];
  for (const kind of faultKinds) {
    const suited = jobs.filter(kind.suits);
    for (let number = 0; number < each && suited.length > 0; number++) {
      for (let tried = 0; tried < 50; tried++) {
        const job = chance.pick(suited);
        // In working hours of a day: some jobs sleep at night and at weekends.
        const day = Math.floor((fromMs + chance.share() * (untilMs - fromMs - kind.lastsMs)) / dayMs) * dayMs;
        const weekday = new Date(day).getUTCDay();
        const begin = day + (9 + chance.below(5)) * hourMs + chance.below(3_000_000);
        if (begin < fromMs || weekday === 0 || weekday > 4) continue;
        const isFree = faults.every(
          (other) =>
            other.job !== job ||
            (!(kind.isNews && other.kind === kind) &&
              (other.untilMs < begin - 2 * dayMs || other.fromMs > begin + kind.lastsMs + 2 * dayMs)),
        );
        if (!isFree) continue;
        faults.push({ kind, job, fromMs: begin, untilMs: begin + kind.lastsMs });
        break;
      }
    }
  }
  return faults;
}
