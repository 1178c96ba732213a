/** Who is told of an incident, and the reason for which they are, or are not. */
import type { Incident, Message, Tiding, TimelineEntry } from "../model/incident.ts";
import { type Urgency, urgencies } from "../model/monitor.ts";
import { entryOf } from "./life.ts";

/** A channel as far as deciding needs to know it. */
export type Ear = {
  readonly name: string;
  /** Less urgent incidents are not told here. */
  readonly severityMin: Urgency;
  /** It has a use for being told that somebody looks at it. */
  readonly hearsAcknowledgements: boolean;
};

export type Told = {
  readonly incident: Incident;
  readonly entries: readonly TimelineEntry[];
  readonly messages: readonly Message[];
};

export type TellingParts = {
  readonly ears: readonly Ear[];
  readonly newId: () => string;
};

/** Tells that it is open, unless there is a reason not to; a reason is written once, when it begins. */
export function tellOpened(
  incident: Incident,
  failuresBeforeTelling: number,
  { ears, newId }: TellingParts,
  nowMs: number,
  isNews: boolean,
): Told {
  const nothing = { incident, entries: [], messages: [] };
  if (incident.toldMs !== undefined) return nothing;
  const held = heldBecause(incident, failuresBeforeTelling, nowMs);
  if (held !== undefined) {
    return isNews ? { ...nothing, entries: [entryOf(incident, nowMs, "held", held)] } : nothing;
  }
  const hearing = ears.filter((ear) => isUrgentEnough(incident, ear));
  if (hearing.length === 0) {
    const because =
      ears.length === 0
        ? "No channel is configured."
        : `No channel takes ${incident.severity}: ${ears.map(({ name, severityMin }) => `${name} takes ${severityMin} and more`).join(", ")}.`;
    return isNews ? { ...nothing, entries: [entryOf(incident, nowMs, "held", because)] } : nothing;
  }
  return send({ ...incident, toldMs: nowMs }, "opened", hearing, newId, nowMs);
}

/** Those who were told that it is open are told what became of it. */
export function tellLater(
  incident: Incident,
  tiding: Exclude<Tiding, "opened" | "test">,
  { ears, newId }: TellingParts,
  nowMs: number,
): Told {
  const hearing = ears.filter(
    (ear) => isUrgentEnough(incident, ear) && (tiding === "resolved" || ear.hearsAcknowledgements),
  );
  if (incident.toldMs === undefined || hearing.length === 0) return { incident, entries: [], messages: [] };
  return send(incident, tiding, hearing, newId, nowMs);
}

function heldBecause(incident: Incident, failuresBeforeTelling: number, nowMs: number): string | undefined {
  if (incident.snoozedUntilMs !== undefined && incident.snoozedUntilMs > nowMs) return "It is snoozed.";
  if (incident.state !== "open") return "Somebody looks at it already.";
  if (incident.kind === "failed" && incident.count < failuresBeforeTelling) {
    return `Failure ${incident.count} of the ${failuresBeforeTelling} that its monitor allows before anybody is told.`;
  }
  return undefined;
}

function isUrgentEnough({ severity }: Incident, { severityMin }: Ear): boolean {
  return urgencies.indexOf(severity) >= urgencies.indexOf(severityMin);
}

function send(
  incident: Incident,
  tiding: Tiding,
  hearing: readonly Ear[],
  newId: () => string,
  nowMs: number,
): Told {
  const messages = hearing.map(
    (ear): Message => ({
      id: newId(),
      incidentId: incident.id,
      channel: ear.name,
      tiding,
      incident,
      madeMs: nowMs,
      dueMs: nowMs,
      attempts: 0,
      state: "waiting",
    }),
  );
  const because = `That it is ${tiding}, through ${hearing.map(({ name }) => name).join(", ")}.`;
  return { incident, entries: [entryOf(incident, nowMs, "told", because)], messages };
}
