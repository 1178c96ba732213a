/** Incidents as the page speaks of them: their mark, their rank, what to do next, and decisions. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { IncidentAnswer, IncidentList } from "../src/api/watch-schemas.ts";
import type { RunState } from "../src/model/run.ts";
import { type Answer, address, change, useAnswer } from "./ask.ts";
import { byActor } from "./preferences.ts";
import { to } from "./route.ts";

export type { IncidentAnswer as Incident };

type Kind = IncidentAnswer["kind"];

const bySuccess = "A run of the job that succeeds ends this.";

/** Which mark and word stand for a kind, and what somebody does first about it. */
const kinds: { readonly [K in Kind]: readonly [RunState, string, string] } = {
  failed: ["failed", "Failed", `read the error of the run. ${bySuccess}`],
  new_error: ["failed", "New error", `read the error: it was never seen before. ${bySuccess}`],
  lost: ["lost", "Lost", `find out what ended the worker. ${bySuccess}`],
  missed: ["missed", "Missed", `look at the scheduler and its host. ${bySuccess}`],
  late: ["waiting", "Late", `look at what kept it from beginning. ${bySuccess}`],
  too_long: ["running", "Too long", "look at what the run does; its end ends this."],
  overlap: ["running", "Overlap", "look at why the earlier run is still open."],
  waiting: ["waiting", "Waiting", "look at whether workers of the queue are alive."],
  source_gap: ["unknown", "Gap", "look at the sender: events that it made never arrived."],
  midwatch: ["failed", "Midwatch", "read what it says: a promise of Midwatch itself does not hold."],
  agent_silent: ["unknown", "Silent", "look at whether the host and its agent run."],
  too_short: ["succeeded", "Too short", "look at whether the run did all of its work."],
  too_early: ["running", "Too early", "look at who began it, and whether two schedulers run."],
  too_often: ["running", "Too often", "look at whether it is installed twice, or begun by hand."],
  unlike_before: ["succeeded", "Unlike before", "compare the run with the last good one."],
  volume: ["unknown", "Volume", "look at what asks for these runs."],
  failing: ["failed", "Failing", "read the errors of its attempts: more of them fail than usual."],
  backlog: ["waiting", "Backlog", "look at the workers of the queue, or start more."],
  retry_storm: ["retrying", "Retry storm", "look at whether a retry can help at all; if not, stop it."],
  source_silent: ["unknown", "Silent", "look at whether the sender runs: it spoke regularly before."],
  web: ["failed", "Web", "look at what the requests wait for."],
  pattern: ["failed", "Pattern", "read the events of the rule that was met."],
  unfamiliar: ["unknown", "Unfamiliar", "ask whether this is meant: it never happened before."],
  redactions: ["unknown", "Redactions", "look at what the job began to log."],
  drift: ["unknown", "Drift", "bring the schedule that is installed and the one declared together."],
};

export function markOf(incident: IncidentAnswer): { readonly state: RunState; readonly word: string } {
  if (incident.state === "resolved") return { state: "succeeded", word: "Resolved" };
  const [state, word] = kinds[incident.kind];
  return { state, word };
}

export function nextStep({ kind }: IncidentAnswer): string {
  return kinds[kind][2];
}

export function incidentAddress({ id }: IncidentAnswer): string {
  return to(`/incidents/${encodeURIComponent(id)}`);
}

/** Somebody wrote it: only a web address may become a link. */
export function isWebAddress(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/** A UUIDv7 begins with the milliseconds at which it was made. */
export function madeMs(eventId: string): number {
  return Number.parseInt(eventId.replaceAll("-", "").slice(0, 12), 16);
}

/** Counts decisions made on this page; whoever shows incidents asks again at once. */
const decisions = signal(0);
/** The last decision, for those who cannot see that a row moved. */
export const decided = signal("");

/** `useAnswer`, and again after every decision. */
export function useFresh<T>(url: string, everyMs: number): Answer<T> {
  const answer = useAnswer<T>(url, everyMs);
  const turn = decisions.value;
  useEffect(() => {
    if (turn > 0) answer.again();
  }, [turn]);
  return answer;
}

/** Those that are not over come first, so that none of them is cut off. */
export function useIncidents(): Answer<IncidentList> {
  return useFresh<IncidentList>(address("/incidents", { limit: 500 }), 4000);
}

export type Act = "acknowledge" | "snooze" | "resolve" | "note";

const done: { readonly [A in Act]: string } = {
  acknowledge: "Acknowledged",
  snooze: "Snoozed",
  resolve: "Resolved",
  note: "Noted",
};

/** Rejects with an `AskFault`. */
export async function decide(
  incident: IncidentAnswer,
  act: Act,
  words: { readonly reason?: string; readonly until?: string } = {},
): Promise<void> {
  const body = { ...words, ...byActor() };
  await change("POST", address(`/incidents/${encodeURIComponent(incident.id)}/${act}`), body);
  decided.value = `${done[act]}: ${incident.because}`;
  decisions.value += 1;
}
