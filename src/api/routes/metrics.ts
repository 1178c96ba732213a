/**
 * Figures for Prometheus. Each label has few values or a limit, so that nobody who sends events can
 * make them grow without end; what was left out for a limit is counted.
 *
 * | figure | what it tells |
 * |---|---|
 * | `midwatch_monitor_state` | of each monitor: 0 all is well, 1 somebody looks at it, 2 open |
 * | `midwatch_monitor_last_success_age_seconds` | since the job last succeeded; absent: never |
 * | `midwatch_job_…` | runs by state, durations and waits of the last 24 hours |
 * | `midwatch_queue_…` | what waits, runs, is tried again, and for how long the oldest waits |
 * | `midwatch_puma_…` | threads, backlog, workers of each web server |
 * | `midwatch_ingest_…` | how long senders wait, events taken and refused |
 * | `midwatch_detection_…`, `midwatch_delivery_…` | how soon an incident is there, and people know |
 */
import { Type } from "typebox";
import type { ListedMonitor, WatchFigures } from "../../alert/parts.ts";
import { type Incident, incidentStates } from "../../model/incident.ts";
import { type JobName, jobKey, jobNameOf, urgencies } from "../../model/monitor.ts";
import type { RunState } from "../../model/run.ts";
import type { OpenInQueue, PumaSeen } from "../../store/page.ts";
import type { JobSummary } from "../../store/store.ts";
import { counter, figuresType, gauge, histogram, nameLabels, type Sample } from "../figures.ts";
import { lastSuccesses, successOf } from "../last-successes.ts";
import type { AddRoutes, IngestFigures } from "../parts.ts";
import type { OverviewAnswer } from "../schemas.ts";
import { refusals } from "./refusals.ts";

const dayMicros = 86_400_000_000;
/** A Puma that said nothing for so long is not there any more. */
const pumaMicros = 5 * 60_000_000;
/** What has not ended is looked for so far back. */
const openBackMicros = 31 * dayMicros;
const jobsMax = 1000;
const monitorsMax = 1000;
const queuesMax = 500;
const pumasMax = 500;
const incidentsMax = 1000;

export const addMetricsRoutes: AddRoutes = (server, { watch, events, everyEvent, status, ingest, clock }) => {
  const succeeded = lastSuccesses(everyEvent);
  server.get(
    "/metrics",
    {
      schema: {
        operationId: "readMetrics",
        tags: ["server"],
        summary: "Figures for Prometheus",
        produces: ["text/plain"],
        response: { 200: Type.String(), ...refusals(421, 503) },
      },
    },
    async (_request, reply) => {
      const nowMs = clock();
      const untilMicros = Math.floor(nowMs * 1000) + 1;
      const [incidents, jobs, state, monitors, queues, pumas] = await Promise.all([
        watch.incidents(incidentsMax),
        events.jobs({ fromMicros: untilMicros - dayMicros, untilMicros }, jobsMax),
        status(),
        watch.monitors(),
        events.openByQueue({ fromMicros: untilMicros - openBackMicros, untilMicros }),
        events.pumaNewest({ fromMicros: untilMicros - pumaMicros, untilMicros }),
      ]);
      const named = namedMonitors(monitors, jobs);
      const shown = named.slice(0, monitorsMax);
      const newest = await succeeded(
        shown.map(({ job }) => job),
        nowMs,
      );
      const leftOut = [
        ["monitors", named.length - shown.length],
        ["queues", queues.length - queuesMax],
        ["pumas", pumas.length - pumasMax],
      ] as const;
      const text = [
        ...serverFigures(state, watch.figures(), nowMs),
        ...(ingest ? ingestFigures(ingest()) : []),
        ...incidentFigures(incidents),
        ...monitorFigures(shown, incidents, newest, nowMs),
        ...jobFigures(jobs, untilMicros),
        ...queueFigures(queues.slice(0, queuesMax), untilMicros),
        ...pumaFigures(pumas.slice(0, pumasMax)),
        gauge(
          "midwatch_figures_left_out",
          "What has no figures because there are too many of it.",
          leftOut.map(([what, count]) => ({ labels: { what }, value: Math.max(0, count) })),
        ),
      ].join("");
      return await reply.header("content-type", figuresType).send(text);
    },
  );
};

