/** What the watch says, with the times in which HTTP answers it. */
import type { IncidentDetail, Linked, ListedMonitor, Watch } from "../alert/parts.ts";
import { showBaseline } from "../detect/baseline.ts";
import type { Incident } from "../model/incident.ts";
import { jobNameOf, type Monitor } from "../model/monitor.ts";
import { isInForce, type Silence } from "../model/silence.ts";
import { formatTime } from "../model/time.ts";
import type { BaselineAnswer } from "./baseline-schemas.ts";
import type {
  IncidentAnswer,
  IncidentDetailAnswer,
  LinkAnswer,
  ListedMonitorAnswer,
  SilenceAnswer,
} from "./watch-schemas.ts";

const timeOf = (ms: number): string => formatTime(Math.floor(ms * 1000));

export function incidentAnswer(incident: Incident): IncidentAnswer {
  const { id, kind, state, severity, because, count, unknown, flapping, evidence, job } = incident;
  const { host, owner, runbook, snoozeReason, resolvedBecause, toldMs, snoozedUntilMs, resolvedMs } =
    incident;
  const { decidedBy, decidedBecause, toldTo, parentId, children, successes } = incident;
  return {
    id,
    kind,
    state,
    severity,
    because,
    ...job,
    count,
    unknown,
    flapping,
    eventIds: [...evidence.eventIds],
    runIds: [...evidence.runIds],
    openedTime: timeOf(incident.openedMs),
    lastTime: timeOf(incident.lastMs),
    ...(host !== undefined && { host }),
    ...(owner !== undefined && { owner }),
    ...(runbook !== undefined && { runbook }),
    ...(toldMs !== undefined && { toldTime: timeOf(toldMs) }),
    ...(snoozedUntilMs !== undefined && { snoozedUntilTime: timeOf(snoozedUntilMs) }),
    ...(snoozeReason !== undefined && { snoozeReason }),
    ...(decidedBy !== undefined && { decidedBy }),
    ...(decidedBecause !== undefined && { decidedBecause }),
    ...(resolvedMs !== undefined && { resolvedTime: timeOf(resolvedMs) }),
    ...(resolvedBecause !== undefined && { resolvedBecause }),
    ...(toldTo !== undefined && { toldTo: [...toldTo] }),
    ...(parentId !== undefined && { parentId }),
    ...(children !== undefined && { children }),
    ...(successes !== undefined && { successes }),
  };
}

export function silenceAnswer(silence: Silence, nowMs: number): SilenceAnswer {
  const { id, purpose, when, fromMs, untilMs, reason, by, madeMs, endedMs, endedBy } = silence;
  const isToCome = nowMs < fromMs && endedMs === undefined;
  return {
    id,
    purpose,
    when,
    fromTime: timeOf(fromMs),
    untilTime: timeOf(untilMs),
    reason,
    by,
    madeTime: timeOf(madeMs),
    state: isInForce(silence, nowMs) ? "in force" : isToCome ? "to come" : "over",
    ...(endedMs !== undefined && { endedTime: timeOf(endedMs) }),
    ...(endedBy !== undefined && { endedBy }),
  };
}

/** No more of the incident than its message said. */
export function linkAnswer({ incident, channel, isCurrent }: Linked): LinkAnswer {
  const { id, because, state, severity, openedMs, decidedBy } = incident;
  return {
    incidentId: id,
    because,
    state,
    severity,
    openedTime: timeOf(openedMs),
    channel,
    current: isCurrent,
    ...(decidedBy !== undefined && { decidedBy }),
  };
}

export function incidentDetailAnswer({ incident, timeline, messages }: IncidentDetail): IncidentDetailAnswer {
  return {
    incident: incidentAnswer(incident),
    timeline: timeline.map(({ atMs, act, by, because }) => ({ time: timeOf(atMs), act, by, because })),
    messages: messages.map(({ id, channel, tiding, state, madeMs, attempts, receipt }) => ({
      id,
      channel,
      tiding,
      state,
      madeTime: timeOf(madeMs),
      attempts,
      ...(receipt !== undefined && { receipt }),
    })),
  };
}

export function baselineAnswer({
  hours,
  releases,
  timeZone,
}: Awaited<ReturnType<Watch["baseline"]>>): BaselineAnswer {
  return {
    timeZone,
    sentence: showBaseline(hours.at(-1) ?? {}),
    hours: hours.map(({ fromMs, runs, failed, durationMiddleMs, duration, volume, failure }) => ({
      from: timeOf(fromMs),
      runs,
      failedAttempts: failed,
      ...(durationMiddleMs !== undefined && { durationMs: durationMiddleMs }),
      ...(duration && { usualDurationMs: duration }),
      ...(volume && { usualRuns: volume }),
      ...(failure && { usualFailures: failure }),
    })),
    releases: releases.map(({ release, firstMs }) => ({ release, firstTime: timeOf(firstMs) })),
  };
}

export function listedAnswer({ monitor, source, changedMs, changedBy }: ListedMonitor): ListedMonitorAnswer {
  return {
    monitor: monitorAnswer(monitor),
    source,
    ...(changedMs !== undefined && { changedTime: timeOf(changedMs) }),
    ...(changedBy !== undefined && { changedBy }),
  };
}

export function monitorAnswer(monitor: Monitor): ListedMonitorAnswer["monitor"] {
  const { calendar, needs, ...rest } = monitor;
  const { weekdays, holidays } = calendar ?? {};
  return {
    ...rest,
    schedules: [...monitor.schedules],
    ...(needs && { needs: needs.map(jobNameOf) }),
    ...(calendar && {
      calendar: {
        ...(weekdays && { weekdays: [...weekdays] }),
        ...(holidays && { holidays: [...holidays] }),
      },
    }),
  };
}
