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

export type Expectation = {
  /** What is usual in each stretch of time, in milliseconds of duration. */
  readonly bands: readonly {
    readonly fromMs: number;
    readonly untilMs: number;
    readonly lowMs: number;
    readonly highMs: number;
  }[];
  /** A run that takes longer is told of. */
  readonly limitMs: number | undefined;
  readonly releases: readonly { readonly atMs: number; readonly release: string }[];
};

const nothingExpected: Expectation = { bands: [], limitMs: undefined, releases: [] };

type Given = {
  readonly runs: readonly Run[];
  readonly words: string;
  readonly expected?: Expectation;
};

export function Scatter({ runs, words, expected = nothingExpected }: Given): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const [under, setUnder] = useState<string | undefined>(undefined);
  const theme = shownTheme.value;
  const shownZone = zone.value;

  useEffect(() => {
    if (!place.current) return undefined;
    const drawn = points(runs);
    if (drawn.length === 0) return undefined;
    const { fromMs, untilMs } = rangeMs();
    const seen = [
      ...drawn.map(({ ms }) => ms),
      ...expected.bands.flatMap((band) => [band.lowMs, band.highMs]),
    ];
    const lowest = Math.max(0.1, Math.min(...seen)) / 1.6;
    const highest = Math.max(...seen, expected.limitMs ?? 0) * 1.6;
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
          drawAxes: [(self) => drawExpected(self, expected, { fromMs, untilMs, lowest, highest })],
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
  }, [runs, theme, shownZone, expected]);

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

type Area = {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly lowest: number;
  readonly highest: number;
};

/** The usual band shaded, the limit and each release a line with its name. */
function drawExpected(chart: uPlot, { bands, limitMs, releases }: Expectation, area: Area): void {
  const canvas = chart.ctx;
  const { left, top, width, height: tall } = chart.bbox;
  const x = (atMs: number): number => chart.valToPos(atMs / 1000, "x", true);
  const y = (ms: number): number =>
    chart.valToPos(Math.min(area.highest, Math.max(area.lowest, ms)), "y", true);
  canvas.save();
  canvas.beginPath();
  canvas.rect(left, top, width, tall);
  canvas.clip();
  canvas.fillStyle = colour("band");
  for (const { fromMs, untilMs, lowMs, highMs } of bands) {
    canvas.fillRect(x(fromMs), y(highMs), x(untilMs) - x(fromMs), y(lowMs) - y(highMs));
  }
  canvas.font = `${11 * devicePixelRatio}px ui-monospace, monospace`;
  canvas.lineWidth = devicePixelRatio;
  for (const { atMs, release } of releases) {
    if (atMs < area.fromMs || atMs > area.untilMs) continue;
    canvas.strokeStyle = canvas.fillStyle = colour("running");
    canvas.setLineDash([2 * devicePixelRatio, 2 * devicePixelRatio]);
    canvas.beginPath();
    canvas.moveTo(x(atMs), top);
    canvas.lineTo(x(atMs), top + tall);
    canvas.stroke();
    canvas.fillText(release.slice(0, 12), x(atMs) + 4 * devicePixelRatio, top + 11 * devicePixelRatio);
  }
  if (limitMs !== undefined && limitMs < area.highest) {
    canvas.strokeStyle = canvas.fillStyle = colour("failed");
    canvas.setLineDash([6 * devicePixelRatio, 3 * devicePixelRatio]);
    canvas.beginPath();
    canvas.moveTo(left, y(limitMs));
    canvas.lineTo(left + width, y(limitMs));
    canvas.stroke();
    canvas.fillText(
      `limit ${duration(limitMs)}`,
      left + 6 * devicePixelRatio,
      y(limitMs) - 4 * devicePixelRatio,
    );
  }
  canvas.restore();
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
