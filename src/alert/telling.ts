/** Who is told of an incident, and the reason for which they are, or are not. */
import { showMoment, showSpan } from "../detect/facts.ts";
import type { Incident, Message, Tiding, TimelineEntry } from "../model/incident.ts";
import { type Urgency, urgencies } from "../model/monitor.ts";
import { isInForce, type Silence } from "../model/silence.ts";
import { entryOf } from "./life.ts";
import {
  channelsOf,
  escalationOf,
  isMeant,
  type Policy,
  plannedNow,
  quietNow,
  showMinute,
} from "./policy.ts";

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
  readonly policy: Policy;
  readonly silences: readonly Silence[];
  readonly newId: () => string;
};

/** What matters of everything else when one incident is told. */
export type Around = { readonly failuresBeforeTelling: number; readonly parent: Incident | undefined };

/** After its parent is over, it has so long to be over by itself. */
export const releaseMs = 5 * 60_000;

/** A reason is written when it begins, not again while it stays the same. */
type Hold = { readonly key: string; readonly because: string };

/** Tells of an open incident what is due: that it is there, the next step, or a reminder. */
export function tellOpen(incident: Incident, around: Around, parts: TellingParts, nowMs: number): Told {
  const nothing: Told = { incident, entries: [], messages: [] };
  if (incident.state === "resolved") return nothing;
  const due =
    incident.toldMs === undefined ? firstCall(incident, parts, nowMs) : laterCall(incident, parts, nowMs);
  if (!due) return nothing;
  const hold = holdOf(incident, around, parts, nowMs) ?? (due.hearing.length === 0 ? due.deaf : undefined);
  if (hold) {
    if (hold.key === incident.heldFor) return nothing;
    const because = incident.toldMs === undefined ? hold.because : `${due.what} waits. ${hold.because}`;
    return {
      incident: { ...incident, heldFor: hold.key },
      entries: [entryOf(incident, nowMs, "held", because)],
      messages: [],
    };
  }
  const { heldFor: _, ...rest } = incident;
  const names = due.hearing.map(({ name }) => name);
  const next: Incident = {
    ...rest,
    toldMs: incident.toldMs ?? nowMs,
    remindedMs: nowMs,
    toldTo: [...new Set([...(incident.toldTo ?? []), ...names])],
    ...(due.stepsTaken !== undefined && { stepsTaken: due.stepsTaken }),
  };
  const act = due.tiding === "opened" ? "told" : due.tiding;
  return {
    incident: next,
    entries: [entryOf(next, nowMs, act, `${due.what}, through ${names.join(", ")}.`)],
    messages: messagesOf(next, due.tiding, due.hearing, parts, nowMs),
  };
}

/** Those who were told that it is open are told what became of it, silenced or not. */
export function tellLater(
  incident: Incident,
  tiding: "acknowledged" | "resolved",
  parts: Pick<TellingParts, "ears" | "newId">,
  nowMs: number,
): Told {
  const { toldMs, toldTo } = incident;
  const hearing = parts.ears.filter(
    (ear) =>
      (toldTo?.includes(ear.name) ?? isUrgentEnough(incident, ear)) &&
      (tiding === "resolved" || ear.hearsAcknowledgements),
  );
  if (toldMs === undefined || hearing.length === 0) return { incident, entries: [], messages: [] };
  const because = `That it is ${tiding}, through ${hearing.map(({ name }) => name).join(", ")}.`;
  return {
    incident,
    entries: [entryOf(incident, nowMs, "told", because)],
    messages: messagesOf(incident, tiding, hearing, parts, nowMs),
  };
}

type Call = {
  readonly tiding: "opened" | "escalated" | "reminded";
  readonly what: string;
  readonly hearing: readonly Ear[];
  /** Why nobody would hear it. */
  readonly deaf: Hold;
  readonly stepsTaken?: number;
};

function firstCall(incident: Incident, { ears, policy }: TellingParts, nowMs: number): Call {
  const escalation = escalationOf(policy, incident);
  const [step] = escalation?.steps ?? [];
  const named = step && channelsOf(policy, step, nowMs);
  const hearing = ears.filter((ear) => isUrgentEnough(incident, ear) && (named?.includes(ear.name) ?? true));
  const takes = ears.map(({ name, severityMin }) => `${name} takes ${severityMin} and more`).join(", ");
  const because =
    ears.length === 0 ? "No channel is configured." : `No channel takes ${incident.severity}: ${takes}.`;
  const rule = escalation === undefined ? "" : ` by the rule ${escalation.name}`;
  return {
    tiding: "opened",
    what: `That it is opened${rule}`,
    hearing,
    deaf: { key: "nobody hears", because },
    ...(escalation && { stepsTaken: 1 }),
  };
}

