/** Whether an incident is over, and by what that is known. */
import { agentSilentMs } from "../detect/agent-silent.ts";
import { isNamed } from "../detect/expected.ts";
import { showMoment } from "../detect/facts.ts";
import type { Look } from "../detect/gather.ts";
import { type FindingKind, lastingEnds, lastingKinds, quietKinds } from "../model/finding.ts";
import type { Incident } from "../model/incident.ts";
import { showJob } from "../model/monitor.ts";
import { calmMs } from "./life.ts";

/** Ends when a later run of the job succeeds. */
export const endsBySuccess: ReadonlySet<FindingKind> = new Set([
  "failed",
  "lost",
  "missed",
  "late",
  "new_error",
]);

/** Of something that nothing can end but quiet. */
const quietMs = 86_400_000;

/** Why it is over; `successMs`: by a run that succeeded then. */
export type Recovery = { readonly because: string; readonly successMs?: number };

/** What of a look may end incidents, to be found by what they are about. */
export type RecoverySigns = {
  readonly facts: Look["facts"];
  readonly successesOf: ReadonlyMap<string, Look["successes"]>;
  readonly retriedRuns: ReadonlySet<string | undefined>;
};

/** Made once a look: thousands of incidents are compared with it. */
export function recoverySigns({ facts, successes, heard }: Pick<Look, "successes" | "facts" | "heard">) {
  const retries = heard.filter(({ kind, run_id }) => kind === "job.retried" && run_id !== undefined);
  return {
    facts,
    successesOf: Map.groupBy(successes, ({ job }) => job),
    retriedRuns: new Set(retries.map(({ run_id }) => run_id)),
  } satisfies RecoverySigns;
}

/** `undefined`: it is not over. `found` are the causes of this look. */
export function recoveryOf(
  incident: Incident,
  signs: RecoverySigns,
  found: ReadonlySet<string>,
  nowMs: number,
): Recovery | undefined {
  if (found.has(incident.cause)) return undefined;
  // What Midwatch said of itself, Midwatch or a person must take back.
  if (incident.kind === "midwatch") return undefined;
  if (signs.facts.survey.unasked.has(incident.kind)) return undefined;
  const isCalm = nowMs - incident.lastMs >= calmMs;
  if (incident.flapping && !isCalm) return undefined;
  if (lastingKinds.has(incident.kind)) return overBy(lastingRecovery(incident, signs, nowMs));
  const job = incident.job;
  // The word of a retry may come in a later batch than that of its failure.
  const isRetried = (run: string): boolean => signs.retriedRuns.has(run);
  if (incident.kind === "failed" && incident.count === 1 && incident.evidence.runIds.some(isRetried)) {
    return overBy("It is tried again: the word of that came late.");
  }
  if (endsBySuccess.has(incident.kind) && job) {
    const success = signs.successesOf
      .get(job.job)
      ?.find((one) => isNamed(job, one) && one.atMicros / 1000 > incident.lastMs);
    if (success) {
      const run = success.runId === undefined ? "" : ` (run ${success.runId})`;
      const successMs = success.atMicros / 1000;
      return { because: `${showJob(job)} succeeded at ${showMoment(successMs)}${run}.`, successMs };
    }
    if (incident.flapping) return overBy("Nothing of it was found for an hour.");
  }
  const endsByQuiet = quietKinds.has(incident.kind) || !job;
  if (endsByQuiet && nowMs - incident.lastMs >= quietMs) return overBy("Nothing of it was found for a day.");
  return undefined;
}

function overBy(because: string | undefined): Recovery | undefined {
  return because === undefined ? undefined : { because };
}

function lastingRecovery(
  { kind, host }: Incident,
  { facts }: RecoverySigns,
  nowMs: number,
): string | undefined {
  if (kind !== "agent_silent") return lastingEnds[kind];
  const agent = facts.agents.find((one) => one.host === host);
  if (agent && nowMs - agent.lastMs > agentSilentMs) return undefined;
  return agent
    ? `The agent of ${agent.host} was heard at ${showMoment(agent.lastMs)}.`
    : lastingEnds.agent_silent;
}
