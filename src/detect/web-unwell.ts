/** A service answers requests worse than in the hour before: with errors, or slowly. */
import { causeOf, type Finding } from "../model/finding.ts";
import type { WebLoad } from "../store/survey.ts";
import { shareBounds } from "./band.ts";
import { showShare } from "./baseline.ts";
import type { Detector } from "./detectors.ts";
import { showSpan } from "./facts.ts";
import { showCount } from "./usual.ts";

const requestsMin = 50;
const sureSpreads = 3.3;
const errorShareMin = 0.02;
const slowMsMin = 1000;
const slowRatio = 3;

export const webUnwell: Detector = ({ survey }, nowMs) =>
  survey.webs.flatMap((load) => [...errorsOf(load, nowMs), ...slownessOf(load, nowMs)]);

function placeOf({ service, environment }: WebLoad): string {
  return [service ?? "A service", environment].filter((part) => part !== undefined).join(", ");
}

function errorsOf(load: WebLoad, nowMs: number): readonly Finding[] {
  const { now, before, service = "", environment = "" } = load;
  if (now.requests < requestsMin) return [];
  const share = shareBounds(now.errors, now.requests, sureSpreads);
  const usual = before.requests === 0 ? 0 : before.errors / before.requests;
  if (share.low < Math.max(errorShareMin, usual * 2)) return [];
  return [
    {
      kind: "web",
      cause: causeOf("web", service, environment, "errors"),
      atMs: nowMs,
      because: `${placeOf(load)} answered ${showCount(now.errors)} of ${showCount(now.requests)} requests of the last 5 min with an error of its own (5xx); in the hour before ${showShare(usual)}.`,
      severity: "error",
      evidence: { eventIds: [], runIds: [] },
    },
  ];
}

function slownessOf(load: WebLoad, nowMs: number): readonly Finding[] {
  const { now, before, slowestRoute, service = "", environment = "" } = load;
  if (now.requests < requestsMin || before.requests < requestsMin) return [];
  const isSlow = (at: number, usual: number): boolean => at > slowMsMin && at > usual * slowRatio;
  const isSlowP95 = isSlow(now.p95Ms, before.p95Ms);
  // One slow request in a hundred needs many of them to mean anything.
  const isSlowP99 = now.requests >= requestsMin * 10 && isSlow(now.p99Ms, before.p99Ms);
  if (!isSlowP95 && !isSlowP99) return [];
  const [share, at, usual] = isSlowP95
    ? (["20", now.p95Ms, before.p95Ms] as const)
    : (["100", now.p99Ms, before.p99Ms] as const);
  const route = slowestRoute === undefined ? "" : ` The slowest was ${slowestRoute}.`;
  return [
    {
      kind: "web",
      cause: causeOf("web", service, environment, "slow"),
      atMs: nowMs,
      because: `One request in ${share} to ${placeOf(load)} took longer than ${showSpan(at)} in the last 5 min; in the hour before ${showSpan(usual)}.${route}`,
      severity: "warning",
      evidence: { eventIds: [], runIds: [] },
    },
  ];
}
