/** Runs in tables: the same columns wherever runs are listed. */
import type { JSX } from "preact";
import type { Run } from "../../src/api/schemas.ts";
import { to } from "../route.ts";
import { counted, duration, firstLine } from "../words.ts";
import { Plain } from "./plain.tsx";
import { State } from "./state.tsx";
import type { Column } from "./table.tsx";
import { Ago, Stamp } from "./time.tsx";

export function runAddress(run: { readonly runId: string }): string {
  return to(`/runs/${encodeURIComponent(run.runId)}`);
}

export function keyOfRun(run: Run): string {
  return run.runId;
}

function JobName({ run }: { readonly run: Run }): JSX.Element {
  return (
    <>
      <Plain text={run.job ?? run.runId} lengthMax={200} />
      {run.sample && <span class="tag">sample</span>}
    </>
  );
}

/** What a row says beside the name: why it failed, or who asked for it. */
export function runAbout(run: Run): string {
  if (run.errorClass !== undefined && run.state !== "succeeded") {
    const message = run.errorMessage ?? "";
    return firstLine(
      message.startsWith(run.errorClass) || message === ""
        ? message || run.errorClass
        : `${run.errorClass}: ${message}`,
    );
  }
  return run.actor ?? "";
}

function Attempts({ run }: { readonly run: Run }): JSX.Element | null {
  return run.attempts > 1 ? (
    <span class="mono">{run.attempts}</span>
  ) : (
    <span class="mono faint">{run.attempts}</span>
  );
}

const runIdColumn: Column<Run> = {
  name: "run",
  head: "Run",
  width: "minmax(160px, 1fr)",
  cell: (run) => (
    <a class="row-link mono" data-row href={runAddress(run)}>
      <Plain text={run.runId} lengthMax={128} />
    </a>
  ),
};

export const runColumns: readonly Column<Run>[] = [
  { name: "state", head: "State", width: "108px", cell: (run) => <State state={run.state} /> },
  {
    name: "job",
    head: "Job",
    width: "minmax(160px, 1.3fr)",
    cell: (run) => (
      <a class="row-link" data-row href={runAddress(run)}>
        <JobName run={run} />
      </a>
    ),
  },
  {
    name: "about",
    head: "Why, or asked for by",
    width: "minmax(150px, 1.7fr)",
    cell: (run) => (
      <span class="quiet">
        <Plain text={runAbout(run)} lengthMax={300} />
      </span>
    ),
  },
  {
    name: "where",
    head: "Where",
    width: "minmax(150px, 0.9fr)",
    drop: 3,
    cell: (run) => (
      <span class="mono quiet">
        <Plain text={[run.host, run.queue].filter((one) => one !== undefined).join(" · ")} lengthMax={100} />
      </span>
    ),
  },
  {
    name: "attempts",
    head: "Attempts",
    right: true,
    width: "68px",
    drop: 2,
    cell: (run) => <Attempts run={run} />,
  },
  {
    name: "waited",
    head: "Waited",
    right: true,
    width: "88px",
    drop: 4,
    cell: (run) => <span class="mono">{run.waitMs !== undefined && duration(run.waitMs)}</span>,
  },
  {
    name: "took",
    head: "Took",
    right: true,
    width: "96px",
    cell: (run) => <span class="mono">{run.durationMs !== undefined && duration(run.durationMs)}</span>,
  },
  {
    name: "last",
    head: "Last change",
    right: true,
    width: "104px",
    cell: (run) => (
      <span class="mono">
        <Ago time={run.lastTime} />
      </span>
    ),
  },
];

/** For a list of runs of one job, whose name need not stand in every row. */
export const runColumnsOfJob: readonly Column<Run>[] = runColumns.map((column) =>
  column.name === "job" ? runIdColumn : column,
);

/** Two lines for a narrow screen. */
export function NarrowRun({ run }: { readonly run: Run }): JSX.Element {
  const about = runAbout(run);
  return (
    <a class="narrow-row" data-row href={runAddress(run)}>
      <span class="narrow-name">
        <JobName run={run} />
      </span>
      <span class="mono">
        <Ago time={run.lastTime} />
      </span>
      <span class="narrow-about">
        <State state={run.state} />
        {about && (
          <span class="quiet">
            <Plain text={about} lengthMax={160} />
          </span>
        )}
      </span>
      <span class="mono quiet">{run.durationMs !== undefined && duration(run.durationMs)}</span>
    </a>
  );
}

/** A run as evidence, in one line: when, where, which, how often tried, how long. */
export function RunEvidence({ run }: { readonly run: Run }): JSX.Element {
  return (
    <a href={runAddress(run)}>
      <Stamp time={run.endedTime ?? run.lastTime} />
      {"  "}
      <Plain text={run.host ?? ""} lengthMax={40} />
      {"  run "}
      <Plain text={run.runId} lengthMax={60} />
      {`  ${counted(run.attempts, "attempt")}`}
      {run.durationMs !== undefined && `  ${duration(run.durationMs)}`}
    </a>
  );
}
