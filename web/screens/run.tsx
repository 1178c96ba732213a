/** One run: how it stands in a sentence, its life on an axis of time, and all that is known of it. */
import type { JSX } from "preact";
import type { EventPage, RunDetail } from "../../src/api/schemas.ts";
import { address, useAnswer } from "../ask.ts";
import { nowMs } from "../clock.ts";
import { Loading, Problem } from "../parts/notice.tsx";
import { Plain } from "../parts/plain.tsx";
import { State } from "../parts/state.tsx";
import { Stamp } from "../parts/time.tsx";
import { Waterfall } from "../parts/timeline.tsx";
import { useTitle } from "../parts/title.ts";
import { to } from "../route.ts";
import { timelineOf } from "../timeline.ts";
import { firstLine, runSentence } from "../words.ts";
import { RunSide } from "./run-side.tsx";
import { RunTabs } from "./run-tabs.tsx";

const ended = new Set(["succeeded", "failed", "discarded", "cancelled", "lost", "missed"]);

export function RunScreen({ id }: { readonly id: string }): JSX.Element {
  const url = address(`/runs/${encodeURIComponent(id)}`);
  const answer = useAnswer<RunDetail>(url, 4000);
  const trace = answer.data?.run.traceId;
  const requests = useAnswer<EventPage>(
    trace === undefined
      ? null
      : address("/events", { trace, kind: "http.request", from: "-30d", order: "oldest", limit: 10 }),
  );
  const { data, fault } = answer;
  // The request is the first row; drawn later it would push all others down.
  const asking = data?.run.traceId !== undefined && !requests.data && !requests.fault;
  if (!data || asking) {
    if (fault?.status === 404) return <NoRun runId={id} />;
    if (!fault) return <Loading what="the run" rows={10} />;
    return (
      <>
        <h1>The run could not be read.</h1>
        <Problem fault={fault} again={answer.again} />
      </>
    );
  }
  // Only a run that goes on needs the clock; one that ended is drawn once.
  const atMs = ended.has(data.run.state) ? nowMs.peek() : nowMs.value;
  return (
    <>
      <RunHead detail={data} atMs={atMs} />
      <Waterfall timeline={timelineOf(data, requests.data?.rows ?? [], atMs)} />
      <div class="two">
        <RunTabs detail={data} />
        <RunSide detail={data} />
      </div>
    </>
  );
}

function RunHead({ detail, atMs }: { readonly detail: RunDetail; readonly atMs: number }): JSX.Element {
  const { run, attempts } = detail;
  const moment = (time: string | undefined): number | undefined =>
    time === undefined ? undefined : Date.parse(time);
  const cause = run.errorMessage ?? run.errorClass;
  const sentence = runSentence(
    {
      state: run.state,
      job: firstLine(run.job ?? runId(detail), 120),
      attempts: run.attempts,
      queue: run.queue,
      host: run.host,
      enqueuedMs: moment(run.enqueuedTime),
      startedMs: moment(attempts.at(-1)?.startedTime ?? run.startedTime),
      endedMs: moment(run.endedTime),
      nextMs: moment(attempts.at(-1)?.nextTime),
      cause: cause && firstLine(cause, 140),
    },
    atMs,
  );
  useTitle(sentence);
  return (
    <>
      <h1>
        <Plain text={sentence} />
      </h1>
      <p class="sub">
        <State state={run.state} />
        {run.sample && <span class="tag">sample</span>} run{" "}
        <span class="mono">
          <Plain text={run.runId} lengthMax={128} />
        </span>
        {run.actor !== undefined && (
          <>
            {" · asked for by "}
            <Plain text={run.actor} lengthMax={120} />
          </>
        )}
        {" · "}
        <a href={to("/job", { job: run.job, service: run.service })}>
          {[run.service, run.environment].filter(Boolean).join(", ") || "its job"}
        </a>
        {" · "}
        <Stamp time={run.enqueuedTime ?? run.startedTime ?? run.lastTime} />
        {" to "}
        {ended.has(run.state) ? <Stamp time={run.endedTime ?? run.lastTime} /> : "now"}
      </p>
    </>
  );
}

function runId({ run }: RunDetail): string {
  return `run ${run.runId}`;
}

function NoRun({ runId }: { readonly runId: string }): JSX.Element {
  return (
    <>
      <h1>No run by this id is stored.</h1>
      <p class="sub">
        <span class="mono">
          <Plain text={runId} lengthMax={200} />
        </span>{" "}
        may not have been recorded yet, or its time of keeping has passed. Look at{" "}
        <a href={to("/runs")}>all runs</a> or{" "}
        <a href={to("/logs", { q: `"${runId.replaceAll(/["\\]/g, "")}"` })}>search for it in lines</a>.
      </p>
    </>
  );
}
