/** What a person decides about an incident: kept with the reason, and told to those who can use it. */
import { Fault } from "../model/fault.ts";
import type { Incident } from "../model/incident.ts";
import { WatchConflict, type WatchStore } from "../store/watch.ts";
import { acknowledgeIncident, entryOf, resolveIncident, type Step, snoozeIncident } from "./life.ts";
import type { Decision } from "./parts.ts";
import { type TellingParts, tellLater } from "./telling.ts";

type Parts = Pick<TellingParts, "ears" | "newId"> & {
  readonly store: Pick<WatchStore, "incident" | "changeWatch">;
};

/** A decision and a look, or two decisions, may meet: the later one is made again on what it finds. */
const triesMax = 5;

export async function decide(
  id: string,
  decision: Decision,
  by: string,
  parts: Parts,
  nowMs: number,
): Promise<Incident | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await decideOnce(id, decision, by, parts, nowMs);
    } catch (error) {
      if (!(error instanceof WatchConflict) || attempt === triesMax) throw error;
    }
  }
}

async function decideOnce(
  id: string,
  decision: Decision,
  by: string,
  parts: Parts,
  nowMs: number,
): Promise<Incident | undefined> {
  const before = await parts.store.incident(id);
  if (!before) return undefined;
  const { incident, entries } = stepOf(before, decision, by, nowMs);
  const tiding = ({ acknowledge: "acknowledged", resolve: "resolved" } as const)[decision.act as string];
  const told = tiding && tellLater(incident, tiding, parts, nowMs);
  await parts.store.changeWatch({
    incidents: [incident],
    timeline: [...entries, ...(told?.entries ?? [])],
    messages: told?.messages ?? [],
  });
  return incident;
}

function stepOf(incident: Incident, decision: Decision, by: string, nowMs: number): Step {
  const { act, reason } = decision;
  if (act === "note") return { incident, entries: [entryOf(incident, nowMs, "noted", reason, by)] };
  if (incident.state === "resolved") {
    throw new Fault("BAD_REQUEST", "This incident is resolved; only a note can be added to it.");
  }
  if (act === "acknowledge") return acknowledgeIncident(incident, reason, nowMs, by);
  if (decision.act !== "snooze") return resolveIncident(incident, reason, nowMs, by);
  if (decision.untilMs <= nowMs) throw new Fault("BAD_REQUEST", "A snooze must end later than now.");
  return snoozeIncident(incident, decision, nowMs, by);
}
