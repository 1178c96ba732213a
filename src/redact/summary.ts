/**
 * Sums of what rules found, as events like any others: a job that begins to leak shows in the log
 * that it leaks into.
 */
import type { EventRecord } from "../model/event.ts";
import type { RedactionCount } from "./redact.ts";

/** Sums kept apart by rule, service and job; beyond this all others are one. */
const sumsMax = 2000;

export type RedactionSums = {
  readonly add: (counts: readonly RedactionCount[]) => void;
  /** What was added since the last time, largest first. */
  readonly take: () => readonly RedactionCount[];
};

export function createRedactionSums(): RedactionSums {
  let sums = new Map<string, RedactionCount>();
  return {
    add: (counts) => {
      for (const one of counts) {
        const full = sums.size >= sumsMax && !sums.has(nameOf(one));
        const { rule, service, job } = full ? { rule: one.rule, service: "", job: "" } : one;
        const name = nameOf({ rule, service, job });
        sums.set(name, { rule, service, job, count: (sums.get(name)?.count ?? 0) + one.count });
      }
    },
    take: () => {
      const taken = [...sums.values()].sort((a, b) => b.count - a.count);
      sums = new Map();
      return taken;
    },
  };
}

function nameOf({ rule, service, job }: Omit<RedactionCount, "count">): string {
  return `${rule}\n${service}\n${job}`;
}

/** The fields of a `redaction.summary` event; the caller adds id, time and the server's own fields. */
export function summaryFields({
  rule,
  service,
  job,
  count,
}: RedactionCount): Pick<EventRecord, "severity" | "message" | "attributes"> {
  const where = `${job === "" ? "" : ` in ${job}`}${service === "" ? "" : ` of ${service}`}`;
  return {
    severity: "info",
    message: `${count} ${count === 1 ? "value" : "values"} hidden by the rule ${rule}${where}`,
    attributes: {
      rule,
      count,
      ...(service !== "" && { leaking_service: service }),
      ...(job !== "" && { leaking_job: job }),
    },
  };
}
