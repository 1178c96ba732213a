/**
 * The file of monitors, as people write it, and what applying it would change:
 *
 *     monitors:
 *       - job: ReportJob
 *         service: shop
 *         schedule: "0 2 * * *"
 *         time_zone: Europe/Berlin
 *         grace: 10m
 *         duration_max: 30m
 *         severity: error
 *         calendar: working days
 *         needs: [ImportJob]
 *     calendars:
 *       working days: { weekdays: [mon, tue, wed, thu, fri], holidays: [2026-12-25] }
 */
import { parse } from "yaml";
import { didYouMean } from "../api/nearest.ts";
import {
  type Calendar,
  graceMsDefault,
  type JobName,
  jobKey,
  jobNameOf,
  type Monitor,
  type Schedule,
  showJob,
  urgencies,
} from "../model/monitor.ts";
import { CommandFailure } from "./exit.ts";

const keys = [
  "job",
  "service",
  "environment",
  "schedule",
  "every",
  "time_zone",
  "grace",
  "late_after",
  "duration_min",
  "duration_max",
  "wait_max",
  "output_min",
  "calendar",
  "needs",
  "overlap",
  "failures",
  "successes",
  "severity",
  "owner",
  "runbook",
] as const;

type Given = Readonly<Record<string, unknown>>;

/** Throws `CommandFailure` that names the monitor and what is wrong with it. */
export function readMonitorFile(text: string, file: string): readonly Monitor[] {
  let given: unknown;
  try {
    given = parse(text);
  } catch (cause) {
    throw new CommandFailure("usage", `${file}: ${(cause as Error).message.split("\n", 1)[0]}`, { cause });
  }
  const whole = (given ?? {}) as Given;
  const list = whole["monitors"];
  const calendars = calendarsOf(whole["calendars"], file);
  if (!Array.isArray(list)) throw new CommandFailure("usage", `${file}: expected a list under \`monitors\``);
  const monitors = (list as readonly unknown[]).map((one, index) => {
    try {
      return readMonitor(one as Given, calendars);
    } catch (cause) {
      if (!(cause instanceof BadMonitor)) throw cause;
      throw new CommandFailure("usage", `${file}: monitor ${index + 1}: ${cause.message}`, { cause });
    }
  });
  const twice = monitors.find((one, index) =>
    monitors.slice(0, index).some((other) => jobKey(one) === jobKey(other)),
  );
  if (twice) throw new CommandFailure("usage", `${file}: ${showJob(twice)} is named twice`);
  return monitors;
}

class BadMonitor extends Error {}

function readMonitor(given: Given, calendars: Calendars): Monitor {
  if (typeof given !== "object" || given === null) throw new BadMonitor("expected keys and values");
  const unknown = Object.keys(given).find((key) => !(keys as readonly string[]).includes(key));
  if (unknown !== undefined)
    throw new BadMonitor(`there is no key \`${unknown}\`${didYouMean(unknown, keys)}`);
  const job = textOf(given, "job");
  if (job === undefined) throw new BadMonitor("it names no `job`");
  const [service, environment] = [textOf(given, "service"), textOf(given, "environment")];
  const [owner, runbook] = [textOf(given, "owner"), textOf(given, "runbook")];
  const [lateAfterMs, durationMaxMs] = [spanOf(given, "late_after"), spanOf(given, "duration_max")];
  const [waitMaxMs, durationMinMs] = [spanOf(given, "wait_max"), spanOf(given, "duration_min")];
  const outputMinBytes = bytesOf(given, "output_min");
  const calendar = calendarOf(given["calendar"], calendars);
  const needs = needsOf(given["needs"]);
  const successesBeforeOver = countOf(given, "successes");
  return {
    job,
    ...(service !== undefined && { service }),
    ...(environment !== undefined && { environment }),
    schedules: schedulesOf(given),
    graceMs: spanOf(given, "grace") ?? graceMsDefault,
    ...(lateAfterMs !== undefined && { lateAfterMs }),
    ...(durationMaxMs !== undefined && { durationMaxMs }),
    ...(durationMinMs !== undefined && { durationMinMs }),
    ...(waitMaxMs !== undefined && { waitMaxMs }),
    ...(outputMinBytes !== undefined && { outputMinBytes }),
    ...(calendar && { calendar }),
    ...(needs && { needs }),
    overlapAllowed: overlapOf(given["overlap"]),
    failuresBeforeTelling: countOf(given, "failures") ?? 1,
    ...(successesBeforeOver !== undefined && { successesBeforeOver }),
    severity: severityOf(given["severity"]),
    ...(owner !== undefined && { owner }),
    ...(runbook !== undefined && { runbook }),
  };
}

