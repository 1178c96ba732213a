/** What was expected of every job with a schedule beside what it did, and what is ahead. */
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Board, BoardRow } from "../../src/api/board-schemas.ts";
import { address, useAnswer } from "../ask.ts";
import { agreementWords, boardSentence, sortedRows } from "../board.ts";
import { nowMs } from "../clock.ts";
import { scheduleWords } from "../cron.ts";
import { type Axis, AxisHead, axisOf, Track } from "../parts/board.tsx";
import { ValueFilter } from "../parts/filters.tsx";
import { Empty, Loading, Problem } from "../parts/notice.tsx";
import { Plain } from "../parts/plain.tsx";
import { Table } from "../parts/table.tsx";
import { Ago } from "../parts/time.tsx";
import { useTitle } from "../parts/title.ts";
import { zoneName } from "../preferences.ts";
import { zoomed } from "../range.ts";
import { change, go, query, to } from "../route.ts";
import { clockText, dayText, minuteText } from "../times.ts";
import { counted, duration, stateWords } from "../words.ts";

/** As much is shown of what is ahead as half of what is past. */
const spans = [
  { name: "24 hours", from: "-24h", ahead: "+12h" },
  { name: "7 days", from: "-7d", ahead: "+84h" },
  { name: "30 days", from: "-30d", ahead: "+15d" },
] as const;

export function ScheduleScreen(): JSX.Element {
  const from = query.value.get("from") ?? "-24h";
  const until = query.value.get("until") ?? spans.find((span) => span.from === from)?.ahead ?? "now";
  const { data, fault, stale, again } = useAnswer<Board>(
    address("/schedule", { from, until, service: query.value.get("service") ?? undefined }),
    20_000,
  );
  const sentence = data ? boardSentence(data, nowMs.value, minuteText) : "Schedule";
  useTitle(sentence);
  const all = data?.rows ?? [];
  const drifted = all.filter((row) => row.drift.length > 0).length;
  return (
    <>
      <h1>{sentence}</h1>
      <p class="sub">
        {data && all.length > 0 && agreementWords(all)}{" "}
        {drifted > 0 && <a href={change({ only: "drifted" })}>{counted(drifted, "has", "have")} drifted.</a>}
      </p>
      <Tools rows={all} services={data?.services ?? []} from={from} />
      {fault && !data && <Problem fault={fault} again={again} />}
      {!data && !fault && <Loading what="the schedule" rows={12} />}
      {data && all.length === 0 && <NoSchedule />}
      {data && all.length > 0 && <Rows board={data} stale={stale} />}
      {data && data.rowsLeftOut > 0 && (
        <p class="end">and {counted(data.rowsLeftOut, "more job")}; choose a service.</p>
      )}
    </>
  );
}

function NoSchedule(): JSX.Element {
  return (
    <Empty title="Nothing has said yet when it should run.">
      <p>
        Recorders tell of beat entries and schedule.rb, agents of crontabs; or set a schedule with{" "}
        <code class="mono">midwatch monitors apply</code>. See how to <a href={to("/connect")}>connect</a>.
      </p>
    </Empty>
  );
}

type ToolsGiven = {
  readonly rows: readonly BoardRow[];
  readonly services: readonly string[];
  readonly from: string;
};

function Tools({ rows, services, from }: ToolsGiven): JSX.Element {
  const isZoomed = query.value.get("until") !== null;
  const only = query.value.get("only");
  const owners = [...new Set(rows.map(({ owner = "" }) => owner))].filter((owner) => owner !== "").sort();
  return (
    <div class="tools">
      <div class="tools-row">
        <div class="states" role="group" aria-label="Time">
          {spans.map((span) => (
            <a
              key={span.from}
              href={change({ from: span.from === "-24h" ? undefined : span.from, until: undefined })}
              aria-current={!isZoomed && span.from === from ? "true" : undefined}
            >
              {span.name}
            </a>
          ))}
        </div>
        <div class="states" role="group" aria-label="Rows">
          {[
            [undefined, "all"],
            ["missed", "with a missed slot"],
            ["drifted", "drifted"],
          ].map(([value, words]) => (
            <a
              key={words}
              href={change({ only: value })}
              aria-current={(only ?? undefined) === value ? "true" : undefined}
            >
              {words}
            </a>
          ))}
        </div>
        <ValueFilter name="service" word="Service" values={services} />
        <ValueFilter name="owner" word="Owner" values={owners} />
        {isZoomed && (
          <a class="control" href={change({ from: undefined, until: undefined })}>
            Back to 24 hours
          </a>
        )}
      </div>
    </div>
  );
}

