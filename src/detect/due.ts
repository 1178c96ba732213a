/** Which slots' deadlines have passed, and whether a run served them: asked when one passes. */
import type { Monitor } from "../model/monitor.ts";
import { jobKey } from "../model/monitor.ts";
import type { EventStore, JobSign } from "../store/store.ts";
import { isWorkday } from "./calendar.ts";
import { type Away, type Expectation, type JudgedSlot, judgeSlots } from "./judge.ts";
import { graceOfSlotMs, nextSlotMs, slotsBetween } from "./slots.ts";

/** A run that began in time may be told of so much later. */
const tellingMs = 3000;
/** Slots further back are not judged any more. */
const backMsMax = 7 * 86_400_000;
const signsMax = 20_000;
/** Schedules that are judged in one look, lest what is found of them takes long to keep. More: the others in the next. */
const judgedAtOnceMax = 1000;

export type Judge = {
  readonly look: (
    monitors: readonly Monitor[],
    aways: readonly Away[],
    nowMs: number,
  ) => Promise<readonly JudgedSlot[]>;
  /** Changed since it was last asked for. */
  readonly changedText: () => string | undefined;
};

type Tracked = Expectation & { judgedMs: number; deadlineMs: number };

/** `text` is what `changedText` gave before. */
export function makeJudge(events: Pick<EventStore, "jobSigns">, text: string | undefined): Judge {
  const judged = new Map<string, number>(
    Object.entries(text === undefined ? {} : (JSON.parse(text) as Record<string, number>)),
  );
  let tracked = new Map<string, Tracked>();
  let seen: readonly Monitor[] = [];
  let changed = false;

  function track(monitors: readonly Monitor[], nowMs: number): void {
    if (monitors === seen) return;
    seen = monitors;
    const before = tracked;
    tracked = new Map();
    for (const monitor of monitors) {
      for (const schedule of monitor.schedules) {
        const key = `${jobKey(monitor)} ${JSON.stringify(schedule)}`;
        const earlier = before.get(key);
        const judgedMs = earlier?.judgedMs ?? judged.get(key) ?? nowMs;
        if (!judged.has(key)) changed = true;
        judged.set(key, judgedMs);
        tracked.set(key, {
          monitor,
          schedule,
          judgedMs,
          // To work out a slot is dear, and most schedules stay as they are when one is added.
          deadlineMs:
            earlier?.monitor.graceMs === monitor.graceMs
              ? earlier.deadlineMs
              : deadlineOf({ monitor, schedule }, judgedMs),
        });
      }
    }
    for (const key of judged.keys()) if (!tracked.has(key)) judged.delete(key);
  }

  return {
    async look(monitors, aways, nowMs) {
      track(monitors, nowMs);
      const due = [...tracked].filter(([, { deadlineMs }]) => deadlineMs + tellingMs <= nowMs);
      if (due.length === 0) return [];
      const now = due.slice(0, judgedAtOnceMax);
      const fromMs = Math.max(Math.min(...now.map(([, one]) => one.judgedMs)), nowMs - backMsMax) - 60_000;
      const jobs = [...new Set(now.map(([, { monitor }]) => monitor.job))];
      const range = { fromMicros: Math.floor(fromMs * 1000), untilMicros: Math.floor(nowMs * 1000) };
      const signs = await events.jobSigns(range, jobs, signsMax);
      const last = signs.at(-1);
      const reachedMs = last && signs.length === signsMax ? last.atMicros / 1000 - 1 : nowMs - tellingMs;
      changed = true;
      const signsOf = Map.groupBy(signs, ({ job }) => job);
      return now.flatMap(([key, one]) => {
        const slots = judgeOne(
          one,
          signsOf.get(one.monitor.job) ?? [],
          aways,
          Math.min(reachedMs, nowMs - tellingMs),
        );
        judged.set(key, one.judgedMs);
        return slots;
      });
    },
    changedText() {
      if (!changed) return undefined;
      changed = false;
      return JSON.stringify(Object.fromEntries(judged));
    },
  };
}

function deadlineOf({ monitor, schedule }: Expectation, judgedMs: number): number {
  const slotMs = nextSlotMs(schedule, judgedMs);
  if (slotMs === undefined) return Number.POSITIVE_INFINITY;
  return slotMs + graceOfSlotMs(schedule, slotMs, monitor.graceMs);
}

/** Judges what is past its deadline, and notes how far. */
function judgeOne(
  one: Tracked,
  signs: readonly JobSign[],
  aways: readonly Away[],
  untilMs: number,
): readonly JudgedSlot[] {
  const { monitor, schedule } = one;
  const fromMs = Math.max(one.judgedMs, untilMs - backMsMax);
  const slots = slotsBetween(schedule, fromMs, untilMs).filter(
    (slotMs) => slotMs + graceOfSlotMs(schedule, slotMs, monitor.graceMs) <= untilMs,
  );
  const isInterval = schedule.everySeconds !== undefined;
  // With the slot before, whose run is then known not to be one too many.
  const judgedSlots = judgeSlots(one, [one.judgedMs, ...slots], signs, aways)
    .slice(1)
    .map((slot) => (isCounted(one) ? slot : withoutBetween(slot)))
    .filter(
      ({ slotMs, sign }) => sign !== undefined || isWorkday(monitor.calendar, slotMs, schedule.timeZone),
    );
  // Counted from each run anew, an interval's slots are its own after every run.
  const latestMs = isInterval ? latestSignMs(one, signs, aways) : undefined;
  const answer =
    latestMs === undefined
      ? judgedSlots
      : judgedSlots.filter(({ sign, slotMs }) => sign || slotMs > latestMs + 1);
  one.judgedMs = latestMs === undefined ? (slots.at(-1) ?? one.judgedMs) : Math.max(latestMs, one.judgedMs);
  one.deadlineMs = deadlineOf(one, one.judgedMs);
  return isInterval ? answer.filter(({ sign }) => sign === undefined) : answer;
}

/** Runs are counted where it is plain which slot each is for: one schedule, and a slot to begin from. */
function isCounted({ monitor, schedule, judgedMs }: Tracked): boolean {
  return (
    monitor.schedules.length === 1 &&
    schedule.everySeconds === undefined &&
    nextSlotMs(schedule, judgedMs - 1) === judgedMs
  );
}

function withoutBetween(slot: JudgedSlot): JudgedSlot {
  const { between: _, ...rest } = slot;
  return rest;
}

function latestSignMs(one: Tracked, signs: readonly JobSign[], aways: readonly Away[]): number | undefined {
  const ms = signs.flatMap((sign) =>
    sign.atMicros / 1000 > one.judgedMs && judgeSlots(one, [sign.atMicros / 1000], [sign], aways)[0]?.sign
      ? [sign.atMicros / 1000]
      : [],
  );
  return ms.length === 0 ? undefined : Math.max(...ms);
}
