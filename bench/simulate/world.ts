/**
 * A company's jobs over months, made from a seed: cron jobs and queues with days, nights and weekends,
 * errors that heal, deploys that change how long things take, hosts that come and go. And faults.
 */

import { nextSlotMs } from "../../src/detect/slots.ts";
import type { Json } from "../../src/model/event.ts";
import { type Monitor, quietMonitor } from "../../src/model/monitor.ts";
import type { StoredEvent } from "../../src/store/store.ts";
import { type Chance, chanceOf } from "./chance.ts";
import type { Fault } from "./faults.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
export const zone = "Europe/Berlin";

export type WorldJob = {
  readonly name: string;
  readonly service: string;
  readonly number: number;
  /** Of cron; absent: it waits in a queue of its own. */
  readonly expression?: string;
  readonly isWeekly: boolean;
  /** Runs an hour at noon of a working day. */
  readonly perHour: number;
  /** Day and night alike. */
  readonly isSteady: boolean;
  readonly middleMs: number;
  readonly spread: number;
  readonly outputBytes: number;
  readonly memoryBytes: number;
  /** Runs on hosts that come and go. */
  readonly isScaled: boolean;
  readonly errorShare: number;
};

const expressions = [
  "0 * * * *",
  "*/15 * * * *",
  "30 2 * * *",
  "0 4 * * *",
  "15 7 * * 1-5",
  "0 6 * * 1",
  "5 */2 * * *",
  "45 23 * * *",
];

export function jobsOf(count: number, chance: Chance): readonly WorldJob[] {
  return Array.from({ length: count }, (_, number): WorldJob => {
    const isCron = number % 5 < 2;
    const expression = isCron ? expressions[Math.floor(number / 5 + number) % expressions.length] : undefined;
    return {
      name: `${isCron ? "cron" : "queue"}.${number}`,
      service: `service-${number % 4}`,
      number,
      ...(expression !== undefined && { expression }),
      isWeekly: expression?.endsWith(" 1") === true,
      perHour: isCron
        ? 0
        : ([1, 4, 10, 20, 60][number % 5 === 2 ? chance.below(2) : 2 + chance.below(3)] ?? 10),
      isSteady: chance.share() < 0.4,
      middleMs: Math.exp(Math.log(500) + chance.share() * Math.log(600)),
      spread: 0.1 + chance.share() * 0.5,
      outputBytes: isCron ? 500 + chance.below(50_000) : 0,
      memoryBytes: (40 + chance.below(400)) * 1e6,
      isScaled: !isCron && chance.share() < 0.4,
      errorShare: chance.pick([0, 0.002, 0.01, 0.05]),
    };
  });
}

export function monitorOf({ name, service, expression, number }: WorldJob): Monitor {
  return {
    ...quietMonitor({ job: name, service }),
    ...(expression !== undefined && {
      schedules: [{ expression, timeZone: zone, runtime: "cron", host: `cron-${number % 3}` }],
    }),
  };
}

export type World = {
  /** All events of a day, in any order; some end later. */
  readonly day: (dayMs: number) => readonly StoredEvent[];
  /** When the first run was due to which a fault happened: it can show no sooner. */
  readonly firstRunMs: (fault: Fault) => number | undefined;
};

export function worldOf(jobs: readonly WorldJob[], faults: readonly Fault[], seed: number): World {
  let runs = 0;
  const byJob = Map.groupBy(faults, ({ job }) => job);
  const firstRuns = new Map<Fault, number>();
  return {
    firstRunMs: (fault) => firstRuns.get(fault),
    day(startMs) {
      const events: StoredEvent[] = [];
      for (const job of jobs) {
        const chance = chanceOf(seed * 7919 + job.number * 104_729 + Math.floor(startMs / dayMs));
        for (const atMs of beginsOf(job, startMs, byJob.get(job) ?? [], chance)) {
          runs += 1;
          const fault = (byJob.get(job) ?? []).find((one) => atMs >= one.fromMs && atMs < one.untilMs);
          if (fault) firstRuns.set(fault, Math.min(atMs, firstRuns.get(fault) ?? atMs));
          events.push(...runOf({ job, atMs, fault, chance, seed, runId: `run-${runs}` }));
        }
      }
      return events;
    },
  };
}

function beginsOf(
  job: WorldJob,
  startMs: number,
  faults: readonly Fault[],
  chance: Chance,
): readonly number[] {
  const begins: number[] = [];
  const faultAt = (atMs: number): string | undefined =>
    faults.find((one) => atMs >= one.fromMs && atMs < one.untilMs)?.kind.name;
  if (job.expression !== undefined) {
    const schedule = { expression: job.expression, timeZone: zone };
    for (
      let slotMs = nextSlotMs(schedule, startMs - 1);
      slotMs !== undefined && slotMs < startMs + dayMs;
      slotMs = nextSlotMs(schedule, slotMs)
    ) {
      const fault = faultAt(slotMs);
      if (fault === "does not run") continue;
      begins.push(slotMs + 500 + chance.below(15_000));
      if (fault === "is installed twice") begins.push(slotMs + 700 + chance.below(15_000));
    }
    return begins;
  }
  for (let hour = startMs; hour < startMs + dayMs; hour += hourMs) {
    const fault = faultAt(hour + hourMs / 2);
    const more = fault === "comes twenty times as often" ? 20 : fault === "is not asked for" ? 0 : 1;
    const runs = chance.count(job.perHour * more * busyness(job, hour));
    for (let run = 0; run < runs; run++) begins.push(hour + chance.below(hourMs));
  }
  return begins;
}

