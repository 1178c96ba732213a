/**
 * The questions of the watch, answered from memory over events of a virtual past. It answers what
 * the engine's SQL answers; a test of that SQL stands beside it.
 */
import { weekHourOf } from "../../src/detect/band.ts";
import {
  isNearWeekHour,
  samplesMax as listMax,
  samplesOfAllMax,
  samplesOfHourMax,
} from "../../src/detect/season.ts";
import { type JobName, jobKey, jobNameOf } from "../../src/model/monitor.ts";
import { stateAfter } from "../../src/model/run.ts";
import type { EventStore, JobSign, RunSummary, StoredEvent } from "../../src/store/store.ts";
import type {
  Extreme,
  JobHistory,
  JobTally,
  JobVolume,
  QueueLoad,
  SurveyQuestions,
} from "../../src/store/survey.ts";

const hourMs = 3_600_000;
const keptMs = 2 * hourMs;
const ledgerMax = 20_000;
const signsKeptMs = 9 * 24 * hourMs;
const historyKeptMs = 57 * 24 * hourMs;
const samplesMax = 12;

type Hour = {
  readonly hourMs: number;
  readonly weekHour: number;
  enqueued: number;
  started: number;
  succeeded: number;
  failed: number;
  readonly durations: number[];
  readonly outputs: number[];
  readonly memories: number[];
  readonly releases: Set<string>;
};

type Of<Questions, Names extends keyof Questions> = Pick<Questions, Names>;

export type VirtualStore = Of<EventStore, "arrivals" | "events" | "successes" | "openRuns" | "jobSigns"> &
  SurveyQuestions & {
    /** What has arrived by now. */
    readonly take: (events: readonly StoredEvent[]) => void;
  };