/** The next step of an escalation whose time has come, or else a reminder that is due. */
function laterCall(incident: Incident, { ears, policy }: TellingParts, nowMs: number): Call | undefined {
  const { toldMs = nowMs, remindedMs = toldMs, stepsTaken = 0, severity } = incident;
  if (incident.state !== "open") return undefined;
  const escalation = stepsTaken === 0 ? undefined : escalationOf(policy, incident);
  const step = escalation?.steps[stepsTaken];
  if (escalation && step && nowMs - toldMs >= step.afterMs) {
    const named = channelsOf(policy, step, nowMs);
    const hearing = ears.filter((ear) => named.includes(ear.name) && isUrgentEnough(incident, ear));
    const what = `Step ${stepsTaken + 1} of the rule ${escalation.name}: nobody has acknowledged it for ${showSpan(nowMs - toldMs)}`;
    const because = `Nobody in it takes ${severity}: ${named.join(", ")}.`;
    return {
      tiding: "escalated",
      what,
      hearing,
      deaf: { key: `step ${stepsTaken}`, because },
      stepsTaken: stepsTaken + 1,
    };
  }
  const everyMs = policy.remindEveryMs[severity];
  if (everyMs === undefined || nowMs - remindedMs < everyMs) return undefined;
  const hearing = ears.filter(({ name }) => incident.toldTo?.includes(name));
  const what = `A reminder: it is open and nobody has acknowledged it for ${showSpan(nowMs - toldMs)}`;
  return {
    tiding: "reminded",
    what,
    hearing,
    deaf: { key: "nobody hears", because: "Its channels are not configured any more." },
  };
}

/** Why nobody is to be told of it now. */
function holdOf(
  incident: Incident,
  { failuresBeforeTelling, parent }: Around,
  { policy, silences }: TellingParts,
  nowMs: number,
): Hold | undefined {
  const { snoozedUntilMs, state, kind, count, releasedMs, severity } = incident;
  if (snoozedUntilMs !== undefined && snoozedUntilMs > nowMs)
    return { key: "snoozed", because: "It is snoozed." };
  if (state !== "open") return { key: "seen", because: "Somebody looks at it already." };
  if (parent) {
    return {
      key: `parent ${parent.id}`,
      because: `It is part of incident ${parent.id}, which is told instead: ${parent.because}`,
    };
  }
  if (releasedMs !== undefined && nowMs - releasedMs < releaseMs) {
    return {
      key: "released",
      because: `What caused it is over; it has ${showSpan(releaseMs)} to be over as well.`,
    };
  }
  if (kind === "failed" && count < failuresBeforeTelling) {
    const because = `Failure ${count} of the ${failuresBeforeTelling} that its monitor allows before anybody is told.`;
    return { key: "failures", because };
  }
  const silence = silences.find((one) => isInForce(one, nowMs) && isMeant(one.when, incident));
  if (silence) {
    const what = silence.purpose === "maintenance" ? "Maintenance" : "Silenced";
    const because = `${what} until ${showMoment(silence.untilMs)} by ${silence.by}: ${silence.reason}`;
    return { key: `silence ${silence.id}`, because };
  }
  const work = plannedNow(policy, incident, nowMs);
  if (work) return { key: `planned ${work.reason}`, because: `Planned work of every week: ${work.reason}` };
  const quiet = quietNow(policy, severity, nowMs);
  if (quiet) {
    const because = `Quiet hours for ${severity} until ${showMinute(quiet.untilMinute)} (${quiet.timeZone}).`;
    return { key: "quiet hours", because };
  }
  return undefined;
}

function isUrgentEnough({ severity }: Incident, { severityMin }: Ear): boolean {
  return urgencies.indexOf(severity) >= urgencies.indexOf(severityMin);
}

function messagesOf(
  incident: Incident,
  tiding: Tiding,
  hearing: readonly Ear[],
  { newId }: Pick<TellingParts, "newId">,
  nowMs: number,
): readonly Message[] {
  return hearing.map((ear) => ({
    id: newId(),
    incidentId: incident.id,
    channel: ear.name,
    tiding,
    incident,
    madeMs: nowMs,
    dueMs: nowMs,
    attempts: 0,
    state: "waiting",
  }));
}