/** As the clock on the wall in central Europe has it, roughly: people sleep. */
function busyness({ isSteady }: WorldJob, atMs: number): number {
  if (isSteady) return 1;
  const at = new Date(atMs + hourMs);
  const weekday = at.getUTCDay();
  const night = 0.15 + 0.85 * Math.max(0, Math.sin(((at.getUTCHours() - 6) / 14) * Math.PI));
  return night * (weekday === 0 || weekday === 6 ? 0.35 : 1);
}

type RunWish = {
  readonly job: WorldJob;
  readonly atMs: number;
  readonly fault: Fault | undefined;
  readonly chance: Chance;
  readonly seed: number;
  readonly runId: string;
};

/** A release a week; some change how long a job takes, and rarely by much. */
function releaseOf(
  job: WorldJob,
  atMs: number,
  seed: number,
): { readonly name: string; readonly factor: number } {
  const week = Math.floor((atMs - 10 * hourMs - job.number * 1000) / (7 * dayMs));
  const chance = chanceOf(seed + week * 131 + (job.number % 4) * 7);
  const own = chanceOf(seed + week * 17 + job.number * 977);
  const factor = own.share() < 0.02 ? 4 : Math.exp(own.normal() * 0.08);
  return { name: `v${week}-${chance.below(100)}`, factor };
}

function runOf({ job, atMs, fault, chance, seed, runId }: RunWish): readonly StoredEvent[] {
  const name = fault?.kind.name;
  const release = releaseOf(job, atMs, seed);
  const usualHost = job.expression === undefined ? `worker-${job.number % 5}` : `cron-${job.number % 3}`;
  const scaled = `auto-${Math.floor(atMs / (dayMs * 2))}-${chance.below(4)}`;
  const host = name === "runs on an unknown host" ? "unknown-9" : job.isScaled ? scaled : usualHost;
  const base = { job: job.name, service: job.service, release: release.name, run_id: runId };
  const events: StoredEvent[] = [];
  const add = (kind: StoredEvent["kind"], ms: number, more: Partial<StoredEvent> = {}): void => {
    events.push({
      id: `${runId}-${events.length}`,
      time: new Date(Math.round(ms)).toISOString(),
      stream: "jobs",
      kind,
      segment: 1,
      segment_index: 0,
      ...base,
      ...more,
    });
  };
  const attributes: { [key: string]: Json } = {
    arguments: name === "gets other arguments" ? { sql: "x", user: 1, all: true } : { id: 1 },
  };
  const actor = name === "is begun from a console" ? "console: root" : `POST /things/${job.number}`;
  let beganMs = atMs;
  if (job.expression === undefined) {
    add("job.enqueued", atMs, { queue: `q-${job.number}`, actor, attributes });
    beganMs = atMs + 50 + chance.below(4000);
    if (name === "nobody takes its queue")
      beganMs = Math.max(beganMs, fault?.untilMs ?? 0) + chance.below(600_000);
  } else if (name === "begins an hour late") beganMs += hourMs;
  const begin = (ms: number, attempt: number): void =>
    add("job.started", ms, { host, attempt, queue: `q-${job.number}`, wait_ms: ms - atMs });
  begin(beganMs, 1);
  const times = name === "takes ten times as long" ? 10 : 1;
  const tookMs =
    name === "ends at once"
      ? 3
      : job.middleMs * release.factor * times * Math.exp(chance.normal() * job.spread);
  const endMs = beganMs + tookMs;
  const error = { error_class: "Net::ReadTimeout", error_message: "no answer", fingerprint: "f1", host };
  if (name === "hangs") return events;
  if (name === "loses its worker" && chance.share() < 0.5) {
    add("job.lost", endMs, { worker: `${host}:${Math.floor(endMs / hourMs)}`, message: "Killed." });
    return events;
  }
  if (name === "fails for good") {
    add("job.failed", endMs, { ...error, duration_ms: tookMs });
    return events;
  }
  let atEndMs = endMs;
  const badShare =
    name === "60 % of attempts fail" ? 0.6 : name === "is tried again without end" ? 0.95 : job.errorShare;
  const triesMax = name === "is tried again without end" ? 40 : 10;
  // What cron begins is not tried again by it: its own errors would be true failures.
  for (
    let attempt = 2;
    job.expression === undefined && attempt < triesMax && chance.share() < badShare;
    attempt++
  ) {
    add("job.failed", atEndMs, { ...error, duration_ms: tookMs });
    add("job.retried", atEndMs + 1);
    const again = atEndMs + 5000 + chance.below(20_000);
    begin(again, attempt);
    atEndMs = again + tookMs;
  }
  const output =
    name === "writes nothing" ? 0 : Math.round(job.outputBytes * Math.exp(chance.normal() * 0.2));
  const memory = Math.round(
    job.memoryBytes * (name === "uses twenty times the memory" ? 20 : 1) * Math.exp(chance.normal() * 0.05),
  );
  add("job.succeeded", atEndMs, {
    host,
    duration_ms: tookMs,
    max_rss_bytes: memory,
    cpu_ms: tookMs / 3,
    ...(job.outputBytes > 0 && { attributes: { output_bytes: output } }),
  });
  return events;
}
