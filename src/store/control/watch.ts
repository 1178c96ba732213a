/** The watch's part of the control store in SQLite. Each statement is a `.sql` file of `watch/`. */
import type { SQLInputValue } from "node:sqlite";
import type { Incident, Message, TimelineEntry } from "../../model/incident.ts";
import { type Declaration, jobKey, type Monitor } from "../../model/monitor.ts";
import type { Silence } from "../../model/silence.ts";
import { type WatchChange, WatchConflict, type WatchStore } from "../watch.ts";
import type { Database, Statement } from "./encrypted.ts";
import { unresolvedIn } from "./unresolved.ts";

const statementNames = [
  "monitors",
  "putMonitor",
  "dropMonitor",
  "addMonitorChange",
  "monitorChanges",
  "declarations",
  "putDeclaration",
  "dropReadings",
  "unresolved",
  "incidents",
  "incident",
  "newestOfCause",
  "putIncident",
  "timeline",
  "addTimeline",
  "addMessage",
  "dueMessages",
  "claimMessage",
  "noteMessage",
  "messages",
  "takeLease",
  "dropLease",
  "leaseHolder",
  "putSilence",
  "silence",
  "silences",
] as const;

type Row = Readonly<Record<string, unknown>>;
type Values = Record<string, SQLInputValue>;

export type WatchTools = {
  readonly database: Database;
  readonly readSql: (name: string) => string;
  readonly answer: <T>(work: () => T) => Promise<T>;
  readonly atOnce: (work: () => void) => void;
  readonly setting: (name: string) => string | undefined;
  readonly setSetting: (name: string, value: string) => void;
};

export function watchStore(tools: WatchTools): WatchStore {
  const { database, readSql, answer, atOnce } = tools;
  const statements = Object.fromEntries(
    statementNames.map((name) => [name, database.prepare(readSql(`watch/${name}`))]),
  ) as Record<(typeof statementNames)[number], Statement>;
  const unresolved = unresolvedIn(database, () => statements.unresolved.all().map(toIncident));
  const addTimeline = (entry: TimelineEntry): void => void statements.addTimeline.run(fromEntry(entry));

  return {
    setMonitors: () =>
      answer(() =>
        statements.monitors.all().map((row) => ({ monitor: documentOf(row) as Monitor, ...changeOf(row) })),
      ),
    changeMonitors: (changes, { changedMs, changedBy }) =>
      answer(() =>
        atOnce(() => {
          for (const { name, monitor } of changes) {
            const key = jobKey(name);
            const document = monitor === undefined ? null : JSON.stringify(monitor);
            const by = { changed_ms: Math.floor(changedMs), changed_by: changedBy };
            statements.addMonitorChange.run({ key, after: document, ...by });
            if (document === null) statements.dropMonitor.run({ key });
            else statements.putMonitor.run({ key, document, ...by });
          }
        }),
      ),
    monitorChanges: (name) =>
      answer(() =>
        statements.monitorChanges.all({ key: jobKey(name) }).map((row) => ({
          ...(row["before"] !== null && { before: JSON.parse(String(row["before"])) as Monitor }),
          ...(row["after"] !== null && { after: JSON.parse(String(row["after"])) as Monitor }),
          ...changeOf(row),
        })),
      ),
    declarations: () =>
      answer(() => statements.declarations.all().map((row) => documentOf(row) as Declaration)),

    watchState: (part) => answer(() => tools.setting(`watch.${part}`)),
    changeWatch: ({
      incidents = [],
      timeline = [],
      messages = [],
      declarations = [],
      readings = [],
      state = {},
      lease,
    }) =>
      answer(() => {
        atOnce(() => {
          if (lease && statements.leaseHolder.get({ name: lease.name })?.["holder"] !== lease.holder) {
            throw new WatchConflict("Another server leads the watch.");
          }
          for (const incident of incidents) {
            const { changes } = statements.putIncident.run(fromIncident(incident));
            if (changes !== 1) throw new WatchConflict(`Somebody else changed incident ${incident.id}.`);
          }
          for (const entry of timeline) addTimeline(entry);
          for (const message of messages) statements.addMessage.run(fromMessage(message));
          for (const { origin, reading } of eachOnce([...readings, ...declarations])) {
            statements.dropReadings.run({ origin, reading });
          }
          for (const one of declarations) {
            const { origin, item, reading } = one;
            statements.putDeclaration.run({ origin, item, reading, document: JSON.stringify(one) });
          }
          for (const [part, value] of Object.entries(state)) tools.setSetting(`watch.${part}`, value);
        });
        unresolved.note(incidents);
      }),
    unresolvedIncidents: () => answer(unresolved.all),
    incidents: (limit, state) =>
      answer(() => statements.incidents.all({ limit, state: state ?? "" }).map(toIncident)),
    incident: (id) => answer(() => optionalIncident(statements.incident.get({ id }))),
    incidentOfCause: (cause) => answer(() => optionalIncident(statements.newestOfCause.get({ cause }))),
    timeline: (id) => answer(() => statements.timeline.all({ id }).map(toEntry)),

    dueMessages: (nowMs, limit) =>
      answer(() => statements.dueMessages.all({ now_ms: Math.floor(nowMs), limit }).map(toMessage)),
    claimMessage: ({ id, attempts, dueMs }, nowMs, entry) =>
      answer(() => {
        let isOurs = false;
        atOnce(() => {
          const claim = { id, attempts, due_ms: Math.floor(dueMs), now_ms: Math.floor(nowMs) };
          isOurs = statements.claimMessage.run(claim).changes === 1;
          if (isOurs && entry) addTimeline(entry);
        });
        return isOurs;
      }),
    noteMessage: (message, entry) =>
      answer(() =>
        atOnce(() => {
          const { id, state, attempts, dueMs, receipt = null } = message;
          statements.noteMessage.run({ id, state, attempts, due_ms: Math.floor(dueMs), receipt });
          if (entry) addTimeline(entry);
        }),
      ),
    messages: (id) => answer(() => statements.messages.all({ id }).map(toMessage)),

    takeLease: ({ name, holder, untilMs }, nowMs) =>
      answer(() => {
        const times = { until_ms: Math.floor(untilMs), now_ms: Math.floor(nowMs) };
        return statements.takeLease.run({ name, holder, ...times }).changes === 1;
      }),
    dropLease: ({ name, holder }) => answer(() => void statements.dropLease.run({ name, holder })),

    putSilence: (silence) =>
      answer(() => {
        const { id, untilMs } = silence;
        const document = JSON.stringify(silence);
        statements.putSilence.run({ id, until_ms: Math.floor(untilMs), document });
      }),
    silence: (id) =>
      answer(() => {
        const row = statements.silence.get({ id });
        return row && (documentOf(row) as Silence);
      }),
    silences: (afterMs) =>
      answer(() =>
        statements.silences.all({ after_ms: Math.floor(afterMs) }).map((row) => documentOf(row) as Silence),
      ),
  };
}

