/** How things are, for somebody who was just woken: what needs a person, what heals, what went well. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { JobList, OverviewAnswer } from "../../src/api/schemas.ts";
import { address, useAnswer } from "../ask.ts";
import { nowMs } from "../clock.ts";
import { useIncidents } from "../incidents.ts";
import { Loading, Problem } from "../parts/notice.tsx";
import { Ago } from "../parts/time.tsx";
import { useTitle } from "../parts/title.ts";
import { groupRuns, neededStates, useRunGroups } from "../problems.ts";
import { range } from "../range.ts";
import { to } from "../route.ts";
import { sorted } from "../triage.ts";
import { capital, counted, spelled } from "../words.ts";
import type { LatestEnds } from "./now-ends.tsx";
import { LastHour } from "./now-hour.tsx";
import { NotedIncidents, OpenIncidents, QuietIncidents } from "./now-incidents.tsx";
import { Healing, Needed } from "./now-problems.tsx";
import { Welcome } from "./welcome.tsx";

export function NowScreen(): JSX.Element {
  const { from, until } = range();
  const hour = useAnswer<OverviewAnswer>(address("/overview", { from: "-1h" }), 5000);
  const incidents = useIncidents();
  // The sample day is not watched; what needs somebody in it is read from its runs.
  const sample = useRunGroups(hour.data?.sample ? neededStates : [], from, until);
  // Whoever waits for a first job looks every moment.
  const isAlone = useRef(true);
  const jobs = useAnswer<JobList>(address("/jobs", { from, until }), isAlone.current ? 2000 : 20_000);
  const groups = hour.data?.sample ? groupRuns((sample.data?.rows ?? []).filter((run) => run.sample)) : [];
  const { open, noted, quiet } = sorted(incidents.data?.rows ?? [], nowMs.value);
  const problems = open.length + groups.length;
  useTitle(problems === 0 ? "Nothing needs you" : counted(problems, "problem"));

  const fault = hour.fault ?? incidents.fault ?? sample.fault;
  if (!hour.data || !incidents.data || (hour.data.sample && !sample.data) || !jobs.data) {
    return fault && fault.status !== 0 ? (
      <>
        <h1>How things are could not be read.</h1>
        <Problem fault={fault} again={hour.again} />
      </>
    ) : (
      <Loading what="how things are" rows={12} />
    );
  }
  const own = jobs.data.rows.every((job) => job.service === "midwatch");
  isAlone.current = own;
  return (
    <>
      <Sentence problems={problems} inSample={open.length === 0} answer={hour.data} own={own} />
      <Evidence answer={hour.data} saidAge={problems === 0 && !own && !isSilent(hour.data)} />
      {own && <Welcome />}
      <OpenIncidents rows={open} />
      <Needed groups={groups} jobs={jobs.data.rows} />
      <NotedIncidents rows={noted} />
      <QuietIncidents rows={quiet} />
      <Healing jobs={jobs.data.rows} />
      <LastHour overview={hour.data} />
      <Ends own={own} />
    </>
  );
}

type SentenceGiven = {
  readonly problems: number;
  /** All of them are. */
  readonly inSample: boolean;
  readonly answer: OverviewAnswer;
  readonly own: boolean;
};

/** Silence is told from quiet: it is only quiet where evidence keeps coming. */
function isSilent({ overview: { lastEventTime } }: OverviewAnswer): boolean {
  return lastEventTime === undefined || nowMs.value - Date.parse(lastEventTime) > 15 * 60_000;
}

function Sentence({ problems, inSample, answer, own }: SentenceGiven): JSX.Element {
  const wentWell = answer.overview.runs.succeeded ?? 0;
  const well = (
    <>
      <a href={to("/runs", { state: "succeeded", from: "-1h", until: undefined })}>
        {wentWell === 0 ? "No run" : counted(wentWell, "run")}
      </a>{" "}
      {wentWell === 0 ? "ended" : "went"} well in the last hour.
    </>
  );
  if (problems === 0 && own) return <h1>Midwatch is on watch, and waits for its first application.</h1>;
  if (problems === 0 && isSilent(answer)) return <h1>Nothing needs you, but little is heard. {well}</h1>;
  if (problems === 0) {
    return (
      <h1>
        All quiet; last evidence <Ago time={answer.overview.lastEventTime} />. {well}
      </h1>
    );
  }
  return (
    <h1>
      <span class="failed">
        {capital(spelled(problems))} {problems === 1 ? "problem needs" : "problems need"} you
        {inSample && " in the sample day"}.
      </span>{" "}
      {well}
    </h1>
  );
}

/** How old the newest event is, and from how many hosts they come. */
function Evidence({
  answer,
  saidAge,
}: {
  readonly answer: OverviewAnswer;
  readonly saidAge: boolean;
}): JSX.Element {
  const { lastEventTime, hosts } = answer.overview;
  return (
    <p class="sub">
      {lastEventTime === undefined ? (
        <span class="retrying">Nothing at all was recorded in the last hour.</span>
      ) : (
        <span class={isSilent(answer) ? "retrying" : undefined}>
          {saidAge ? (
            "Events come"
          ) : (
            <>
              Last evidence <Ago time={lastEventTime} />
            </>
          )}{" "}
          from <a href={to("/queues")}>{counted(hosts, "host")}</a>.
        </span>
      )}
    </p>
  );
}

/** Read after what needs somebody is shown: its table is half a script of its own. */
function Ends({ own }: { readonly own: boolean }): JSX.Element {
  const [Shown, setShown] = useState<typeof LatestEnds | undefined>(undefined);
  useEffect(() => {
    import("./now-ends.tsx").then(
      ({ LatestEnds }) => setShown(() => LatestEnds),
      // Without it everything that needs somebody is there; the next visit tries again.
      () => undefined,
    );
  }, []);
  return Shown ? <Shown own={own} /> : <Loading what="the latest ends" rows={6} />;
}
