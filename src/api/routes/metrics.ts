/** Figures for Prometheus, in its text format (version 0.0.4). */
import { Type } from "typebox";
import type { Incident } from "../../model/incident.ts";
import { incidentStates } from "../../model/incident.ts";
import { type JobName, urgencies } from "../../model/monitor.ts";
import type { RunState } from "../../model/run.ts";
import type { JobSummary } from "../../store/store.ts";
import type { AddRoutes } from "../parts.ts";
import type { OverviewAnswer } from "../schemas.ts";
import { refusals } from "./refusals.ts";

const dayMicros = 86_400_000_000;
const jobsMax = 1000;
const incidentsMax = 1000;

type Labels = Readonly<Record<string, string | undefined>>;
type Sample = { readonly labels?: Labels; readonly value: number };

export const addMetricsRoutes: AddRoutes = (server, { watch, events, status, clock }) => {
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
      const untilMicros = Math.floor(clock() * 1000);
      const [incidents, jobs, state] = await Promise.all([
        watch.incidents(incidentsMax),
        events.jobs({ fromMicros: untilMicros - dayMicros, untilMicros }, jobsMax),
        status(),
      ]);
      const text = [
        ...serverFigures(state),
        ...incidentFigures(incidents),
        ...jobFigures(jobs, untilMicros),
      ].join("");
      return await reply.header("content-type", "text/plain; version=0.0.4; charset=utf-8").send(text);
    },
  );
};

function serverFigures({
  version,
  engine,
  spoolFiles,
  spoolBytes,
}: OverviewAnswer["server"]): readonly string[] {
  return [
    figure("midwatch_info", "Which Midwatch this is.", [{ labels: { version }, value: 1 }]),
    figure("midwatch_engine_up", "Whether the engine answers.", [{ value: engine === "up" ? 1 : 0 }]),
    figure("midwatch_spool_files", "Batches that wait for the engine.", [{ value: spoolFiles }]),
    figure("midwatch_spool_bytes", "Bytes that wait for the engine.", [{ value: spoolBytes }]),
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
    figure("midwatch_incidents", "Incidents that are not resolved.", counts),
    figure(
      "midwatch_problem_since_seconds",
      "When a problem that is not resolved began, in seconds since 1970.",
      problems.map((alike) => ({
        labels: { kind: alike[0]?.kind, host: alike[0]?.host, ...nameLabels(alike[0]?.job) },
        value: Math.min(...alike.map(({ openedMs }) => openedMs)) / 1000,
      })),
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
    figure("midwatch_job_runs", "Runs that had an event in the last 24 hours.", states),
    figure(
      "midwatch_job_quiet_seconds",
      "Since the newest event of a job.",
      of((job) => (nowMicros - job.lastMicros) / 1e6),
    ),
    figure(
      "midwatch_job_duration_p95_seconds",
      "Of the last 24 hours.",
      of((job) => seconds(job.durationP95Ms)),
    ),
    figure(
      "midwatch_job_wait_p95_seconds",
      "Of the last 24 hours.",
      of((job) => seconds(job.waitP95Ms)),
    ),
  ];
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}

function nameLabels(name: JobName | undefined): Labels {
  return { job_name: name?.job, service: name?.service, environment: name?.environment };
}

function figure(name: string, about: string, samples: readonly Sample[]): string {
  const lines = samples.map(({ labels = {}, value }) => {
    const pairs = Object.entries(labels).flatMap(([key, text]) =>
      text === undefined ? [] : [`${key}="${escaped(text)}"`],
    );
    return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}\n`;
  });
  return `# HELP ${name} ${about}\n# TYPE ${name} gauge\n${lines.join("")}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
