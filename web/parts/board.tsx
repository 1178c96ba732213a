/**
 * The axis of the schedule board and one row's track on it. Bars of a state are one path, so that a
 * row is a handful of nodes however much ran; each state has its own form as well as its colour.
 */
import type { JSX } from "preact";
import type { Board, BoardRow } from "../../src/api/board-schemas.ts";
import type { RunState } from "../../src/model/run.ts";
import { type Place, rowWords } from "../board.ts";
import { axisMarks, clockChanges, markText, minuteText } from "../times.ts";
import { counted } from "../words.ts";

export type Axis = {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly nowMs: number;
  readonly pixels: number;
  readonly place: Place;
  /** Vertical marks through all rows. */
  readonly releases: readonly { readonly atMs: number; readonly words: string }[];
  readonly changes: readonly { readonly atMs: number; readonly words: string }[];
};

const trackHeight = 36;

export function axisOf(board: Board, nowMs: number, pixels: number): Axis {
  const fromMs = Date.parse(board.fromTime);
  const untilMs = Date.parse(board.untilTime);
  return {
    fromMs,
    untilMs,
    nowMs,
    pixels,
    place: (atMs) => ((atMs - fromMs) / (untilMs - fromMs)) * pixels,
    releases: board.releases.map(({ time, service, release }) => ({
      atMs: Date.parse(time),
      words: `${service} ${release}`,
    })),
    changes: clockChanges(fromMs, untilMs).map(({ atMs, byMs }) => ({
      atMs,
      words: `clocks go ${byMs > 0 ? "forward" : "back"} ${Math.abs(byMs) / 3_600_000} h`,
    })),
  };
}

/** Times, marks, and how many runs were at work. */
export function AxisHead({
  axis,
  atWork,
}: {
  readonly axis: Axis;
  readonly atWork: Board["atWork"];
}): JSX.Element {
  const { fromMs, untilMs, pixels, place } = axis;
  const marks = axisMarks(fromMs, untilMs, Math.max(3, pixels / 110));
  const stepMs = (marks[1] ?? untilMs) - (marks[0] ?? fromMs);
  const most = Math.max(1, ...atWork);
  const stretchMs = (Math.min(axis.nowMs, untilMs) - fromMs) / Math.max(1, atWork.length);
  const bars = atWork.map((runs, stretch) => {
    const left = place(fromMs + stretch * stretchMs);
    const height = runs === 0 ? 0 : 1 + (runs / most) * 13;
    return `M${left.toFixed(1)} ${(34 - height).toFixed(1)}h${Math.max(1, place(fromMs + stretchMs) - 0.5).toFixed(1)}v${height.toFixed(1)}H${left.toFixed(1)}z`;
  });
  return (
    <svg class="board-head" width={pixels} height={36} aria-hidden="true">
      <path class="at-work" d={bars.join("")} />
      {marks.map((atMs) => (
        <text key={atMs} x={place(atMs) + 4} y={12}>
          {place(atMs) < pixels - 44 ? markText(atMs, stepMs) : ""}
        </text>
      ))}
    </svg>
  );
}

/** From what is covered first to what covers it. */
const drawn: readonly RunState[] = [
  "waiting",
  "unknown",
  "cancelled",
  "succeeded",
  "discarded",
  "running",
  "retrying",
  "lost",
  "failed",
];

export function Track({ row, axis }: { readonly row: BoardRow; readonly axis: Axis }): JSX.Element {
  const { pixels, place, nowMs, fromMs, untilMs } = axis;
  const stepMs = axisMarks(fromMs, untilMs, Math.max(3, pixels / 110));
  const bars = Map.groupBy(row.bars, ({ state }) => state);
  const missed = row.slots.filter(({ state }) => state === "missed");
  const newest = missed.at(-1);
  return (
    <>
      <span class="hidden">{rowWords(row)}</span>
      <svg class="track" width={pixels} height={trackHeight} aria-hidden="true">
        <path class="grid" d={stepMs.map((atMs) => `M${Math.round(place(atMs)) + 0.5} 0V36`).join("")} />
        <path class="release" d={axis.releases.map(({ atMs }) => upright(place(atMs))).join("")} />
        <path class="change" d={axis.changes.map(({ atMs }) => upright(place(atMs))).join("")} />
        <path class="expected" d={ticks(row, axis, ["served", "due", "unknown"], 28, 4)} />
        <path class="ahead" d={ticks(row, axis, ["ahead"], 12, 13)} />
        {drawn.map((state) => {
          const some = bars.get(state);
          return (
            some && (
              <path key={state} class={`bar ${state}`} d={some.map((bar) => form(bar, axis)).join("")} />
            )
          );
        })}
        {nowMs <= untilMs && nowMs >= fromMs && <path class="now" d={upright(place(nowMs))} />}
        {missed.map(({ time }) => (
          <circle key={time} class="missed" cx={place(Date.parse(time))} cy={18} r={5} />
        ))}
        {newest && roomBefore(newest.time, missed.at(-2)?.time, place) && (
          <text class="missed-words" x={place(Date.parse(newest.time)) - 9} y={21.5}>
            missed {minuteText(Date.parse(newest.time))}
          </text>
        )}
        {row.dense && row.missed > 0 && (
          <text class="missed-words" x={pixels - 4} y={21.5}>
            {counted(row.missed, "slot")} missed
          </text>
        )}
      </svg>
    </>
  );
}

/** Words over another missed slot would hide it; on a narrow screen the marks stand for themselves. */
const missedWordsWidth = 100;

function roomBefore(time: string, other: string | undefined, place: Axis["place"]): boolean {
  const x = place(Date.parse(time));
  const before = other === undefined ? 0 : place(Date.parse(other));
  return x - Math.max(0, before) > missedWordsWidth;
}

function upright(x: number): string {
  return `M${Math.round(x) + 0.5} 0V${trackHeight}`;
}

function ticks(row: BoardRow, axis: Axis, states: readonly string[], top: number, height: number): string {
  return row.slots
    .filter(({ state }) => states.includes(state))
    .map(({ time }) => `M${axis.place(Date.parse(time)).toFixed(1)} ${top}v${height}`)
    .join("");
}

/** Never too thin to be seen; what failed stands taller than what went well. */
function form(bar: BoardRow["bars"][number], axis: Axis): string {
  const from = Math.max(0, axis.place(Date.parse(bar.time)));
  const until = Math.min(axis.pixels, axis.place(Date.parse(bar.endTime)));
  const width = Math.max(3, until - from);
  const [top, height] = bar.state === "failed" || bar.state === "lost" ? [7, 22] : [12, 12];
  const box = (y: number, h: number): string =>
    `M${from.toFixed(1)} ${y}h${width.toFixed(1)}v${h}h-${width.toFixed(1)}z`;
  // Tried again: a bar with a gap. Waiting: a line.
  if (bar.state === "retrying") return box(12, 5) + box(19, 5);
  if (bar.state === "waiting") return box(17, 2);
  return box(top, height);
}
