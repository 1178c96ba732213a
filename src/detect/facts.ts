/** All that detectors may know: gathered once a look, by few questions to the store. */
import type { JobName, Monitor } from "../model/monitor.ts";
import type { RunSummary, StoredEvent } from "../store/store.ts";
import type { Drift } from "./drift.ts";
import type { JudgedSlot } from "./judge.ts";
import type { Survey } from "./survey.ts";
import type { Usual } from "./usual.ts";

export type Failure = {
  readonly event: StoredEvent;
  /** No attempt of the run follows. */
  readonly final: boolean;
  /** The job is known for a while, and has not failed in this way before. */
  readonly isNew: boolean;
};

export type Facts = {
  readonly monitorOf: (name: JobName) => Monitor;
  /** Attempts that failed, old enough that a retry would have been told. */
  readonly failures: readonly Failure[];
  /** Runs and workers that were lost. */
  readonly losses: readonly StoredEvent[];
  readonly gaps: readonly StoredEvent[];
  /** Slots whose deadline has passed since the last look. */
  readonly slots: readonly JudgedSlot[];
  /** Runs that wait, run, or will be tried again. */
  readonly openRuns: readonly RunSummary[];
  readonly drifts: readonly Drift[];
  /** What is usual of a job; absent: still being learnt. */
  readonly usualOf: (name: JobName) => Usual | undefined;
  /** What is unlike the usual may be told by this. */
  readonly survey: Survey;
  /** When the agent of each host was last heard of. */
  readonly agents: readonly { readonly host: string; readonly lastMs: number }[];
  /** Since when we have heard all there was to hear: silence before then proves nothing. */
  readonly awakeSinceMs: number;
};

export function nameOf({ job, service, environment }: Partial<JobName>): JobName {
  return {
    job: job ?? "a job without a name",
    ...(service !== undefined && { service }),
    ...(environment !== undefined && { environment }),
  };
}

/** A duration as a person says it. */
export function showSpan(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.round(minutes / 6) / 10;
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}

/** `2026-11-21 02:00 UTC`, with seconds where they are not zero. */
export function showMoment(ms: number): string {
  const text = new Date(ms).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, text.slice(17, 19) === "00" ? 16 : 19)} UTC`;
}
