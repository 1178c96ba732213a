/** Every job that ran in the chosen time: how its runs ended, and how long they took. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Job, JobList } from "../../src/api/schemas.ts";
import { address, useAnswer } from "../ask.ts";
import { Empty, Loading, Problem } from "../parts/notice.tsx";
import { Plain } from "../parts/plain.tsx";
import { State, StateShape, stateOrder } from "../parts/state.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { Ago } from "../parts/time.tsx";
import { useTitle } from "../parts/title.ts";
import { range } from "../range.ts";
import { change, to } from "../route.ts";
import { counted, duration, number, percent, rangeWords, stateWords } from "../words.ts";

function jobAddress(job: Pick<Job, "job" | "service" | "environment">): string {
  return to("/job", { job: job.job, service: job.service, environment: job.environment });
}

export function sumOf(runs: Job["runs"]): number {
  return Object.values(runs).reduce((sum: number, count) => sum + (count ?? 0), 0);
}

/** Runs that ended and will not be tried again: the whole of which a share can be said. */
export function endedOf(runs: Job["runs"]): number {
  return (runs.succeeded ?? 0) + (runs.failed ?? 0) + (runs.lost ?? 0) + (runs.discarded ?? 0);
}

function keyOfJob(job: Job): string {
  return JSON.stringify([job.job, job.service, job.environment, job.runtime]);
}

/** Counts by state, each a link to the runs that it counts; nothing is said of states without runs. */
function Counts({ job }: { readonly job: Job }): JSX.Element {
  return (
    <span class="counts">
      {stateOrder
        .filter((state) => (job.runs[state] ?? 0) > 0)
        .map((state) => (
          <a
            key={state}
            class={state}
            href={to("/runs", { state, job: job.job, service: job.service, environment: job.environment })}
            title={stateWords[state]}
            aria-label={`${number(job.runs[state] ?? 0)} ${stateWords[state].toLowerCase()}`}
          >
            <StateShape state={state} />
            {number(job.runs[state] ?? 0)}
          </a>
        ))}
    </span>
  );
}

const milliseconds = (value: number | undefined): JSX.Element => (
  <span class="mono">{value !== undefined && duration(value)}</span>
);

const columns: readonly Column<Job>[] = [
  { name: "last", head: "Last", width: "108px", cell: (job) => <State state={job.lastState} /> },
  {
    name: "job",
    head: "Job",
    width: "minmax(180px, 1.4fr)",
    cell: (job) => (
      <a class="row-link" data-row href={jobAddress(job)}>
        <Plain text={job.job} lengthMax={200} />
      </a>
    ),
  },
  {
    name: "service",
    head: "Service",
    width: "minmax(130px, 0.8fr)",
    drop: 3,
    cell: (job) => (
      <span class="quiet">
        <Plain text={[job.service, job.environment].filter(Boolean).join(", ")} lengthMax={80} />
      </span>
    ),
  },
  {
    name: "runtime",
    head: "Runtime",
    width: "96px",
    drop: 6,
    cell: (job) => <span class="mono quiet">{job.runtime}</span>,
  },
  { name: "runs", head: "Runs by state", width: "minmax(130px, 0.9fr)", cell: (job) => <Counts job={job} /> },
  {
    name: "share",
    head: "Ended well",
    right: true,
    width: "84px",
    drop: 4,
    cell: (job) => <span class="mono">{percent(job.runs.succeeded ?? 0, endedOf(job.runs))}</span>,
  },
  {
    name: "p50",
    head: "p50",
    right: true,
    width: "84px",
    drop: 2,
    cell: (job) => milliseconds(job.durationP50Ms),
  },
  { name: "p95", head: "p95", right: true, width: "84px", cell: (job) => milliseconds(job.durationP95Ms) },
  {
    name: "wait",
    head: "Wait p95",
    right: true,
    width: "84px",
    drop: 5,
    cell: (job) => milliseconds(job.waitP95Ms),
  },
  {
    name: "ago",
    head: "Last change",
    right: true,
    width: "104px",
    cell: (job) => (
      <span class="mono">
        <Ago time={job.lastTime} />
      </span>
    ),
  },
];

export function JobsScreen(): JSX.Element {
  const { from, until } = range();
  const { data, fault, stale, again } = useAnswer<JobList>(address("/jobs", { from, until }), 10_000);
  const [part, setPart] = useState("");
  const bad = (data?.rows ?? []).filter(
    (job) => (job.runs.failed ?? 0) + (job.runs.lost ?? 0) + (job.runs.missed ?? 0) > 0,
  );
  const sentence = !data
    ? "Jobs"
    : data.rows.length === 0
      ? "No job ran."
      : bad.length === 0
        ? `${counted(data.rows.length, "job")} ran, and none failed for good.`
        : `${counted(data.rows.length, "job")} ran; ${number(bad.length)} of them failed for good at least once.`;
  useTitle(sentence);
  const rows = (data?.rows ?? []).filter((job) => job.job.toLowerCase().includes(part.toLowerCase()));
  return (
    <>
      <h1>{sentence}</h1>
      <p class="sub">
        Jobs with a run in {rangeWords(from, until ?? null).replace("last", "the last")}, the latest first.
      </p>
      <div class="tools">
        <input
          class="field"
          type="text"
          aria-label="Part of the job's name"
          placeholder="Part of the name"
          value={part}
          onInput={(event) => setPart(event.currentTarget.value)}
        />
      </div>
      {fault && !data && <Problem fault={fault} again={again} />}
      {!data && !fault && <Loading what="jobs" />}
      {data && rows.length === 0 && (
        <Empty title={part ? "No job has this in its name." : "No job ran in this time."}>
          <p>
            <a href={change({ from: "-30d", until: undefined })}>Look at the last 30 days</a> or{" "}
            <a href={to("/connect")}>connect an application</a>.
          </p>
        </Empty>
      )}
      {rows.length > 0 && (
        <Table
          name="Jobs"
          rows={rows}
          columns={columns}
          keyOf={keyOfJob}
          rowHeight={31}
          stale={stale}
          narrow={(job) => <NarrowJob job={job} />}
        />
      )}
    </>
  );
}

function NarrowJob({ job }: { readonly job: Job }): JSX.Element {
  return (
    <div class="narrow-row">
      <a class="narrow-name" data-row href={jobAddress(job)}>
        <Plain text={job.job} lengthMax={160} />
      </a>
      <span class="mono">
        <Ago time={job.lastTime} />
      </span>
      <span class="narrow-about">
        <Counts job={job} />
      </span>
      <span class="mono quiet">{job.durationP95Ms !== undefined && duration(job.durationP95Ms)}</span>
    </div>
  );
}
