/** An incident and a message about it, made up for the tests of this folder. */
import type { Incident, Message } from "../model/incident.ts";

export function madeIncident(more: Partial<Incident> = {}): Incident {
  return {
    id: "i1",
    cause: "c",
    kind: "failed",
    state: "open",
    severity: "error",
    because: "It failed.",
    openedMs: 0,
    lastMs: 0,
    count: 1,
    unknown: false,
    evidence: { eventIds: [], runIds: [] },
    reopenedMs: [],
    flapping: false,
    ...more,
  };
}

/** Waits for its turn. */
export function madeMessage(incident: Incident, more: Partial<Message> = {}): Message {
  return {
    id: "m1",
    incidentId: incident.id,
    channel: "hook",
    tiding: "opened",
    incident,
    madeMs: 0,
    dueMs: 0,
    attempts: 0,
    state: "waiting",
    ...more,
  };
}
