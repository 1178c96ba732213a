/** A job with a schedule ran when nothing was due: too early for its slot, or once more than it should. */
import { causeOf, type Finding } from "../model/finding.ts";
import { jobKey, jobNameOf, showJob } from "../model/monitor.ts";
import type { JobSign } from "../store/store.ts";
import type { Detector } from "./detectors.ts";
import { showMoment, showSpan } from "./facts.ts";
import type { JudgedSlot } from "./judge.ts";

export const tooOften: Detector = ({ slots }) =>
  [...Map.groupBy(slots, ({ monitor }) => jobKey(monitor)).values()].flatMap((own) => [
    ...own.filter(({ isEarly }) => isEarly).map(early),
    ...often(own),
  ]);

function early({ monitor, slotMs, sign }: JudgedSlot): Finding {
  const job = jobNameOf(monitor);
  const atMs = (sign?.atMicros ?? 0) / 1000;
  return {
    kind: "too_early",
    cause: causeOf("too_early", jobKey(job)),
    atMs,
    because: `${showJob(job)} was due at ${showMoment(slotMs)} and began ${showSpan(slotMs - atMs)} before.`,
    job,
    ...(sign?.host !== undefined && { host: sign.host }),
    severity: "info",
    evidence: { eventIds: [], runIds: sign?.runId === undefined ? [] : [sign.runId] },
  };
}

function often(slots: readonly JudgedSlot[]): readonly Finding[] {
  const extra: readonly JobSign[] = slots.flatMap(({ between = [] }) => between);
  const [first, monitor] = [extra[0], slots[0]?.monitor];
  if (!first || !monitor) return [];
  const job = jobNameOf(monitor);
  const hosts = [...new Set(extra.map(({ host }) => host).filter((host) => host !== undefined))];
  const where = hosts.length === 0 ? "" : ` on ${hosts.slice(0, 3).join(", ")}`;
  const when =
    extra.length === 1
      ? `at ${showMoment(first.atMicros / 1000)}`
      : `${extra.length} times from ${showMoment(first.atMicros / 1000)} on`;
  return [
    {
      kind: "too_often",
      cause: causeOf("too_often", jobKey(job)),
      atMs: (extra.at(-1)?.atMicros ?? 0) / 1000,
      because: `${showJob(job)} began ${when}${where}, and nothing was due then: begun by hand, or installed twice?`,
      job,
      severity: "info",
      count: extra.length,
      evidence: {
        eventIds: [],
        runIds: extra.flatMap(({ runId }) => (runId === undefined ? [] : [runId])).slice(0, 20),
      },
    },
  ];
}