export function virtualStore(timeZone: string): VirtualStore {
  let ledger: StoredEvent[] = [];
  /** When each event of the ledger happened; they come in that order. */
  let times: number[] = [];
  let dropped = 0;
  const open = new Map<string, RunSummary>();
  const signs = new Map<string, JobSign[]>();
  const hours = new Map<string, { readonly name: JobName; readonly list: Hour[] }>();
  const waiting = new Map<string, { readonly event: StoredEvent; readonly atMs: number }>();
  const queueMoves: { readonly queue: string; readonly atMs: number; readonly isTaken: boolean }[] = [];

  function hourOf(event: StoredEvent, atMs: number): Hour {
    const name = jobNameOf({ ...event, job: event.job ?? "" });
    const key = jobKey(name);
    const kept = hours.get(key) ?? { name, list: [] };
    hours.set(key, kept);
    const startMs = Math.floor(atMs / hourMs) * hourMs;
    const known = kept.list.findLast((hour) => hour.hourMs === startMs);
    if (known) return known;
    const hour: Hour = {
      hourMs: startMs,
      weekHour: weekHourOf(startMs, timeZone),
      enqueued: 0,
      started: 0,
      succeeded: 0,
      failed: 0,
      durations: [],
      outputs: [],
      memories: [],
      releases: new Set(),
    };
    kept.list.push(hour);
    while ((kept.list[0]?.hourMs ?? startMs) < startMs - historyKeptMs) kept.list.shift();
    return hour;
  }

  function fold(event: StoredEvent): void {
    const atMs = Date.parse(event.time);
    const { kind, run_id: runId = "" } = event;
    const hour = hourOf(event, atMs);
    if (event.release !== undefined) hour.releases.add(event.release);
    const sample = (list: number[], value: unknown): void => {
      if (typeof value === "number" && list.length < samplesMax) list.push(value);
    };
    if (kind === "job.enqueued") {
      hour.enqueued += 1;
      waiting.set(runId, { event, atMs });
      queueMoves.push({ queue: event.queue ?? "", atMs, isTaken: false });
    }
    if (kind === "job.started") {
      hour.started += 1;
      if (waiting.delete(runId)) queueMoves.push({ queue: event.queue ?? "", atMs, isTaken: true });
    }
    if (kind === "job.failed") hour.failed += 1;
    if (kind === "job.succeeded") {
      hour.succeeded += 1;
      sample(hour.durations, event.duration_ms);
      sample(hour.outputs, event.attributes?.["output_bytes"]);
      sample(hour.memories, event.max_rss_bytes);
    }
    const state = stateAfter[kind];
    if (state === "waiting" || state === "running" || state === "retrying") {
      const before = open.get(runId);
      open.set(runId, {
        ...before,
        runId,
        state,
        ...jobNameOf({ ...event, job: event.job ?? "" }),
        attempts: 1,
        lastMicros: atMs * 1000,
        sample: false,
        ...(event.release !== undefined && { release: event.release }),
        ...(kind === "job.enqueued" && { enqueuedMicros: atMs * 1000 }),
        ...(kind === "job.started" && { startedMicros: atMs * 1000 }),
      });
    } else if (state !== undefined) open.delete(runId);
    if (kind === "job.started" || kind === "job.enqueued") {
      const list = signs.get(event.job ?? "") ?? [];
      signs.set(event.job ?? "", list);
      list.push({
        kind,
        ...jobNameOf({ ...event, job: event.job ?? "" }),
        atMicros: atMs * 1000,
        runId,
        ...(event.host !== undefined && { host: event.host }),
        ...(event.actor !== undefined && { actor: event.actor }),
      });
      while ((list[0]?.atMicros ?? 0) / 1000 < atMs - signsKeptMs) list.shift();
    }
  }

  function firstFrom(atMs: number): number {
    let [low, high] = [0, times.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((times[middle] ?? 0) < atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  const between = (after: number, until: number): readonly StoredEvent[] =>
    ledger.slice(Math.max(after - dropped, 0), Math.max(until - dropped, 0));

  return {
    take(events) {
      for (const event of events) {
        const index = dropped + ledger.length + 1;
        ledger.push({ ...event, segment_index: index });
        times.push(Date.parse(event.time));
        fold(event);
      }
      const nowMs = times.at(-1) ?? 0;
      if (ledger.length > ledgerMax) {
        const old = firstFrom(nowMs - keptMs);
        ledger = ledger.slice(old);
        times = times.slice(old);
        dropped += old;
      }
      while ((queueMoves[0]?.atMs ?? nowMs) < nowMs - hourMs) queueMoves.shift();
    },
    async arrivals({ after, kinds = [] }) {
      const head = { segment: 1, index: dropped + ledger.length };
      if (!after) return { rows: [], skipped: 0, head };
      const rows = between(after.index, head.index).filter(({ kind }) => kinds.includes(kind));
      return { rows, skipped: 0, head };
    },
    events: async () => ({ rows: [], next: null }),
    async successes({ after, until }, jobs) {
      const found = between(after.index, until.index).filter(
        ({ kind, job }) => kind === "job.succeeded" && jobs.includes(job ?? ""),
      );
      return found.map((event) => ({
        ...jobNameOf({ ...event, job: event.job ?? "" }),
        atMicros: Date.parse(event.time) * 1000,
        ...(event.run_id !== undefined && { runId: event.run_id }),
      }));
    },
    openRuns: async () => [...open.values()],
    async jobSigns({ fromMicros, untilMicros }, jobs) {
      return jobs
        .flatMap((job) =>
          (signs.get(job) ?? []).filter(({ atMicros }) => atMicros >= fromMicros && atMicros < untilMicros),
        )
        .toSorted((a, b) => a.atMicros - b.atMicros);
    },
    jobTallies: async ({ after, until }) => talliesOf(between(after.index, until.index)),
    async jobTalliesOf({ fromMicros }) {
      // The watch looks at those alone of which attempts failed.
      const events = ledger.slice(firstFrom(fromMicros / 1000));
      const troubled = new Set(events.flatMap(({ kind, job }) => (kind === "job.failed" ? [job] : [])));
      return talliesOf(events.filter(({ job }) => troubled.has(job)));
    },
    rollHours: async () => undefined,
    async jobHistories(jobs, { fromMs, hourMs: untilMs, weekHour }) {
      return [...hours.values()]
        .filter(({ name }) => jobs.includes(name.job))
        .map(({ name, list }) =>
          historyOf(
            name,
            list.filter((hour) => hour.hourMs >= fromMs && hour.hourMs < untilMs),
            { weekHour, hourMs: untilMs },
          ),
        )
        .filter(({ hours: known }) => known > 0);
    },
    async jobVolumes({ fromMs, hourMs: atMs, weekHour }) {
      return [...hours.values()].map(({ name, list }): JobVolume => {
        const known = list.filter((hour) => hour.hourMs >= fromMs && hour.hourMs <= atMs);
        const volumes = (of: readonly Hour[]) =>
          of.map((hour) => ({ hourMs: hour.hourMs, runs: runsOf(hour) }));
        const before = known.filter((hour) => hour.hourMs < atMs);
        const now = known.find((hour) => hour.hourMs === atMs);
        return {
          ...name,
          firstHourMs: known[0]?.hourMs ?? atMs,
          runs: now ? runsOf(now) : 0,
          week: volumes(before.filter((hour) => hour.weekHour === weekHour)),
        };
      });
    },
    jobHours: async () => [],
    async queueLoads(nowMs) {
      const loads = new Map<string, { waiting: number; oldestMs: number }>();
      for (const { event, atMs } of waiting.values()) {
        const queue = event.queue ?? "";
        const load = loads.get(queue) ?? { waiting: 0, oldestMs: atMs };
        loads.set(queue, { waiting: load.waiting + 1, oldestMs: Math.min(load.oldestMs, atMs) });
      }
      const recent = queueMoves.filter(({ atMs }) => atMs > nowMs - 15 * 60_000);
      return [...loads].map(([queue, load]): QueueLoad => {
        const moves = recent.filter((move) => move.queue === queue);
        const taken = moves.filter(({ isTaken }) => isTaken).length;
        return { queue, ...load, taken, asked: moves.length - taken };
      });
    },
    webLoads: async () => [],
    pumaLoads: async () => [],
    sourceLoads: async () => [],
    redactionLoads: async () => [],
    actionTallies: async () => [],
    candidates: async () => [],
  };
}

function runsOf({ enqueued, started }: Hour): number {
  return Math.max(enqueued, started);
}

function talliesOf(events: readonly StoredEvent[]): readonly JobTally[] {
  const byJob = Map.groupBy(events, (event) => jobKey({ ...jobNameOf({ ...event, job: event.job ?? "" }) }));
  return [...byJob.values()].map((own) => {
    const count = (kind: StoredEvent["kind"]): number => own.filter((event) => event.kind === kind).length;
    const distinct = (values: readonly (string | undefined)[]): readonly string[] =>
      [...new Set(values.filter((value) => value !== undefined))].slice(0, 8);
    const ended = own.filter(({ kind }) => kind === "job.succeeded");
    const extreme = (value: (event: StoredEvent) => unknown, sign: 1 | -1): Extreme | undefined => {
      const found = ended
        .flatMap((event) => {
          const number = value(event);
          return typeof number === "number" ? [{ event, number }] : [];
        })
        .toSorted((a, b) => (a.number - b.number) * sign)[0];
      const { release, run_id: runId = "" } = found?.event ?? {};
      return found && { runId, value: found.number, ...(release !== undefined && { release }) };
    };
    const named = {
      shortest: extreme(({ duration_ms: ms }) => ms, 1),
      longest: extreme(({ duration_ms: ms }) => ms, -1),
      leastOutput: extreme(({ attributes }) => attributes?.["output_bytes"], 1),
      mostOutput: extreme(({ attributes }) => attributes?.["output_bytes"], -1),
      mostMemory: extreme(({ max_rss_bytes: bytes }) => bytes, -1),
    };
    const enqueued = own.filter(({ kind }) => kind === "job.enqueued");
    const first = own[0] as StoredEvent;
    return {
      ...jobNameOf({ ...first, job: first.job ?? "" }),
      enqueued: enqueued.length,
      started: count("job.started"),
      succeeded: ended.length,
      failed: count("job.failed"),
      retried: count("job.retried"),
      lastMicros: Math.max(...own.map(({ time }) => Date.parse(time))) * 1000,
      ...(first.run_id !== undefined && { someRunId: first.run_id }),
      ...(Object.fromEntries(Object.entries(named).filter(([, one]) => one !== undefined)) as object),
      hosts: distinct(own.filter(({ kind }) => kind === "job.started").map(({ host }) => host)),
      actors: distinct(enqueued.map(({ actor }) => actor)),
      queues: distinct(enqueued.map(({ queue }) => queue)),
      argumentShapes: distinct(
        enqueued.map(
          ({ attributes }) =>
            `{${Object.keys((attributes?.["arguments"] ?? {}) as object)
              .toSorted()
              .join(", ")}}`,
        ),
      ),
      releases: distinct(own.map(({ release }) => release)),
    };
  });
}

function historyOf(
  name: JobName,
  list: readonly Hour[],
  { weekHour, hourMs: atMs }: { readonly weekHour: number; readonly hourMs: number },
): JobHistory {
  const newest = list.toReversed();
  const samples = (of: readonly Hour[], pick: (hour: Hour) => readonly number[]): readonly number[] =>
    of.flatMap(pick).slice(0, listMax);
  const durations = (hour: Hour): readonly number[] => hour.durations;
  const fewDurations = (hour: Hour): readonly number[] => hour.durations.slice(0, samplesOfHourMax);
  const first = new Map<string, number>();
  for (const hour of list)
    for (const release of hour.releases) if (!first.has(release)) first.set(release, hour.hourMs);
  const sum = (of: readonly Hour[], pick: (hour: Hour) => number): number =>
    of.reduce((total, hour) => total + pick(hour), 0);
  const near = newest.filter(
    (hour) => isNearWeekHour(hour.weekHour, weekHour) && hour.hourMs < atMs - 24 * hourMs,
  );
  const day = newest.filter((hour) => hour.weekHour % 24 === weekHour % 24);
  return {
    ...name,
    firstHourMs: list[0]?.hourMs ?? 0,
    hours: list.length,
    durations: {
      week: samples(
        newest.filter((hour) => hour.weekHour === weekHour),
        durations,
      ),
      near: samples(near, fewDurations),
      lastWeek: samples(
        near.filter((hour) => hour.hourMs >= atMs - 8 * 24 * hourMs),
        fewDurations,
      ),
      day: samples(day, durations),
      all: newest.flatMap(fewDurations).slice(0, samplesOfAllMax),
      newest: newest.slice(0, 60).flatMap((hour) => {
        const [ms, release] = [hour.durations[0], [...hour.releases].at(-1)];
        return ms === undefined ? [] : [{ hourMs: hour.hourMs, release: release ?? "", ms }];
      }),
    },
    outputs: samples(newest, ({ outputs }) => outputs),
    rowCounts: [],
    memories: samples(newest, ({ memories }) => memories),
    processorTimes: [],
    waits: [],
    succeeded: sum(list, ({ succeeded }) => succeeded),
    failed: sum(list, ({ failed }) => failed),
    daySucceeded: sum(day, ({ succeeded }) => succeeded),
    dayFailed: sum(day, ({ failed }) => failed),
    activeWeekHours: [...new Set(list.filter((hour) => runsOf(hour) > 0).map((hour) => hour.weekHour))],
    releases: [...first].map(([release, firstMs]) => ({ release, firstMs })),
  };
}
