/**
 * How long runs took, each as the shape and colour of its state. The axis of durations is
 * logarithmic, because runs of one job differ by orders of magnitude exactly when it matters.
 */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import type { Run } from "../../src/api/schemas.ts";
import { shownTheme, zone } from "../preferences.ts";
import { rangeMs, zoomed } from "../range.ts";
import { change, go, to } from "../route.ts";
import { clockText, dayText } from "../times.ts";
import { duration, stateWords } from "../words.ts";
import { colour, draw, timeAxis, valueAxis } from "./chart.ts";

const height = 190;

/** uPlot's name for a logarithmic scale. */
// oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- its enum exists for types only, not at run time
const logarithmic: uPlot.Scale.Distr.Logarithmic = 3;

/** Round durations between two, at most five, on a logarithmic scale. */
function ticks(lowest: number, highest: number): readonly number[] {
  const every = [0.1, 1, 10, 100, 1000, 10_000, 60_000, 600_000, 3_600_000, 36_000_000].flatMap((one) => [
    one,
    2 * one,
    5 * one,
  ]);
  const found = every.filter((one) => one >= lowest && one <= highest);
  const step = Math.ceil(found.length / 5);
  return found.filter((_one, index) => index % step === 0);
}

type Point = { readonly run: Run; readonly atMs: number; readonly ms: number };

function points(runs: readonly Run[]): readonly Point[] {
  return runs
    .flatMap((run) =>
      run.durationMs === undefined
        ? []
        : [{ run, atMs: Date.parse(run.endedTime ?? run.lastTime), ms: Math.max(0.1, run.durationMs) }],
    )
    .sort((a, b) => a.atMs - b.atMs);
}

export function Scatter({
  runs,
  words,
}: {
  readonly runs: readonly Run[];
  readonly words: string;
}): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const [under, setUnder] = useState<string | undefined>(undefined);
  const theme = shownTheme.value;
  const shownZone = zone.value;

  useEffect(() => {
    if (!place.current) return undefined;
    const drawn = points(runs);
    if (drawn.length === 0) return undefined;
    const { fromMs, untilMs } = rangeMs();
    const lowest = Math.min(...drawn.map(({ ms }) => ms)) / 1.6;
    const highest = Math.max(...drawn.map(({ ms }) => ms)) * 1.6;
    const { chart, close } = draw(
      place.current,
      {
        height,
        padding: [6, 8, 0, 0],
        scales: {
          x: { range: () => [fromMs / 1000, untilMs / 1000] },
          y: { distr: logarithmic, range: () => [lowest, highest] },
        },
        axes: [
          timeAxis(),
          {
            ...valueAxis((value) => duration(value).replace(/\.0+ /, " "), 60),
            splits: () => [...ticks(lowest, highest)],
            // Without this the labels of all but powers of ten are left out.
            filter: (_chart, splits) => splits,
          },
        ],
        series: [{}, { paths: () => null, points: { show: false } }],
        cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
        hooks: {
          draw: [(self) => drawShapes(self, drawn)],
          setCursor: [
            ({ cursor }) =>
              setUnder(describe(typeof cursor.idx === "number" ? drawn[cursor.idx] : undefined)),
          ],
        },
      },
      [drawn.map(({ atMs }) => atMs / 1000), drawn.map(({ ms }) => ms)],
      (from, until) => go(change({ ...zoomed(from, until), cursor: undefined })),
    );
    const follow = (): void => {
      const point = typeof chart.cursor.idx === "number" ? drawn[chart.cursor.idx] : undefined;
      if (point && chart.select.width < 4) go(to(`/runs/${encodeURIComponent(point.run.runId)}`));
    };
    chart.over.addEventListener("click", follow);
    return close;
  }, [runs, theme, shownZone]);

  return (
    <figure class="chart">
      <figcaption>{under ?? words}</figcaption>
      <div ref={place} class="plot" style={{ height: `${height}px` }} aria-hidden="true" />
    </figure>
  );
}

function describe(point: Point | undefined): string | undefined {
  if (!point) return undefined;
  const { run, atMs, ms } = point;
  return `${dayText(atMs)} ${clockText(atMs)}: ${stateWords[run.state].toLowerCase()} after ${duration(ms)}. Press to open the run.`;
}

function drawShapes(chart: uPlot, drawn: readonly Point[]): void {
  const canvas = chart.ctx;
  const unit = devicePixelRatio * 3.2;
  for (const { run, atMs, ms } of drawn) {
    const x = chart.valToPos(atMs / 1000, "x", true);
    const y = chart.valToPos(ms, "y", true);
    canvas.fillStyle = canvas.strokeStyle = colour(run.state);
    canvas.lineWidth = devicePixelRatio * 1.6;
    canvas.globalAlpha = run.state === "succeeded" ? 0.65 : 1;
    canvas.beginPath();
    if (run.state === "failed") {
      canvas.moveTo(x - unit, y - unit);
      canvas.lineTo(x + unit, y + unit);
      canvas.moveTo(x + unit, y - unit);
      canvas.lineTo(x - unit, y + unit);
      canvas.stroke();
    } else if (run.state === "retrying") {
      canvas.moveTo(x, y - unit * 1.2);
      canvas.lineTo(x + unit * 1.2, y + unit);
      canvas.lineTo(x - unit * 1.2, y + unit);
      canvas.fill();
    } else if (run.state === "lost") {
      canvas.moveTo(x - unit, y - unit);
      canvas.lineTo(x + unit, y - unit);
      canvas.lineTo(x - unit, y + unit);
      canvas.fill();
    } else {
      canvas.arc(x, y, unit * 0.8, 0, Math.PI * 2);
      if (run.state === "succeeded") canvas.fill();
      else canvas.stroke();
    }
  }
  canvas.globalAlpha = 1;
}
