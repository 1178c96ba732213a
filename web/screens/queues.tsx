/** Where work waits, how fast it comes and goes, and who does it. */
import type { JSX } from "preact";
import type {
  QueueRow,
  QueuesAnswer,
  WorkerRow,
  WorkerState,
  WorkersAnswer,
} from "../../src/api/queue-schemas.ts";
import { address, useAnswer } from "../ask.ts";
import { nowMs } from "../clock.ts";
import { narrowed } from "../parts/complete.ts";
import { Empty, Loading, Problem } from "../parts/notice.tsx";
import { Plain } from "../parts/plain.tsx";
import { runAddress } from "../parts/runs.tsx";
import { Spark } from "../parts/spark.tsx";
import { StateShape } from "../parts/state.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { Ago, Since } from "../parts/time.tsx";
import { useTitle } from "../parts/title.ts";
import { range } from "../range.ts";
import { to } from "../route.ts";
import { workerWords } from "../timeline.ts";
import { age, capital, counted, duration, number, rangeWords } from "../words.ts";

export function QueuesScreen(): JSX.Element {
  const { from, until } = range();
  const queues = useAnswer<QueuesAnswer>(address("/queues", { from, until }), 5000);
  const workers = useAnswer<WorkersAnswer>(address("/workers", { from, until }), 10_000);
  const rows = queues.data?.rows ?? [];
  const sentence = queues.data ? queuesSentence(rows) : "Queues";
  useTitle(sentence);
  return (
    <>
      <h1>{sentence}</h1>
      <p class="sub">
        What came and went in {rangeWords(from, until ?? null).replace("last", "the last")}; rates are those
        of the last 15 minutes.
      </p>
      {queues.fault && !queues.data && <Problem fault={queues.fault} again={queues.again} />}
      {!queues.data && !queues.fault && <Loading what="queues" rows={5} />}
      {queues.data && rows.length === 0 && <NoQueues />}
      {rows.length > 0 && (
        <Table
          name="Queues"
          rows={rows}
          columns={queueColumns}
          keyOf={keyOfQueue}
          narrow={(row) => <NarrowQueue row={row} />}
          rowHeight={43}
          stale={queues.stale}
        />
      )}
      <section aria-labelledby="workers">
        <h2 id="workers">
          Workers <span>{workers.data && workersWords(workers.data.rows)}</span>
        </h2>
        {workers.fault && !workers.data && <Problem fault={workers.fault} again={workers.again} />}
        {!workers.data && !workers.fault && <Loading what="workers" rows={5} />}
        {workers.data && workers.data.rows.length > 0 && (
          <Table
            name="Workers"
            rows={workers.data.rows}
            columns={workerColumns}
            keyOf={(row) => row.worker}
            narrow={(row) => <NarrowWorker row={row} />}
            rowHeight={31}
            stale={workers.stale}
          />
        )}
      </section>
    </>
  );
}

function NoQueues(): JSX.Element {
  return (
    <Empty title="No queue has been seen in this time.">
      <p>
        Queues are known from what recorders tell of each run. See how to <a href={to("/connect")}>connect</a>
        .
      </p>
    </Empty>
  );
}

function keyOfQueue({ queue, service, environment }: QueueRow): string {
  return JSON.stringify([queue, service, environment]);
}

function queuesSentence(queues: readonly QueueRow[]): string {
  const waiting = queues.reduce((sum, queue) => sum + queue.waiting, 0);
  if (queues.length === 0) return "No queues yet.";
  if (waiting === 0) return "Nothing waits in any queue.";
  const waits = counted(waiting, "run waits", "runs wait");
  const longest = queues
    .filter(({ oldestTime }) => oldestTime !== undefined)
    .sort((a, b) => ((a.oldestTime ?? "") < (b.oldestTime ?? "") ? -1 : 1))[0];
  const grows = queues.filter(isStuck);
  const growing =
    grows.length === 0 ? "" : ` ${capital(counted(grows.length, "queue does", "queues do"))} not shrink.`;
  if (longest?.oldestTime === undefined) return `${waits}.${growing}`;
  return `${waits}, the oldest for ${age(nowMs.value - Date.parse(longest.oldestTime))} in ${longest.queue}.${growing}`;
}