function isShown(row: BoardRow): boolean {
  const only = query.value.get("only");
  const owner = query.value.get("owner");
  return (
    (only !== "missed" || row.missed > 0) &&
    (only !== "drifted" || row.drift.length > 0) &&
    (owner === null || row.owner === owner)
  );
}

/** With a time, the job's screen says why it ran then, or not. */
function jobAddress({ job, service, environment }: BoardRow, at?: string): string {
  return to("/job", { job, service, environment, at });
}

/** The width that is left for the axis beside the names of rows, or below them. */
const nameWidth = 340;
const narrowWidth = 620;

function useTrackWidth() {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const measure = (): void => setWidth(element.clientWidth);
    measure();
    const watcher = new ResizeObserver(measure);
    watcher.observe(element);
    return () => watcher.disconnect();
  }, []);
  const isNarrow = width < narrowWidth;
  return { place, isNarrow, pixels: Math.max(100, width - 24 - (isNarrow ? 0 : nameWidth + 12)) };
}

function Rows({ board, stale }: { readonly board: Board; readonly stale: boolean }): JSX.Element {
  const { place, isNarrow, pixels } = useTrackWidth();
  const axis = axisOf(board, nowMs.value, pixels);
  const [under, setUnder] = useState<string | undefined>(undefined);
  const rows = sortedRows(board.rows.filter(isShown));
  const drag = useDrag(axis);
  return (
    <div class="board" ref={place} {...drag.listeners}>
      <p class="board-words mono" aria-hidden="true">
        {under ?? markWords(axis)}
      </p>
      <div class={isNarrow ? "board-axis narrow" : "board-axis"}>
        {!isNarrow && <span class="faint">Runs at work</span>}
        <AxisHead axis={axis} atWork={board.atWork} />
      </div>
      {rows.length === 0 && <p class="nothing">No row is left; take a filter away.</p>}
      <Table
        name="Schedule"
        rows={rows}
        stale={stale}
        columns={[
          { name: "job", head: "Job", width: `${nameWidth}px`, cell: (row) => <RowName row={row} /> },
          {
            name: "track",
            head: "When",
            width: `minmax(${narrowWidth - nameWidth - 36}px, 1fr)`,
            cell: (row) => <Pointed row={row} axis={axis} say={setUnder} />,
          },
        ]}
        keyOf={(row) => `${row.service} ${row.environment} ${row.job}`}
        narrow={(row) => (
          <>
            <RowName row={row} />
            <Pointed row={row} axis={axis} say={setUnder} />
          </>
        )}
        rowHeight={51}
      />
      {drag.box && (
        <div class="board-drag" style={{ left: `${drag.box.left}px`, width: `${drag.box.width}px` }} />
      )}
    </div>
  );
}

function markWords({ releases, changes }: Axis): string {
  const release = releases.at(-1);
  const words = [
    ...changes.map((one) => `${dayText(one.atMs)} ${minuteText(one.atMs)}: ${one.words}`),
    ...(release ? [`${dayText(release.atMs)} ${minuteText(release.atMs)}: release of ${release.words}`] : []),
  ];
  return words.length > 0 ? words.join(" · ") : "Point at a run or a slot to read it; drag to zoom.";
}

function RowName({ row }: { readonly row: BoardRow }): JSX.Element {
  const [schedule] = row.schedules;
  const more = row.schedules.length - 1;
  const zone = schedule && schedule.timeZone !== zoneName() ? ` ${schedule.timeZone}` : "";
  return (
    <div class="board-name">
      <a data-row href={jobAddress(row, row.lastMissedTime)} title={row.job}>
        <Plain text={row.job} lengthMax={120} />
      </a>
      {row.drift.length > 0 && (
        <span class="tag" title={row.drift.join("\n")}>
          drift
        </span>
      )}
      <span class="faint">
        {schedule && `${scheduleWords(schedule)}${zone}`}
        {more > 0 && ` and ${counted(more, "more schedule")}`}
        {row.nextTime !== undefined && (
          <>
            {" · next "}
            <Ago time={row.nextTime} />
          </>
        )}
        {[schedule?.host, schedule?.runtime].map((word) => word !== undefined && ` · ${word}`)}
      </span>
    </div>
  );
}

type PointedGiven = {
  readonly row: BoardRow;
  readonly axis: Axis;
  readonly say: (words: string | undefined) => void;
};

