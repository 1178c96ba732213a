/** Search over all events: the query of the search box, how much there was when, and the lines. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { Histogram as HistogramAnswer } from "../../src/api/schemas.ts";
import type { StoredEvent } from "../../src/store/store.ts";
import { address, isWrongQuestion, useAnswer, type Values } from "../ask.ts";
import { total } from "../buckets.ts";
import { useTail } from "../live.ts";
import { type Pages, usePages } from "../pages.ts";
import { keyOfEvent } from "../parts/event.tsx";
import { EventTable } from "../parts/events.tsx";
import { Histogram } from "../parts/histogram.tsx";
import { Empty, Loading, Problem } from "../parts/notice.tsx";
import { useTitle } from "../parts/title.ts";
import { range } from "../range.ts";
import { change, query } from "../route.ts";
import { counted, duration, listed, number, rangeWords } from "../words.ts";
import { Export, Saved, Share } from "./logs-tools.tsx";
import { severities as everySeverity, type Severity } from "./severities.ts";

const streams = ["jobs", "logs", "http", "audit"] as const;

function filterOf(): Values {
  const text = (name: string): string | undefined => query.value.get(name) ?? undefined;
  const stream = text("stream");
  return {
    q: text("q"),
    stream,
    severity: text("severity"),
    kind: text("kind"),
    // Every look at Midwatch is on record. Among the lines of applications it would only be in the way.
    looks: stream === "audit" || query.value.get("looks") === "1" ? undefined : "false",
  };
}

export function LogsScreen(): JSX.Element {
  const { from, until } = range();
  const filter = filterOf();
  const live = query.value.get("live") === "1";
  const pages = usePages<StoredEvent>({
    path: "/events",
    values: { ...filter, from, until },
    keyOf: keyOfEvent,
  });
  const counts = useAnswer<HistogramAnswer>(
    address("/histogram", { ...filter, from, until, buckets: 120 }),
    until ? undefined : 15_000,
  );
  const words = sentence(counts.data, filter["q"]);
  useTitle(words);

  return (
    <>
      <h1>{words}</h1>
      <p class="sub">
        {rangeWords(from, until ?? null) === "chosen time"
          ? "In the chosen time"
          : `In the ${rangeWords(from, until ?? null)}`}
        ; drag over the chart to look closer.
        {query.value.get("from") !== null && (
          <>
            {" "}
            <a href={change({ from: undefined, until: undefined })}>Back to 24 hours</a>
          </>
        )}
        <Looks />
      </p>
      <Histogram answer={counts.data} words={scaleWords(counts.data)} />
      <LogTools live={live}>
        <Saved />
        <Export
          filter={filter}
          from={from}
          until={until}
          count={counts.data && total(counts.data.buckets).all}
        />
        <Share />
      </LogTools>
      {live ? <LiveLines filter={filter} before={pages.rows ?? []} /> : <FoundLines pages={pages} />}
    </>
  );
}

/** That looks at Midwatch are left out, and the way to see them. */
function Looks(): JSX.Element | null {
  if (query.value.get("stream") === "audit") return null;
  const shown = query.value.get("looks") === "1";
  return (
    <>
      {shown ? " Looks at Midwatch are among them: " : " Looks at Midwatch are left out: "}
      <a href={change({ looks: shown ? undefined : "1" })}>{shown ? "leave them out" : "show them"}</a>.
    </>
  );
}

function sentence(answer: HistogramAnswer | undefined, q: Values[string]): string {
  if (!answer) return "Logs";
  const { all, warn, error } = total(answer.buckets);
  const what = typeof q === "string" && q !== "" ? "matches" : "were recorded";
  if (all === 0) return typeof q === "string" && q !== "" ? "Nothing matches." : "Nothing was recorded.";
  const events = counted(all, "event");
  const grave = [
    ...(error > 0 ? [counted(error, "error")] : []),
    ...(warn > 0 ? [counted(warn, "warning")] : []),
  ];
  const verb =
    what === "matches" ? (all === 1 ? "matches" : "match") : all === 1 ? "was recorded" : "were recorded";
  if (error === all) return `${events} ${verb}, ${all === 1 ? "an error" : "all of them errors"}.`;
  return `${events} ${verb}${grave.length > 0 ? `, ${listed(grave)} among them` : ", none graver than information"}.`;
}