/** What somebody or something said is expected first, then what was seen. */
function namedMonitors(monitors: readonly ListedMonitor[], jobs: readonly JobSummary[]): readonly JobName[] {
  const names = [...monitors.map(({ monitor }) => jobNameOf(monitor)), ...jobs.map(jobNameOf)];
  return [...new Map(names.map((name) => [jobKey(name), name])).values()];
}

function serverFigures(
  { version, engine, spoolFiles, spoolBytes }: OverviewAnswer["server"],
  { detection, delivery, attempts, lookedMs }: WatchFigures,
  nowMs: number,
): readonly string[] {
  return [
    gauge("midwatch_info", "Which Midwatch this is.", [{ labels: { version }, value: 1 }]),
    gauge("midwatch_engine_up", "Whether the engine answers.", [{ value: engine === "up" ? 1 : 0 }]),
    gauge("midwatch_spool_files", "Batches that wait for the engine.", [{ value: spoolFiles }]),
    gauge("midwatch_spool_bytes", "Bytes that wait for the engine.", [{ value: spoolBytes }]),
    gauge("midwatch_watch_quiet_seconds", "Since the watch last looked.", [
      { value: Math.max(0, nowMs - lookedMs) / 1000 },
    ]),
    histogram(
      "midwatch_detection_seconds",
      "From when something happened, or should have, until its incident was there.",
      detection,
    ),
    histogram("midwatch_delivery_seconds", "From then until a channel took the message.", delivery),
    counter(
      "midwatch_delivery_attempts_total",
      "Attempts to tell people, by channel and what became of each.",
      attempts.map(({ channel, outcome, count }) => ({ labels: { channel, outcome }, value: count })),
    ),
  ];
}

function ingestFigures({ answer, accepted, refused, failed, lagMs }: IngestFigures): readonly string[] {
  return [
    histogram("midwatch_ingest_seconds", "How long a sender waits until its batch is on disk.", answer),
    counter("midwatch_ingest_events_total", "Events by what became of them.", [
      { labels: { outcome: "accepted" }, value: accepted },
      { labels: { outcome: "refused" }, value: refused },
    ]),
    counter("midwatch_ingest_failures_total", "Batches of which nothing was kept.", [{ value: failed }]),
    gauge("midwatch_ingest_lag_seconds", "How long the oldest batch has waited to be found by a search.", [
      { value: lagMs / 1000 },
    ]),
  ];
}

function incidentFigures(incidents: readonly Incident[]): readonly string[] {
  const unresolved = incidents.filter(({ state }) => state !== "resolved");
  const counts = incidentStates
    .filter((state) => state !== "resolved")
    .flatMap((state) =>
      urgencies.map((severity) => ({
        labels: { state, severity },
        value: unresolved.filter((one) => one.state === state && one.severity === severity).length,
      })),
    );
  const problems = [
    ...Map.groupBy(unresolved, ({ kind, job, host }) => JSON.stringify([kind, job, host])).values(),
  ];
  return [
    gauge("midwatch_incidents", "Incidents that are not resolved.", counts),
    gauge(
      "midwatch_problem_since_seconds",
      "When a problem that is not resolved began, in seconds since 1970.",
      problems.map((alike) => ({
        labels: { kind: alike[0]?.kind, host: alike[0]?.host, ...nameLabels(alike[0]?.job) },
        value: Math.min(...alike.map(({ openedMs }) => openedMs)) / 1000,
      })),
    ),
  ];
}

function monitorFigures(
  names: readonly JobName[],
  incidents: readonly Incident[],
  newest: ReadonlyMap<string, number>,
  nowMs: number,
): readonly string[] {
  const worst = new Map<string, number>();
  for (const { job, state } of incidents) {
    if (!job || state === "resolved") continue;
    const rank = state === "open" ? 2 : 1;
    for (const key of [jobKey(job), jobKey({ job: job.job })])
      worst.set(key, Math.max(worst.get(key) ?? 0, rank));
  }
  const ages = names.flatMap((name) => {
    const ms = successOf(name, newest);
    return ms === undefined ? [] : [{ labels: nameLabels(name), value: Math.max(0, nowMs - ms) / 1000 }];
  });
  return [
    gauge(
      "midwatch_monitor_state",
      "Of each monitor: 0 all is well, 1 somebody looks at it, 2 open.",
      names.map((name) => ({ labels: nameLabels(name), value: worst.get(jobKey(name)) ?? 0 })),
    ),
    gauge(
      "midwatch_monitor_last_success_age_seconds",
      "Since the job last succeeded; absent where it never did.",
      ages,
    ),
  ];
}

