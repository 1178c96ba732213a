/** A sender that spoke all day is silent: nothing is known of what it would have told. */
import { causeOf } from "../model/finding.ts";
import { agentSilentMs } from "./agent-silent.ts";
import type { Detector } from "./detectors.ts";
import { showMoment } from "./facts.ts";

const stretchMs = 600_000;
/** It was heard in so much of the time before, and for so long. */
const regularShare = 0.95;
const knownMsMin = 12 * 3_600_000;
/** As silent as it never was while it spoke regularly. */
const silentMsMin = 45 * 60_000;
/** A sender that is silent for so long is gone on purpose, or known to be gone. */
const silentMsMax = 11 * 3_600_000;

const whats: Readonly<Record<string, string>> = {
  jobs: "jobs",
  logs: "log lines",
  http: "requests",
  audit: "sensitive actions",
};

export const sourceSilent: Detector = ({ survey, agents, awakeSinceMs }, nowMs) =>
  survey.sources.flatMap(({ service, host, stream, stretches, firstMs, lastMs }) => {
    const silentMs = nowMs - Math.max(lastMs, awakeSinceMs);
    const spokeMs = lastMs - firstMs;
    if (silentMs < silentMsMin || silentMs > silentMsMax || spokeMs < knownMsMin) return [];
    if (stretches < (spokeMs / stretchMs) * regularShare) return [];
    // Nothing comes from a host whose agent is silent: that is told of already.
    const agent = agents.find((one) => one.host === host);
    if (agent && nowMs - agent.lastMs > agentSilentMs) return [];
    return {
      kind: "source_silent" as const,
      cause: causeOf("source_silent", service, host, stream),
      atMs: lastMs + silentMsMin,
      because: `Nothing was heard of ${whats[stream] ?? stream}${service === "" ? "" : ` of ${service}`} on ${host} since ${showMoment(lastMs)}; before, something came every ten minutes.`,
      host,
      severity: "warning" as const,
      evidence: { eventIds: [], runIds: [] },
    };
  });
