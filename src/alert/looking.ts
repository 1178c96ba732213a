/**
 * One look after the other: gathers facts, finds what is not as expected, keeps what follows, and
 * forgets nothing over a start. Of several servers on one control store one leads and looks; what
 * it knows it has from the store, and it keeps a look's changes only while it still leads.
 */
import { declarationsOf, readingOf } from "../detect/declared.ts";
import { detect } from "../detect/detectors.ts";
import { makeJudge } from "../detect/due.ts";
import { knownErrors } from "../detect/errors.ts";
import type { Expected } from "../detect/expected.ts";
import { nameOf } from "../detect/facts.ts";
import { firstLook, makeGatherer } from "../detect/gather.ts";
import { makeMatcher } from "../detect/sigma/matcher.ts";
import type { WatchState } from "../detect/state.ts";
import { makeSurveyor, type Surveyor } from "../detect/surveyor.ts";
import type { EventRecord } from "../model/event.ts";
import type { Histogram } from "../model/histogram.ts";
import type { Incident } from "../model/incident.ts";
import type { JobName } from "../model/monitor.ts";
import type { JobSuccess } from "../store/store.ts";
import { weigh } from "./incidents.ts";
import { endsOf, findingsOf } from "./own-findings.ts";
import type { WatchParts } from "./parts.ts";
import { endsBySuccess } from "./recovery.ts";

/** Even if nothing happens, that we were here is noted so often. */
const noteEveryMs = 5000;
/** What waits longer to be queryable makes absence prove nothing. */
const lagMsMax = 5000;
/** A success may arrive before the failure that it makes good is judged. */
const carryMs = 10_000;
/** Without a look of the one that leads for so long, another server takes over. */
const leaseMs = 8000;

const leaseName = "watch";
/** Agents that somebody gave up, by host, and when. */
const givenUpPart = "given up";
const surveyPart = "survey";

export type Looking = {
  /** From here on everything is looked at. */
  readonly begin: () => Promise<void>;
  readonly look: () => Promise<void>;
  /** As it was at the last look of whoever leads. */
  readonly state: () => Promise<WatchState | undefined>;
  /** The agent is expected again when it is heard again. */
  readonly giveUpAgent: (host: string) => Promise<void>;
  /** Lets another server lead at once. */
  readonly close: () => Promise<void>;
};

export type LookingParts = WatchParts & {
  readonly newId: () => string;
  readonly expectations: () => Promise<Expected>;
  readonly forgetExpectations: () => void;
  /** A look and a decision never change an incident at the same time. */
  readonly exclusive: <T>(work: () => Promise<T>) => Promise<T>;
  /** From when something happened until its incident was there. */
  readonly detection: Histogram;
};