function jobFigures(jobs: readonly JobSummary[], nowMicros: number): readonly string[] {
  const of = (pick: (job: JobSummary) => number | undefined): readonly Sample[] =>
    jobs.flatMap((job) => {
      const value = pick(job);
      return value === undefined ? [] : [{ labels: nameLabels(job), value }];
    });
  const states = jobs.flatMap((job) =>
    Object.entries(job.runs as Readonly<Record<RunState, number>>).map(([state, value]) => ({
      labels: { ...nameLabels(job), state },
      value,
    })),
  );
  return [
    gauge("midwatch_job_runs", "Runs that had an event in the last 24 hours.", states),
    gauge(
      "midwatch_job_quiet_seconds",
      "Since the newest event of a job.",
      of((job) => (nowMicros - job.lastMicros) / 1e6),
    ),
    gauge(
      "midwatch_job_duration_p50_seconds",
      "Of the last 24 hours.",
      of((job) => seconds(job.durationP50Ms)),
    ),
    gauge(
      "midwatch_job_duration_p95_seconds",
      "Of the last 24 hours.",
      of((job) => seconds(job.durationP95Ms)),
    ),
    gauge(
      "midwatch_job_wait_p95_seconds",
      "Of the last 24 hours.",
      of((job) => seconds(job.waitP95Ms)),
    ),
  ];
}

function queueFigures(queues: readonly OpenInQueue[], nowMicros: number): readonly string[] {
  const labels = ({ queue, service, environment }: OpenInQueue) => ({ queue, service, environment });
  return [
    gauge(
      "midwatch_queue_runs",
      "Runs of a queue that have not ended, by their state.",
      queues.flatMap((one) =>
        (["waiting", "running", "retrying"] as const).map((state) => ({
          labels: { ...labels(one), state },
          value: one[state],
        })),
      ),
    ),
    gauge(
      "midwatch_queue_oldest_seconds",
      "For how long the run that waits longest has waited.",
      queues.map((one) => ({
        labels: labels(one),
        value: one.oldestMicros === undefined ? 0 : Math.max(0, nowMicros - one.oldestMicros) / 1e6,
      })),
    ),
  ];
}

/** As the recorder names them, and as Prometheus has them. */
const pumaFigureNames = [
  ["busy_threads", "midwatch_puma_busy_threads", "Threads that answer a request."],
  ["max_threads", "midwatch_puma_max_threads", "Threads that there may be."],
  ["pool_capacity", "midwatch_puma_free_capacity", "Requests that could be taken at once."],
  ["backlog", "midwatch_puma_backlog", "Requests that wait for a thread."],
  ["requests_count", "midwatch_puma_requests", "Requests that were answered since it was started."],
  ["rss_bytes", "midwatch_puma_resident_bytes", "Memory that it has."],
] as const;

function pumaFigures(pumas: readonly PumaSeen[]): readonly string[] {
  const labels = ({ worker, host, service, environment }: PumaSeen) => ({
    worker,
    host,
    service,
    environment,
  });
  const figures = pumaFigureNames.map(([theirs, name, about]) =>
    gauge(
      name,
      about,
      pumas.flatMap((one) => {
        const value = one.attributes[theirs];
        return typeof value === "number" ? [{ labels: labels(one), value }] : [];
      }),
    ),
  );
  const processes = pumas.map((one) => {
    const { workers } = one.attributes;
    return { labels: labels(one), value: Array.isArray(workers) ? workers.length : 0 };
  });
  return [
    ...figures,
    gauge("midwatch_puma_workers", "Processes of a cluster; 0: it is a single one.", processes),
  ];
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}
