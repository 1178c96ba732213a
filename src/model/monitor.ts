/**
 * A monitor: what is expected of a job. It comes from what the application declares, from a file,
 * or from the interface; a job of which nobody said anything has a quiet one that sets no limits.
 */

/** From least to most, in the words of those who are called at night. */
export const urgencies = ["info", "warning", "error", "critical"] as const;
export type Urgency = (typeof urgencies)[number];

/** Which job: where service or environment is absent, in any. */
export type JobName = {
  readonly job: string;
  readonly service?: string;
  readonly environment?: string;
};

/** One of `expression` and `everySeconds` is given. */
export type Schedule = {
  /** Five fields of cron, or `@daily` and its like. */
  readonly expression?: string;
  readonly everySeconds?: number;
  /** IANA name. */
  readonly timeZone: string;
  /** Whose rules hold for days and for daylight saving; absent: cron's. */
  readonly runtime?: string;
  /** The entry of Celery beat that sends the messages. */
  readonly entry?: string;
  /** Where it is installed; matters where the same job is installed on several hosts. */
  readonly host?: string;
};

export type Monitor = JobName & {
  /** Empty: no time is expected. */
  readonly schedules: readonly Schedule[];
  /** A run that has not begun so long after its slot is missed. */
  readonly graceMs: number;
  /** A run that begins later than this after its slot is told of. */
  readonly lateAfterMs?: number;
  /** A run that is open for longer is too long. */
  readonly durationMaxMs?: number;
  /** A run that succeeds sooner is told of. */
  readonly durationMinMs?: number;
  /** A run that waits longer in its queue is told of. */
  readonly waitMaxMs?: number;
  /** A run that succeeds and wrote less output is told of. */
  readonly outputMinBytes?: number;
  /** Days on which nothing is due; absent: none. */
  readonly calendar?: Calendar;
  /** Jobs that this one needs: while one of them is in trouble, its own is part of theirs. */
  readonly needs?: readonly JobName[];
  readonly overlapAllowed: boolean;
  /** So many failures without a success in between, before anybody is told. */
  readonly failuresBeforeTelling: number;
  /** So many successes before an incident of it is over; absent: one. */
  readonly successesBeforeOver?: number;
  readonly severity: Urgency;
  readonly owner?: string;
  readonly runbook?: string;
};

/** On which days slots count. */
export type Calendar = {
  /** From 0 on Monday; absent: every day of the week. */
  readonly weekdays?: readonly number[];
  /** Dates such as `2026-12-25`, in the time zone of the schedule. */
  readonly holidays?: readonly string[];
};

export type MonitorSource = "default" | "declared" | "set";

/** A monitor as somebody set it, and who and when. */
export type SetMonitor = {
  readonly monitor: Monitor;
  readonly changedMs: number;
  readonly changedBy: string;
};

/** A schedule as an application or a crontab says it. */
export type Declaration = {
  /** Who says it: a crontab on a host, or a scheduler. */
  readonly origin: string;
  /** One reading of the origin: what an older reading said is gone. */
  readonly reading: string;
  /** Which entry of it. */
  readonly item: string;
  readonly job: JobName;
  readonly schedule: Schedule;
  readonly seenMs: number;
};

/** Names a job; two jobs are the same if and only if their keys are. */
export function jobKey({ service = "", environment = "", job }: JobName): string {
  return JSON.stringify([service, environment, job]);
}

/** What is expected of a job of which nobody said anything. */
export function quietMonitor(name: JobName): Monitor {
  return {
    ...jobNameOf(name),
    schedules: [],
    graceMs: graceMsDefault,
    overlapAllowed: true,
    failuresBeforeTelling: 1,
    severity: "warning",
  };
}

/** How late a run may begin where nobody said otherwise. */
export const graceMsDefault = 5 * 60_000;

export function jobNameOf({ job, service, environment }: JobName): JobName {
  return {
    job,
    ...(service !== undefined && { service }),
    ...(environment !== undefined && { environment }),
  };
}

/** As people write it: `ReportJob (shop, production)`. */
export function showJob({ job, service, environment }: JobName): string {
  const place = [service, environment].filter((part) => part !== undefined && part !== "");
  return place.length === 0 ? job : `${job} (${place.join(", ")})`;
}
