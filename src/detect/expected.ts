/**
 * What is expected of each job, from everything that was said: what somebody set holds, and what
 * it does not say comes from the declarations.
 */
import {
  type Declaration,
  type JobName,
  jobKey,
  jobNameOf,
  type Monitor,
  type MonitorSource,
  quietMonitor,
  type Schedule,
} from "../model/monitor.ts";
import { type Drift, driftsOf } from "./drift.ts";

export type Expected = {
  /** Jobs of which somebody or something said what is expected. */
  readonly all: readonly { readonly monitor: Monitor; readonly source: MonitorSource }[];
  /** Where declared and installed differ. */
  readonly drifts: readonly Drift[];
  /** A quiet one where nothing was said. */
  readonly of: (name: JobName) => Monitor;
};

export function expectedOf(set: readonly Monitor[], declarations: readonly Declaration[]): Expected {
  const declared = new Map<string, { name: JobName; schedules: Schedule[] }>();
  for (const { job, schedule } of preferred(declarations)) {
    const key = jobKey(job);
    const entry = declared.get(key) ?? { name: jobNameOf(job), schedules: [] };
    entry.schedules.push(schedule);
    declared.set(key, entry);
  }
  // By the job's name, so that ten thousand set ones are not compared with ten thousand declared ones.
  const declaredOf = Map.groupBy(declared.values(), ({ name }) => name.job);
  const byKey = new Map<string, Expected["all"][number]>();
  const keysOf = new Map<string, Set<string>>();
  const keep = (one: Expected["all"][number]): void => {
    const { job } = one.monitor;
    const keys = keysOf.get(job) ?? new Set();
    keysOf.set(job, keys.add(jobKey(one.monitor)));
    byKey.set(jobKey(one.monitor), one);
  };
  for (const { name, schedules } of declared.values()) {
    keep({ monitor: { ...quietMonitor(name), schedules }, source: "declared" });
  }
  for (const monitor of set) {
    const exact = declared.get(jobKey(monitor));
    const any = exact ?? declaredOf.get(monitor.job)?.find(({ name }) => isNamed(monitor, name));
    const schedules = monitor.schedules.length > 0 ? monitor.schedules : (any?.schedules ?? []);
    // A name that means any service takes the place of those it means.
    for (const key of keysOf.get(monitor.job) ?? []) {
      const other = byKey.get(key);
      if (other && isNamed(monitor, other.monitor)) byKey.delete(key);
    }
    keep({ monitor: { ...monitor, schedules }, source: "set" });
  }
  return {
    all: [...byKey.values()],
    drifts: driftsOf(declarations),
    of: (name) =>
      byKey.get(jobKey(name))?.monitor ??
      byKey.get(jobKey({ job: name.job, ...(name.service !== undefined && { service: name.service }) }))
        ?.monitor ??
      byKey.get(jobKey({ job: name.job }))?.monitor ??
      quietMonitor(name),
  };
}

/** The first name means the second: what it leaves open may be anything. */
export function isNamed(name: JobName, other: JobName): boolean {
  return (
    name.job === other.job &&
    (name.service === undefined || name.service === other.service) &&
    (name.environment === undefined || name.environment === other.environment)
  );
}

/** What is installed is what cron does; what was only declared counts where nothing is known installed. */
function preferred(declarations: readonly Declaration[]): readonly Declaration[] {
  const installed = new Set(declarations.filter(isInstalled).map(({ job }) => job.job));
  return declarations.filter((one) => isInstalled(one) || !installed.has(one.job.job));
}

function isInstalled({ origin }: Declaration): boolean {
  return origin.startsWith("crontab ");
}
