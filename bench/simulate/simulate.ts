/**
 * Plays months of a world before the real gatherer, detectors and incidents, a look a minute, and
 * says of each planted fault whether and when it was found, and which incidents were about nothing.
 */
import { weigh } from "../../src/alert/incidents.ts";
import { quietPolicy } from "../../src/alert/policy.ts";
import { detect } from "../../src/detect/detectors.ts";
import { makeJudge } from "../../src/detect/due.ts";
import { knownErrors } from "../../src/detect/errors.ts";
import { expectedOf } from "../../src/detect/expected.ts";
import { makeGatherer } from "../../src/detect/gather.ts";
import { makeMatcher } from "../../src/detect/sigma/matcher.ts";
import { noteLook, type WatchState } from "../../src/detect/state.ts";
import { makeSurveyor } from "../../src/detect/surveyor.ts";
import type { Incident } from "../../src/model/incident.ts";
import type { EventStore, StoredEvent } from "../../src/store/store.ts";
import { chanceOf } from "./chance.ts";
import { type Fault, plantFaults } from "./faults.ts";
import { virtualStore } from "./store.ts";
import { jobsOf, monitorOf, type World, worldOf, zone } from "./world.ts";

export type Scenario = {
  readonly seed: number;
  readonly jobs: number;
  /** Nothing is planted in the first of them. */
  readonly weeks: number;
  readonly quietWeeks: number;
  /** Of each kind. */
  readonly faults: number;
  readonly lookEveryMs?: number;
};

export type Found = {
  readonly fault: Fault;
  readonly incident?: Incident;
  readonly delayMs?: number;
  readonly afterRunMs?: number;
};

export type Outcome = {
  readonly found: readonly Found[];
  /** Opened, and about no fault. */
  readonly mistaken: readonly Incident[];
  readonly jobs: number;
  readonly weeks: number;
  readonly runs: number;
  readonly looks: number;
};

const dayMs = 86_400_000;
const weekMs = 7 * dayMs;
/** An incident may open after its fault is over: some are known only by what did not come. */
const afterMs = 3 * 3_600_000;
/** What ran once too often is told of with the next slot, which may be after a weekend. */
const oftenAfterMs = 4 * dayMs;
const begin = Date.UTC(2026, 8, 7);

export async function simulate(scenario: Scenario): Promise<Outcome> {
  const { seed, weeks, quietWeeks, lookEveryMs = 60_000 } = scenario;
  const jobs = jobsOf(scenario.jobs, chanceOf(seed));
  const untilMs = begin + weeks * weekMs;
  const planted = { fromMs: begin + quietWeeks * weekMs, untilMs: untilMs - dayMs };
  const faults = plantFaults(jobs, scenario.faults, planted, chanceOf(seed + 1));
  const world = worldOf(jobs, faults, seed);
  const store = virtualStore(zone);
  const events = store as unknown as EventStore;
  const expected = expectedOf(jobs.filter(({ expression }) => expression !== undefined).map(monitorOf), []);
  const judge = makeJudge(events, undefined);
  let nowMs = begin;
  const clock = (): number => nowMs;
  const surveyor = makeSurveyor({
    survey: store,
    text: undefined,
    rules: makeMatcher({ rules: [], correlations: [] }),
    clock,
    timeZone: zone,
    onTrouble: (because) => {
      throw new Error(because);
    },
  });
  const gather = makeGatherer({ events, judge, errors: knownErrors(undefined), clock, surveyor });
  let state: WatchState = { ...noteLook(undefined, begin), after: { segment: 1, index: 0 } };
  const incidents = new Map<string, Incident>();
  const byCause = new Map<string, Incident>();
  const opened: Incident[] = [];
  let ids = 0;
  let pending: StoredEvent[] = [];
  let runs = 0;
  let looks = 0;
  const parts = {
    ears: [],
    policy: quietPolicy,
    silences: [],
    newId: () => `i-${++ids}`,
    monitorOf: expected.of,
    store: { incidentOfCause: async (cause: string) => byCause.get(cause) },
  };

  for (let day = begin; day < untilMs; day += dayMs) {
    const made = world.day(day);
    runs += new Set(made.map(({ run_id: id }) => id)).size;
    pending = [...pending, ...made].sort((a, b) => (a.time < b.time ? -1 : 1));
    let taken = 0;
    for (nowMs = day; nowMs < day + dayMs; nowMs += lookEveryMs) {
      const from = taken;
      const limit = new Date(nowMs).toISOString();
      while (taken < pending.length && (pending[taken]?.time ?? "") <= limit) taken += 1;
      store.take(pending.slice(from, taken));
      const unresolved = [...incidents.values()];
      const awaited = unresolved.flatMap(({ job }) => (job ? [job] : []));
      // Looks of a minute are no absence.
      const found = await gather(
        { state: { ...state, lookedMs: nowMs - 1000 }, expected, awaited, isLagging: false },
        nowMs,
      );
      const outcome = await weigh(found, detect(found.facts, nowMs), unresolved, parts, nowMs);
      for (const incident of outcome.incidents) {
        const isNew =
          !byCause.has(incident.cause) ||
          byCause.get(incident.cause)?.id !== incident.id ||
          incident.reopenedMs.at(-1) === nowMs;
        byCause.set(incident.cause, incident);
        if (isNew) opened.push(incident);
        if (incident.state === "resolved") incidents.delete(incident.id);
        else incidents.set(incident.id, incident);
      }
      state = found.state;
      looks += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    pending = pending.slice(taken);
  }
  await surveyor.close();
  return { ...matched(faults, opened, world), jobs: jobs.length, weeks, runs, looks };
}

function matched(
  faults: readonly Fault[],
  opened: readonly Incident[],
  world: World,
): Pick<Outcome, "found" | "mistaken"> {
  const isAbout = ({ job, fromMs, untilMs, kind }: Fault, incident: Incident, kinds = kind.found): boolean =>
    (incident.job?.job === job.name || new RegExp(`\\bq-${job.number}\\b`).test(incident.because)) &&
    kinds.includes(incident.kind) &&
    incident.openedMs >= fromMs &&
    incident.openedMs <=
      untilMs + (incident.kind === "too_often" ? oftenAfterMs : afterMs) + job.middleMs * 20;
  const found = faults.map((fault): Found => {
    const incident = opened.find((one) => isAbout(fault, one));
    const runMs = world.firstRunMs(fault);
    return {
      fault,
      ...(incident && { incident, delayMs: incident.openedMs - fault.fromMs }),
      ...(incident && runMs !== undefined && { afterRunMs: incident.openedMs - runMs }),
    };
  });
  // A fault may show in more than one way, and what it leaves behind is no mistake either; and the
  // first error of a job is what it is said to be.
  const mistaken = opened.filter(
    (incident) =>
      incident.kind !== "new_error" && !faults.some((fault) => isAbout(fault, incident, [incident.kind])),
  );
  return { found, mistaken };
}
