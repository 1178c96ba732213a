/** Web servers: how busy each is, what waits before it, how fast it answers, and what it gets wrong. */
import type { JSX } from "preact";
import type { PumaAnswer, PumaRow, WebRow } from "../../src/api/queue-schemas.ts";
import { address, useAnswer } from "../ask.ts";
import { nowMs } from "../clock.ts";
import { narrowed } from "../parts/complete.ts";
import { Empty, Loading, Problem } from "../parts/notice.tsx";
import { Plain } from "../parts/plain.tsx";
import { Spark } from "../parts/spark.tsx";
import { Ago } from "../parts/time.tsx";
import { useTitle } from "../parts/title.ts";
import { range } from "../range.ts";
import { to } from "../route.ts";
import { workerWords } from "../timeline.ts";
import { capital, counted, duration, number, percent, rangeWords, size } from "../words.ts";

/** A server that has told nothing for so long may be gone. */
const silentMs = 5 * 60_000;

export function PumaScreen(): JSX.Element {
  const { from, until } = range();
  const { data, fault, again } = useAnswer<PumaAnswer>(address("/puma", { from, until }), 10_000);
  const hosts = data ? hostsOf(data) : [];
  const sentence = data ? pumaSentence(data) : "Puma";
  useTitle(sentence);
  return (
    <>
      <h1>{sentence}</h1>
      <p class="sub">
        Each line is {rangeWords(from, until ?? null).replace("last", "the last")}, from left to right.
      </p>
      {fault && !data && <Problem fault={fault} again={again} />}
      {!data && !fault && <Loading what="web servers" rows={8} />}
      {data && hosts.length === 0 && (
        <Empty title="No web server has been heard in this time.">
          <p>
            The Ruby recorder tells of Puma and of each request. See how to{" "}
            <a href={to("/connect")}>connect</a>.
          </p>
        </Empty>
      )}
      {hosts.map(({ key, web, processes }) => (
        <Host key={key} web={web} processes={processes} />
      ))}
    </>
  );
}

type HostOfServers = {
  readonly key: string;
  readonly web: WebRow | undefined;
  readonly processes: readonly PumaRow[];
};

function keyOf({ service = "", environment = "", host = "" }: WebRow | PumaRow): string {
  return JSON.stringify([service, environment, host]);
}

function hostsOf({ rows, web }: PumaAnswer): readonly HostOfServers[] {
  const keys = [...new Set([...rows.map(keyOf), ...web.map(keyOf)])].sort();
  return keys.map((key) => ({
    key,
    web: web.find((one) => keyOf(one) === key),
    processes: rows.filter((one) => keyOf(one) === key),
  }));
}

function pumaSentence({ rows, web }: PumaAnswer): string {
  const live = rows.filter(({ lastTime }) => nowMs.value - Date.parse(lastTime) < silentMs);
  if (rows.length === 0 && web.length === 0) return "No web server yet.";
  const requests = web.reduce((sum, one) => sum + one.requests, 0);
  const errors = web.reduce((sum, one) => sum + one.errors, 0);
  const busy = live.reduce((sum, one) => sum + one.busy, 0);
  const threads = live.reduce((sum, one) => sum + one.threads, 0);
  const backlog = live.reduce((sum, one) => sum + one.backlog, 0);
  const now =
    threads === 0
      ? ""
      : `${capital(`${percent(busy, threads)} of ${counted(threads, "thread")} busy now`)}, ${backlog === 0 ? "nothing waits" : `${counted(backlog, "request")} waiting`}. `;
  return `${now}${counted(requests, "request")}, ${errors === 0 ? "none" : number(errors)} answered with an error.`;
}

function Host({ web, processes }: Omit<HostOfServers, "key">): JSX.Element {
  const about = web ?? processes[0];
  const name = about?.host ?? "somewhere";
  const releases = [...new Set(processes.map(({ release }) => release ?? ""))].filter((one) => one !== "");
  return (
    <section aria-label={`Web server ${name}`}>
      <h2>
        <Plain text={name} lengthMax={80} />
        <span>
          {[about?.service, about?.environment, ...releases].filter((word) => word !== undefined).join(" · ")}
        </span>
      </h2>
      {processes.map((process) => (
        <Process key={process.worker} process={process} web={processes.length === 1 ? web : undefined} />
      ))}
      {processes.length !== 1 && web && <div class="figures">{answers(web)}</div>}
    </section>
  );
}

function Process({
  process,
  web,
}: {
  readonly process: PumaRow;
  readonly web: WebRow | undefined;
}): JSX.Element {
  const isSilent = nowMs.value - Date.parse(process.lastTime) > silentMs;
  return (
    <>
      <div class="figures">
        <div class="figure">
          <b class={isSilent ? "faint" : undefined}>
            {number(process.busy)} of {number(process.threads)}
          </b>
          <small>
            threads busy{isSilent ? ", last heard " : ", "}
            <Ago time={process.lastTime} />
          </small>
          <Spark values={process.busyByStretch} most={1} />
        </div>
        <div class="figure">
          <b>{number(process.backlog)}</b>
          <small>
            waiting before <Plain text={workerWords(process.worker)} lengthMax={40} />
          </small>
          <Spark values={process.backlogByStretch} token={process.backlog > 0 ? "failed" : ""} />
        </div>
        {web && answers(web)}
      </div>
      {process.workers.length > 0 && <Cluster process={process} />}
    </>
  );
}

function answers(web: WebRow): JSX.Element {
  const host = web.host === undefined ? "" : narrowed("", "host", web.host);
  return (
    <>
      <a class="figure" href={to("/logs", { stream: "http", q: host })}>
        <b>{duration(web.p95ByStretch.findLast((value) => value > 0) ?? 0)}</b>
        <small>for 95 of 100 answers, at worst {duration(web.p95Ms)}</small>
        <Spark values={web.p95ByStretch} />
      </a>
      <a class="figure" href={to("/logs", { stream: "http", q: `${host} outcome:failed`.trim() })}>
        <b>{number(web.errors)}</b>
        <small>
          errors in {counted(web.requests, "request")}, {percent(web.errors, web.requests)}
        </small>
        <Spark values={web.errorsByStretch} token="failed" />
      </a>
    </>
  );
}

function Cluster({ process }: { readonly process: PumaRow }): JSX.Element {
  return (
    <div class="wide-table" tabIndex={0} role="region" aria-label={`Processes of ${process.worker}`}>
      <table>
        <thead>
          <tr>
            <th scope="col">Process</th>
            {["Pid", "Phase", "Busy", "Waiting", "Memory", "Heard by the master"].map((head) => (
              <th key={head} scope="col" class="right">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {process.workers.map((worker, index) => (
            <tr key={worker.index ?? index}>
              <td class="mono">worker {worker.index ?? index}</td>
              <td class="right mono">{worker.pid}</td>
              <td class="right mono">{worker.phase}</td>
              <td class="right mono">
                {worker.busy ?? 0} of {worker.threads ?? 0}
              </td>
              <td class="right mono">{worker.backlog ?? 0}</td>
              <td class="right mono">{worker.rssBytes === undefined ? "" : size(worker.rssBytes)}</td>
              <td class="right mono">
                {worker.lastCheckinMs === undefined ? "" : `${duration(worker.lastCheckinMs)} ago`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