const nearPixels = 7;

/** Says what the pointer is on, and leads to it. */
function Pointed({ row, axis, say }: PointedGiven): JSX.Element {
  const find = (event: MouseEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    return near(row, axis, event.clientX - box.left);
  };
  return (
    <div
      class="track-place"
      role="presentation"
      onPointerMove={(event) => say(find(event)?.words)}
      onPointerLeave={() => say(undefined)}
      onClick={(event) => {
        const href = find(event)?.href;
        if (href !== undefined) go(href);
      }}
    >
      <Track row={row} axis={axis} />
    </div>
  );
}

function near(
  row: BoardRow,
  { place, releases, changes }: Axis,
  x: number,
): { readonly words: string; readonly href?: string } | undefined {
  const bar = row.bars.find(
    ({ time, endTime }) => place(Date.parse(time)) - 2 <= x && x <= place(Date.parse(endTime)) + 4,
  );
  if (bar) {
    const beganMs = Date.parse(bar.time);
    const took = duration(Date.parse(bar.endTime) - beganMs);
    const what =
      bar.runs === 1
        ? stateWords[bar.state]
        : `${counted(bar.runs, "run")}, at worst ${stateWords[bar.state].toLowerCase()}`;
    return {
      words: `${dayText(beganMs)} ${clockText(beganMs)} ${row.job}: ${what}, ${took}`,
      href: bar.runs === 1 ? to(`/runs/${encodeURIComponent(bar.runId)}`) : runsAddress(row, bar),
    };
  }
  const slot = row.slots.find(({ time }) => Math.abs(place(Date.parse(time)) - x) < nearPixels);
  if (slot) {
    const atMs = Date.parse(slot.time);
    const href = slot.state === "missed" ? jobAddress(row, slot.time) : undefined;
    const words = {
      served: "served",
      missed: "missed",
      due: "due now",
      unknown: "nothing was recorded yet",
      ahead: "ahead",
    };
    return {
      words: `${dayText(atMs)} ${minuteText(atMs)} ${row.job}: ${words[slot.state]}`,
      ...(href && { href }),
    };
  }
  const mark = [...releases, ...changes].find(({ atMs }) => Math.abs(place(atMs) - x) < nearPixels);
  return mark && { words: `${dayText(mark.atMs)} ${clockText(mark.atMs)}: ${mark.words}` };
}

function runsAddress({ job, service, environment }: BoardRow, bar: BoardRow["bars"][number]): string {
  return to("/runs", {
    job,
    service,
    environment,
    ...zoomed(Date.parse(bar.time), Date.parse(bar.endTime) + 1000),
  });
}

/** Dragging over the board zooms the whole page to what was dragged over. */
function useDrag(axis: Axis) {
  const [start, setStart] = useState<number | undefined>(undefined);
  const [end, setEnd] = useState<number | undefined>(undefined);
  const area = useRef<DOMRect | undefined>(undefined);
  const isWide = start !== undefined && end !== undefined && Math.abs(end - start) > 6;
  // What was dragged is no click on what lies below.
  useEffect(() => {
    if (!isWide) return undefined;
    const keep = (event: MouseEvent): void => event.stopPropagation();
    addEventListener("click", keep, { capture: true, once: true });
    return () => {
      setTimeout(() => removeEventListener("click", keep, { capture: true }), 0);
    };
  }, [isWide]);
  const listeners = {
    onPointerDown: (event: PointerEvent) => {
      const track =
        event.target instanceof Element ? event.target.closest(".track-place, .board-head") : null;
      if (!track || event.button !== 0 || event.pointerType === "touch") return;
      area.current = track.getBoundingClientRect();
      setStart(event.clientX);
      setEnd(event.clientX);
    },
    onPointerMove: (event: PointerEvent) => {
      if (start !== undefined) setEnd(event.clientX);
    },
    onPointerUp: () => {
      const left = area.current?.left ?? 0;
      if (isWide) {
        const span = (axis.untilMs - axis.fromMs) / axis.pixels;
        const [from, until] = [Math.min(start, end) - left, Math.max(start, end) - left];
        go(
          change(
            zoomed(axis.fromMs + Math.max(0, from) * span, axis.fromMs + Math.min(axis.pixels, until) * span),
          ),
        );
      }
      setStart(undefined);
      setEnd(undefined);
    },
  };
  const box = isWide ? { left: Math.min(start, end), width: Math.abs(end - start) } : undefined;
  return { listeners, box };
}
