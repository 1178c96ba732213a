/**
 * The watch: looks once a second, compares what should have happened with what did, keeps what
 * follows from it, and sees to it that people are told. All of its state is in the control store:
 * one look's changes and the place up to which it has looked are kept together or not at all.
 */
import { baselineOf, historyMs } from "../detect/baseline.ts";
import { declarationsOf, readingOf } from "../detect/declared.ts";
import { detect } from "../detect/detectors.ts";
import { makeJudge } from "../detect/due.ts";
import { knownErrors } from "../detect/errors.ts";
import { type Expected, expectedOf } from "../detect/expected.ts";
import { nameOf } from "../detect/facts.ts";
import { firstLook, makeGatherer } from "../detect/gather.ts";
import type { WatchState } from "../detect/state.ts";
import { explain, mayBe, whyAroundMs } from "../detect/why.ts";
import type { EventRecord } from "../model/event.ts";
import { type JobName, jobKey, showJob } from "../model/monitor.ts";
import { uuidv7 } from "../model/uuid.ts";
import type { JobSuccess } from "../store/store.ts";
import { decide } from "./decide.ts";
import { weigh } from "./incidents.ts";
import { deliverDue } from "./outbox.ts";
import { endsOf, findingsOf } from "./own-findings.ts";
import type { ListedMonitor, Watch, WatchParts } from "./parts.ts";
import { endsBySuccess } from "./recovery.ts";
import { startRounds } from "./rounds.ts";
import { testChannel } from "./test-channel.ts";

const lookEveryMs = 1000;
const deliverEveryMs = 500;
/** Deliveries that wait for slow receivers at a time. */
const deliveriesMax = 10;
/** Even if nothing happens, that we were here is noted so often. */
const noteEveryMs = 5000;
/** What waits longer to be queryable makes absence prove nothing. */
const lagMsMax = 5000;
/** A success may arrive before the failure that it makes good is judged. */
const carryMs = 10_000;
const whyRunsMax = 500;