function scaleWords(answer: HistogramAnswer | undefined): string {
  return answer
    ? `events in each ${duration(answer.bucketSeconds * 1000)}, the graver ones on top`
    : "Counting …";
}

type ToolsGiven = { readonly live: boolean; readonly children: ComponentChildren };

function LogTools({ live, children }: ToolsGiven): JSX.Element {
  const severity = query.value.get("severity");
  const stream = query.value.get("stream");
  return (
    <div class="tools">
      <div class="tools-row">
        <div class="states" role="group" aria-label="Least severity">
          <a href={change({ severity: undefined })} aria-current={severity === null ? "true" : undefined}>
            All
          </a>
          {everySeverity.slice(1).map((name: Severity) => (
            <a
              key={name}
              href={change({ severity: name })}
              aria-current={severity === name ? "true" : undefined}
            >
              {name === "fatal" ? "fatal" : `${name} and up`}
            </a>
          ))}
        </div>
        <div class="states" role="group" aria-label="Stream">
          <a href={change({ stream: undefined })} aria-current={stream === null ? "true" : undefined}>
            All streams
          </a>
          {streams.map((name) => (
            <a key={name} href={change({ stream: name })} aria-current={stream === name ? "true" : undefined}>
              {name}
            </a>
          ))}
        </div>
        <a class={live ? "control on" : "control"} href={change({ live: live ? undefined : "1" })}>
          {live ? "Stop the live tail" : "Live tail"}
        </a>
      </div>
      <div class="tools-row">{children}</div>
    </div>
  );
}

function FoundLines({ pages }: { readonly pages: Pages<StoredEvent> }): JSX.Element {
  const marked = query.value.get("at") ?? undefined;
  const { rows, fault } = pages;
  const found = marked !== undefined && rows?.some((row) => row.id === marked);
  useEffect(() => {
    if (found) document.querySelector(".marked")?.scrollIntoView({ block: "center" });
  }, [found]);
  if (fault && (!rows || isWrongQuestion(fault))) return <Problem fault={fault} again={pages.again} />;
  if (!rows) return <Loading what="lines" rows={16} />;
  if (rows.length === 0) return <NoLines />;
  return (
    <>
      <EventTable
        name="Lines"
        rows={rows}
        stale={pages.stale}
        onEnd={pages.next === null ? undefined : pages.more}
        marked={marked}
      />
      <p class="end">
        {pages.next === null ? `${counted(rows.length, "event")}; this is the oldest.` : "Reading more …"}
      </p>
    </>
  );
}

function NoLines(): JSX.Element {
  return (
    <Empty title="Nothing matches in this time.">
      <p>
        <a href={change({ q: undefined, severity: undefined, stream: undefined, kind: undefined })}>
          Take the filters away
        </a>{" "}
        or <a href={change({ from: "-30d", until: undefined })}>look at the last 30 days</a>. Words are found
        in messages; everything else is <span class="mono">field:value</span>, such as{" "}
        <span class="mono">job:ChargeCardJob</span>, and <span class="mono">-</span> before it means not.
      </p>
    </Empty>
  );
}

type LiveGiven = { readonly filter: Values; readonly before: readonly StoredEvent[] };

/** What arrives stands above what had been found when the listening began. */
function LiveLines({ filter, before }: LiveGiven): JSX.Element {
  const tail = useTail(address("/tail", filter));
  const arrived = new Set(tail.rows.map(keyOfEvent));
  const rows = [...tail.rows, ...before.filter((event) => !arrived.has(event.id))];
  return (
    <>
      <p class="live" role="status">
        <span class={tail.connected ? "succeeded" : "retrying"}>
          {tail.connected ? "Listening" : "Connecting"}
        </span>
        {tail.skipped > 0 && (
          <span class="retrying"> {counted(tail.skipped, "event")} came too fast to be shown.</span>
        )}
        {tail.held > 0 ? (
          <button type="button" class="control on" onClick={tail.release}>
            {number(tail.held)} held while you read: show
          </button>
        ) : (
          <span class="faint">
            {" "}
            New lines come in at the top; they wait while you point at the table or scroll.
          </span>
        )}
      </p>
      {tail.fault && <Problem fault={tail.fault} />}
      {rows.length === 0 ? (
        <Empty title="Nothing has arrived yet." />
      ) : (
        <EventTable name="Live lines" rows={rows} />
      )}
    </>
  );
}
