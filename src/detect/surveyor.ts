/**
 * Asks for what is usual, each question at its own pace and beside the looks: a heavy one must never
 * keep a failed job waiting. No question may take more than a small part of the time; what was last
 * answered holds until it is answered again.
 */
import type { FindingKind } from "../model/finding.ts";
import { type JobName, jobKey } from "../model/monitor.ts";
import type { LedgerPlace, StoredEvent } from "../store/store.ts";
import type { JobTally, JobVolume, Stretch, SurveyQuestions } from "../store/survey.ts";
import { weekHourOf } from "./band.ts";
import { historyMs } from "./baseline.ts";
import { type Known, knownSets } from "./known.ts";
import { newsOfActions, newsOfTallies } from "./news.ts";
import type { RuleMatcher } from "./sigma/matcher.ts";
import { noSurvey, type Survey, type Tallied } from "./survey.ts";
import { type Usual, usualOf } from "./usual.ts";

const hourMs = 3_600_000;
const dayMs = 86_400_000;
/** A question may take one part in so many of the time. */
const share = 20;
const talliesMax = 10_000;
/** Jobs whose history is asked for at once. More: with the next tally. */
const historiesAtOnceMax = 1000;
const usualMax = 20_000;
const candidatesMax = 2000;
/** Late events of an hour are waited for so long before it is folded. */
const settleHourMs = 3 * 60_000;
const keepEveryMs = 60_000;
/** Looks after a start by which what is usual of jobs with open runs was asked for. */
const looksToLearn = 5;

export type Surveyor = {
  /** Starts what is due, and answers what is known. What happened once is answered once. */
  readonly look: (arrived: Stretch, nowMs: number) => Survey;
  readonly usualOf: (name: JobName) => Usual | undefined;
  /** What must be kept over a start, where it has changed since it was last asked for. */
  readonly changedText: (nowMs: number) => string | undefined;
  readonly close: () => Promise<void>;
};

export type SurveyorParts = {
  readonly survey: SurveyQuestions;
  /** What `changedText` gave before. */
  readonly text: string | undefined;
  readonly rules: RuleMatcher;
  readonly clock: () => number;
  readonly timeZone: string;
  readonly onTrouble: (because: string) => void;
};

type Kept = { rolledMs?: number; place?: LedgerPlace; readonly known: string };