/** What has just come is no sign of anything. */
function isStuck({ drainMs, oldestTime }: QueueRow): boolean {
  const waitedMs = oldestTime === undefined ? 0 : nowMs.value - Date.parse(oldestTime);
  return drainMs === undefined && waitedMs > 5 * 60_000;
}

function perMinute(runs: number): string {
  const rate = runs / 15;
  return `${rate >= 10 || rate === 0 ? Math.round(rate) : rate.toFixed(1)}/min`;
}

function drainWords(row: QueueRow): string {
  const { waiting, drainMs } = row;
  if (waiting === 0) return "–";
  if (drainMs === undefined) return isStuck(row) ? "does not shrink" : "–";
  return drainMs < 60_000 ? "under a minute" : `in ${duration(Math.round(drainMs / 60_000) * 60_000)}`;
}

function runsOf({ queue, service, environment }: QueueRow, state: string): string {
  return to("/runs", { state, queue, service, environment });
}

function QueueName({ row }: { readonly row: QueueRow }): JSX.Element {
  return (
    <div class="two-lines">
      <a data-row href={runsOf(row, "waiting,running,retrying")}>
        <Plain text={row.queue} lengthMax={120} />
      </a>
      <span class="faint">
        {[row.service, row.environment].filter((word) => word !== undefined).join(" · ")}
      </span>
    </div>
  );
}

const queueColumns: readonly Column<QueueRow>[] = [
  { name: "queue", head: "Queue", width: "minmax(120px, 1fr)", cell: (row) => <QueueName row={row} /> },
  {
    name: "depth",
    head: "Waiting over time",
    width: "minmax(110px, 180px)",
    drop: 2,
    cell: (row) => <Spark values={row.depths} height={30} />,
  },
  {
    name: "waiting",
    head: "Waiting",
    width: "64px",
    right: true,
    cell: (row) => <Count value={row.waiting} href={runsOf(row, "waiting")} />,
  },
  {
    name: "oldest",
    head: "Oldest",
    width: "64px",
    right: true,
    cell: (row) => (
      <span class="mono">{row.oldestTime === undefined ? "–" : <Since time={row.oldestTime} />}</span>
    ),
  },
  {
    name: "running",
    head: "Running",
    width: "64px",
    right: true,
    drop: 3,
    cell: (row) => <Count value={row.running} href={runsOf(row, "running")} />,
  },
  {
    name: "retrying",
    head: "Retrying",
    width: "64px",
    right: true,
    drop: 3,
    cell: (row) => <Count value={row.retrying} href={runsOf(row, "retrying")} />,
  },
  {
    name: "in",
    head: "Comes in",
    width: "76px",
    right: true,
    drop: 1,
    cell: (row) => <span class="mono">{perMinute(row.cameRecently)}</span>,
  },
  {
    name: "out",
    head: "Goes out",
    width: "76px",
    right: true,
    drop: 1,
    cell: (row) => <span class="mono">{perMinute(row.wentRecently)}</span>,
  },
  {
    name: "drain",
    head: "Empty",
    width: "118px",
    right: true,
    cell: (row) => <span class={`mono ${isStuck(row) ? "retrying" : ""}`}>{drainWords(row)}</span>,
  },
  {
    name: "all",
    head: "Came, ended",
    width: "120px",
    right: true,
    drop: 4,
    cell: (row) => (
      <span class="mono">
        <Count value={row.came} href={eventsOf(row, "kind:job.enqueued")} />,{" "}
        <Count value={row.went} href={eventsOf(row, "kind:(job.succeeded or job.failed or job.discarded)")} />
      </span>
    ),
  },
];

function NarrowQueue({ row }: { readonly row: QueueRow }): JSX.Element {
  return (
    <div class="narrow-row">
      <QueueName row={row} />
      <span class="mono">
        {counted(row.waiting, "waits", "wait")}
        <br />
        <span class="faint">{row.waiting === 0 ? perMinute(row.wentRecently) : drainWords(row)}</span>
      </span>
    </div>
  );
}

