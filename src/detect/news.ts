/** What is seen for the first time, in what arrived: who enqueues, where it runs, with what, and when. */
import { jobKey, jobNameOf } from "../model/monitor.ts";
import type { ActionTally } from "../store/survey.ts";
import { weekHourOf } from "./band.ts";
import type { Known } from "./known.ts";
import type { News, Tallied } from "./survey.ts";
import { releaseNewMs, type Usual } from "./usual.ts";

const jobsOfServiceMax = 1000;
const actionsMax = 200;
/** Before so long, an hour without runs is no habit. */
const habitMs = 28 * 86_400_000;
const habitHoursMin = 20;

type At = { readonly nowMs: number; readonly timeZone: string };

/** Only jobs that ran or were asked for are news; numbers in names of enqueuers are not. */
export function newsOfTallies(tallied: readonly Tallied[], known: Known, at: At): readonly News[] {
  return tallied.flatMap(({ tally, usual }) => {
    const { service = "", environment = "" } = tally;
    const job = jobNameOf(tally);
    const key = jobKey(job);
    const place = `${service} ${environment}`;
    const { nowMs } = at;
    known.meet(`releases ${place}`, tally.releases, nowMs, 1);
    const releaseMs = known.newestMs(`releases ${place}`);
    const release = tally.releases.at(-1);
    const about = {
      job,
      atMs: tally.lastMicros / 1000,
      ...(tally.someRunId !== undefined && { runId: tally.someRunId }),
      ...(release !== undefined &&
        releaseMs !== undefined &&
        nowMs - releaseMs < releaseNewMs && { release }),
    };
    const met = (
      what: News["what"],
      set: string,
      values: readonly string[],
      valuesMax?: number,
    ): readonly News[] =>
      known.meet(set, values, nowMs, valuesMax).map((one) => ({ ...about, what, ...one }));
    return [
      ...met("job", `jobs ${place}`, [tally.job], jobsOfServiceMax),
      ...met("enqueuer", `actors ${key}`, tally.actors.map(withoutNumbers)),
      ...met("host", `hosts ${key}`, tally.hosts),
      ...met("arguments", `arguments ${key}`, tally.argumentShapes),
      ...(tally.started + tally.enqueued > 0 ? oddHour(usual, at).map((one) => ({ ...about, ...one })) : []),
    ];
  });
}

function withoutNumbers(text: string): string {
  return text.replace(/\d+|[0-9a-f]{8}-[0-9a-f-]{27}/g, "#").slice(0, 200);
}

/** It ran for weeks, and never near this hour of the week, nor at this hour of any day. */
function oddHour(
  usual: Usual | undefined,
  { nowMs, timeZone }: At,
): readonly Pick<News, "what" | "value" | "before">[] {
  if (!usual || usual.hours < habitHoursMin || nowMs - usual.firstHourMs < habitMs) return [];
  const weekHour = weekHourOf(nowMs, timeZone);
  const near = (hour: number): boolean => {
    const apart = Math.abs((hour % 24) - (weekHour % 24));
    return Math.min(apart, 24 - apart) <= 1;
  };
  const hours = [...usual.activeWeekHours];
  if (hours.some(near)) return [];
  const day = [...new Set(hours.map((hour) => hour % 24))].toSorted((a, b) => a - b);
  return [{ what: "hour", value: `${weekHour % 24}:00`, before: day.map((hour) => `${hour}:00`) }];
}

export function newsOfActions(actions: readonly ActionTally[], known: Known, nowMs: number): readonly News[] {
  return actions.flatMap(({ service, action, job, eventId, lastMs }) => {
    const about = { what: "action", service, eventId, atMs: lastMs } as const;
    const own = known.meet(`actions ${service}`, [action], nowMs, actionsMax);
    const by = job === undefined ? [] : known.meet(`action ${service} ${action}`, [job], nowMs);
    return [
      ...own.map(({ value, before }) => ({ ...about, value, before })),
      ...by.map(({ value, before }) => ({ ...about, value: `${action} by ${value}`, before })),
    ];
  });
}