export async function startWatch(parts: WatchParts): Promise<Watch> {
  const { events, store, setup, clock, randomBytes } = parts;
  const judge = makeJudge(events, await store.watchState("judged"));
  const errors = knownErrors(await store.watchState("errors"));
  const gather = makeGatherer({ events, judge, errors, clock });
  const newId = (): string => uuidv7(clock(), randomBytes(10));
  let state = await openState();
  let expected: Expected | undefined;
  let notedMs = 0;
  let errorsText = errors.text();
  let carried: readonly (JobSuccess & { readonly heardMs: number })[] = [];
  let turn: Promise<unknown> = Promise.resolve();

  /** A look and a decision never change an incident at the same time. */
  function exclusive<T>(work: () => Promise<T>): Promise<T> {
    const done = turn.then(work);
    turn = done.catch(() => undefined);
    return done;
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

  async function expectations(): Promise<Expected> {
    if (!expected) {
      const set = await store.setMonitors();
      expected = expectedOf(
        set.map(({ monitor }) => monitor),
        await store.declarations(),
      );
    }
    return expected;
  }

  async function look(): Promise<void> {
    const nowMs = clock();
    const unresolved = await store.unresolvedIncidents();
    const expected = await expectations();
    const awaited: JobName[] = [
      ...unresolved.flatMap(({ kind, job }) => (job && endsBySuccess.has(kind) ? [job] : [])),
      ...state.pending.map(({ event }) => nameOf(event)),
    ];
    const before = state;
    const isLagging = parts.lagMs() > lagMsMax;
    const found = await gather({ state, expected, awaited, isLagging }, nowMs);
    // What somebody resolved by hand while we asked is not counted as open.
    await exclusive(async () => {
      const reports = parts.own?.waiting() ?? [];
      const successes = [...carried, ...found.successes.map((one) => ({ ...one, heardMs: nowMs }))];
      const outcome = await weigh(
        { ...found, successes },
        [...detect(found.facts, nowMs), ...findingsOf(reports)],
        await store.unresolvedIncidents(),
        { ears: setup.channels, newId, store, monitorOf: expected.of },
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
      if (isNews || nowMs - notedMs >= noteEveryMs) {
        await store.changeWatch({
          ...outcome,
          ...changes,
          state: {
            place: JSON.stringify(found.state),
            ...(judged !== undefined && { judged }),
            ...(newErrors !== errorsText && { errors: newErrors }),
          },
        });
        notedMs = nowMs;
        parts.own?.forget(reports);
        errorsText = newErrors;
      }
      if (changes.readings.length + changes.declarations.length > 0) forgetExpectations();
      // An agent that somebody gave up while we asked stays so.
      const agents = Object.entries(found.state.agents).filter(
        ([host, ms]) => host in state.agents || ms > (before.agents[host] ?? 0),
      );
      carried = successes.filter(({ heardMs }) => nowMs - heardMs < carryMs);
      state = { ...found.state, agents: Object.fromEntries(agents) };
    });
  }

  function forgetExpectations(): void {
    expected = undefined;
  }

  async function listed(name: JobName): Promise<ListedMonitor> {
    const { all, of } = await expectations();
    const monitor = of(name);
    const source = all.find((one) => one.monitor === monitor)?.source ?? "default";
    const set = (await store.setMonitors()).find((one) => jobKey(one.monitor) === jobKey(monitor));
    return { monitor, source, ...(set && { changedMs: set.changedMs, changedBy: set.changedBy }) };
  }

  const looking = startRounds(look, {
    everyMs: parts.everyMs ?? lookEveryMs,
    onTrouble: (because) => parts.report("error", `The watch cannot look: ${because}`),
    onEnd: () => parts.report("info", "The watch looks again"),
  });
  const running = new Set<Promise<void>>();
  const delivering = startRounds(
    async () => {
      if (running.size >= deliveriesMax) return;
      const random = (): number => (randomBytes(1)[0] ?? 0) / 255;
      const delivery = deliverDue({ store, setup, clock, random })
        .catch((error: unknown) => parts.report("error", `Messages cannot be delivered: ${String(error)}`))
        .finally(() => running.delete(delivery));
      running.add(delivery);
    },
    { everyMs: deliverEveryMs, onTrouble: () => undefined, onEnd: () => undefined },
  );

  return {
    incidents: (limit) => store.incidents(limit),
    async incident(id) {
      const incident = await store.incident(id);
      if (!incident) return undefined;
      return { incident, timeline: await store.timeline(id), messages: await store.messages(id) };
    },
    decide: (id, decision, by) =>
      exclusive(async () => {
        const incident = await decide(id, decision, by, { store, ears: setup.channels, newId }, clock());
        if (!incident) return undefined;
        // Somebody says that it is in order: the agent is expected again when it is heard again.
        if (decision.act === "resolve" && incident.kind === "agent_silent" && incident.host !== undefined) {
          const { [incident.host]: _, ...agents } = state.agents;
          state = { ...state, agents };
          await store.changeWatch({ state: { place: JSON.stringify(state) } });
        }
        const message = `${decision.act}: ${incident.because} (incident ${id}): ${decision.reason}`;
        parts.record("audit.action", { actor: by, message });
        return incident;
      }),
    async monitors() {
      const { all } = await expectations();
      const set = new Map((await store.setMonitors()).map((one) => [jobKey(one.monitor), one]));
      return all.map(({ monitor, source }) => {
        const change = set.get(jobKey(monitor));
        return {
          monitor,
          source,
          ...(change && { changedMs: change.changedMs, changedBy: change.changedBy }),
        };
      });
    },
    monitorOf: listed,
    monitorChanges: (name) => store.monitorChanges(name),
    async changeMonitors(wishes, by) {
      await store.changeMonitors(wishes, { changedMs: clock(), changedBy: by });
      forgetExpectations();
      for (const { name, monitor } of wishes) {
        const message = `${monitor ? "set" : "removed"} the monitor of ${showJob(name)}`;
        parts.record("audit.action", { actor: by, message });
      }
    },
    channels: () =>
      setup.channels.map(({ name, kind, severityMin, knownBy }) => ({
        name,
        kind,
        severityMin,
        ...(knownBy !== undefined && { knownBy }),
      })),
    testChannel: (name) => testChannel(name, setup, newId(), clock()),
    async explain(job, atMs) {
      const nowMs = clock();
      const { monitor, source } = await listed(job);
      const range = {
        fromMicros: Math.floor((atMs - whyAroundMs) * 1000),
        untilMicros: Math.floor((atMs + whyAroundMs) * 1000),
      };
      const { rows } = await events.runs({ ...range, jobs: [job.job], limit: whyRunsMax });
      const incidents = (await store.incidents(whyRunsMax)).filter(
        (one) =>
          one.job &&
          mayBe(job, one.job) &&
          one.openedMs <= atMs + whyAroundMs &&
          (one.resolvedMs ?? nowMs) >= atMs,
      );
      const hosts = new Set([...monitor.schedules.map(({ host }) => host), ...rows.map(({ host }) => host)]);
      return explain({
        job,
        atMs,
        nowMs,
        monitor,
        source,
        runs: rows,
        troubles: incidents
          .slice(0, 5)
          .map(({ id, state, because }) => `Incident ${id} (${state}): ${because}`),
        aways: state.aways,
        silentAgents: Object.entries(state.agents)
          .map(([host, lastMs]) => ({ host, lastMs }))
          .filter(({ host, lastMs }) => hosts.has(host) && nowMs - lastMs > 90_000),
      });
    },
    async baseline(job, { fromMicros, untilMicros }) {
      const { survey, timeZone } = parts;
      const range = { fromMs: fromMicros / 1000, untilMs: untilMicros / 1000, timeZone };
      const from = Math.floor((range.fromMs - historyMs) * 1000);
      const hours = (await survey?.jobHours(job, { fromMicros: from, untilMicros })) ?? [];
      return { ...baselineOf(hours, range), timeZone };
    },
    async close() {
      await looking.close();
      await delivering.close();
      await Promise.all(running);
      await turn;
    },
  };
}
