/**
 * The watch: looks once a second, compares what should have happened with what did, keeps what
 * follows from it, and sees to it that people are told. All of its state is in the control store:
 * one look's changes and the place up to which it has looked are kept together or not at all.
 */
import { type Baseline, baselineOf, historyMs } from "../detect/baseline.ts";
import { type Expected, expectedOf } from "../detect/expected.ts";
import { concerns, explain, mayBe, whyAroundMs } from "../detect/why.ts";
import { Fault } from "../model/fault.ts";
import { makeHistogram } from "../model/histogram.ts";
import { type JobName, jobKey, quietMonitor, type SetMonitor, showJob } from "../model/monitor.ts";
import type { Silence } from "../model/silence.ts";
import { uuidv7 } from "../model/uuid.ts";
import { decide } from "./decide.ts";
import { startDelivering } from "./delivering.ts";
import { letterWriter } from "./letters.ts";
import { type Links, makeLinks, openingOf } from "./links.ts";
import { makeLooking } from "./looking.ts";
import type { Decision, ListedMonitor, Watch, WatchParts } from "./parts.ts";
import { onCall } from "./policy.ts";
import { startRounds } from "./rounds.ts";
import { testChannel } from "./test-channel.ts";

const lookEveryMs = 1000;
const whyRunsMax = 500;
/** Ended silences are listed for so long. */
const silencesBackMs = 30 * 86_400_000;
const silenceMsMax = 366 * 86_400_000;
const latencySeconds = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600];

