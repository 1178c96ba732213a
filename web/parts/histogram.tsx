/**
 * How many events there were and how grave, over time. Bars are stacked with the gravest on top;
 * the line above says in words what the pointer is on. Dragging zooms the whole page.
 */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import type { Histogram as Answer } from "../../src/api/schemas.ts";
import { type Bucket, total } from "../buckets.ts";
import { shownTheme, zone } from "../preferences.ts";
import { zoomed } from "../range.ts";
import { change, go } from "../route.ts";
import { clockText, dayText } from "../times.ts";
import { counted, duration, listed, number } from "../words.ts";
import { colour, draw, timeAxis, valueAxis } from "./chart.ts";

/** From the bottom of a bar to its top. */
const layers = [
  { names: ["none", "trace", "debug"], token: "bar-quiet" },
  { names: ["info"], token: "bar-info" },
  { names: ["warn"], token: "retrying" },
  { names: ["error", "fatal"], token: "failed" },
] as const;

function sums({ counts }: Bucket): readonly number[] {
  let sum = 0;
  return layers.map(({ names }) => {
    for (const name of names) sum += counts[name] ?? 0;
    return sum;
  });
}

function bucketWords(bucket: Bucket, seconds: number): string {
  const atMs = Date.parse(bucket.time);
  const { all, warn, error } = total([bucket]);
  const grave = [
    ...(error > 0 ? [counted(error, "error")] : []),
    ...(warn > 0 ? [counted(warn, "warning")] : []),
  ];
  const when = `${dayText(atMs)} ${clockText(atMs)}, ${duration(seconds * 1000)}`;
  return `${when}: ${counted(all, "event")}${grave.length > 0 ? `, of these ${listed(grave)}` : ""}`;
}

const height = 92;

export function Histogram({
  answer,
  words,
}: {
  readonly answer: Answer | undefined;
  readonly words: string;
}): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const [under, setUnder] = useState<string | undefined>(undefined);
  const theme = shownTheme.value;
  const shownZone = zone.value;

  useEffect(() => {
    if (!place.current || !answer || answer.buckets.length === 0) return undefined;
    const { buckets, bucketSeconds } = answer;
    const half = bucketSeconds / 2;
    const times = buckets.map(({ time }) => Date.parse(time) / 1000 + half);
    const highest = buckets.map((bucket) => sums(bucket).at(-1) ?? 0);
    const first = (times[0] ?? 0) - half;
    const last = (times.at(-1) ?? 0) + half;
    const { close } = draw(
      place.current,
      {
        height,
        padding: [4, 0, 0, 0],
        scales: {
          x: { range: () => [first, last] },
          y: { range: (_chart, _min, max) => [0, Math.max(1, max)] },
        },
        axes: [
          timeAxis(),
          {
            ...valueAxis(number, 46),
            space: 28,
            incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6, 1e7],
          },
        ],
        series: [{}, { paths: () => null, points: { show: false } }],
        cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
        hooks: {
          draw: [(chart) => drawBars(chart, buckets, bucketSeconds)],
          setCursor: [
            ({ cursor }) => {
              const bucket = typeof cursor.idx === "number" ? buckets[cursor.idx] : undefined;
              setUnder(bucket && bucketWords(bucket, bucketSeconds));
            },
          ],
        },
      },
      [times, highest],
      (fromMs, untilMs) => go(change({ ...zoomed(fromMs, untilMs), cursor: undefined })),
    );
    return close;
  }, [answer, theme, shownZone]);

  return (
    <figure class="chart histogram">
      <figcaption>{under ?? words}</figcaption>
      <div ref={place} class="plot" style={{ height: `${height}px` }} aria-hidden="true" />
    </figure>
  );
}

/** Bars from layer to layer, on whole pixels, so that no edge of one shines through another. */
function drawBars(chart: uPlot, buckets: readonly Bucket[], seconds: number): void {
  const colours = layers.map(({ token }) => colour(token));
  for (const bucket of buckets) {
    const fromSecond = Date.parse(bucket.time) / 1000;
    const left = Math.round(chart.valToPos(fromSecond, "x", true));
    const right = Math.round(chart.valToPos(fromSecond + seconds, "x", true));
    let bottom = Math.round(chart.valToPos(0, "y", true));
    sums(bucket).forEach((sum, layer) => {
      const top = Math.round(chart.valToPos(sum, "y", true));
      if (top >= bottom) return;
      chart.ctx.fillStyle = colours[layer] ?? "";
      chart.ctx.fillRect(left, top, Math.max(1, right - left - 1), bottom - top);
      bottom = top;
    });
  }
}
