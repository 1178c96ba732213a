/** An agent says every half minute that it is at work; after three times of silence it is not. */
import { causeOf } from "../model/finding.ts";
import type { Detector } from "./detectors.ts";
import { showMoment } from "./facts.ts";

export const agentSilentMs = 90_000;

export const agentSilent: Detector = ({ agents, awakeSinceMs }, nowMs) =>
  agents
    .filter(({ lastMs }) => nowMs - Math.max(lastMs, awakeSinceMs) > agentSilentMs)
    .map(({ host, lastMs }) => ({
      kind: "agent_silent",
      cause: causeOf("agent_silent", host),
      atMs: Math.max(lastMs, awakeSinceMs) + agentSilentMs,
      because: `The agent of ${host} has not been heard since ${showMoment(lastMs)}: nothing is known of what runs there.`,
      host,
      severity: "error",
      evidence: { eventIds: [], runIds: [] },
    }));