export async function startWatch(parts: WatchParts): Promise<Watch> {
  const { events, store, setup, clock, randomBytes } = parts;
  const newId = (): string => uuidv7(clock(), randomBytes(10));
  const links = await openLinks(parts);
  const detection = makeHistogram(latencySeconds);
  const delivery = makeHistogram(latencySeconds);
  const attempts = new Map<string, number>();
  let said: { readonly expected: Expected; readonly set: ReadonlyMap<string, SetMonitor> } | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let lookedMs = clock();

  function exclusive<T>(work: () => Promise<T>): Promise<T> {
    const done = turn.then(work);
    turn = done.catch(() => undefined);
    return done;
  }

  /** Read once, and again when something of it may have changed. */
  async function whatWasSaid() {
    if (said) return said;
    const set = await store.setMonitors();
    const monitors = set.map(({ monitor }) => monitor);
    said = {
      expected: expectedOf(monitors, await store.declarations()),
      set: new Map(set.map((one) => [jobKey(one.monitor), one])),
    };
    return said;
  }

  async function expectations(): Promise<Expected> {
    return (await whatWasSaid()).expected;
  }

  function forgetExpectations(): void {
    said = undefined;
  }

  async function listedMonitors(): Promise<readonly ListedMonitor[]> {
    const { expected, set } = await whatWasSaid();
    return expected.all.map(({ monitor, source }) => {
      const change = set.get(jobKey(monitor));
      return {
        monitor,
        source,
        ...(change && { changedMs: change.changedMs, changedBy: change.changedBy }),
      };
    });
  }

  async function listedOf(names: readonly JobName[]): Promise<readonly ListedMonitor[]> {
    const { of } = await expectations();
    const known = new Map((await listedMonitors()).map((one) => [one.monitor, one]));
    return names.map((name) => {
      const monitor = of(name);
      return known.get(monitor) ?? { monitor, source: "default" };
    });
  }

  async function listed(name: JobName): Promise<ListedMonitor> {
    const [one] = await listedOf([name]);
    return one ?? { monitor: quietMonitor(name), source: "default" };
  }

  /** What was usual in the hour of a time; `undefined` where that is not known. */
  async function baselineAt(job: JobName, atMs: number): Promise<Baseline | undefined> {
    const range = { fromMs: atMs, untilMs: atMs + 1, timeZone: parts.timeZone };
    const [fromMicros, untilMicros] = [Math.floor((atMs - historyMs) * 1000), Math.floor(atMs * 1000) + 1];
    const hours = await parts.survey?.jobHours(job, { fromMicros, untilMicros });
    return hours && baselineOf(hours, range);
  }

  const decideAs = (id: string, decision: Decision, by: string) =>
    exclusive(async () => {
      const incident = await decide(id, decision, by, { store, ears: setup.channels, newId }, clock());
      if (!incident) return undefined;
      // Somebody says that it is in order.
      if (decision.act === "resolve" && incident.kind === "agent_silent" && incident.host !== undefined) {
        await looking.giveUpAgent(incident.host);
      }
      const message = `${decision.act}: ${incident.because} (incident ${id}): ${decision.reason}`;
      parts.record("audit.action", { actor: by, message });
      return incident;
    });

  async function linked(token: string) {
    const meaning = links.read(token, clock());
    const incident = meaning && (await store.incident(meaning.incidentId));
    if (!meaning || !incident) return undefined;
    const isCurrent = openingOf(incident) === meaning.opening && incident.state !== "resolved";
    return { incident, channel: meaning.channel, isCurrent };
  }

  const looking = makeLooking({ ...parts, newId, expectations, forgetExpectations, exclusive, detection });
  await looking.begin();
  const rounds = startRounds(
    async () => {
      await looking.look();
      lookedMs = clock();
    },
    {
      everyMs: parts.everyMs ?? lookEveryMs,
      onTrouble: (because) => parts.report("error", `The watch cannot look: ${because}`),
      onEnd: () => parts.report("info", "The watch looks again"),
    },
  );
  const write = letterWriter({ events, page: setup.page, links, clock });
  const delivering = startDelivering({
    ...parts,
    newId,
    write,
    lookedMs: () => lookedMs,
    delivery,
    attempts,
  });

  return {
    incidents: (limit, state) => store.incidents(limit, state),
    async incident(id) {
      const incident = await store.incident(id);
      if (!incident) return undefined;
      return { incident, timeline: await store.timeline(id), messages: await store.messages(id) };
    },
    decide: decideAs,
    linked,
    async acknowledgeByLink(token, { by, reason }) {
      const meant = await linked(token);
      if (!meant?.isCurrent) return undefined;
      const who = `${by || "somebody"}, by the link sent to ${meant.channel}`;
      return await decideAs(meant.incident.id, { act: "acknowledge", reason }, who);
    },
    silences: () => store.silences(clock() - silencesBackMs),
    async addSilence(wish, by) {
      const nowMs = clock();
      if (wish.untilMs <= Math.max(nowMs, wish.fromMs)) {
        throw new Fault("BAD_REQUEST", "It must end later than now, and later than it begins.");
      }
      if (wish.untilMs - nowMs > silenceMsMax) throw new Fault("BAD_REQUEST", "It may last a year at most.");
      const silence: Silence = { ...wish, id: newId(), by, madeMs: nowMs };
      await store.putSilence(silence);
      parts.record("audit.action", {
        actor: by,
        message: `${wish.purpose}: ${wish.reason} (silence ${silence.id})`,
      });
      return silence;
    },
    async endSilence(id, by) {
      const silence = await store.silence(id);
      if (!silence || silence.endedMs !== undefined) return silence;
      const ended = { ...silence, endedMs: clock(), endedBy: by };
      await store.putSilence(ended);
      parts.record("audit.action", { actor: by, message: `ended: ${silence.reason} (silence ${id})` });
      return ended;
    },
    figures: () => ({
      detection: detection.figures(),
      delivery: delivery.figures(),
      attempts: [...attempts].map(([key, count]) => {
        const [channel, outcome] = JSON.parse(key) as [string, string];
        return { channel, outcome, count };
      }),
      lookedMs,
    }),
    monitors: listedMonitors,
    monitorsOf: listedOf,
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
    onCall: () =>
      Object.entries(setup.policy.rotations).map(([rotation, turns]) => ({
        rotation,
        channel: onCall(turns, clock()),
      })),
    testChannel: (name) => testChannel(name, setup, newId(), clock()),
    async explain(job, atMs) {
      const nowMs = clock();
      const state = await looking.state();
      const { monitor, source } = await listed(job);
      const range = {
        fromMicros: Math.floor((atMs - whyAroundMs) * 1000),
        untilMicros: Math.floor((atMs + whyAroundMs) * 1000),
      };
      const { rows } = await events.runs({ ...range, jobs: [job.job], limit: whyRunsMax });
      const incidents = (await store.incidents(whyRunsMax)).filter(
        (one) =>
          one.openedMs <= atMs + whyAroundMs &&
          (one.resolvedMs ?? nowMs) >= atMs &&
          concerns(one, job, monitor, rows),
      );
      const usual = await baselineAt(job, atMs);
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
        aways: state?.aways ?? [],
        silentAgents: Object.entries(state?.agents ?? {})
          .map(([host, lastMs]) => ({ host, lastMs }))
          .filter(({ host, lastMs }) => hosts.has(host) && nowMs - lastMs > 90_000),
        ...(usual?.hours[0] && { usual: usual.hours[0], releases: usual.releases }),
        drifts: (await expectations()).drifts
          .filter((one) => mayBe(job, one.job))
          .map(({ because }) => because),
      });
    },
    drifts: async () => (await expectations()).drifts,
    async baseline(job, { fromMicros, untilMicros }) {
      const { survey, timeZone } = parts;
      const range = { fromMs: fromMicros / 1000, untilMs: untilMicros / 1000, timeZone };
      const from = Math.floor((range.fromMs - historyMs) * 1000);
      const hours = (await survey?.jobHours(job, { fromMicros: from, untilMicros })) ?? [];
      return { ...baselineOf(hours, range), timeZone };
    },
    async close() {
      await rounds.close();
      await delivering.close();
      await turn;
      await looking.close();
    },
  };
}

/** The key of links is made once and kept with the rest: links hold over a start. */
async function openLinks({ store, setup, randomBytes }: WatchParts): Promise<Links> {
  const kept = await store.watchState("link key");
  const key = kept ?? Buffer.from(randomBytes(32)).toString("base64");
  if (kept === undefined) await store.changeWatch({ state: { "link key": key } });
  return makeLinks(Buffer.from(key, "base64"), setup.page);
}
