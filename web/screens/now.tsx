/** How things are, for somebody who was just woken: what needs a person, what heals, what went well. */
import type { JSX } from "preact";
import type { JobList, OverviewAnswer, RunPage } from "../../src/api/schemas.ts";
import { address, useAnswer } from "../ask.ts";
import { nowMs } from "../clock.ts";
import { Loading, Problem } from "../parts/notice.tsx";
import { keyOfRun, NarrowRun, runColumns } from "../parts/runs.tsx";
import { Table } from "../parts/table.tsx";
import { Ago } from "../parts/time.tsx";
import { useTitle } from "../parts/title.ts";
import { neededStates, useRunGroups } from "../problems.ts";
import { range } from "../range.ts";
import { to } from "../route.ts";
import { capital, counted, rangeWords, spelled } from "../words.ts";
import { LastHour } from "./now-hour.tsx";
import { Healing, Needed } from "./now-problems.tsx";
import { Welcome } from "./welcome.tsx";

export function NowScreen(): JSX.Element {
  const { from, until } = range();
  const hour = useAnswer<OverviewAnswer>(address("/overview", { from: "-1h" }), 5000);
  const needed = useRunGroups(neededStates, from, until);
  const jobs = useAnswer<JobList>(address("/jobs", { from, until }), 20_000);
  const problems = needed.groups.length;
  useTitle(problems === 0 ? "Nothing needs you" : counted(problems, "problem"));

  const fault = hour.fault ?? needed.fault;
  if (!hour.data || !needed.data || !jobs.data) {
    return fault && fault.status !== 0 ? (
      <Problem fault={fault} again={hour.again} />
    ) : (
      <Loading what="how things are" rows={12} />
    );
  }
  const own = jobs.data.rows.every((job) => job.service === "midwatch");
  return (
    <>
      <Sentence problems={problems} wentWell={hour.data.overview.runs.succeeded ?? 0} own={own} />
      <Evidence answer={hour.data} words={rangeWords(from, until ?? null)} />
      {own && <Welcome />}
      <Needed groups={needed.groups} jobs={jobs.data.rows} />
      <Healing jobs={jobs.data.rows} />
      <LastHour overview={hour.data} />
      <LatestEnds own={own} />
    </>
  );
}

type SentenceGiven = { readonly problems: number; readonly wentWell: number; readonly own: boolean };

function Sentence({ problems, wentWell, own }: SentenceGiven): JSX.Element {
  const well = (
    <>
      <a href={to("/runs", { state: "succeeded", from: "-1h", until: undefined })}>
        {wentWell === 0 ? "No run" : counted(wentWell, "run")}
      </a>{" "}
      {wentWell === 0 ? "ended" : "went"} well in the last hour.
    </>
  );
  if (problems === 0 && own) return <h1>Midwatch is on watch, and waits for its first application.</h1>;
  if (problems === 0) return <h1>All quiet: nothing needs you. {well}</h1>;
  return (
    <h1>
      <a class="failed" href={to("/runs", { state: neededStates.join(",") })}>
        {capital(spelled(problems))} {problems === 1 ? "problem needs" : "problems need"} you.
      </a>{" "}
      {well}
    </h1>
  );
}

/** Silence is told from quiet: how old the newest event is, and whether events can be stored now. */
function Evidence({
  answer,
  words,
}: {
  readonly answer: OverviewAnswer;
  readonly words: string;
}): JSX.Element {
  const { lastEventTime, hosts } = answer.overview;
  const silent = lastEventTime === undefined || nowMs.value - Date.parse(lastEventTime) > 15 * 60_000;
  return (
    <p class="sub">
      {lastEventTime === undefined ? (
        <span class="retrying">Nothing at all was recorded in the last hour.</span>
      ) : (
        <span class={silent ? "retrying" : undefined}>
          Last evidence <Ago time={lastEventTime} /> from <a href={to("/queues")}>{counted(hosts, "host")}</a>
          .
        </span>
      )}{" "}
      Problems are those of the {words.startsWith("last") ? words : "chosen time"}.
    </p>
  );
}

const endsShown = 12;

/** Midwatch's own jobs end every few minutes; they are told here only while there are no others. */
function LatestEnds({ own }: { readonly own: boolean }): JSX.Element {
  const { data, fault } = useAnswer<RunPage>(
    address("/runs", { state: ["succeeded"], from: "-24h", limit: 60 }),
    5000,
  );
  const rows = data?.rows.filter((run) => own || run.service !== "midwatch").slice(0, endsShown);
  return (
    <section aria-labelledby="ends">
      <h2 id="ends">
        Going well <span>latest ends</span>
      </h2>
      {fault && !data && <Problem fault={fault} />}
      {!data && !fault && <Loading what="the latest ends" rows={6} />}
      {rows?.length === 0 && <p class="nothing">No run of an application has ended well lately.</p>}
      {rows && rows.length > 0 && (
        <Table
          name="Latest ends"
          rows={rows}
          columns={runColumns}
          keyOf={keyOfRun}
          narrow={(run) => <NarrowRun run={run} />}
          rowHeight={31}
        />
      )}
    </section>
  );
}
