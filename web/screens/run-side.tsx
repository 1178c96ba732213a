/** Beside the tabs of a run: how common its failure is, what it used, where it ran. */
import type { ComponentChildren, JSX } from "preact";
import type { EventPage, Histogram, RunDetail } from "../../src/api/schemas.ts";
import type { StoredEvent } from "../../src/store/store.ts";
import { address, useAnswer } from "../ask.ts";
import { total } from "../buckets.ts";
import { narrowed } from "../parts/complete.ts";
import { Plain } from "../parts/plain.tsx";
import { runAddress } from "../parts/runs.tsx";
import { Spark } from "../parts/spark.tsx";
import { Ago } from "../parts/time.tsx";
import { change, to } from "../route.ts";
import { workerWords } from "../timeline.ts";
import { counted, duration, percent, size } from "../words.ts";
import { useLastGood } from "./run-compare.tsx";

export function RunSide({ detail }: { readonly detail: RunDetail }): JSX.Element {
  const { events, run } = detail;
  const failure = events.findLast((event) => event.fingerprint !== undefined);
  return (
    <aside class="facts" aria-label="Facts">
      {failure && <Failure event={failure} />}
      <LastGood detail={detail} />
      <Resources detail={detail} />
      <h2>Where</h2>
      <dl>
        <Fact name="Host" value={run.host} />
        <Fact name="Worker" value={run.worker && workerWords(run.worker)} />
        <Fact name="Queue" value={run.queue} />
        <Fact name="Runtime" value={run.runtime} />
        <Fact name="Release" value={run.release} />
        <Fact name="Recorded by" value={detail.recordedBy && recorders[detail.recordedBy]} />
        <Fact name="Trace">
          {run.traceId !== undefined && (
            <a
              href={to("/logs", { q: narrowed("", "trace_id", run.traceId), from: "-30d", until: undefined })}
            >
              <Plain text={run.traceId.length > 16 ? `${run.traceId.slice(0, 15)}…` : run.traceId} />
            </a>
          )}
        </Fact>
      </dl>
    </aside>
  );
}

/** What a way of recording a command tells, and what it does not. */
const recorders: { readonly [way in NonNullable<RunDetail["recordedBy"]>]: string } = {
  "midwatch-run": "midwatch-run (no output, no memory)",
  "midwatch exec": "midwatch exec (output and memory)",
};

function Fact({
  name,
  value,
  children,
}: {
  readonly name: string;
  readonly value?: string | undefined;
  readonly children?: ComponentChildren;
}): JSX.Element | null {
  if (value === undefined && !children) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd class="mono">{children || <Plain text={value ?? ""} lengthMax={300} />}</dd>
    </div>
  );
}

/** How often this kind of failure was seen in a week, and when for the first time. */
function Failure({ event }: { readonly event: StoredEvent }): JSX.Element {
  const q = narrowed("", "fingerprint", event.fingerprint ?? "");
  const week = useAnswer<Histogram>(
    address("/histogram", { q, kind: ["job.failed", "job.lost"], from: "-7d", buckets: 56 }),
  );
  const oldest = useAnswer<EventPage>(
    address("/events", { q, kind: ["job.failed", "job.lost"], from: "-90d", order: "oldest", limit: 1 }),
  );
  const values = (week.data?.buckets ?? []).map((bucket) => total([bucket]).all);
  const seen = values.reduce((sum, value) => sum + value, 0);
  return (
    <>
      <h2>This kind of failure</h2>
      <dl>
        <Fact name="Seen">
          <a href={to("/logs", { q, from: "-7d", until: undefined })}>{counted(seen, "time")}</a> in 7 days
        </Fact>
        <Fact name="First">{oldest.data?.rows[0] && <Ago time={oldest.data.rows[0].time} />}</Fact>
        <Fact name="Group">
          <a href={to("/failures", { group: event.fingerprint })}>
            <Plain text={event.fingerprint ?? ""} lengthMax={40} />
          </a>
        </Fact>
      </dl>
      <Spark values={values} token="failed" />
    </>
  );
}

function LastGood({ detail: { run } }: { readonly detail: RunDetail }): JSX.Element | null {
  const good = useLastGood(run);
  if (good === undefined || run.state === "succeeded") return null;
  return (
    <>
      <h2>Last good run</h2>
      {good ? (
        <dl>
          <Fact name="Ended">
            <a href={runAddress(good)}>
              <Ago time={good.endedTime ?? good.lastTime} />
            </a>
          </Fact>
          <Fact name="Took" value={good.durationMs === undefined ? undefined : duration(good.durationMs)} />
          <Fact name="Release" value={good.release === run.release ? undefined : good.release} />
          <Fact name="">
            <a href={change({ tab: "compare" })}>compare</a>
          </Fact>
        </dl>
      ) : (
        <p class="quiet">None in 30 days.</p>
      )}
    </>
  );
}

function Resources({ detail: { run, events } }: { readonly detail: RunDetail }): JSX.Element | null {
  const last = events.findLast((event) => event.cpu_ms !== undefined || event.max_rss_bytes !== undefined);
  const took = run.durationMs;
  if (!last && took === undefined && run.waitMs === undefined) return null;
  const cpu = last?.cpu_ms;
  const share =
    cpu === undefined || !last?.duration_ms ? "" : `, ${percent(cpu, last.duration_ms)} of the time`;
  return (
    <>
      <h2>Resources</h2>
      <dl>
        <Fact name="Took" value={took === undefined ? undefined : duration(took)} />
        <Fact name="Waited" value={run.waitMs === undefined ? undefined : duration(run.waitMs)} />
        <Fact name="CPU" value={cpu === undefined ? undefined : `${duration(cpu)}${share}`} />
        <Fact
          name="Memory"
          value={last?.max_rss_bytes === undefined ? undefined : `${size(last.max_rss_bytes)} at most`}
        />
        <Fact name="Exit" value={last?.exit_code === undefined ? undefined : String(last.exit_code)} />
        <Fact name="Signal" value={last?.signal} />
      </dl>
    </>
  );
}