/** Thousands of declarations are of one reading, and to drop the older ones is to look at all of its origin. */
function eachOnce(
  readings: NonNullable<WatchChange["readings"]>,
): Iterable<NonNullable<WatchChange["readings"]>[number]> {
  return new Map(readings.map((one) => [JSON.stringify([one.origin, one.reading]), one])).values();
}

function documentOf(row: Row): unknown {
  return JSON.parse(String(row["document"]));
}

function toIncident(row: Row): Incident {
  return { ...(documentOf(row) as Incident), revision: Number(row["revision"]) };
}

function optionalIncident(row: Row | undefined): Incident | undefined {
  return row && toIncident(row);
}

function changeOf(row: Row): { readonly changedMs: number; readonly changedBy: string } {
  return { changedMs: Number(row["changed_ms"]), changedBy: String(row["changed_by"]) };
}

function fromIncident({ revision = 0, ...incident }: Incident): Values {
  const { id, cause, state, lastMs } = incident;
  return { id, cause, state, last_ms: Math.floor(lastMs), document: JSON.stringify(incident), revision };
}

function fromEntry({ incidentId, atMs, act, by, because }: TimelineEntry): Values {
  return { incident_id: incidentId, at_ms: Math.floor(atMs), act, by_whom: by, because };
}

function toEntry(row: Row): TimelineEntry {
  return {
    incidentId: String(row["incident_id"]),
    atMs: Number(row["at_ms"]),
    act: row["act"] as TimelineEntry["act"],
    by: String(row["by_whom"]),
    because: String(row["because"]),
  };
}

function fromMessage({ id, incidentId, channel, tiding, incident, madeMs, dueMs }: Message): Values {
  return {
    id,
    incident_id: incidentId,
    channel,
    tiding,
    incident: JSON.stringify(incident),
    made_ms: Math.floor(madeMs),
    due_ms: Math.floor(dueMs),
  };
}

function toMessage(row: Row): Message {
  return {
    id: String(row["id"]),
    incidentId: String(row["incident_id"]),
    channel: String(row["channel"]),
    tiding: row["tiding"] as Message["tiding"],
    incident: JSON.parse(String(row["incident"])) as Incident,
    madeMs: Number(row["made_ms"]),
    dueMs: Number(row["due_ms"]),
    attempts: Number(row["attempts"]),
    state: row["state"] as Message["state"],
    ...(row["receipt"] !== null && { receipt: row["receipt"] as string }),
  };
}