function textOf(given: Given, key: string): string | undefined {
  const value = given[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string" || value === "") throw new BadMonitor(`\`${key}\` must be a text`);
  return value;
}

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function spanOf(given: Given, key: string): number | undefined {
  const value = given[key];
  if (value === undefined || value === null) return undefined;
  const match = typeof value === "string" ? /^(\d+(?:\.\d+)?)\s*([smhd])$/.exec(value) : null;
  if (!match) throw new BadMonitor(`\`${key}\` must be a duration such as 90s, 10m, 2h or 1d`);
  return Math.round(Number(match[1]) * (unitMs[match[2] ?? "s"] ?? 1000));
}

function bytesOf(given: Given, key: string): number | undefined {
  const value = given[key];
  if (value === undefined || value === null) return undefined;
  const text = typeof value === "number" || typeof value === "string" ? `${value}` : "";
  const match = /^(\d+)\s*(B|kB|MB|GB)?$/.exec(text);
  if (!match) throw new BadMonitor(`\`${key}\` must be a size such as 200B, 10kB or 3MB`);
  return Number(match[1]) * ({ kB: 1e3, MB: 1e6, GB: 1e9 }[match[2] ?? "B"] ?? 1);
}

type Calendars = ReadonlyMap<string, Calendar>;
const weekdayNames = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

function calendarsOf(given: unknown, file: string): Calendars {
  if (given === undefined || given === null) return new Map();
  if (typeof given !== "object")
    throw new CommandFailure("usage", `${file}: \`calendars\` must be names and calendars`);
  return new Map(
    Object.entries(given as Given).map(([name, one]) => {
      const { weekdays, holidays, ...others } = (one ?? {}) as Given;
      const unknown = Object.keys(others)[0];
      const bad = (what: string): CommandFailure =>
        new CommandFailure("usage", `${file}: calendar \`${name}\`: ${what}`);
      if (unknown !== undefined)
        throw bad(`there is no key \`${unknown}\`${didYouMean(unknown, ["weekdays", "holidays"])}`);
      const days = listOf(weekdays)?.map((day) =>
        weekdayNames.indexOf(String(day).slice(0, 3).toLowerCase()),
      );
      if (days?.includes(-1)) throw bad(`\`weekdays\` must be of ${weekdayNames.join(", ")}`);
      const dates = listOf(holidays)?.map(String);
      const wrong = dates?.find((date) => !/^\d{4}-\d\d-\d\d$/.test(date) || Number.isNaN(Date.parse(date)));
      if (wrong !== undefined) throw bad(`\`${wrong}\` is no date such as 2026-12-25`);
      return [name, { ...(days && { weekdays: days }), ...(dates && { holidays: dates }) }];
    }),
  );
}

function listOf(value: unknown): readonly unknown[] | undefined {
  if (value === undefined || value === null) return undefined;
  return Array.isArray(value) ? (value as readonly unknown[]) : [value];
}

function calendarOf(value: unknown, calendars: Calendars): Calendar | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw new BadMonitor("`calendar` must be the name of one of `calendars`");
  const found = calendars.get(value);
  if (!found) {
    throw new BadMonitor(`there is no calendar \`${value}\`${didYouMean(value, [...calendars.keys()])}`);
  }
  return found;
}

function needsOf(value: unknown): readonly JobName[] | undefined {
  return listOf(value)?.map((one) => {
    if (typeof one === "string" && one !== "") return { job: one };
    const given = (one ?? {}) as Given;
    const job = textOf(given, "job");
    if (job === undefined) throw new BadMonitor("`needs` must be names of jobs");
    const [service, environment] = [textOf(given, "service"), textOf(given, "environment")];
    return jobNameOf({
      job,
      ...(service !== undefined && { service }),
      ...(environment !== undefined && { environment }),
    });
  });
}

function schedulesOf(given: Given): readonly Schedule[] {
  const timeZone = textOf(given, "time_zone") ?? "UTC";
  const everyMs = spanOf(given, "every");
  const said = given["schedule"];
  const list = said === undefined ? [] : Array.isArray(said) ? (said as readonly unknown[]) : [said];
  const expressions = list.map((expression) => {
    if (typeof expression !== "string")
      throw new BadMonitor("`schedule` must be a cron expression, or a list of them");
    return { expression, timeZone };
  });
  return everyMs === undefined ? expressions : [...expressions, { everySeconds: everyMs / 1000, timeZone }];
}

function overlapOf(value: unknown): boolean {
  if (value === undefined) return true;
  if (typeof value !== "boolean") throw new BadMonitor("`overlap` must be true or false");
  return value;
}

function countOf(given: Given, key: string): number | undefined {
  const value = given[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value) || value < 1 || value > 1000) {
    throw new BadMonitor(`\`${key}\` must be a whole number from 1 to 1000`);
  }
  return value;
}

function severityOf(value: unknown): Monitor["severity"] {
  const urgency = urgencies.find((one) => one === (value ?? "warning"));
  if (!urgency) throw new BadMonitor(`\`severity\` must be one of ${urgencies.join(", ")}`);
  return urgency;
}

export type MonitorPlan = {
  readonly set: readonly Monitor[];
  readonly remove: readonly JobName[];
  /** One line a change: `+` made, `-` removed, `~` changed. */
  readonly lines: readonly string[];
};

/** `prune`: what was set and is not in the file is removed. */
export function planMonitors(
  wanted: readonly Monitor[],
  set: readonly Monitor[],
  { prune }: { readonly prune: boolean },
): MonitorPlan {
  const before = new Map(set.map((monitor) => [jobKey(monitor), monitor]));
  const changed = wanted.filter((monitor) => differences(before.get(jobKey(monitor)), monitor).length > 0);
  const names = new Set(wanted.map(jobKey));
  const gone = prune ? set.filter((monitor) => !names.has(jobKey(monitor))) : [];
  const lines = changed.flatMap((monitor) => {
    const old = before.get(jobKey(monitor));
    return [
      `${old ? "~" : "+"} ${showJob(monitor)}`,
      ...differences(old, monitor).map((line) => `    ${line}`),
    ];
  });
  return {
    set: changed,
    remove: gone,
    lines: [...lines, ...gone.map((monitor) => `- ${showJob(monitor)}`)],
  };
}

function differences(before: Monitor | undefined, after: Monitor): readonly string[] {
  const [old, now] = [before ?? {}, after].map((one) => one as Readonly<Record<string, unknown>>);
  const names = [...new Set([...Object.keys(old ?? {}), ...Object.keys(now ?? {})])];
  return names.flatMap((name) => {
    const [a, b] = [JSON.stringify(old?.[name]), JSON.stringify(now?.[name])];
    if (a === b) return [];
    return [before === undefined ? `${name}: ${b}` : `${name}: ${a ?? "not set"} becomes ${b ?? "not set"}`];
  });
}
