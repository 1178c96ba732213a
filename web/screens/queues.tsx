/** Where work waits, how fast it goes, and who does it. */
import type { JSX } from "preact";
import type { EventPage, RunPage, Values } from "../../src/api/schemas.ts";
import { address, useAnswer } from "../ask.ts";
import { nowMs } from "../clock.ts";
import { narrowed } from "../parts/complete.ts";
import { Empty, Loading, Problem } from "../parts/notice.tsx";
import { Plain } from "../parts/plain.tsx";
import { runAddress } from "../parts/runs.tsx";
import { StateShape } from "../parts/state.tsx";
import { Ago, Since } from "../parts/time.tsx";
import { useTitle } from "../parts/title.ts";
import { type Queue, queuesOf, type Worker, workersOf } from "../queues.ts";
import { range } from "../range.ts";
import { to } from "../route.ts";
import { workerWords } from "../timeline.ts";
import { age, capital, counted, number, rangeWords } from "../words.ts";

const openStates = ["waiting", "running", "retrying"];
const readMax = 1000;

export function QueuesScreen(): JSX.Element {
  const { from, until } = range();
  const open = useAnswer<RunPage>(address("/runs", { state: openStates, from, until, limit: readMax }), 5000);
  const values = { field: "queue", from, until, limit: 200 };
  const enqueued = useAnswer<Values>(address("/values", { ...values, kind: "job.enqueued" }), 15_000);
  const ended = useAnswer<Values>(
    address("/values", { ...values, kind: ["job.succeeded", "job.discarded"] }),
    15_000,
  );
  const seen = useAnswer<EventPage>(
    address("/events", {
      kind: ["worker.started", "worker.heartbeat", "worker.stopped", "worker.lost", "job.started"],
      from,
      until,
      limit: readMax,
    }),
    10_000,
  );
  const queues = queuesOf(open.data?.rows ?? [], {
    enqueued: enqueued.data?.values ?? [],
    ended: ended.data?.values ?? [],
  });
  const running = (open.data?.rows ?? []).filter((run) => run.state === "running");
  const workers = workersOf(seen.data?.rows ?? [], running, nowMs.value);
  const sentence = !open.data ? "Queues" : queuesSentence(queues);
  useTitle(sentence);
  return (
    <>
      <h1>{sentence}</h1>
      <p class="sub">
        Counted from what was recorded in {rangeWords(from, until ?? null).replace("last", "the last")}
        {open.data?.next && `; only the newest ${number(readMax)} open runs are counted`}.
      </p>
      {open.fault && !open.data && <Problem fault={open.fault} again={open.again} />}
      {!open.data && !open.fault && <Loading what="queues" rows={5} />}
      {open.data && queues.length === 0 && <Empty title="No queue has been seen in this time." />}
      {queues.length > 0 && <QueueTable queues={queues} />}
      <section aria-labelledby="workers">
        <h2 id="workers">
          Workers <span>{workers.length === 0 ? "none seen in this time" : workerWordsAll(workers)}</span>
        </h2>
        {workers.length > 0 && <WorkerTable workers={workers} />}
      </section>
    </>
  );
}

function queuesSentence(queues: readonly Queue[]): string {
  const waiting = queues.reduce((sum, queue) => sum + queue.waiting, 0);
  if (queues.length === 0) return "No queues yet.";
  if (waiting === 0) return "Nothing waits in any queue.";
  const waits = counted(waiting, "run waits", "runs wait");
  let longest: Queue | undefined;
  for (const queue of queues) {
    if (queue.oldestTime !== undefined && !(longest?.oldestTime && longest.oldestTime <= queue.oldestTime))
      longest = queue;
  }
  if (longest?.oldestTime === undefined) return `${waits}.`;
  return `${waits}, the oldest for ${age(nowMs.value - Date.parse(longest.oldestTime))} in ${longest.name}.`;
}

function workerWordsAll(workers: readonly Worker[]): string {
  const hosts = new Set(workers.map((worker) => worker.host)).size;
  const working = workers.filter((worker) => worker.state === "working").length;
  return `${counted(workers.length, "process", "processes")} on ${counted(hosts, "host")}, ${number(working)} at work now`;
}

function QueueTable({ queues }: { readonly queues: readonly Queue[] }): JSX.Element {
  return (
    <div class="wide-table" tabIndex={0} role="region" aria-label="Queues">
      <table>
        <thead>
          <tr>
            <th scope="col">Queue</th>
            {["Waiting", "Oldest", "Running", "Retrying", "Came in", "Ended"].map((head) => (
              <th key={head} scope="col" class="right">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {queues.map((queue) => (
            <tr key={queue.name}>
              <td>
                <a data-row href={to("/logs", { q: narrowed("", "queue", queue.name) })}>
                  <Plain text={queue.name} lengthMax={120} />
                </a>
              </td>
              <td class="right mono">
                <Count value={queue.waiting} href={to("/runs", { state: "waiting" })} />
              </td>
              <td class="right mono">
                <Since time={queue.oldestTime} />
              </td>
              <td class="right mono">
                <Count value={queue.running} href={to("/runs", { state: "running" })} />
              </td>
              <td class="right mono">
                <Count value={queue.retrying} href={to("/runs", { state: "retrying" })} />
              </td>
              <td class="right mono">
                <Count value={queue.enqueued} href={eventsOf(queue, "kind:job.enqueued")} />
              </td>
              <td class="right mono">
                <Count value={queue.ended} href={eventsOf(queue, "kind:(job.succeeded or job.discarded)")} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function eventsOf(queue: Queue, kinds: string): string {
  return to("/logs", { q: `${narrowed("", "queue", queue.name)} ${kinds}` });
}

/** A number that leads to what it counts; nothing leads nowhere. */
function Count({ value, href }: { readonly value: number; readonly href: string }): JSX.Element {
  return value === 0 ? <span class="faint">0</span> : <a href={href}>{number(value)}</a>;
}

const shapeOfWorker = {
  working: "running",
  idle: "waiting",
  stopped: "cancelled",
  lost: "lost",
  silent: "unknown",
} as const;

function WorkerTable({ workers }: { readonly workers: readonly Worker[] }): JSX.Element {
  return (
    <div class="wide-table" tabIndex={0} role="region" aria-label="Workers">
      <table>
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">Worker</th>
            <th scope="col">Doing</th>
            <th scope="col">Release</th>
            <th scope="col" class="right">
              Last heard
            </th>
          </tr>
        </thead>
        <tbody>
          {workers.map((worker) => (
            <tr key={worker.name}>
              <td>
                <span class={`state ${shapeOfWorker[worker.state]}`}>
                  <StateShape state={shapeOfWorker[worker.state]} />
                  {capital(worker.state)}
                </span>
              </td>
              <td>
                <a data-row class="mono" href={to("/logs", { q: narrowed("", "worker", worker.name) })}>
                  <Plain text={workerWords(worker.name)} lengthMax={120} />
                </a>
              </td>
              <td>
                {worker.run && (
                  <>
                    <a href={runAddress(worker.run)}>
                      <Plain text={worker.run.job ?? worker.run.runId} lengthMax={120} />
                    </a>
                    <span class="faint">
                      {" "}
                      for <Since time={worker.run.startedTime} />
                    </span>
                  </>
                )}
              </td>
              <td class="mono quiet">
                <Plain text={worker.release ?? ""} lengthMax={40} />
              </td>
              <td class="right mono">
                <Ago time={worker.seenTime} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
