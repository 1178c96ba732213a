/** Where what an application declares, what is installed, and what happens do not agree. Pure. */
import type { Declaration, Monitor, Schedule } from "../model/monitor.ts";

/** Sentences; none where all agree. `neverServed`: it was due, and none of its slots had a run. */
export function driftOf(
  monitor: Monitor,
  declarations: readonly Declaration[],
  neverServed: boolean,
): readonly string[] {
  const installed = declarations.filter(({ origin }) => origin.startsWith("crontab "));
  const declared = declarations.filter(({ origin }) => origin.startsWith("schedule "));
  const sentences: string[] = [];
  if (installed.length > 0 && declared.length > 0) {
    const wanted = new Set(declared.map(({ schedule }) => said(schedule)));
    const found = new Set(installed.map(({ schedule }) => said(schedule)));
    const lacking = [...wanted].filter((one) => !found.has(one));
    const beyond = [...found].filter((one) => !wanted.has(one));
    if (lacking.length > 0) sentences.push(`Declared but not installed: ${lacking.join(", ")}.`);
    if (beyond.length > 0) sentences.push(`Installed but not declared: ${beyond.join(", ")}.`);
  }
  const hosts = new Set(installed.map(({ schedule }) => schedule.host ?? ""));
  if (hosts.size > 1) sentences.push(`Installed on ${hosts.size} hosts: ${[...hosts].sort().join(", ")}.`);
  const zones = new Set(monitor.schedules.map(({ timeZone }) => timeZone));
  if (zones.size > 1) sentences.push(`Its schedules are in different time zones: ${[...zones].join(", ")}.`);
  if (neverServed) sentences.push("It was due, and no run of it was recorded.");
  return sentences;
}

function said({ expression, everySeconds, timeZone }: Schedule): string {
  return `${expression ?? `every ${everySeconds} s`} (${timeZone})`;
}
