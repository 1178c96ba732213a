/** Which slots were served by a run, and which were not. */
import type { JobName, Monitor, Schedule } from "../model/monitor.ts";
import type { JobSign } from "../store/store.ts";
import { isNamed } from "./expected.ts";
import { earlyMs, graceOfSlotMs, nextSlotMs } from "./slots.ts";

/** One schedule of one job. */
export type Expectation = { readonly monitor: Monitor; readonly schedule: Schedule };

/** A time in which nobody watched. */
export type Away = { readonly fromMs: number; readonly untilMs: number };

export type JudgedSlot = Expectation & {
  readonly slotMs: number;
  readonly deadlineMs: number;
  /** What served it; absent: nothing did. */
  readonly sign?: JobSign;
  /** It was served before it was due. */
  readonly isEarly?: true;
  /** Runs after the slot before and ahead of this one, which served neither. */
  readonly between?: readonly JobSign[];
  /** Nobody watched when it was due. */
  readonly away?: Away;
};

/** A run that begins so long ahead of a slot that nothing else serves was meant for it. */
const aheadMsMax = 3_600_000;

/** Gives each slot the first sign that nothing before it has taken. Slots and signs: oldest first. */
export function judgeSlots(
  { monitor, schedule }: Expectation,
  slots: readonly number[],
  signs: readonly JobSign[],
  aways: readonly Away[],
): readonly JudgedSlot[] {
  const mine = signs.filter((sign) => isSignOf(monitor, schedule, sign));
  const taken = new Set<string>();
  let next = 0;
  return slots.map((slotMs, index) => {
    const deadlineMs = slotMs + graceOfSlotMs(schedule, slotMs, monitor.graceMs);
    const ahead = earlyMs(schedule, slotMs);
    const untilMs = (slots[index + 1] ?? Number.POSITIVE_INFINITY) - ahead;
    const skipped: JobSign[] = [];
    for (; next < mine.length && atMs(mine[next]) < slotMs - ahead; next += 1)
      skipped.push(mine[next] as JobSign);
    const punctual = mine[next];
    const isServed = punctual !== undefined && (atMs(punctual) <= deadlineMs || atMs(punctual) < untilMs);
    // A run near to a later slot is that one's; what is lenient with this one takes nothing from it.
    if (isServed && atMs(punctual) < untilMs) next += 1;
    // The enqueue and the start of one run are one sign, and so are its attempts.
    const others = skipped.filter(({ runId }) => runId === undefined || !taken.has(runId));
    const last = others.at(-1);
    const early = isServed || !last || slotMs - atMs(last) > aheadMsOf(schedule, slotMs) ? undefined : last;
    const sign = isServed ? punctual : early;
    for (const { runId } of [...others, ...(sign ? [sign] : [])]) if (runId !== undefined) taken.add(runId);
    const between = index === 0 ? [] : firstOfEach(others.filter((other) => other !== early));
    const away = aways.find((one) => one.fromMs <= deadlineMs && one.untilMs >= slotMs);
    return {
      monitor,
      schedule,
      slotMs,
      deadlineMs,
      ...(sign && { sign }),
      ...(early && { isEarly: true as const }),
      ...(between.length > 0 && { between }),
      ...(away && { away }),
    };
  });
}

function firstOfEach(signs: readonly JobSign[]): readonly JobSign[] {
  return signs.filter(
    ({ runId }, index) => runId === undefined || signs.findIndex((other) => other.runId === runId) === index,
  );
}

/** Half of the way to the slot before would be as far from it as from this one. */
function aheadMsOf(schedule: Schedule, slotMs: number): number {
  const nextMs = nextSlotMs(schedule, slotMs) ?? slotMs + 2 * aheadMsMax;
  return Math.min(aheadMsMax, (nextMs - slotMs) / 4);
}

function atMs(sign: JobSign | undefined): number {
  return (sign?.atMicros ?? 0) / 1000;
}

/** Beat serves a slot by sending; whoever executes it is the queue's matter. */
function isSignOf(monitor: Monitor, schedule: Schedule, sign: JobSign): boolean {
  const name: JobName = sign;
  if (!isNamed(monitor, name)) return false;
  if (schedule.entry !== undefined)
    return sign.kind === "job.enqueued" && sign.actor === `beat: ${schedule.entry}`;
  if (schedule.runtime === "cron" && sign.kind !== "job.started") return false;
  const several = new Set(monitor.schedules.map(({ host }) => host)).size > 1;
  return !several || schedule.host === undefined || sign.host === schedule.host;
}
