/** One job: how its runs have gone and should go, what fails in it, and what it is said to be. */
import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import type { BaselineAnswer } from "../../src/api/baseline-schemas.ts";
import type { FailuresAnswer } from "../../src/api/failure-schemas.ts";
import type { Job, JobList, Run } from "../../src/api/schemas.ts";
import type { MonitorDetail } from "../../src/api/watch-schemas.ts";
import { type Answer, address, useAnswer } from "../ask.ts";
import { type Pages, usePages } from "../pages.ts";
import { FailureGroup } from "../parts/failures.tsx";
import { chosenStates, StateFilter } from "../parts/filters.tsx";
import { Plain } from "../parts/plain.tsx";
import { keyOfRun, runColumnsOfJob } from "../parts/runs.tsx";
import { type Expectation, Scatter } from "../parts/scatter.tsx";
import { useTitle } from "../parts/title.ts";
import { jobZone } from "../preferences.ts";
import { range, rangeMs } from "../range.ts";
import { query, to } from "../route.ts";
import { counted, duration, firstLine, number, percent, rangeWords } from "../words.ts";
import { Calendar } from "./job-calendar.tsx";
import { JobPassport } from "./job-passport.tsx";
import { Why } from "./job-why.tsx";
import { endedOf, sumOf } from "./jobs.tsx";
import { RunList } from "./runs.tsx";

export type JobNamed = {
  readonly job: string;
  readonly service: string | undefined;
  readonly environment: string | undefined;
};

const hourMs = 3_600_000;
const baselineMsMax = 35 * 24 * hourMs;

export function JobScreen(): JSX.Element {
  const { from, until } = range();
  const name: JobNamed = {
    job: query.value.get("job") ?? "",
    service: query.value.get("service") ?? undefined,
    environment: query.value.get("environment") ?? undefined,
  };
  const { data } = useAnswer<JobList>(address("/jobs", { from, until }), 15_000);
  const failures = useAnswer<FailuresAnswer>(address("/failures", { ...name, from, until }), 30_000);
  const pages = usePages<Run>({
    path: "/runs",
    values: { ...name, state: chosenStates(), from, until },
    keyOf: keyOfRun,
    everyMs: 5000,
  });
  const job = data?.rows.find(
    (one) =>
      one.job === name.job &&
      (name.service === undefined || one.service === name.service) &&
      (name.environment === undefined || one.environment === name.environment),
  );
  // A monitor belongs to a service and an environment, which a short link leaves open.
  const whole: JobNamed = {
    ...name,
    service: name.service ?? job?.service,
    environment: name.environment ?? job?.environment,
  };
  const monitor = useAnswer<MonitorDetail>(data ? address("/monitor", whole) : null, 60_000);
  const expected = useExpectation(whole, monitor);
  useJobZone(monitor.data?.monitor.schedules[0]?.timeZone);
  const sentence = jobSentence(firstLine(name.job, 120), job);
  useTitle(sentence);
  return (
    <>
      <h1>
        <Plain text={sentence} />
      </h1>
      <JobSub name={name} job={job} usual={expected.sentence} />
      {job && <Figures job={job} />}
      <Scatter
        runs={pages.rows ?? []}
        words={scatterWords(pages, expected.expectation)}
        expected={expected.expectation}
      />
      <div class="two">
        <div>
          <Failures answer={failures} />
          <Calendar name={name} />
          <Why name={whole} />
        </div>
        <JobPassport name={whole} answer={monitor} />
      </div>
      <h2>Runs</h2>
      <div class="tools">
        <StateFilter counts={job?.runs} />
      </div>
      <RunList pages={pages} columns={runColumnsOfJob} />
    </>
  );
}

/** The zone switch offers the zone in which the job is scheduled while its screen is shown. */
function useJobZone(timeZone: string | undefined): void {
  useEffect(() => {
    jobZone.value = timeZone;
    return () => {
      jobZone.value = undefined;
    };
  }, [timeZone]);
}

function useExpectation(
  name: JobNamed,
  { data: said }: Answer<MonitorDetail>,
): { readonly expectation: Expectation; readonly sentence: string | undefined } {
  const { from, until } = range();
  const { fromMs, untilMs } = rangeMs();
  const url = untilMs - fromMs > baselineMsMax ? null : address("/jobs/baseline", { ...name, from, until });
  const { data } = useAnswer<BaselineAnswer>(url, 120_000);
  const limitMs = said?.monitor.durationMaxMs;
  // The same object for the same answer, so that the chart is not drawn again for nothing.
  const expectation = useMemo(() => expectationOf(data, limitMs), [data, limitMs]);
  return { expectation, sentence: expectation.bands.length > 0 ? data?.sentence : undefined };
}

function expectationOf(data: BaselineAnswer | undefined, limitMs: number | undefined): Expectation {
  return {
    bands: (data?.hours ?? []).flatMap(({ from, usualDurationMs: usual }) => {
      const fromMs = Date.parse(from);
      return usual ? [{ fromMs, untilMs: fromMs + hourMs, lowMs: usual.low, highMs: usual.high }] : [];
    }),
    limitMs,
    // The first is the one that was there when the time began.
    releases: (data?.releases ?? []).slice(1).map(({ firstTime, release }) => ({
      atMs: Date.parse(firstTime),
      release,
    })),
  };
}

type SubGiven = {
  readonly name: JobNamed;
  readonly job: Job | undefined;
  readonly usual: string | undefined;
};

function JobSub({ name, job, usual }: SubGiven): JSX.Element {
  const { from, until } = range();
  const words = rangeWords(from, until ?? null).replace("last", "the last");
  const about = [name.service ?? job?.service, name.environment ?? job?.environment, job?.runtime];
  return (
    <p class="sub">
      <Plain text={about.filter((one) => one !== undefined).join(" · ")} /> · in {words} ·{" "}
      <a href={to("/logs", { q: `job:"${name.job.replaceAll(/["\\]/g, "\\$&")}"` })}>its events</a>
      {usual !== undefined && (
        <>
          {" · "}
          <Plain text={usual} lengthMax={300} />
        </>
      )}
    </p>
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

function scatterWords(pages: Pages<Run>, { bands }: Expectation): string {
  if (!pages.rows) return "Reading how long runs took …";
  const drawn = pages.rows.filter((run) => run.durationMs !== undefined).length;
  return `How long the ${pages.next === null ? "" : "newest "}${counted(drawn, "run")} took${bands.length > 0 ? "; shaded: usual" : ""}; drag to look closer, press a mark to open its run`;
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

const groupsShown = 5;

function Failures({ answer: { data } }: { readonly answer: Answer<FailuresAnswer> }): JSX.Element | null {
  const groups = data?.rows ?? [];
  if (!data) return null;
  return (
    <section aria-labelledby="job-failures">
      <h2 id="job-failures">
        What fails in it{" "}
        <span>{groups.length === 0 ? "nothing in this time" : counted(groups.length, "kind")}</span>
      </h2>
      {groups.length === 0 && <p class="nothing">No attempt ended in an error in this time.</p>}
      <div class="groups small">
        {groups.slice(0, groupsShown).map((group) => (
          <FailureGroup key={group.key} group={group} />
        ))}
      </div>
      {groups.length > groupsShown && (
        <p class="end">
          <a href={to("/failures")}>{counted(groups.length - groupsShown, "more kind")}</a>
        </p>
      )}
    </section>
  );
}
