/**
 * What a message brings along so that whoever reads it at night need not look it up: lines of what
 * was recorded, as they were redacted before they were stored, and the last run that went well.
 */
import { showMoment, showSpan } from "../detect/facts.ts";
import type { EventRecord } from "../model/event.ts";
import type { Incident } from "../model/incident.ts";
import type { JobName } from "../model/monitor.ts";
import type { EventFilter, EventStore } from "../store/store.ts";
import { oneLine } from "./text.ts";

export type Background = { readonly evidence: readonly string[]; readonly lastGood?: string };

/** Telling late is worse than telling little. */
const askMsMax = 3000;
const eventsMax = 2;
const stackLinesMax = 4;
const outputLinesMax = 6;
const lineLengthMax = 200;
const goodBackMs = 35 * 86_400_000;

type Events = Pick<EventStore, "event" | "events">;

/** Never rejects: what cannot be known in time is said to be missing. */
export async function askBackground(events: Events, incident: Incident, nowMs: number): Promise<Background> {
  const late = Promise.withResolvers<Background>();
  const timer = setTimeout(() => late.resolve(missing), askMsMax);
  try {
    return await Promise.race([gather(events, incident, nowMs), late.promise]);
  } catch {
    return missing;
  } finally {
    clearTimeout(timer);
  }
}

const missing: Background = { evidence: ["(what was recorded could not be read in time)"] };

async function gather(events: Events, incident: Incident, nowMs: number): Promise<Background> {
  const { evidence, job } = incident;
  const [found, output, lastGood] = await Promise.all([
    Promise.all(evidence.eventIds.slice(0, eventsMax).map((id) => events.event(id))),
    outputOf(events, evidence.runIds[0], nowMs),
    job && lastGoodOf(events, job, nowMs),
  ]);
  const lines = found.flatMap((event) => (event ? eventLines(event) : []));
  return { evidence: [...lines, ...output], ...(lastGood !== undefined && { lastGood }) };
}

function eventLines({
  time,
  kind,
  error_class,
  error_message,
  message,
  error_stack,
}: EventRecord): readonly string[] {
  const said = [error_class, error_message ?? message].filter((part) => part !== undefined && part !== "");
  const stack = (error_stack ?? "").split("\n").filter((line) => line.trim() !== "");
  // The first line of many stacks repeats the message, and the innermost frames say most.
  const frames = stack.filter((line) => !line.includes(error_message ?? "\0")).slice(0, stackLinesMax);
  return [
    oneLine(`${time.slice(11, 19)} ${kind} ${said.join(": ")}`, lineLengthMax),
    ...frames.map((line) => oneLine(`    ${line}`, lineLengthMax)),
  ];
}

async function outputOf(
  events: Events,
  runId: string | undefined,
  nowMs: number,
): Promise<readonly string[]> {
  if (runId === undefined) return [];
  const { rows } = await events.events({
    ...rangeBefore(nowMs),
    kinds: ["job.output"],
    fields: [{ name: "run_id", values: [runId] }],
    order: "newest",
    limit: 3,
  });
  const lines = rows.toReversed().flatMap(({ message = "" }) => message.split("\n"));
  return lines
    .filter((line) => line.trim() !== "")
    .slice(-outputLinesMax)
    .map((line) => oneLine(`output: ${line}`, lineLengthMax));
}

async function lastGoodOf(events: Events, name: JobName, nowMs: number): Promise<string> {
  const fields: EventFilter["fields"] = [
    { name: "job", values: [name.job] },
    ...(name.service === undefined ? [] : [{ name: "service", values: [name.service] } as const]),
    ...(name.environment === undefined ? [] : [{ name: "environment", values: [name.environment] } as const]),
  ];
  const { rows } = await events.events({
    ...rangeBefore(nowMs),
    streams: ["jobs"],
    kinds: ["job.succeeded"],
    fields,
    order: "newest",
    limit: 1,
  });
  const [good] = rows;
  if (!good) return `none in ${goodBackMs / 86_400_000} days`;
  const endedMs = Date.parse(good.time);
  const parts = [
    `${showMoment(endedMs)}, ${showSpan(Math.max(0, nowMs - endedMs))} before`,
    good.duration_ms === undefined ? undefined : `took ${showSpan(good.duration_ms)}`,
    good.release === undefined ? undefined : `release ${good.release}`,
    good.run_id === undefined ? undefined : `run ${good.run_id}`,
  ];
  return parts.filter((part) => part !== undefined).join(", ");
}

function rangeBefore(nowMs: number) {
  const fromMicros = Math.floor((nowMs - goodBackMs) * 1000);
  return { fromMicros, untilMicros: Math.floor((nowMs + 86_400_000) * 1000) };
}
