/** All runs of a stretch of time, filtered by what the address says. */
import type { JSX } from "preact";
import type { JobList, OverviewAnswer, Run, Values } from "../../src/api/schemas.ts";
import { address, isWrongQuestion, useAnswer } from "../ask.ts";
import { type Pages, usePages } from "../pages.ts";
import { chosenStates, StateFilter, ValueFilter } from "../parts/filters.tsx";
import { Empty, Loading, Problem } from "../parts/notice.tsx";
import { keyOfRun, NarrowRun, runColumns } from "../parts/runs.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { useTitle } from "../parts/title.ts";
import { range } from "../range.ts";
import { change, query } from "../route.ts";
import { counted, listed, number, rangeWords, stateWords } from "../words.ts";

const filters = ["job", "queue", "service", "environment"] as const;

export function RunsScreen(): JSX.Element {
  const { from, until } = range();
  const chosen = Object.fromEntries(filters.map((name) => [name, query.value.get(name) ?? undefined]));
  const state = chosenStates();
  const pages = usePages<Run>({
    path: "/runs",
    values: { ...chosen, state, from, until },
    keyOf: keyOfRun,
    everyMs: 5000,
  });
  const { data: overview } = useAnswer<OverviewAnswer>(address("/overview", { from, until }), 15_000);
  const { data: jobs } = useAnswer<JobList>(address("/jobs", { from, until }), 60_000);
  const narrowed = filters.some((name) => chosen[name] !== undefined);
  const counts = narrowed ? undefined : overview?.overview.runs;
  const sentence = runsSentence(counts, pages);
  useTitle(sentence);
  const { data: queues } = useAnswer<Values>(
    address("/values", { field: "queue", stream: "jobs", from, until, limit: 200 }),
    60_000,
  );
  const distinct = (name: "job" | "service" | "environment"): readonly string[] =>
    [...new Set((jobs?.rows ?? []).map((row) => row[name] ?? ""))].filter((value) => value !== "").sort();

  return (
    <>
      <h1>{sentence}</h1>
      <p class="sub">
        Runs with something recorded in {rangeWords(from, until ?? null).replace("last", "the last")}, newest
        first.
      </p>
      <div class="tools">
        <StateFilter counts={counts} />
        <div class="tools-row">
          <ValueFilter name="job" word="Job" values={distinct("job")} />
          <ValueFilter
            name="queue"
            word="Queue"
            values={(queues?.values ?? []).map(({ value }) => value).sort()}
          />
          <ValueFilter name="service" word="Service" values={distinct("service")} />
          <ValueFilter name="environment" word="Environment" values={distinct("environment")} />
          <Newer pages={pages} />
        </div>
      </div>
      <RunList pages={pages} />
    </>
  );
}

/** Holds its place when there is nothing to say, so that saying it moves nothing. */
function Newer({ pages }: { readonly pages: Pages<Run> }): JSX.Element {
  return (
    <span class="newer" role="status">
      {pages.newer > 0 && (
        <button type="button" class="control on" onClick={pages.showNewer}>
          {number(pages.newer)}
          {pages.newerMore ? " or more" : ""} newer: show
        </button>
      )}
    </span>
  );
}

type ListGiven = { readonly pages: Pages<Run>; readonly columns?: readonly Column<Run>[] };

export function RunList({ pages, columns = runColumns }: ListGiven): JSX.Element {
  const { rows, fault } = pages;
  if (fault && (!rows || isWrongQuestion(fault))) return <Problem fault={fault} again={pages.again} />;
  if (!rows) return <Loading what="runs" rows={14} />;
  if (rows.length === 0) return <NoRuns />;
  return (
    <>
      <Table
        name="Runs"
        rows={rows}
        columns={columns}
        keyOf={keyOfRun}
        narrow={(run) => <NarrowRun run={run} />}
        rowHeight={31}
        stale={pages.stale}
        onEnd={pages.next === null ? undefined : pages.more}
      />
      <p class="end">
        {pages.next === null ? `${counted(rows.length, "run")}; this is the last.` : "Reading more …"}
      </p>
    </>
  );
}

function NoRuns(): JSX.Element {
  const filtered = ["state", ...filters].some((name) => query.value.get(name) !== null);
  return (
    <Empty title="No run matches in this time.">
      <p>
        {filtered && (
          <>
            <a
              href={change({
                state: undefined,
                job: undefined,
                queue: undefined,
                service: undefined,
                environment: undefined,
              })}
            >
              Take the filters away
            </a>
            {" or "}
          </>
        )}
        <a href={change({ from: "-30d", until: undefined })}>look at the last 30 days</a>.
      </p>
    </Empty>
  );
}

function runsSentence(counts: OverviewAnswer["overview"]["runs"] | undefined, pages: Pages<Run>): string {
  const states = chosenStates();
  const words = listed(states.map((state) => stateWords[state].toLowerCase()));
  if (!counts) {
    const rows = pages.rows?.length ?? 0;
    if (!pages.rows) return "Runs";
    const some = pages.next === null ? counted(rows, "run") : `More than ${number(rows)} runs`;
    return `${some}${words && ` ${words}`}.`;
  }
  const values = Object.entries(counts);
  if (states.length > 0) {
    const sum = states.reduce((whole, state) => whole + (counts[state] ?? 0), 0);
    return `${sum === 0 ? "No run is" : sum === 1 ? "One run is" : `${number(sum)} runs are`} ${words}.`;
  }
  const sum = values.reduce((whole, [, count]) => whole + (count ?? 0), 0);
  if (sum === 0) return "No runs.";
  const bad = (counts.failed ?? 0) + (counts.lost ?? 0) + (counts.missed ?? 0);
  const rest = bad === 0 ? "none failed for good" : `${number(bad)} failed for good, were lost or missed`;
  return `${counted(sum, "run")}: ${number(counts.succeeded ?? 0)} ended well, ${rest}.`;
}