export function makeLooking(parts: LookingParts): Looking {
  const { events, store, setup, clock, holder } = parts;
  let mind: Awaited<ReturnType<typeof recall>> | undefined;
  let surveying: Surveyor | undefined;

  /** All that is known from earlier looks, whoever made them. */
  async function recall() {
    const judge = makeJudge(events, await store.watchState("judged"));
    const errors = knownErrors(await store.watchState("errors"));
    const surveyor = await openSurveyor();
    return {
      judge,
      errors,
      surveyor,
      errorsText: errors.text(),
      gather: makeGatherer({ events, judge, errors, clock, ...(surveyor && { surveyor }) }),
      state: await openState(),
      carried: [] as readonly (JobSuccess & { readonly heardMs: number })[],
      notedMs: 0,
    };
  }

  async function openSurveyor(): Promise<Surveyor | undefined> {
    if (!parts.survey) return undefined;
    await surveying?.close();
    surveying = makeSurveyor({
      ...parts,
      survey: parts.survey,
      rules: makeMatcher(parts.rules ?? { rules: [], correlations: [] }),
      text: await store.watchState(surveyPart),
      onTrouble: (because) => parts.report("error", `The watch cannot ask for ${because}`),
    });
    return surveying;
  }

  async function openState(): Promise<WatchState> {
    const kept = await store.watchState("place");
    if (kept !== undefined) return JSON.parse(kept) as WatchState;
    const first = await firstLook(events, clock());
    await store.changeWatch({ ...declared(first.heard), state: { place: JSON.stringify(first.state) } });
    return first.state;
  }

  function declared(heard: readonly EventRecord[]) {
    const readings = heard.map(readingOf).filter((reading) => reading !== undefined);
    return { readings, declarations: heard.flatMap((event) => declarationsOf(event, parts.timeZone)) };
  }

  async function givenUp(): Promise<Readonly<Record<string, number>>> {
    return JSON.parse((await store.watchState(givenUpPart)) ?? "{}") as Record<string, number>;
  }

  /** `undefined`: another server leads. */
  async function lead(nowMs: number) {
    const leads = await store.takeLease({ name: leaseName, holder, untilMs: nowMs + leaseMs }, nowMs);
    mind = leads ? (mind ?? (await recall())) : undefined;
    return mind;
  }

  async function look(): Promise<void> {
    const nowMs = clock();
    const mine = await lead(nowMs);
    if (!mine) return;
    const { judge, errors, gather, surveyor } = mine;
    const unresolved = await store.unresolvedIncidents();
    const expected = await parts.expectations();
    const awaited: JobName[] = [
      ...unresolved.flatMap(({ kind, job }) => (job && endsBySuccess.has(kind) ? [job] : [])),
      ...mine.state.pending.map(({ event }) => nameOf(event)),
    ];
    const state = withoutGivenUp(mine.state, await givenUp());
    const isLagging = parts.lagMs() > lagMsMax;
    const found = await gather({ state, expected, awaited, isLagging }, nowMs);
    const { carried, notedMs, errorsText } = mine;
    // What somebody resolved by hand while we asked is not counted as open.
    mind = await parts.exclusive(async () => {
      const reports = parts.own?.waiting() ?? [];
      const successes = [...carried, ...found.successes.map((one) => ({ ...one, heardMs: nowMs }))];
      const outcome = await weigh(
        { ...found, successes },
        [...detect(found.facts, nowMs), ...findingsOf(reports)],
        await store.unresolvedIncidents(),
        {
          ears: setup.channels,
          policy: setup.policy,
          silences: await store.silences(nowMs),
          newId: parts.newId,
          store,
          monitorOf: expected.of,
        },
        nowMs,
        endsOf(reports),
      );
      const changes = declared(found.heard);
      const judged = judge.changedText();
      const newErrors = errors.text();
      const isNews =
        found.heard.length > 0 ||
        outcome.timeline.length > 0 ||
        outcome.incidents.length > 0 ||
        judged !== undefined;
      const isNoted = isNews || nowMs - notedMs >= noteEveryMs;
      const surveyed = isNoted ? surveyor?.changedText(nowMs) : undefined;
      if (isNoted) {
        await store.changeWatch({
          ...outcome,
          ...changes,
          lease: { name: leaseName, holder },
          state: {
            place: JSON.stringify(found.state),
            ...(judged !== undefined && { judged }),
            ...(newErrors !== errorsText && { errors: newErrors }),
            ...(surveyed !== undefined && { [surveyPart]: surveyed }),
          },
        });
        parts.own?.forget(reports);
        measure(outcome.incidents, nowMs);
      }
      if (changes.readings.length + changes.declarations.length > 0) parts.forgetExpectations();
      return {
        judge,
        errors,
        gather,
        surveyor,
        errorsText: isNoted ? newErrors : errorsText,
        state: found.state,
        carried: successes.filter(({ heardMs }) => nowMs - heardMs < carryMs),
        notedMs: isNoted ? nowMs : notedMs,
      };
    });
  }

  function measure(incidents: readonly Incident[], nowMs: number): void {
    for (const { openedMs, lastMs, unknown } of incidents) {
      if (openedMs === nowMs && !unknown) parts.detection.observe(nowMs - lastMs);
    }
  }

  return {
    async begin() {
      await lead(clock());
    },
    async look() {
      try {
        await look();
      } catch (error) {
        // What was worked out and not kept is worked out again, from what is kept.
        mind = undefined;
        throw error;
      }
    },
    async state() {
      if (mind) return withoutGivenUp(mind.state, await givenUp());
      const kept = await store.watchState("place");
      return kept === undefined ? undefined : withoutGivenUp(JSON.parse(kept) as WatchState, await givenUp());
    },
    async giveUpAgent(host) {
      const all = { ...(await givenUp()), [host]: clock() };
      await store.changeWatch({ state: { [givenUpPart]: JSON.stringify(all) } });
    },
    async close() {
      await surveying?.close();
      await store.dropLease({ name: leaseName, holder });
    },
  };
}

function withoutGivenUp(state: WatchState, givenUp: Readonly<Record<string, number>>): WatchState {
  const agents = Object.entries(state.agents).filter(([host, lastMs]) => lastMs > (givenUp[host] ?? 0));
  return { ...state, agents: Object.fromEntries(agents) };
}