export function makeSurveyor(parts: SurveyorParts): Surveyor {
  const { survey, rules, timeZone } = parts;
  const kept: Kept = parts.text === undefined ? { known: "[]" } : (JSON.parse(parts.text) as Kept);
  const known: Known = knownSets(kept.known);
  let { rolledMs, place } = kept;
  let usual = new Map<string, Usual | undefined>();
  let stale: ReadonlyMap<string, Usual | undefined> = usual;
  /** Jobs of which somebody asked what is usual, and nothing is known yet. */
  let wanted = new Map<string, JobName>();
  let usualHourMs = 0;
  let changed = false;
  let keptMs = 0;
  let lasting: Survey = noSurvey;
  let once: Pick<Survey, "ended" | "volumes" | "news" | "matches"> = nothingOnce();
  const running = new Set<Promise<void>>();
  const troubled = new Set<string>();
  /** Kinds whose question was not answered yet: that nothing is found of them proves nothing. */
  const unasked = new Set<FindingKind>();

  /** Runs beside the looks, not twice at once, not too often. */
  function paced(
    name: string,
    everyMs: number,
    ask: (nowMs: number) => Promise<void>,
    kinds: readonly FindingKind[] = [],
  ) {
    for (const kind of kinds) unasked.add(kind);
    let dueMs = 0;
    let isRunning = false;
    async function answerOf(nowMs: number): Promise<void> {
      try {
        await ask(nowMs);
        troubled.delete(name);
        for (const kind of kinds) unasked.delete(kind);
      } catch (error) {
        if (!troubled.has(name)) {
          parts.onTrouble(`${name}: ${error instanceof Error ? error.message : String(error)}`);
        }
        troubled.add(name);
      }
    }
    return (nowMs: number): void => {
      if (isRunning || nowMs < dueMs) return;
      isRunning = true;
      const begunMs = parts.clock();
      const work = answerOf(nowMs).finally(() => {
        isRunning = false;
        dueMs = nowMs + Math.max(everyMs, (parts.clock() - begunMs) * share);
        running.delete(work);
      });
      running.add(work);
    };
  }

  /** What is usual changes with the hour; what was is kept until it is asked for again. */
  async function learnUsual(names: readonly JobName[], nowMs: number): Promise<void> {
    const atMs = Math.floor(nowMs / hourMs) * hourMs;
    if (atMs !== usualHourMs || usual.size > usualMax) {
      stale = usual;
      usual = new Map();
      usualHourMs = atMs;
    }
    const unknown = names.filter((name) => !usual.has(jobKey(name)));
    const jobs = [...new Set(unknown.map(({ job }) => job))].slice(0, historiesAtOnceMax);
    if (jobs.length === 0) return;
    const histories = await survey.jobHistories(jobs, {
      fromMs: atMs - historyMs,
      hourMs: atMs,
      weekHour: weekHourOf(atMs, timeZone),
      timeZone,
    });
    const asked = new Set(jobs);
    for (const name of unknown) if (asked.has(name.job)) usual.set(jobKey(name), undefined);
    for (const history of histories) usual.set(jobKey(history), usualOf(history, atMs));
  }

  function usualOfJob(name: JobName): Usual | undefined {
    const key = jobKey(name);
    if (!usual.has(key) && wanted.size < usualMax) wanted.set(key, name);
    return usual.get(key) ?? stale.get(key);
  }

  const tallied = (tallies: readonly JobTally[]): readonly Tallied[] =>
    tallies.map((tally) => {
      const own = usualOfJob(tally);
      return { tally, ...(own && { usual: own }) };
    });

  let until: LedgerPlace | undefined;
  let looks = 0;
  const tally = paced("what arrived", 5000, async (nowMs) => {
    if (!until) return;
    const stretch = { after: place ?? until, until };
    if (stretch.after.segment === until.segment && stretch.after.index === until.index) {
      place = until;
      return;
    }
    const tallies = await survey.jobTallies(stretch, talliesMax);
    await learnUsual(tallies, nowMs);
    const actions = await survey.actionTallies(stretch);
    const candidates: readonly StoredEvent[] = rules.isEmpty
      ? []
      : await survey.candidates(stretch, rules.mayMatch, candidatesMax);
    const ended = tallied(tallies);
    once = {
      ...once,
      ended: [...once.ended, ...ended],
      news: [
        ...once.news,
        ...newsOfTallies(ended, known, { nowMs, timeZone }),
        ...newsOfActions(actions, known, nowMs),
      ],
      matches: [...once.matches, ...rules.match(candidates, nowMs)],
    };
    place = stretch.until;
    changed = true;
  });

  const lastHour = paced(
    "the last hour",
    30_000,
    async (nowMs) => {
      const range = {
        fromMicros: Math.floor((nowMs - hourMs) * 1000),
        untilMicros: Math.floor((nowMs + 60_000) * 1000),
      };
      const tallies = (await survey.jobTalliesOf(range, talliesMax)).filter(
        ({ failed, retried }) => failed + retried > 0,
      );
      await learnUsual(tallies, nowMs);
      lasting = { ...lasting, hour: tallied(tallies) };
    },
    ["failing", "retry_storm"],
  );

  /** Folds the hours that are over; the first time those of the weeks before, a day at a time. */
  const roll = paced("the hours", 1000, async (nowMs) => {
    const overMs = Math.floor((nowMs - settleHourMs) / hourMs) * hourMs;
    const fromMs = rolledMs ?? Math.floor((overMs - historyMs) / hourMs) * hourMs;
    if (fromMs >= overMs) return;
    const untilMs = Math.min(fromMs + dayMs, overMs);
    // What came late for the hour before is taken in now.
    await survey.rollHours({ fromMicros: (fromMs - hourMs) * 1000, untilMicros: untilMs * 1000 });
    rolledMs = untilMs;
    changed = true;
    if (untilMs !== overMs || nowMs - overMs > hourMs) return;
    const volumes = await volumesOf(overMs - hourMs);
    once = {
      ...once,
      volumes: [...once.volumes, ...volumes.map((volume) => ({ volume, hourMs: overMs - hourMs }))],
    };
  });

  async function volumesOf(atMs: number): Promise<readonly JobVolume[]> {
    const weekHour = weekHourOf(atMs, timeZone);
    return await survey.jobVolumes(
      { fromMs: atMs - historyMs, hourMs: atMs, weekHour, timeZone },
      talliesMax,
    );
  }

  const learn = paced("what is usual", 1000, async (nowMs) => {
    const names = [...wanted.values()];
    wanted = new Map();
    await learnUsual(names, nowMs);
  });

  const questions = [
    learn,
    tally,
    lastHour,
    roll,
    paced(
      "the queues",
      30_000,
      async (nowMs) => {
        const queues = await survey.queueLoads(nowMs);
        lasting = { ...lasting, queues };
      },
      ["backlog"],
    ),
    paced(
      "the requests",
      15_000,
      async (nowMs) => {
        const webs = await survey.webLoads(nowMs);
        lasting = { ...lasting, webs };
      },
      ["web"],
    ),
    paced(
      "Puma",
      15_000,
      async (nowMs) => {
        const pumas = await survey.pumaLoads(nowMs);
        lasting = { ...lasting, pumas };
      },
      ["web"],
    ),
    paced(
      "the senders",
      300_000,
      async (nowMs) => {
        const sources = await survey.sourceLoads(nowMs);
        lasting = { ...lasting, sources };
      },
      ["source_silent"],
    ),
    paced("the redactions", 300_000, async (nowMs) => {
      const redactions = await survey.redactionLoads(nowMs);
      lasting = { ...lasting, redactions };
    }),
  ];

  return {
    look(arrived, nowMs) {
      until = arrived.until;
      place ??= arrived.after;
      for (const ask of questions) ask(nowMs);
      // A run that is open too long is known once what is usual of its job is.
      looks += 1;
      const isLearning = looks < looksToLearn || wanted.size > 0;
      const answer = {
        ...lasting,
        ...once,
        unasked: new Set<FindingKind>([...unasked, ...(isLearning ? (["too_long"] as const) : [])]),
      };
      once = nothingOnce();
      return answer;
    },
    usualOf: usualOfJob,
    changedText(nowMs) {
      if (!changed || nowMs - keptMs < keepEveryMs) return undefined;
      changed = false;
      keptMs = nowMs;
      return JSON.stringify({ rolledMs, place, known: known.text() });
    },
    async close() {
      await Promise.all(running);
    },
  };
}

function nothingOnce() {
  return { ended: [], volumes: [], news: [], matches: [] } as const;
}
