/** One job: how its runs have gone, how long they took, and the runs themselves. */
import type { JSX } from "preact";
import type { Job, JobList, Run } from "../../src/api/schemas.ts";
import { address, useAnswer } from "../ask.ts";
import { type Pages, usePages } from "../pages.ts";
import { chosenStates, StateFilter } from "../parts/filters.tsx";
import { Plain } from "../parts/plain.tsx";
import { keyOfRun, runColumnsOfJob } from "../parts/runs.tsx";
import { Scatter } from "../parts/scatter.tsx";
import { useTitle } from "../parts/title.ts";
import { range } from "../range.ts";
import { query, to } from "../route.ts";
import { counted, duration, firstLine, number, percent, rangeWords } from "../words.ts";
import { endedOf, sumOf } from "./jobs.tsx";
import { RunList } from "./runs.tsx";

export function JobScreen(): JSX.Element {
  const { from, until } = range();
  const name = query.value.get("job") ?? "";
  const service = query.value.get("service") ?? undefined;
  const environment = query.value.get("environment") ?? undefined;
  const { data } = useAnswer<JobList>(address("/jobs", { from, until }), 15_000);
  const pages = usePages<Run>({
    path: "/runs",
    values: { job: name, service, environment, state: chosenStates(), from, until },
    keyOf: keyOfRun,
    everyMs: 5000,
  });
  const job = data?.rows.find(
    (one) =>
      one.job === name &&
      (service === undefined || one.service === service) &&
      (environment === undefined || one.environment === environment),
  );
  const words = rangeWords(from, until ?? null).replace("last", "the last");
  const sentence = jobSentence(firstLine(name, 120), job);
  useTitle(sentence);
  return (
    <>
      <h1>
        <Plain text={sentence} />
      </h1>
      <p class="sub">
        <Plain
          text={[service ?? job?.service, environment ?? job?.environment, job?.runtime]
            .filter(Boolean)
            .join(" · ")}
        />{" "}
        · in {words} ·{" "}
        <a href={to("/logs", { q: `job:"${name.replaceAll(/["\\]/g, "\\$&")}"` })}>its events</a>
      </p>
      {job && <Figures job={job} />}
      <Scatter runs={pages.rows ?? []} words={scatterWords(pages)} />
      <div class="tools">
        <StateFilter counts={job?.runs} />
      </div>
      <RunList pages={pages} columns={runColumnsOfJob} />
    </>
  );
}

function jobSentence(name: string, job: Job | undefined): string {
  if (!job) return `${name} has not run in this time.`;
  const ended = endedOf(job.runs);
  const bad = (job.runs.failed ?? 0) + (job.runs.lost ?? 0);
  if (ended === 0) return `${name}: ${counted(sumOf(job.runs), "run")}, none ended yet.`;
  if (bad === 0) return `${name} ended well every time: ${counted(job.runs.succeeded ?? 0, "run")}.`;
  return `${name} failed for good ${counted(bad, "time")} of ${number(ended)}.`;
}

function scatterWords(pages: Pages<Run>): string {
  if (!pages.rows) return "Reading how long runs took …";
  const drawn = pages.rows.filter((run) => run.durationMs !== undefined).length;
  return `How long the ${pages.next === null ? "" : "newest "}${counted(drawn, "run")} took; drag to look closer, press a mark to open its run`;
}

function Figures({ job }: { readonly job: Job }): JSX.Element {
  const runs = (state: string): string =>
    to("/runs", { state, job: job.job, service: job.service, environment: job.environment });
  const bad = (job.runs.failed ?? 0) + (job.runs.lost ?? 0);
  return (
    <div class="figures">
      <a class="figure" href={runs("succeeded")}>
        <b>{percent(job.runs.succeeded ?? 0, endedOf(job.runs))}</b>
        <small>ended well, of {number(endedOf(job.runs))}</small>
      </a>
      <a class="figure" href={runs("failed,lost")}>
        <b>{number(bad)}</b>
        <small>failed for good or lost</small>
      </a>
      <div class="figure">
        <b>{job.durationP50Ms === undefined ? "–" : duration(job.durationP50Ms)}</b>
        <small>
          took in the middle; {job.durationP95Ms === undefined ? "–" : duration(job.durationP95Ms)} at p95
        </small>
      </div>
      <div class="figure">
        <b>{job.waitP95Ms === undefined ? "–" : duration(job.waitP95Ms)}</b>
        <small>waited at p95</small>
      </div>
    </div>
  );
}