function eventsOf({ queue }: QueueRow, kinds: string): string {
  return to("/logs", { q: `${narrowed("", "queue", queue)} ${kinds}` });
}

/** A number that leads to what it counts; nothing leads nowhere. */
function Count({ value, href }: { readonly value: number; readonly href: string }): JSX.Element {
  return (
    <span class="mono">
      {value === 0 ? <span class="faint">0</span> : <a href={href}>{number(value)}</a>}
    </span>
  );
}

function workersWords(workers: readonly WorkerRow[]): string {
  if (workers.length === 0) return "none seen in this time";
  const hosts = new Set(workers.map(({ host }) => host)).size;
  const working = workers.filter(({ state }) => state === "working").length;
  const releases = new Set(
    workers
      .filter(({ state }) => state !== "stopped" && state !== "lost")
      .map(({ release }) => release ?? ""),
  );
  const mixed = releases.size > 1 ? `, of ${releases.size} releases` : "";
  return `${counted(workers.length, "process", "processes")} on ${counted(hosts, "host")}${mixed}, ${number(working)} at work now`;
}

const shapeOfWorker = {
  working: "running",
  idle: "waiting",
  stopped: "cancelled",
  lost: "lost",
  silent: "unknown",
} as const satisfies Record<WorkerState, string>;

function WorkerMark({ state }: { readonly state: WorkerState }): JSX.Element {
  return (
    <span class={`state ${shapeOfWorker[state]}`}>
      <StateShape state={shapeOfWorker[state]} />
      {capital(state)}
    </span>
  );
}

function WorkerName({ row }: { readonly row: WorkerRow }): JSX.Element {
  return (
    <a data-row class="mono" href={to("/logs", { q: narrowed("", "worker", row.worker) })}>
      <Plain text={workerWords(row.worker)} lengthMax={120} />
    </a>
  );
}

function Doing({ row }: { readonly row: WorkerRow }): JSX.Element | null {
  if (!row.run) return null;
  return (
    <>
      <a href={runAddress(row.run)}>
        <Plain text={row.run.job ?? row.run.runId} lengthMax={120} />
      </a>
      <span class="faint">
        {" "}
        for <Since time={row.run.startedTime} />
      </span>
    </>
  );
}

const workerColumns: readonly Column<WorkerRow>[] = [
  { name: "state", head: "State", width: "92px", cell: (row) => <WorkerMark state={row.state} /> },
  {
    name: "host",
    head: "Host",
    width: "minmax(90px, 150px)",
    drop: 2,
    cell: (row) => <Plain text={row.host ?? ""} lengthMax={80} />,
  },
  { name: "worker", head: "Process", width: "minmax(120px, 1fr)", cell: (row) => <WorkerName row={row} /> },
  { name: "doing", head: "Doing", width: "minmax(130px, 2fr)", cell: (row) => <Doing row={row} /> },
  {
    name: "release",
    head: "Release",
    width: "minmax(80px, 110px)",
    drop: 3,
    cell: (row) => (
      <span class="mono quiet">
        <Plain text={row.release ?? ""} lengthMax={40} />
      </span>
    ),
  },
  {
    name: "runs",
    head: "Runs",
    width: "64px",
    right: true,
    drop: 4,
    cell: (row) => <span class="mono">{number(row.runs)}</span>,
  },
  {
    name: "heartbeat",
    head: "Heartbeat",
    width: "86px",
    right: true,
    drop: 1,
    cell: (row) => (
      <span class="mono">{row.heartbeatTime === undefined ? "–" : <Ago time={row.heartbeatTime} />}</span>
    ),
  },
  {
    name: "last",
    head: "Last heard",
    width: "86px",
    right: true,
    cell: (row) => (
      <span class="mono">
        <Ago time={row.lastTime} />
      </span>
    ),
  },
];

function NarrowWorker({ row }: { readonly row: WorkerRow }): JSX.Element {
  return (
    <div class="narrow-row">
      <span class="narrow-name">
        <WorkerName row={row} />
      </span>
      <span class="mono">
        <Ago time={row.lastTime} />
      </span>
      <span class="narrow-about">
        <WorkerMark state={row.state} /> <Doing row={row} />
      </span>
    </div>
  );
}
