/** What the store says, in the shape and with the times in which HTTP answers it. */
import type { Attempt } from "../model/run.ts";
import { formatTime } from "../model/time.ts";
import type { ApiKey, HistogramBucket, JobSummary, Overview, RunSummary, TimeRange } from "../store/store.ts";
import type { Histogram, Job, Key, OverviewAnswer, Run, RunAttempt } from "./schemas.ts";

export function runAnswer(run: RunSummary): Run {
  const { enqueuedMicros, startedMicros, endedMicros, lastMicros, ...rest } = run;
  return {
    ...rest,
    ...(enqueuedMicros !== undefined && { enqueuedTime: formatTime(enqueuedMicros) }),
    ...(startedMicros !== undefined && { startedTime: formatTime(startedMicros) }),
    ...(endedMicros !== undefined && { endedTime: formatTime(endedMicros) }),
    lastTime: formatTime(lastMicros),
  };
}

export function attemptAnswer({ events, ...attempt }: Attempt): RunAttempt {
  return { ...attempt, eventIds: events.map((event) => event.id) };
}

export function jobAnswer({ lastMicros, ...rest }: JobSummary): Job {
  return { ...rest, lastTime: formatTime(lastMicros) };
}

export function histogramAnswer(buckets: readonly HistogramBucket[], range: TimeRange): Histogram {
  const [first, second] = buckets;
  const micros =
    first && second ? second.fromMicros - first.fromMicros : range.untilMicros - range.fromMicros;
  return {
    buckets: buckets.map(({ fromMicros, counts }) => ({ time: formatTime(fromMicros), counts })),
    bucketSeconds: micros / 1e6,
  };
}

export function overviewAnswer({ lastEventMicros, ...rest }: Overview): OverviewAnswer["overview"] {
  return { ...rest, ...(lastEventMicros !== undefined && { lastEventTime: formatTime(lastEventMicros) }) };
}

export function keyAnswer(key: ApiKey): Key {
  return {
    id: key.id,
    name: key.name,
    scopes: [...key.scopes],
    createdTime: formatTime(key.createdMs * 1000),
    ...(key.expiresMs !== undefined && { expiresTime: formatTime(key.expiresMs * 1000) }),
    ...(key.lastUsedMs !== undefined && { lastUsedTime: formatTime(key.lastUsedMs * 1000) }),
    ...(key.revokedMs !== undefined && { revokedTime: formatTime(key.revokedMs * 1000) }),
    ...(key.source !== undefined && { source: key.source }),
    ...(key.addresses && { addresses: [...key.addresses] }),
  };
}
