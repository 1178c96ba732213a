/** Declarations as recorders and agents record them: beat's entries, schedule.rb, crontabs. */
import type { EventRecord, Json } from "../model/event.ts";
import type { Declaration, JobName, Schedule } from "../model/monitor.ts";
import { isSchedule } from "./slots.ts";

/** `zone` is taken where an event does not say in which one its times are. */
export function declarationsOf(event: EventRecord, zone: string): readonly Declaration[] {
  const { job, attributes = {} } = event;
  if (event.kind === "schedule.installed") return installed(event, attributes, zone);
  if (event.kind !== "schedule.declared" || job === undefined) return [];
  return event.runtime === "whenever"
    ? whenever(event, job, attributes, zone)
    : beat(event, job, attributes, zone);
}

type Attributes = { readonly [key: string]: Json };

function nameOf({ job = "", service, environment }: EventRecord): JobName {
  return {
    job,
    ...(service !== undefined && { service }),
    ...(environment !== undefined && { environment }),
  };
}

function text(value: Json | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function kept(declaration: Declaration): readonly Declaration[] {
  return isSchedule(declaration.schedule) ? [declaration] : [];
}

function beat(event: EventRecord, job: string, attributes: Attributes, zone: string): readonly Declaration[] {
  const entry = text(attributes["entry"]) ?? job;
  const said = (attributes["schedule"] ?? {}) as { type?: Json; expression?: Json; every_seconds?: Json };
  const base = { timeZone: text(attributes["time_zone"]) ?? zone, runtime: "celery", entry };
  const expression = text(said.expression);
  const every = said.every_seconds;
  const schedule: Schedule | undefined =
    expression !== undefined
      ? { ...base, expression }
      : typeof every === "number" && every > 0
        ? { ...base, everySeconds: every }
        : undefined;
  if (!schedule) return [];
  const origin = `beat ${event.service ?? ""} ${event.environment ?? ""}`;
  // A beat process declares all its entries when it starts: its name is that of the reading.
  // Where it reads a database, it declares them again when somebody changed that.
  const reading = text(attributes["reading"]) ?? event.worker ?? event.source ?? "";
  return kept({ origin, reading, item: entry, job: nameOf(event), schedule, seenMs: Date.parse(event.time) });
}

function whenever(
  event: EventRecord,
  job: string,
  attributes: Attributes,
  zone: string,
): readonly Declaration[] {
  const { schedules } = attributes;
  if (attributes["wrapped"] !== true || !Array.isArray(schedules)) return [];
  const origin = `schedule ${event.service ?? ""} ${event.environment ?? ""} ${text(attributes["file"]) ?? ""}`;
  return (schedules as readonly Json[]).flatMap((one, index) => {
    const expression = text(one);
    if (expression === undefined) return [];
    const schedule: Schedule = {
      expression,
      timeZone: text(attributes["time_zone"]) ?? zone,
      runtime: "cron",
    };
    return kept({
      origin,
      reading: event.source ?? "",
      item: `${job} ${index}`,
      job: nameOf(event),
      schedule,
      seenMs: Date.parse(event.time),
    });
  });
}

/** A cron line that is not recorded is known, but nothing of its runs is: nothing can be expected. */
function installed(event: EventRecord, attributes: Attributes, zone: string): readonly Declaration[] {
  const expression = text(attributes["schedule"]);
  const crontab = text(attributes["crontab"]);
  if (expression === undefined || crontab === undefined || event.job === undefined) return [];
  if (attributes["recorded"] !== true) return [];
  const timeZone = text(attributes["time_zone"]) ?? text(attributes["host_time_zone"]) ?? zone;
  return kept({
    origin: originOf(event, crontab),
    reading: text(attributes["reading"]) ?? "",
    item: `line ${JSON.stringify(attributes["line"])}`,
    job: nameOf(event),
    schedule: {
      expression,
      timeZone,
      runtime: "cron",
      ...(event.host !== undefined && { host: event.host }),
    },
    seenMs: Date.parse(event.time),
  });
}

export function originOf(event: EventRecord, crontab: string): string {
  return `crontab ${event.host ?? ""} ${crontab}`;
}

/** What a crontab's newest reading leaves out is gone: also when it leaves out everything. */
export function readingOf(
  event: EventRecord,
): { readonly origin: string; readonly reading: string } | undefined {
  const crontab = text(event.attributes?.["crontab"]);
  const reading = text(event.attributes?.["reading"]);
  if (event.kind !== "schedule.installed" || crontab === undefined || reading === undefined) return undefined;
  return { origin: originOf(event, crontab), reading };
}
